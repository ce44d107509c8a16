/* SPDX-License-Identifier: MIT */
#ifndef KLPSCOPE_PROBE_ADDRESS_H
#define KLPSCOPE_PROBE_ADDRESS_H

#include "object.h"

/* Reads what cannot be read any more once the tracer is confined. */
void probe_address_begin(void);
/*
 * Debian's kernels know a kernel.perf_event_paranoid of more than 2, which is their default, and up to 6.1 they let only
 * CAP_SYS_ADMIN open probes then.
 */
bool probe_address_needs_administrator(void);
/* A kprobe at an address, which names it better than a name that several modules may have. NULL: see errno. */
struct bpf_link *probe_address(struct klpscope_bpf *skeleton, __u64 address, __u32 slot);

#endif
