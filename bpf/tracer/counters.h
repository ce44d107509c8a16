/* SPDX-License-Identifier: MIT */
/* What the kernel side counts in maps, read and passed on as records. */
#ifndef KLPSCOPE_COUNTERS_H
#define KLPSCOPE_COUNTERS_H

#include "object.h"

/* TASK_TRIES of each blocked task; those of another generation than this one are forgotten. */
void counters_put_tries(const struct klpscope_bpf *skeleton, __u64 generation);
/* TASKS_SWITCHED by way, those that changed. */
void counters_put_switched(const struct klpscope_bpf *skeleton);
/* The same before a record that ends a transition or its direction is passed on. */
void counters_see(const struct klpscope_bpf *skeleton, const struct record_header *header);
/* SHADOW_COUNT of each id, SHADOW_ALLOCATIONS by caller, SHADOW_SIZE, and SHADOW_COUNTED behind them. */
void counters_put_shadow(const struct klpscope_bpf *skeleton);
/* SHADOW_FOUND of each id that this pass of the walk found. */
void counters_put_finds(const struct klpscope_bpf *skeleton, __u64 pass);
/* Calls under way that began in a pass before this one; those that are older than any call are forgotten. */
bool counters_allocations_open(const struct klpscope_bpf *skeleton, __u64 position);
/* Nothing has been counted of shadow variables, and no age is known. */
void counters_begin_anew(const struct klpscope_bpf *skeleton);
void counters_put_clock(void);

/* Values per CPU, one after the other; the CPUs are those that libbpf counts. */
extern int cpus;
/* Returns false when there is no next key; `key` is the one before, or anything at the begin (`first`). */
bool map_next(const struct bpf_map *map, void *key, bool *first);
__u64 map_sum(const struct bpf_map *map, const void *key);

#endif
