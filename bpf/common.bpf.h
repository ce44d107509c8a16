/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What the probe sets share: the ring buffer and its account, the kernel's globals, and how a task is told. */
#ifndef KLPSCOPE_COMMON_BPF_H
#define KLPSCOPE_COMMON_BPF_H

#include "kernel.h"
#include "state.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define NULL ((void *)0)
#define NS_PER_S 1000000000ull

/* Set by the tracer before loading: where the kernel's variables are. */
const volatile struct kernel_variables kernel_at;

/* Of a kernel variable into one of the same size; unchanged where the kernel has none. */
#define READ_VARIABLE(into, name) bpf_probe_read_kernel(&(into), sizeof(into), (void *)kernel_at.name)

/* For the layout of the records to be in the object's BTF. */
const union any_record *any_record_unused __attribute__((unused));
const struct any_enum *any_enum_unused __attribute__((unused));

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 * 1024 * 1024); /* or what the tracer is told */
} records SEC(".maps");

/* By kind. Shared by all CPUs and exact: what is frequent is counted elsewhere and makes no record. */
struct record_account record_accounts[RECORD_KINDS];

/* Set by the tracer when it ends: from then on nothing is emitted, so that the account can be closed. */
__u32 closed;

/* Counts the changes that a walk of the inventory has to see. */
__u64 inventory_changed = 1;
/* When the running transition started or was reversed: what is remembered of an earlier one is void. */
__u64 generation;

/*
 * A function that is called in a loop is a global one (not static): the verifier goes through it once, not once per
 * round. It takes addresses as numbers, because it could not take a pointer that the verifier knows nothing of.
 */
#define __global __noinline

/*
 * NULL where there is no room, which is counted. To be called first in a subprogram of its own (static __noinline):
 * before 6.2 the verifier loses sight of a reservation that is carried through other branches or a loop.
 */
static __always_inline void *reserve(__u32 kind, __u64 bytes)
{
	struct record_header *header;

	/* The verifier does not know that it is one of ours; the compiler, as a rule, does. */
	if (kind >= RECORD_KINDS || closed)
		return NULL;
	header = bpf_ringbuf_reserve(&records, bytes, 0);
	if (!header) {
		__sync_fetch_and_add(&record_accounts[kind].emitted, 1);
		__sync_fetch_and_add(&record_accounts[kind].unreserved, 1);
		return NULL;
	}
	__sync_fetch_and_add(&record_accounts[kind].emitted, 1);
	header->kind = kind;
	header->cpu = bpf_get_smp_processor_id();
	header->mono_ns = bpf_ktime_get_ns();
	return header;
}

/* A record of its type, to fill in and submit. */
#define RESERVE(type, kind) ((struct type *)reserve(kind, sizeof(struct type)))

/* Of an iterator. Not counted as emitted: the kernel runs the program again for a row that did not fit its buffer. */
static __always_inline void begin_row(struct record_header *header, __u32 kind)
{
	header->kind = kind;
	header->cpu = bpf_get_smp_processor_id();
	header->mono_ns = bpf_ktime_get_ns();
}

static __always_inline struct klp_patch *transition_patch(void)
{
	struct klp_patch *patch = NULL;

	READ_VARIABLE(patch, klp_transition_patch);
	return patch;
}

static __always_inline int target_state(void)
{
	int target = KLP_UNDEFINED;

	READ_VARIABLE(target, klp_target_state);
	return target;
}

static __always_inline __u32 cpu_of(struct task_struct *task)
{
	if (bpf_core_field_exists(task->thread_info.cpu))
		return BPF_CORE_READ(task, thread_info.cpu);
	return BPF_CORE_READ((struct task_struct___cpu *)task, cpu);
}

static __always_inline __u32 state_of(struct task_struct *task)
{
	if (bpf_core_field_exists(task->__state))
		return BPF_CORE_READ(task, __state);
	return BPF_CORE_READ((struct task_struct___state *)task, state);
}

/* An int, or, as on 7.2, a byte with other facts behind it: as many bytes as this kernel's BTF says. */
static __always_inline __u32 on_cpu(struct task_struct *task)
{
	return BPF_CORE_READ_BITFIELD_PROBED(task, on_cpu);
}

static __always_inline void identify(struct task_id *id, struct task_struct *task)
{
	id->tid = BPF_CORE_READ(task, pid);
	id->pid = BPF_CORE_READ(task, tgid);
	id->start_boot_ns = BPF_CORE_READ(task, start_boottime);
	id->cpu = cpu_of(task);
	id->flags = BPF_CORE_READ(task, flags);
	BPF_CORE_READ_INTO(&id->comm, task, comm);
}

static __always_inline struct task_struct *current_task(void)
{
	return (struct task_struct *)bpf_get_current_task();
}

static __always_inline void read_module_name(char *name, struct module *module)
{
	name[0] = 0;
	bpf_core_read_str(name, MODULE_BYTES, &module->name);
}

static __always_inline void read_patch_name(char *name, struct klp_patch *patch)
{
	read_module_name(name, BPF_CORE_READ(patch, mod));
}

#endif
