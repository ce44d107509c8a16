/* SPDX-License-Identifier: MIT */
/*
 * Runs of programs that the kernel left out because a BPF program or the system call of a BPF map was under way on the
 * CPU: it counts them for kprobes since 6.7. Source: kernel/trace/bpf_trace.c, trace_call_bpf.
 */
#ifndef KLPSCOPE_MISSED_RUNS_H
#define KLPSCOPE_MISSED_RUNS_H

#include "object.h"

/*
 * Looks at that when it is due and no transition runs, and tells of each program that missed runs since the last look.
 * True: there were some, and what was counted is not exact any more.
 */
bool missed_runs_tell(const struct klpscope_bpf *skeleton,
		      void (*tell)(const char *function, __u64 from_ns, bool over, const char *why));

#endif
