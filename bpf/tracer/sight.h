/* SPDX-License-Identifier: MIT */
/*
 * Whether the probes fire: a canary proves it every few seconds. That they are attached does not, because the kernel
 * can silence them all without a word, and each of them.
 */
#ifndef KLPSCOPE_SIGHT_H
#define KLPSCOPE_SIGHT_H

#include "object.h"

/* Opens what cannot be opened any more once the tracer is confined. */
void sight_begin(struct klpscope_bpf *skeleton);
/*
 * Does what is due. Blindness is told when it is noticed, and again when it is over: then all that is counted and told
 * begins anew. Returns when to come again at the latest.
 */
__u64 sight_go_on(void);
/* All probes are silent. */
bool sight_is_lost(void);

#endif
