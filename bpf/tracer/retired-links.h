/* SPDX-License-Identifier: MIT */
/*
 * Links that count nothing any more. To take a probe away the kernel waits until all tasks have passed through a quiet
 * point, and one that spins in the kernel does not: so that is done when no transition waits for the same.
 */
#ifndef KLPSCOPE_RETIRED_LINKS_H
#define KLPSCOPE_RETIRED_LINKS_H

#include "object.h"

/* Probes attached or taken away one by one in one turn of the loop: under emulation each takes 50 ms. */
#define LINKS_PER_TURN 4

/* The link, or NULL, is kept for later. */
void retired_links_add(struct bpf_link *link);
/* Takes some away. True: there are more. */
bool retired_links_go_on(void);

#endif
