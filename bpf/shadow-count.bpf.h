/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The counts of shadow.bpf.c, and the records of single calls. */
#ifndef KLPSCOPE_SHADOW_COUNT_BPF_H
#define KLPSCOPE_SHADOW_COUNT_BPF_H

#include "common.bpf.h"

/* Single records a second, over all CPUs: enough to read along, little enough to cost nothing. */
#define STREAM_PER_S 200

/* Set with every change of the counts, cleared by the tracer before it reads them. */
__u32 shadow_changed;

/* Not atomic: two CPUs at once may stream one more than the rate allows, which does no harm. */
static __u64 streamed_second;
static __u32 streamed;

struct shadow_walk shadow_walk;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct shadow_totals);
} shadow_ids SEC(".maps");

/* Allocations. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct shadow_caller_key);
	__type(value, __u64);
} shadow_callers SEC(".maps");

/* After which load of a livepatch a caller was met last. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct shadow_caller_key);
	__type(value, __u64);
} shadow_met SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct shadow_size_key);
	__type(value, __u8);
} shadow_sizes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} shadow_not_streamed SEC(".maps");

static __always_inline struct shadow_totals *totals_of(__u64 id)
{
	struct shadow_totals *totals = bpf_map_lookup_elem(&shadow_ids, &id);
	static const struct shadow_totals none;

	if (totals)
		return totals;
	bpf_map_update_elem(&shadow_ids, &id, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&shadow_ids, &id);
}

static __noinline int tell_call(__u32 what, __u64 object, __u64 id, __u64 bytes, __u64 caller)
{
	struct shadow_call *record = RESERVE(shadow_call, RECORD_SHADOW_CALL);

	if (!record)
		return 0;
	identify(&record->task, current_task());
	record->object = object;
	record->id = id;
	record->bytes = bytes;
	record->caller = caller;
	record->what = what;
	record->pad = 0;
	bpf_ringbuf_submit(record, 0);
	return 0;
}

static __always_inline void stream_call(__u32 what, __u64 object, __u64 id, __u64 bytes, __u64 caller)
{
	__u64 second = bpf_ktime_get_ns() / NS_PER_S, *count;
	__u32 zero = 0;

	if (!shadow_changed)
		shadow_changed = 1;
	if (streamed_second != second) {
		streamed_second = second;
		streamed = 0;
	}
	if (streamed < STREAM_PER_S) {
		streamed++;
		tell_call(what, object, id, bytes, caller);
		return;
	}
	count = bpf_map_lookup_elem(&shadow_not_streamed, &zero);
	if (count)
		(*count)++;
}

static __noinline int tell_user(__u64 id, __u64 caller)
{
	struct shadow_user *record = RESERVE(shadow_user, RECORD_SHADOW_USER);

	if (!record)
		return 0;
	record->id = id;
	record->caller = caller;
	bpf_ringbuf_submit(record, 0);
	return 0;
}

static __noinline int meet_caller(__u64 id, __u64 caller)
{
	struct shadow_caller_key key = { .id = id, .caller = caller };
	__u64 *met = bpf_map_lookup_elem(&shadow_met, &key);
	__u64 loaded = livepatches_loaded;

	if (met && *met == loaded)
		return 0;
	bpf_map_update_elem(&shadow_met, &key, &loaded, BPF_ANY);
	return tell_user(id, caller);
}

static __noinline int count_caller(__u64 id, __u64 caller)
{
	struct shadow_caller_key key = { .id = id, .caller = caller };
	__u64 *allocations = bpf_map_lookup_elem(&shadow_callers, &key), one = 1;

	if (allocations)
		(*allocations)++;
	else
		bpf_map_update_elem(&shadow_callers, &key, &one, BPF_NOEXIST);
	return 0;
}

#endif
