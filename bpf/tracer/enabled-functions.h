/* SPDX-License-Identifier: MIT */
/*
 * The sites that ftrace has livepatched, by what tracefs says in enabled_functions: read when the patched functions are
 * others than before.
 */
#ifndef KLPSCOPE_ENABLED_FUNCTIONS_H
#define KLPSCOPE_ENABLED_FUNCTIONS_H

#include "inventory-walk.h"

/* Opens what cannot be opened any more once the tracer is confined. */
void enabled_functions_begin(void);
/* Looks at a record that passes by. */
void enabled_functions_see(const struct record_header *record, struct walk_step step);
/* Reads on. True: there is more to do now. */
bool enabled_functions_go_on(void);

/* The list is read with the next inventory, whatever that shows. */
void enabled_functions_begin_anew(void);

#endif
