/* SPDX-License-Identifier: MIT */
/*
 * The lists of threads: read from BPF iterators, a piece at a time, as far as the reader keeps up. A row that is read
 * waits until the ring buffer's records from before it have been passed on, so that both come in the order of time.
 */
#ifndef KLPSCOPE_LISTS_H
#define KLPSCOPE_LISTS_H

#include "object.h"

/* Room for the rows of one read with their headers, and for the end: to be there before a record is passed on. */
#define LIST_FRAMES 10

void lists_begin(const struct klpscope_bpf *skeleton);
/*
 * A list is due, RECORD_TASK or RECORD_TASK_WAITED_FOR: at once, or when another is being read, after that. Not sooner
 * than `every_ns` after the one before, and only so often that reading it takes a twentieth of the time.
 */
void list_want(enum record_kind list, __u64 every_ns, __u64 now);
/* The next list_want() of it comes soon enough. */
void list_hurry(enum record_kind list);
/* Reads the next piece. */
void lists_read(void);
/* Before a record of the ring buffer is passed on: passes on what was read before that was written. */
void lists_put_before(const struct record_header *record);
/* Passes on the rest, unless more than `consumed` records were in the ring buffer when it was read. True: there is more to come. */
bool lists_put(__u64 consumed);

#endif
