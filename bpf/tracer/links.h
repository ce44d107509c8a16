/* SPDX-License-Identifier: MIT */
/* Which tracing programs are attached and by whom, when a stack was unreliable. */
#ifndef KLPSCOPE_LINKS_H
#define KLPSCOPE_LINKS_H

#include "object.h"

void links_begin(const struct klpscope_bpf *skeleton);
/* A trampoline stands on a stack: whose is it? */
void links_want(void);
/* Looks at a record that passes by. */
void links_see(const struct record_header *record);
/* Lists them, when that is due. True: there is more to do now. */
bool links_go_on(void);

#endif
