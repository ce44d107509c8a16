// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * symbols: which function stands at an address, as the kernel itself formats it.
 *
 * Prints   Lines of text, one per address in `symbols_wanted`: its number there, then name+0xoffset/0xsize and, of a
 *          module, [module]; or the address as a number, where no symbol is known. The tracer makes SYMBOL of them.
 * Read it  %pB is meant for return addresses and names the function of the byte before: a call may be the last thing in
 *          a function. For a function's own address the tracer asks for the one behind it. kernel.kptr_restrict has no
 *          say in it.
 * Without  bpf_iter_bpf_map_elem: names of addresses
 * Cost     a microsecond or two per address, when it is told first; nothing between. /proc/kallsyms would be 200,000
 *          lines.
 * Source   kernel/kallsyms.c, sprint_backtrace; kernel/trace/bpf_trace.c, bpf_seq_printf; kernel/bpf/map_iter.c
 */
#include "common.bpf.h"

/* How many of them the tracer has set. */
__u32 symbols_asked;
__u64 symbols_wanted[SYMBOL_BATCH];

/* Never written: an iterator over it runs the program once for each number. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SYMBOL_BATCH);
	__type(key, __u32);
	__type(value, __u32);
} symbol_numbers SEC(".maps");

/* The tracer attaches it to that map. */
SEC("iter/bpf_map_elem")
int name_addresses(struct bpf_iter__bpf_map_elem *ctx)
{
	__u32 *key = ctx->key, number;

	if (!key)
		return 0;
	number = *key;
	if (number >= symbols_asked || number >= SYMBOL_BATCH)
		return 0;
	BPF_SEQ_PRINTF(ctx->meta->seq, "%u %pB\n", number, symbols_wanted[number]);
	return 0;
}
