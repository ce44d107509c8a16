// SPDX-License-Identifier: MIT
#include "inventory-walk.h"

static __u32 entries;

struct walk_step inventory_walk_step(const struct record_header *record)
{
	const struct inventory_end *end = (const void *)record;
	struct walk_step step = { .first = entries == 0 };

	if (record->kind < RECORD_INVENTORY_PATCH || record->kind > RECORD_INVENTORY_END)
		return (struct walk_step){};
	if (record->kind != RECORD_INVENTORY_END) {
		entries++;
		return step;
	}
	step.whole = end->complete && end->entries == entries;
	entries = 0;
	return step;
}
