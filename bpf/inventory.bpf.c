// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * inventory: what the kernel itself holds: patches, objects, functions, states.
 *
 * Prints   INVENTORY_PATCH oldest first, after each its INVENTORY_STATE, its _OBJECT and after each of these its _FUNC;
 *          INVENTORY_END.
 * Read it  The tracer runs walk_inventory() until the walk has ended, when a change that the probes below count has
 *          been followed by a quiet moment. A walk in whose course something changes ends with complete = 0 and is
 *          done again: no lock is taken. The stack nodes say which functions share a klp_ops->func_stack, in which
 *          order.
 * Without  klp_patches: all of it; sysfs names the functions
 *          klp_try_complete_transition: the kernel's flag of a patch being enabled, until the next change
 *          klp_free_patch_work_fn: patches that are gone, until the next change
 *          klp_module_coming: modules that came under a patch, until the next change
 *          klp_module_going: modules that went under a patch, until the next change
 * Cost     a microsecond or two per entry while walking; nothing otherwise. The verifier goes through 1,200
 *          instructions.
 * Source   kernel/livepatch/core.c, patch.c; include/linux/livepatch.h
 */
#include "lifecycle-records.bpf.h"

/* Entries per run: what the oldest kernel's verifier follows through the loop. */
#define INVENTORY_STEPS 32

struct inventory_walk inventory_walk;

#define ENTRY(node, type, member) ((struct type *)((node) - bpf_core_field_offset(struct type, member)))
#define HEAD(entry, type, member) ((__u64)(entry) + bpf_core_field_offset(struct type, member))

/* The walk has to be done again. */
static __always_inline int lose(void)
{
	inventory_walk.lost++;
	return 0;
}

static __noinline int tell_func(struct klp_func *func)
{
	struct inventory_func *record = RESERVE(inventory_func, RECORD_INVENTORY_FUNC);

	if (!record)
		return lose();
	record->walk = inventory_walk.number;
	record->nop = BPF_CORE_READ(func, nop);
	record->patched = BPF_CORE_READ(func, patched);
	record->transition = BPF_CORE_READ(func, transition);
	record->pad = 0;
	record->old_sympos = BPF_CORE_READ(func, old_sympos);
	record->old_func = (__u64)BPF_CORE_READ(func, old_func);
	record->new_func = (__u64)BPF_CORE_READ(func, new_func);
	record->old_size = BPF_CORE_READ(func, old_size);
	record->new_size = BPF_CORE_READ(func, new_size);
	record->stack_node = HEAD(func, klp_func, stack_node);
	record->stack_next = (__u64)BPF_CORE_READ(func, stack_node.next);
	record->stack_prev = (__u64)BPF_CORE_READ(func, stack_node.prev);
	record->function[0] = 0;
	bpf_probe_read_kernel_str(record->function, SYMBOL_BYTES, BPF_CORE_READ(func, old_name));
	bpf_ringbuf_submit(record, 0);
	return 0;
}

static __noinline int tell_object(struct klp_object *object)
{
	struct inventory_object *record = RESERVE(inventory_object, RECORD_INVENTORY_OBJECT);
	const char *name;

	if (!record)
		return lose();
	name = BPF_CORE_READ(object, name);
	record->walk = inventory_walk.number;
	record->facts = facts_of(object);
	record->pre_patch = (__u64)BPF_CORE_READ(object, callbacks.pre_patch);
	record->post_patch = (__u64)BPF_CORE_READ(object, callbacks.post_patch);
	record->pre_unpatch = (__u64)BPF_CORE_READ(object, callbacks.pre_unpatch);
	record->post_unpatch = (__u64)BPF_CORE_READ(object, callbacks.post_unpatch);
	record->object[0] = 0;
	if (name)
		bpf_probe_read_kernel_str(record->object, MODULE_BYTES, name);
	bpf_ringbuf_submit(record, 0);
	return 0;
}

static __noinline int tell_state(struct klp_state *state)
{
	struct inventory_state *record = RESERVE(inventory_state, RECORD_INVENTORY_STATE);

	if (!record)
		return lose();
	record->walk = inventory_walk.number;
	record->id = BPF_CORE_READ(state, id);
	record->version = BPF_CORE_READ(state, version);
	bpf_ringbuf_submit(record, 0);
	return 0;
}

