/* SPDX-License-Identifier: MIT */
#ifndef KLPSCOPE_PROBE_ADDRESS_H
#define KLPSCOPE_PROBE_ADDRESS_H

#include "object.h"

/* Reads what cannot be read any more once the tracer is confined. */
void probe_address_begin(void);
/* A kprobe at an address, which names it better than a name that several modules may have. NULL: see errno. */
struct bpf_link *probe_address(struct klpscope_bpf *skeleton, __u64 address, __u32 slot);

#endif
