/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Where a probed function was called from. Another return probe, or the function graph tracer, may have put the address
 * of its own code in the place of the caller's: then the caller is told as unknown.
 */
#ifndef KLPSCOPE_CALLER_BPF_H
#define KLPSCOPE_CALLER_BPF_H

#include "common.bpf.h"

#define CALLER_UNKNOWN 0

/*
 * At a function's first instruction: on x86 the call has pushed it, elsewhere it is in a register. That is known to
 * libbpf's BPF_KPROBE_READ_RET_IP, too, but before 1.2 it takes the register of arm64 for a place on the stack, and
 * misspells that of s390x.
 */
static __always_inline __u64 return_address(struct pt_regs *ctx)
{
#if defined(__TARGET_ARCH_x86)
	__u64 address = 0;

	BPF_KPROBE_READ_RET_IP(address, ctx);
	return address;
#elif defined(__TARGET_ARCH_s390)
	return ((const user_pt_regs *)ctx)->gprs[14];
#else
	return PT_REGS_RET(ctx);
#endif
}

static __always_inline bool is_caller(__u64 address)
{
	return address != kernel_at.kretprobe_trampoline && address != kernel_at.__kretprobe_trampoline &&
	       address != kernel_at.arch_rethook_trampoline && address != kernel_at.return_to_handler;
}

static __always_inline __u64 caller_at_entry(struct pt_regs *ctx)
{
	__u64 address = return_address(ctx);

	return is_caller(address) ? address : CALLER_UNKNOWN;
}

/*
 * In a return probe, which gets the caller as instruction pointer from 5.16 on; before, that is the trampoline, which
 * had the name kretprobe_trampoline then, and what remains is what the entry has seen. It sees the caller when its probe
 * was attached after the return probe: of several probes of a function, the kernel runs the newest first.
 */
static __always_inline __u64 caller_at_return(struct pt_regs *ctx, __u64 at_entry)
{
	__u64 address = PT_REGS_IP(ctx);

	return !kernel_at.kretprobe_trampoline && is_caller(address) ? address : at_entry;
}

#endif