static __noinline int tell_patch(struct klp_patch *patch)
{
	struct inventory_patch *record = RESERVE(inventory_patch, RECORD_INVENTORY_PATCH);

	if (!record)
		return lose();
	record->walk = inventory_walk.number;
	record->enabled = BPF_CORE_READ(patch, enabled);
	record->replace = BPF_CORE_READ(patch, replace);
	record->forced = BPF_CORE_READ(patch, forced);
	record->pad = 0;
	read_patch_name(record->patch, patch);
	bpf_ringbuf_submit(record, 0);
	return 0;
}

static __noinline int tell_end(void)
{
	struct inventory_end *record = RESERVE(inventory_end, RECORD_INVENTORY_END);

	if (!record)
		return 0;
	record->walk = inventory_walk.number;
	record->complete = inventory_walk.changed == inventory_changed && !inventory_walk.lost;
	record->entries = inventory_walk.entries;
	record->pad = 0;
	bpf_ringbuf_submit(record, 0);
	return 0;
}

/* Takes the next entry of the innermost list that the walk is in. A copy, for CO-RE would relocate the walk, too. */
__global int step_inventory(void)
{
	struct inventory_walk at = inventory_walk;
	struct klp_patch *patch = ENTRY(at.patch, klp_patch, list);
	struct klp_object *object = ENTRY(at.object, klp_object, node);
	struct klp_state *state = (struct klp_state *)at.state;
	struct klp_func *func = ENTRY(at.func, klp_func, node);

	if (at.func) {
		if (at.func == HEAD(object, klp_object, func_list)) {
			inventory_walk.func = 0;
			inventory_walk.object = (__u64)BPF_CORE_READ(object, node.next);
			return 0;
		}
		inventory_walk.entries++;
		tell_func(func);
		inventory_walk.func = (__u64)BPF_CORE_READ(func, node.next);
	} else if (at.object) {
		if (at.object == HEAD(patch, klp_patch, obj_list)) {
			inventory_walk.object = 0;
			inventory_walk.patch = (__u64)BPF_CORE_READ(patch, list.next);
			return 0;
		}
		inventory_walk.entries++;
		tell_object(object);
		inventory_walk.func = (__u64)BPF_CORE_READ(object, func_list.next);
	} else if (state && BPF_CORE_READ(state, id)) {
		inventory_walk.entries++;
		tell_state(state);
		inventory_walk.state += bpf_core_type_size(struct klp_state);
	} else if (state) {
		inventory_walk.state = 0;
		inventory_walk.object = (__u64)BPF_CORE_READ(patch, obj_list.next);
	} else if (at.patch == kernel_at.klp_patches) {
		inventory_walk.patch = 0;
	} else {
		inventory_walk.entries++;
		tell_patch(patch);
		inventory_walk.state = (__u64)BPF_CORE_READ(patch, states);
		if (!inventory_walk.state)
			inventory_walk.object = (__u64)BPF_CORE_READ(patch, obj_list.next);
	}
	return 0;
}

/* By BPF_PROG_TEST_RUN, again until inventory_walk.walking is 0; a raw tracepoint, because 5.10 can run those. */
SEC("raw_tp")
int walk_inventory(void *ctx)
{
	if (!inventory_walk.walking) {
		inventory_walk.number++;
		inventory_walk.walking = 1;
		inventory_walk.entries = inventory_walk.lost = 0;
		inventory_walk.changed = inventory_changed;
		inventory_walk.state = inventory_walk.object = inventory_walk.func = 0;
		READ_VARIABLE(inventory_walk.patch, klp_patches);
	}
	for (int i = 0; i < INVENTORY_STEPS; i++) {
		if (!inventory_walk.patch || inventory_walk.changed != inventory_changed)
			break;
		step_inventory();
	}
	if (inventory_walk.patch && inventory_walk.changed == inventory_changed)
		return 0;
	inventory_walk.walking = 0;
	return tell_end();
}
