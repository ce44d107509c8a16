// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * shadow: shadow variables, counted exactly in the kernel, and the count checked against the kernel's hash.
 *
 * Prints   SHADOW_CALL up to a rate, the rest only counted; SHADOW_FREED_ALL; SHADOW_USER.
 *          Maps, read when `shadow_changed` was set: `shadow_ids` (counts by id), `shadow_callers` (allocations by id
 *          and caller), `shadow_sizes` (ids and the sizes they were allocated with), `shadow_finds` (of a walk).
 * Read it  Counts are per CPU: no storm of calls can make them wrong. walk_shadow() counts what klp_shadow_hash holds,
 *          variables older than the probes included; shadow-walk.bpf.h says how that and the counts fit together.
 *          A get_or_alloc of two tasks at once for one <obj, id>: the first to return has allocated it.
 * Without  klp_shadow_alloc: allocations by it, and duplicates
 *          klp_shadow_get_or_alloc: allocations by it, and races
 *          klp_shadow_free_struct: frees, and live counts
 *          klp_shadow_free: calls of klp_shadow_free that matched nothing, which patches free
 *          klp_shadow_free_all: calls of klp_shadow_free_all
 *          klp_shadow_hash: calls that found or missed a variable told from others, live counts and ages
 *          klp_shadow_lock: live counts and ages (the walk), so also variables older than the tracer
 * Cost     per alloc and free three or four lookups in maps; a walk some 10 ns per bucket and 100 ns per variable. The
 *          verifier goes through 2,500 instructions at most.
 * Source   kernel/livepatch/shadow.c; include/linux/hash.h (hash_64_generic)
 */
#include "caller.bpf.h"
#include "shadow-walk.bpf.h"

/* A return probe finds the stack pointer past the return address, where the call pushed one. */
#if defined(__TARGET_ARCH_x86)
#define RETURN_ADDRESS_BYTES sizeof(long)
#else
#define RETURN_ADDRESS_BYTES 0
#endif

/* By task and stack pointer: an interrupt may allocate in the middle of its task's allocation. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct shadow_call_key);
	__type(value, struct shadow_call_begun);
} shadow_calls SEC(".maps");

/* What the task that is in klp_shadow_free_all() has freed so far. */
struct shadow_free_all_call {
	__u64 id, freed, caller;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u64);
	__type(value, struct shadow_free_all_call);
} shadow_free_alls SEC(".maps");

static __noinline int what_returned(__u64 object, __u64 id, __u64 began_ns, bool existed, __u64 data)
{
	__u64 address = data - bpf_core_field_offset(struct klp_shadow, data);
	__u64 now = bpf_ktime_get_ns() & ~(__u64)BORN_FLAGS, *born;

	if (!data)
		return search_shadow(object, id) == PRESENT ? SHADOW_DUPLICATE : SHADOW_FAILED;
	if (existed)
		return SHADOW_FOUND;
	if (!bpf_map_update_elem(&shadow_born, &address, &now, BPF_NOEXIST))
		return SHADOW_ALLOCATED;
	/*
	 * Set since this call began: by another call that returned before. Older: by a variable whose free was not seen,
	 * or by a walk that read a bucket while it changed.
	 */
	born = bpf_map_lookup_elem(&shadow_born, &address);
	if (born && !(*born & BORN_BY_WALK) && *born >= (began_ns & ~(__u64)BORN_FLAGS))
		return SHADOW_RACED;
	bpf_map_update_elem(&shadow_born, &address, &now, BPF_ANY);
	return SHADOW_ALLOCATED;
}

static __noinline int count_alloc(struct shadow_call_begun *call, __u32 what)
{
	struct shadow_totals *totals;
	__u32 cell;

	if (!call)
		return 0;
	totals = totals_of(call->id);
	if (!totals)
		return 0;
	if (what < SHADOW_WHATS)
		totals->count[what]++;
	if (what != SHADOW_ALLOCATED)
		return 0;
	cell = place_allocation(call);
	if (cell < 4)
		totals->allocated[cell]++;
	return 0;
}

static __noinline int remember_size(__u64 id, __u64 bytes)
{
	struct shadow_size_key size = { .id = id, .bytes = bytes };
	__u8 one = 1;

	if (!bpf_map_lookup_elem(&shadow_sizes, &size))
		bpf_map_update_elem(&shadow_sizes, &size, &one, BPF_NOEXIST);
	return 0;
}

