// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * lifecycle: what becomes of a livepatch between insmod and rmmod: loads and refusals, objects, callbacks, states,
 * replaces, modules that come and go under it, and the end of its release.
 *
 * Prints   PATCH_LOADING and one PATCH_STATE per klp_state after it, PATCH_COMPATIBLE, PATCH_LOADED; PATCH_REPLACING,
 *          PATCH_SETTLED, PATCH_RELEASED; OBJECT_FOUND for each object of a patch at the moments of enum object_moment,
 *          OBJECT_RESOLVED, _PATCHING, _PATCHED, _UNPATCHED; MODULE_COMING, _CAME, _GONE of modules a patch is for.
 * Read it  The kernel's callback helpers are inlined and cannot be probed. What they do follows from the order of the
 *          kernel's own steps and the facts of each object: daemon/probes/callbacks.ts. OBJECT_PATCHING: its pre_patch
 *          callback, if there is one, returned 0.
 * Without  klp_enable_patch: loads and refusals of livepatches, their states and versions
 *          initcall_finish: refusals of livepatches, where the return of klp_enable_patch is not probed
 *          klp_is_patch_compatible: whether a refused patch had incompatible states
 *          klp_init_object_loaded: loads and modules refused for symbols or relocations, modules coming under a patch
 *          klp_patch_object: objects patched, and the pre_patch callbacks that follow from it
 *          __klp_unpatch_object: objects unpatched
 *          klp_unpatch_object: objects unpatched as their module goes, on 5.10
 *          klp_unpatch_objects: callbacks that an unpatching calls
 *          klp_unpatch_replaced_patches: which patches were replaced
 *          klp_module_coming: modules coming under a patch, and those refused
 *          klp_module_going: modules going under a patch
 *          klp_kobj_release_patch: the end of a patch's release
 *          klp_free_patch_work_fn: the end of a patch's release
 * Cost     some ten records per load, transition or module; nothing in between. The verifier follows each program
 *          that walks a patch's objects or states through 64 or 128 rounds, 2,900 instructions at most.
 * Source   kernel/livepatch/core.c, patch.c, transition.c, state.c; include/linux/livepatch.h
 */
#include "lifecycle-records.bpf.h"

/* Bounds for the verifier's sake: more states or objects than a patch has. */
#define MAX_STATES 64
#define MAX_OBJECTS 128

/* What a task is in the middle of; klp_mutex serialises most of it, module loading does not. */
struct lifecycle_call {
	__u64 loading;	     /* struct klp_patch * in klp_enable_patch() */
	__u64 module;	     /* struct module * in klp_module_coming() or klp_module_going() */
	__u64 object;	     /* struct klp_object * in klp_init_object_loaded() or klp_patch_object() */
	__u64 settling;	     /* struct klp_patch * in klp_complete_transition() */
	__s32 settling_target;
	bool going, concerned, replacing;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, struct lifecycle_call);
} lifecycle_calls SEC(".maps");

/* Another module may stand where one stood before: shadow.bpf.c. */
static __u64 livepatches_loaded = 1;

static __always_inline struct lifecycle_call *call_of_current(bool make)
{
	__u64 caller = (__u64)current_task();
	struct lifecycle_call *call = bpf_map_lookup_elem(&lifecycle_calls, &caller);
	struct lifecycle_call fresh = {};

	if (call || !make)
		return call;
	bpf_map_update_elem(&lifecycle_calls, &caller, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&lifecycle_calls, &caller);
}

static __always_inline void forget_call(struct lifecycle_call *call)
{
	__u64 caller = (__u64)current_task();

	if (!call->loading && !call->module && !call->object && !call->settling && !call->replacing)
		bpf_map_delete_elem(&lifecycle_calls, &caller);
}

static __always_inline void objects_found(struct klp_patch *patch, __u32 moment)
{
	struct klp_object *object = BPF_CORE_READ(patch, objs);
	__u32 forced = BPF_CORE_READ(patch, forced) ? FACT_FORCED : 0;

	for (int i = 0; i < MAX_OBJECTS; i++) {
		if (!BPF_CORE_READ(object, funcs))
			break;
		tell_object_step(RECORD_OBJECT_FOUND, (__u64)object, 0, moment, forced);
		object = (void *)object + bpf_core_type_size(struct klp_object);
	}
}

