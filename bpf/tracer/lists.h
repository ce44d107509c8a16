/* SPDX-License-Identifier: MIT */
/* The lists of threads: read from BPF iterators, a piece at a time, as far as the reader keeps up. */
#ifndef KLPSCOPE_LISTS_H
#define KLPSCOPE_LISTS_H

#include "object.h"

/* Begins a list, unless one is being read: RECORD_TASK or RECORD_TASK_WAITED_FOR. */
void list_begin(const struct klpscope_bpf *skeleton, enum record_kind list);
/* Goes on with it. True: there is more to come. */
bool list_go_on(void);

#endif
