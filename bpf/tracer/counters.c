// SPDX-License-Identifier: MIT
#include "counters.h"
#include "../state.h"
#include <bpf/bpf.h>
#include <string.h>
#include <time.h>

/* The largest number of CPUs of any kernel is 8192; values are read into memory that is there from the start. */
#define MAX_CPUS 8192
/* An allocation that has not returned after so long never told: its return probe was missed. */
#define LOST_CALL_NS (10 * 1000000000ull)

int cpus;

/* One value of a map for all CPUs. */
static union {
	struct switched_count switched[MAX_CPUS];
	struct shadow_totals totals[MAX_CPUS];
	__u64 numbers[MAX_CPUS];
} values;

bool map_next(const struct bpf_map *map, void *key, bool *first)
{
	bool more = !bpf_map_get_next_key(bpf_map__fd(map), *first ? NULL : key, key);

	*first = false;
	return more;
}

__u64 map_sum(const struct bpf_map *map, const void *key)
{
	__u64 sum = 0;

	if (bpf_map_lookup_elem(bpf_map__fd(map), key, &values))
		return 0;
	for (int cpu = 0; cpu < cpus; cpu++)
		sum += values.numbers[cpu];
	return sum;
}

void counters_put_tries(const struct klpscope_bpf *skeleton, __u64 generation)
{
	int fd = bpf_map__fd(skeleton->maps.blocked);
	__u64 key, next;
	bool more = !bpf_map_get_next_key(fd, NULL, &key);

	while (more) {
		struct blocked_entry entry;

		more = !bpf_map_get_next_key(fd, &key, &next);
		if (!bpf_map_lookup_elem(fd, &key, &entry)) {
			struct task_tries tries = { .generation = entry.generation, .tries = entry.tries,
						    .tid = entry.tid, .cpu = entry.cpu };

			if (entry.generation == generation)
				frames_put_own(RECORD_TASK_TRIES, &tries, sizeof(tries));
			else
				bpf_map_delete_elem(fd, &key);
		}
		key = next;
	}
}

/* Of the transition that the stream of records is in: the kernel may be further. */
static __u64 generation;
static __u64 told[SWITCH_WAYS];

static __u64 switched_of(const struct switched_count *count)
{
	if (count->generation == generation)
		return count->tasks;
	return count->generation_before == generation ? count->tasks_before : 0;
}

void counters_put_switched(const struct klpscope_bpf *skeleton)
{
	for (__u32 way = 0; way < SWITCH_WAYS; way++) {
		struct tasks_switched record = { .generation = generation, .way = way };

		if (bpf_map_lookup_elem(bpf_map__fd(skeleton->maps.switched), &way, &values))
			continue;
		for (int cpu = 0; cpu < cpus; cpu++)
			record.tasks += switched_of(&values.switched[cpu]);
		if (record.tasks != told[way] && frames_put_own(RECORD_TASKS_SWITCHED, &record, sizeof(record)))
			told[way] = record.tasks;
	}
}

void counters_see(const struct klpscope_bpf *skeleton, const struct record_header *header)
{
	const bool begins = header->kind == RECORD_TRANSITION_STARTED || header->kind == RECORD_TRANSITION_REVERSED;

	if (!begins && header->kind != RECORD_TRANSITION_ENDED)
		return;
	counters_put_switched(skeleton);
	if (!begins)
		return;
	generation = header->mono_ns;
	memset(told, 0, sizeof(told));
}

static bool put_shadow_id(const struct klpscope_bpf *skeleton, __u64 id)
{
	struct shadow_count record = { .id = id };

	if (bpf_map_lookup_elem(bpf_map__fd(skeleton->maps.shadow_ids), &id, &values))
		return false;
	for (int cpu = 0; cpu < cpus; cpu++) {
		const struct shadow_totals *of = &values.totals[cpu];

		for (int cell = 0; cell < 4; cell++) {
			record.allocated[cell] += of->allocated[cell];
			record.freed[cell] += of->freed[cell];
		}
		record.found += of->count[SHADOW_FOUND];
		record.duplicates += of->count[SHADOW_DUPLICATE];
		record.failed += of->count[SHADOW_FAILED];
		record.missed += of->count[SHADOW_FREE_MISSED];
		record.raced += of->count[SHADOW_RACED];
	}
	frames_put_own(RECORD_SHADOW_COUNT, &record, sizeof(record));
	return true;
}

