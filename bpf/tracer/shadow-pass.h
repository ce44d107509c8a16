/* SPDX-License-Identifier: MIT */
/* The walk of the hash of shadow variables: pass after pass, each some milliseconds of work. */
#ifndef KLPSCOPE_SHADOW_PASS_H
#define KLPSCOPE_SHADOW_PASS_H

#include "object.h"

void shadow_pass_begin(struct klpscope_bpf *skeleton, __u64 every_ns);
/* Goes on with the pass, or begins one that is due. True: there is more to do now. */
bool shadow_pass_go_on(void);

/* The pass that is under way is void, and another follows at once. */
void shadow_pass_begin_anew(void);

#endif
