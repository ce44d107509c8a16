/* SPDX-License-Identifier: MIT */
/* Where in a walk through the patches a record stands: those of one come one after another, the end says how many. */
#ifndef KLPSCOPE_INVENTORY_WALK_H
#define KLPSCOPE_INVENTORY_WALK_H

#include "object.h"

struct walk_step {
	bool first; /* nothing is known of this walk before it; of an empty one the end is the first */
	bool whole; /* it ends a walk of which every record has passed by */
};

/* To be called once for each record, in their order. */
struct walk_step inventory_walk_step(const struct record_header *record);

#endif