SEC("kprobe/klp_enable_patch")
int BPF_KPROBE(enable_patch, struct klp_patch *patch)
{
	struct lifecycle_call *call = call_of_current(true);
	struct klp_state *state = BPF_CORE_READ(patch, states);

	if (call)
		call->loading = (__u64)patch;
	livepatches_loaded++;
	tell_loading(patch);
	for (int i = 0; state && i < MAX_STATES; i++) {
		if (!BPF_CORE_READ(state, id))
			break;
		tell_patch_state((__u64)patch, (__u64)state);
		state = (void *)state + bpf_core_type_size(struct klp_state);
	}
	return 0;
}

/* A bool: only the lowest byte of the register is meant. */
SEC("kretprobe/klp_is_patch_compatible")
int BPF_KRETPROBE(is_patch_compatible_returned, int ret)
{
	struct lifecycle_call *call = call_of_current(false);

	if (call && call->loading)
		tell_patch_step(RECORD_PATCH_COMPATIBLE, (struct klp_patch *)call->loading, ret & 0xff);
	return 0;
}

static __always_inline int loaded(int result)
{
	struct lifecycle_call *call = call_of_current(false);

	if (!call || !call->loading)
		return 0;
	tell_patch_step(RECORD_PATCH_LOADED, (struct klp_patch *)call->loading, result);
	call->loading = 0;
	forget_call(call);
	return 0;
}

SEC("kretprobe/klp_enable_patch")
int BPF_KRETPROBE(enable_patch_returned, int ret)
{
	return loaded(ret);
}

/*
 * Where the former must not be attached (bpf/tracer/choice.c): the module's init function, which klp_enable_patch()
 * is called from, returns what that has returned. Source: init/main.c, do_one_initcall().
 */
SEC("tp_btf/initcall_finish")
int BPF_PROG(module_initialised, void *function, int ret)
{
	return loaded(ret);
}

static __always_inline int module_moves(struct module *module, bool going)
{
	struct lifecycle_call *call = call_of_current(true);

	if (!call)
		return 0;
	call->module = (__u64)module;
	call->going = going;
	call->concerned = false;
	return 0;
}

SEC("kprobe/klp_module_coming")
int BPF_KPROBE(module_coming, struct module *module)
{
	return module_moves(module, false);
}

SEC("kprobe/klp_module_going")
int BPF_KPROBE(module_going, struct module *module)
{
	return module_moves(module, true);
}

/* Only modules that a patch is for are worth a record. */
static __always_inline int module_moved(__u32 kind, int result)
{
	struct lifecycle_call *call = call_of_current(false);

	inventory_changed++;
	if (!call || !call->module)
		return 0;
	if (call->concerned)
		tell_module_step(kind, (struct module *)call->module, result);
	call->module = call->object = 0;
	forget_call(call);
	return 0;
}

SEC("kretprobe/klp_module_coming")
int BPF_KRETPROBE(module_came, int ret)
{
	return module_moved(RECORD_MODULE_CAME, ret);
}

SEC("kretprobe/klp_module_going")
int BPF_KRETPROBE(module_gone)
{
	return module_moved(RECORD_MODULE_GONE, 0);
}

SEC("kprobe/klp_init_object_loaded")
int BPF_KPROBE(init_object_loaded, struct klp_patch *patch, struct klp_object *object)
{
	struct lifecycle_call *call = call_of_current(true);

	if (!call)
		return 0;
	call->object = (__u64)object;
	if (call->module && !call->going && !call->concerned) {
		call->concerned = true;
		tell_module_step(RECORD_MODULE_COMING, (struct module *)call->module, 0);
	}
	return 0;
}

static __always_inline int object_done(__u32 kind, int result, __u32 facts)
{
	struct lifecycle_call *call = call_of_current(false);

	if (!call || !call->object)
		return 0;
	tell_object_step(kind, call->object, result, MOMENT_NONE, facts);
	call->object = 0;
	forget_call(call);
	return 0;
}

SEC("kretprobe/klp_init_object_loaded")
int BPF_KRETPROBE(init_object_loaded_returned, int ret)
{
	return object_done(RECORD_OBJECT_RESOLVED, ret, 0);
}

