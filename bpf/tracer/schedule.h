/* SPDX-License-Identifier: MIT */
/* What the tracer does by the clock. */
#ifndef KLPSCOPE_SCHEDULE_H
#define KLPSCOPE_SCHEDULE_H

#include "object.h"

void schedule_begin(struct klpscope_bpf *skeleton);
/* Does what is due. Returns when to come again at the latest. */
__u64 schedule_go_on(void);
bool schedule_in_transition(void);
/* The first second of a transition: nothing is begun that can wait. */
bool schedule_is_quiet(void);

#endif
