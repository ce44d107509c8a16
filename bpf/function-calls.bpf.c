// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * function-calls: how often patched functions are called, and how often the call is redirected.
 *
 * Prints   A map that the tracer has in its memory and reads each second: `function_counts`. It gives each address a
 *          slot, of which each CPU has its own.
 * Read it  A probe on the original fires at its ftrace site for every call, livepatched or not; one on the replacement
 *          when klp_ftrace_handler() redirected. Entered less redirected are calls that ran old code. Probes are put at
 *          addresses, so that functions of one name in several modules are told apart. A call from an interrupt that
 *          came while another probe ran on this CPU is not seen: the kernel runs no program inside another.
 * Without  kprobe.multi: nothing, but attaching takes one call per function
 * Cost     per call two probes of some hundred ns; the tracer ends counting a function called too often.
 * Source   kernel/livepatch/patch.c, klp_ftrace_handler; kernel/trace/bpf_trace.c
 */
#include "common.bpf.h"

/* What a kprobe's handler finds the instruction pointer past: the breakpoint's byte, where there is one. */
#if defined(__TARGET_ARCH_x86)
#define PROBE_IP_BYTES 1
#else
#define PROBE_IP_BYTES 0
#endif

/*
 * By CPU, then by slot. Not a per-CPU map, because those can only be read by a system call, and while one is preempted
 * the kernel runs no program of a probe on its CPU: kernel/trace/bpf_trace.c, trace_call_bpf().
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, FUNCTION_SLOTS); /* times the number of CPUs: the tracer sets it */
	__type(key, __u32);
	__type(value, __u64);
} function_counts SEC(".maps");

/* For kernels without cookies (before 5.15): the slot by address. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FUNCTION_SLOTS);
	__type(key, __u64);
	__type(value, __u32);
} function_slots SEC(".maps");

/*
 * Of a kprobe.multi link a cookie holds the number of its link, too: one link takes over from another at the moment
 * that the tracer sets this.
 */
__u32 counting_link;

static __always_inline int count_call(__u32 slot)
{
	__u32 of_cpu = bpf_get_smp_processor_id() * FUNCTION_SLOTS + slot;
	__u64 *count = bpf_map_lookup_elem(&function_counts, &of_cpu);

	if (count)
		(*count)++;
	return 0;
}

/* Attached by the tracer, once per address. */
SEC("kprobe")
int function_called(struct pt_regs *ctx)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_attach_cookie))
		return count_call(bpf_get_attach_cookie(ctx));

	__u64 address = PT_REGS_IP(ctx) - PROBE_IP_BYTES;
	__u32 *slot = bpf_map_lookup_elem(&function_slots, &address);

	return slot ? count_call(*slot) : 0;
}

/* The same for all addresses in one call, where the kernel has CONFIG_FPROBE. */
SEC("kprobe.multi")
int functions_called(struct pt_regs *ctx)
{
	__u64 cookie = bpf_get_attach_cookie(ctx);

	return cookie >> 32 == counting_link ? count_call(cookie) : 0;
}
