/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The walk of klp_shadow_hash, and how a change that comes meanwhile is put before or after it.
 *
 * The walk takes no lock. It says in shadow_walk.position that it is about to read a bucket and reads it only when
 * klp_shadow_lock is free: a free, whose probe runs under that lock, has then either taken its variable out or will see
 * the new position. An allocation is placed when it returns: it was in the hash at some moment of the call, and where
 * that leaves open whether the walk can have seen it, the pass is void.
 */
#ifndef KLPSCOPE_SHADOW_WALK_BPF_H
#define KLPSCOPE_SHADOW_WALK_BPF_H

#include "shadow-count.bpf.h"
#include "shadow-hash.bpf.h"

/* Per run: of buckets begun, and of buckets and variables together. Loops have to be short for the verifier of 5.10. */
#define BUCKET_STEPS 96
#define WALK_STEPS 224

/* In the lowest bits of a value of shadow_born. */
#define BORN_EARLIER 1 /* perhaps it is older than the probes */
#define BORN_BY_WALK 2 /* the walk met it, no call has returned it */
#define BORN_FLAGS 3

/*
 * When a variable was first seen, by address of its struct klp_shadow. Full: ages are not known, and races are not told
 * from allocations.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u64);
} shadow_born SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct shadow_walk_find);
} shadow_finds SEC(".maps");

/* Set by the tracer before loading. Otherwise ages are not known: another variable may stand where one was freed. */
const volatile bool frees_are_seen = true;

/* daemon/contract/shadow-age-bounds.ts */
static const __u64 shadow_age_s[SHADOW_AGES] = { 0, 60, 600, 3600, 21600, 86400, 604800 };

/* The cell of struct shadow_count for a variable that came or goes now. */
static __always_inline __u32 cell_of(__u64 position, bool passed)
{
	return 2 * (WALK_PASS(position) & 1) + passed;
}

/* Which cell an allocation counts in, by the position of the walk at the call and now. */
static __always_inline __u32 place_allocation(struct shadow_call_begun *call)
{
	__u64 reading = WALK_READING(bucket_of(call->object));
	__u64 then = call->position, now = shadow_walk.position;

	if (WALK_PASS(then) == WALK_PASS(now)) {
		if (WALK_PLACE(then) > reading)
			return cell_of(now, true);
	} else if (WALK_PLACE(then) <= reading) {
		shadow_walk.void_pass = WALK_PASS(then);
	}
	if (WALK_PLACE(now) >= reading)
		shadow_walk.void_pass = WALK_PASS(now);
	return cell_of(now, false);
}

/* The same for a variable that is being freed, under klp_shadow_lock. */
static __always_inline __u32 place_free(__u64 object)
{
	__u64 reading = WALK_READING(bucket_of(object)), now = shadow_walk.position;

	if (WALK_PLACE(now) == reading)
		shadow_walk.void_pass = WALK_PASS(now);
	return cell_of(now, WALK_PLACE(now) > reading);
}

static __always_inline void count_age(__u64 ages[SHADOW_AGES], __u64 seconds)
{
	for (int i = SHADOW_AGES - 1; i >= 0; i--) {
		if (seconds >= shadow_age_s[i]) {
			ages[i]++;
			return;
		}
	}
}

__global int find_shadow(__u64 address)
{
	struct klp_shadow *shadow = (struct klp_shadow *)address;
	__u64 id = BPF_CORE_READ(shadow, id), pass = WALK_PASS(shadow_walk.position);
	struct shadow_walk_find *find = bpf_map_lookup_elem(&shadow_finds, &id);
	__u64 *known = bpf_map_lookup_elem(&shadow_born, &address);
	__u64 now = bpf_ktime_get_ns(), born;

	shadow_walk.found++;
	if (!find || find->pass != pass) {
		struct shadow_walk_find fresh = { .pass = pass };

		bpf_map_update_elem(&shadow_finds, &id, &fresh, BPF_ANY);
		find = bpf_map_lookup_elem(&shadow_finds, &id);
		if (!find)
			return 0;
	}
	find->found++;
	if (!frees_are_seen)
		return 0;
	if (known) {
		born = *known;
	} else {
		born = (now & ~(__u64)BORN_FLAGS) | BORN_BY_WALK | (shadow_walk.adopted ? 0 : BORN_EARLIER);
		if (bpf_map_update_elem(&shadow_born, &address, &born, BPF_NOEXIST))
			return 0;
	}
	if (born & BORN_EARLIER)
		count_age(find->at_least, (now - born) / NS_PER_S);
	else
		count_age(find->known, (now - born) / NS_PER_S);
	return 0;
}

/* No node's address: the run ends. */
#define WALK_RESTS 1

static __always_inline void move_on(long by)
{
	/* An atomic operation, because the lock must not be read before this is written. */
	__sync_fetch_and_add(&shadow_walk.position, by);
}

/*
 * Tells of a variable, or goes to the next bucket. Returns the variable that follows, or 0. Of a bucket that is locked
 * nothing is read: the next step tries again.
 */
__global __u64 step_shadow(__u64 node, bool may_begin)
{
	__u64 position = shadow_walk.position, bucket;

	if (node) {
		find_shadow(node);
		return (__u64)BPF_CORE_READ((struct klp_shadow *)node, node.next);
	}
	/* The bucket has been read to its end. */
	if (position & 1) {
		move_on(1);
		position++;
	}
	bucket = WALK_PLACE(position) / 2;
	if (bucket >= SHADOW_BUCKETS || !may_begin)
		return WALK_RESTS;
	move_on(1);
	if (hash_is_locked()) {
		move_on(-1);
		return 0;
	}
	node = first_of(bucket);
	if (!node)
		move_on(1);
	return node;
}

/*
 * By BPF_PROG_TEST_RUN, again until all buckets are done. The tracer begins a pass by setting the position; a raw
 * tracepoint, because 5.10 can run those.
 */
SEC("raw_tp")
int walk_shadow(void *ctx)
{
	__u64 node = 0;

	for (int i = 0; i < WALK_STEPS; i++) {
		node = step_shadow(node, i < BUCKET_STEPS);
		if (node == WALK_RESTS)
			return 0;
	}
	/* There is more in this bucket than in one run can be read. */
	if (shadow_walk.position & 1) {
		if (node)
			shadow_walk.too_long = 1;
		move_on(1);
	}
	return 0;
}

#endif