SEC("kprobe/klp_patch_object")
int BPF_KPROBE(patch_object, struct klp_object *object)
{
	struct lifecycle_call *call = call_of_current(true);

	if (call)
		call->object = (__u64)object;
	return tell_object_step(RECORD_OBJECT_PATCHING, (__u64)object, 0, MOMENT_NONE, FACT_LOADED);
}

SEC("kretprobe/klp_patch_object")
int BPF_KRETPROBE(patch_object_returned, int ret)
{
	return object_done(RECORD_OBJECT_PATCHED, ret, FACT_LOADED);
}

static __always_inline int unpatched(struct klp_object *object, struct lifecycle_call *call)
{
	bool going = call && call->module && call->going;

	if (going)
		call->concerned = true;
	tell_object_step(RECORD_OBJECT_UNPATCHED, (__u64)object, 0, going ? MOMENT_MODULE_GOES : MOMENT_NONE, FACT_LOADED);
	return 0;
}

/* Also called to take only the no-ops out of an object that stays patched. */
SEC("kprobe/__klp_unpatch_object")
int BPF_KPROBE(unpatch_object, struct klp_object *object, bool nops_only)
{
	struct lifecycle_call *call = call_of_current(false);

	if (nops_only || (call && call->module && call->object == (__u64)object))
		return 0;
	return unpatched(object, call);
}

/* When a module goes, or is refused: 5.10 has the former inlined into this. */
SEC("kprobe/klp_unpatch_object")
int BPF_KPROBE(unpatch_object_of_module, struct klp_object *object)
{
	struct lifecycle_call *call = call_of_current(false);

	if (!call || !call->module)
		return 0;
	call->object = (__u64)object;
	return unpatched(object, call);
}

SEC("kprobe/klp_unpatch_replaced_patches")
int BPF_KPROBE(unpatch_replaced_patches, struct klp_patch *by)
{
	struct lifecycle_call *call = call_of_current(true);

	if (call)
		call->replacing = true;
	tell_patch_step(RECORD_PATCH_REPLACING, by, 0);
	return 0;
}

SEC("kretprobe/klp_unpatch_replaced_patches")
int BPF_KRETPROBE(unpatch_replaced_patches_returned)
{
	struct lifecycle_call *call = call_of_current(false);

	if (!call)
		return 0;
	call->replacing = false;
	forget_call(call);
	return 0;
}

SEC("kprobe/klp_complete_transition")
int BPF_KPROBE(settle)
{
	struct lifecycle_call *call = call_of_current(true);
	struct klp_patch *patch = transition_patch();

	if (call) {
		call->settling = (__u64)patch;
		call->settling_target = target_state();
	}
	objects_found(patch, MOMENT_BEFORE_SETTLING);
	return 0;
}

SEC("kretprobe/klp_complete_transition")
int BPF_KRETPROBE(settled)
{
	struct lifecycle_call *call = call_of_current(false);

	if (!call || !call->settling)
		return 0;
	tell_patch_step(RECORD_PATCH_SETTLED, (struct klp_patch *)call->settling, call->settling_target);
	call->settling = 0;
	forget_call(call);
	return 0;
}

SEC("kprobe/klp_init_transition")
int BPF_KPROBE(before_callbacks, struct klp_patch *patch, int state)
{
	objects_found(patch, state == KLP_PATCHED ? MOMENT_BEFORE_PATCH : MOMENT_BEFORE_UNPATCH);
	return 0;
}

/* Of a replaced patch; at the end of an unpatching klp_complete_transition() has said it already. */
SEC("kprobe/klp_unpatch_objects")
int BPF_KPROBE(unpatch_objects, struct klp_patch *patch)
{
	struct lifecycle_call *call = call_of_current(false);

	if (call && call->replacing)
		objects_found(patch, MOMENT_REPLACED);
	return 0;
}

SEC("kprobe/klp_kobj_release_patch")
int BPF_KPROBE(kobj_release_patch, struct kobject *kobj)
{
	const char *name = BPF_CORE_READ(kobj, name);

	inventory_changed++;
	bpf_probe_read_kernel_str(released, sizeof(released), name);
	return 0;
}

SEC("kretprobe/klp_free_patch_work_fn")
int BPF_KRETPROBE(free_patch_work_fn_returned)
{
	inventory_changed++;
	return tell_released();
}