void counters_put_shadow(const struct klpscope_bpf *skeleton)
{
	struct shadow_caller_key caller;
	struct shadow_size_key size;
	bool first = true;
	__u32 zero = 0;
	__u64 id, position = skeleton->bss->shadow_walk.position;
	struct shadow_counted counted = { .not_streamed = map_sum(skeleton->maps.shadow_not_streamed, &zero) };

	if (WALK_PLACE(position) / 2 >= SHADOW_BUCKETS)
		counted.pass = WALK_PASS(position);
	while (map_next(skeleton->maps.shadow_ids, &id, &first))
		counted.ids += put_shadow_id(skeleton, id);
	for (first = true; map_next(skeleton->maps.shadow_callers, &caller, &first);) {
		struct shadow_allocations record = { .id = caller.id, .caller = caller.caller,
						     .allocations = map_sum(skeleton->maps.shadow_callers, &caller) };

		frames_put_own(RECORD_SHADOW_ALLOCATIONS, &record, sizeof(record));
	}
	for (first = true; map_next(skeleton->maps.shadow_sizes, &size, &first);) {
		struct shadow_size record = { .id = size.id, .bytes = size.bytes };

		frames_put_own(RECORD_SHADOW_SIZE, &record, sizeof(record));
	}
	frames_put_own(RECORD_SHADOW_COUNTED, &counted, sizeof(counted));
}

void counters_put_finds(const struct klpscope_bpf *skeleton, __u64 pass)
{
	bool first = true;
	__u64 id;

	while (map_next(skeleton->maps.shadow_finds, &id, &first)) {
		struct shadow_found record = { .pass = pass, .id = id };
		struct shadow_walk_find find;

		if (bpf_map_lookup_elem(bpf_map__fd(skeleton->maps.shadow_finds), &id, &find) || find.pass != pass)
			continue;
		record.found = find.found;
		memcpy(record.known, find.known, sizeof(record.known));
		memcpy(record.at_least, find.at_least, sizeof(record.at_least));
		frames_put_own(RECORD_SHADOW_FOUND, &record, sizeof(record));
	}
}

bool counters_allocations_open(const struct klpscope_bpf *skeleton, __u64 position)
{
	int fd = bpf_map__fd(skeleton->maps.shadow_calls);
	struct shadow_call_key key, next;
	bool more = !bpf_map_get_next_key(fd, NULL, &key), open = false;

	while (more) {
		struct shadow_call_begun call;

		more = !bpf_map_get_next_key(fd, &key, &next);
		if (!bpf_map_lookup_elem(fd, &key, &call)) {
			if (mono_ns() > call.began_ns + LOST_CALL_NS)
				bpf_map_delete_elem(fd, &key);
			else if (call.position < position)
				open = true;
		}
		key = next;
	}
	return open;
}

static void empty(const struct bpf_map *map)
{
	int fd = bpf_map__fd(map);
	unsigned char key[sizeof(struct shadow_caller_key)], next[sizeof(key)];
	bool more = !bpf_map_get_next_key(fd, NULL, key);

	while (more) {
		more = !bpf_map_get_next_key(fd, key, next);
		bpf_map_delete_elem(fd, key);
		memcpy(key, next, sizeof(key));
	}
}

void counters_begin_anew(const struct klpscope_bpf *skeleton)
{
	empty(skeleton->maps.shadow_ids);
	empty(skeleton->maps.shadow_callers);
	empty(skeleton->maps.shadow_met);
	empty(skeleton->maps.shadow_sizes);
	empty(skeleton->maps.shadow_born);
	empty(skeleton->maps.shadow_finds);
}

static __u64 clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

void counters_put_clock(void)
{
	__u64 before = mono_ns();
	struct clock_reading record = { .boot_ns = clock_ns(CLOCK_BOOTTIME), .wall_ns = clock_ns(CLOCK_REALTIME) };

	record.width_ns = mono_ns() - before;
	frames_put_own(RECORD_CLOCK, &record, sizeof(record));
}