static __always_inline int alloc_returned(struct pt_regs *ctx)
{
	struct shadow_call_key key = {
		.task = (__u64)current_task(), .stack = PT_REGS_SP(ctx) - RETURN_ADDRESS_BYTES,
	};
	struct shadow_call_begun *found = bpf_map_lookup_elem(&shadow_calls, &key);
	struct shadow_call_begun call;
	__u64 caller;
	__u32 what;

	if (!found)
		return 0;
	call = *found;
	caller = caller_at_return(ctx, call.caller);
	what = what_returned(call.object, call.id, call.began_ns, call.existed, PT_REGS_RC(ctx));
	count_alloc(&call, what);
	/* Gone when it is counted: the tracer ends a pass when no call that began in it is left. */
	bpf_map_delete_elem(&shadow_calls, &key);
	if (what == SHADOW_ALLOCATED) {
		remember_size(call.id, call.bytes);
		count_caller(call.id, caller);
	}
	meet_caller(call.id, caller);
	stream_call(what, call.object, call.id, call.bytes, caller);
	return 0;
}

/* Return probes stand before the probes of the entries, and are attached in this order: caller_at_return(). */
SEC("kretprobe/klp_shadow_alloc")
int BPF_KRETPROBE(shadow_alloc_returned)
{
	return alloc_returned(ctx);
}

SEC("kretprobe/klp_shadow_get_or_alloc")
int BPF_KRETPROBE(shadow_get_or_alloc_returned)
{
	return alloc_returned(ctx);
}

static __always_inline int alloc_called(struct pt_regs *ctx, void *object, __u64 id, __u64 bytes, bool existed)
{
	struct shadow_call_key key = { .task = (__u64)current_task(), .stack = PT_REGS_SP(ctx) };
	struct shadow_call_begun call = {
		.object = (__u64)object, .id = id, .bytes = bytes, .began_ns = bpf_ktime_get_ns(),
		.caller = caller_at_entry(ctx), .position = shadow_walk.position, .existed = existed,
	};

	bpf_map_update_elem(&shadow_calls, &key, &call, BPF_ANY);
	return 0;
}

SEC("kprobe/klp_shadow_alloc")
int BPF_KPROBE(shadow_alloc, void *object, unsigned long id, unsigned long bytes)
{
	return alloc_called(ctx, object, id, bytes, false);
}

SEC("kprobe/klp_shadow_get_or_alloc")
int BPF_KPROBE(shadow_get_or_alloc, void *object, unsigned long id, unsigned long bytes)
{
	return alloc_called(ctx, object, id, bytes, search_shadow((__u64)object, id) == PRESENT);
}

/* Under klp_shadow_lock, on which the walk relies. */
SEC("kprobe/klp_shadow_free_struct")
int BPF_KPROBE(shadow_free_struct, struct klp_shadow *shadow)
{
	__u64 task = (__u64)current_task(), address = (__u64)shadow;
	__u64 object = (__u64)BPF_CORE_READ(shadow, obj), id = BPF_CORE_READ(shadow, id);
	struct shadow_free_all_call *all = bpf_map_lookup_elem(&shadow_free_alls, &task);
	struct shadow_totals *totals = totals_of(id);
	__u32 cell = place_free(object);

	if (totals && cell < 4)
		totals->freed[cell]++;
	bpf_map_delete_elem(&shadow_born, &address);
	if (all)
		all->freed++;
	stream_call(SHADOW_FREED, object, id, 0, 0);
	return 0;
}

SEC("kprobe/klp_shadow_free")
int BPF_KPROBE(shadow_free, void *object, unsigned long id)
{
	int found = search_shadow((__u64)object, id);
	__u64 caller = caller_at_entry(ctx);
	struct shadow_totals *totals;

	if (found == PRESENT)
		return meet_caller(id, caller);
	if (found == TOO_LONG)
		return 0;
	totals = totals_of(id);
	if (totals)
		totals->count[SHADOW_FREE_MISSED]++;
	stream_call(SHADOW_FREE_MISSED, (__u64)object, id, 0, caller);
	return 0;
}

static __noinline int tell_freed_all(__u64 id, __u64 count, __u64 caller)
{
	struct shadow_freed_all *record = RESERVE(shadow_freed_all, RECORD_SHADOW_FREED_ALL);

	if (!record)
		return 0;
	identify(&record->task, current_task());
	record->id = id;
	record->count = count;
	record->caller = caller;
	bpf_ringbuf_submit(record, 0);
	return 0;
}

SEC("kretprobe/klp_shadow_free_all")
int BPF_KRETPROBE(shadow_free_all_returned)
{
	__u64 task = (__u64)current_task();
	struct shadow_free_all_call *found = bpf_map_lookup_elem(&shadow_free_alls, &task);
	struct shadow_free_all_call call;

	if (!found)
		return 0;
	call = *found;
	bpf_map_delete_elem(&shadow_free_alls, &task);
	return tell_freed_all(call.id, call.freed, caller_at_return(ctx, call.caller));
}

SEC("kprobe/klp_shadow_free_all")
int BPF_KPROBE(shadow_free_all, unsigned long id)
{
	__u64 task = (__u64)current_task();
	struct shadow_free_all_call call = { .id = id, .caller = caller_at_entry(ctx) };

	bpf_map_update_elem(&shadow_free_alls, &task, &call, BPF_ANY);
	return 0;
}
