// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * links: the tracing programs (fentry, fexit, ...) that somebody has attached, whenever the tracer asks: their
 * trampolines make stacks unreliable.
 *
 * Prints   TRACING_LINK per link, and again per process that holds one open.
 * Read it  A list is closed by TRACING_LINKS_END, which the tracer adds. A link without a holder is only pinned, or an
 *          older way of attaching holds it. The numbers of the target are those of the symbol bpf_trampoline_N that
 *          stands on the stack.
 * Without  bpf_iter_bpf_link: links that no process holds open (before 5.19)
 *          bpf_link_fops: who holds a link
 * Cost     some hundred ns per link and per open file of every process, after a task was blocked by its stack, every
 *          10 s at most. By way of the bpf() system call this would take CAP_SYS_ADMIN (bpf_link_get_fd_by_id).
 * Source   kernel/bpf/link_iter.c, task_iter.c, syscall.c, trampoline.c; include/linux/bpf.h; include/linux/bpf_verifier.h
 *          (bpf_trampoline_compute_key)
 */
#include "common.bpf.h"

static __always_inline bool is_tracing(struct bpf_link *link)
{
	return link && BPF_CORE_READ(link, type) == bpf_core_enum_value(enum bpf_link_type, BPF_LINK_TYPE_TRACING);
}

/* Not counted as emitted, as other rows: iterators.bpf.c. */
static __always_inline void read_link(struct tracing_link *row, struct bpf_link *link)
{
	struct bpf_prog *program = BPF_CORE_READ(link, prog);
	__u64 key = BPF_CORE_READ((struct bpf_tracing_link *)link, trampoline, key);

	begin_row(&row->header, RECORD_TRACING_LINK);
	row->link_id = BPF_CORE_READ(link, id);
	row->program_id = BPF_CORE_READ(program, aux, id);
	row->attach_type = BPF_CORE_READ(program, expected_attach_type);
	row->target_object_id = key >> 32;
	row->target_btf_id = key & 0x7fffffff;
	BPF_CORE_READ_INTO(&row->program, program, aux, name);
}

SEC("iter/bpf_link")
int list_links(struct bpf_iter__bpf_link *ctx)
{
	struct bpf_link *link = ctx->link;
	struct tracing_link row = {};

	if (!is_tracing(link))
		return 0;
	read_link(&row, link);
	bpf_seq_write(ctx->meta->seq, &row, sizeof(row));
	return 0;
}

SEC("iter/task_file")
int list_link_holders(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct tracing_link row = {};
	struct bpf_link *link;
	__u64 operations;

	if (!task || !file)
		return 0;
	operations = (__u64)BPF_CORE_READ(file, f_op);
	if (operations != kernel_at.bpf_link_fops && operations != kernel_at.bpf_link_fops_poll)
		return 0;
	link = (struct bpf_link *)BPF_CORE_READ(file, private_data);
	if (!is_tracing(link))
		return 0;
	read_link(&row, link);
	identify(&row.holder, task);
	bpf_seq_write(ctx->meta->seq, &row, sizeof(row));
	return 0;
}
