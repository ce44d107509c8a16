/* SPDX-License-Identifier: MIT */
/* Counting the calls of functions that are patched: which they are follows from the inventory that passes by. */
#ifndef KLPSCOPE_CALLS_H
#define KLPSCOPE_CALLS_H

#include "inventory-walk.h"

/* False: the counts cannot be mapped. */
bool calls_begin(struct klpscope_bpf *skeleton, __u32 budget_per_s);
/* Functions are probed one by one, because this kernel has no kprobe.multi. */
bool calls_are_one_by_one(void);
/* Looks at a record that passes by. */
void calls_see(const struct record_header *record, struct walk_step step);
/* Attaches and detaches what is due, a few at a time. True: there is more to do now. */
bool calls_go_on(void);
/* Once a second: FUNCTION_CALLS of those called since; those called too often are not counted any more. */
void calls_put(void);
/* Attaches all probes once more, and counts from 0. */
void calls_begin_anew(void);

#endif
