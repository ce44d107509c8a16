/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The records of lifecycle.bpf.c, one function each: see reserve(). */
#ifndef KLPSCOPE_LIFECYCLE_RECORDS_BPF_H
#define KLPSCOPE_LIFECYCLE_RECORDS_BPF_H

#include "common.bpf.h"

/* By klp_kobj_release_patch(), which klp_free_patch_work_fn() waits for before it puts the module. */
static char released[MODULE_BYTES];

static __noinline int tell_patch_step(__u32 kind, struct klp_patch *patch, int result)
{
	struct patch_step *record = RESERVE(patch_step, kind);

	if (!record)
		return 0;
	identify(&record->by, current_task());
	record->result = result;
	record->pad = 0;
	read_patch_name(record->patch, patch);
	bpf_ringbuf_submit(record, 0);
	return 0;
}

static __noinline int tell_module_step(__u32 kind, struct module *module, int result)
{
	struct module_step *record = RESERVE(module_step, kind);

	if (!record)
		return 0;
	record->result = result;
	record->pad = 0;
	read_module_name(record->module, module);
	bpf_ringbuf_submit(record, 0);
	return 0;
}

static __noinline int tell_loading(struct klp_patch *patch)
{
	struct patch_loading *record = RESERVE(patch_loading, RECORD_PATCH_LOADING);
	const char *version;

	if (!record)
		return 0;
	version = BPF_CORE_READ(patch, mod, version);
	identify(&record->by, current_task());
	record->replace = BPF_CORE_READ(patch, replace);
	record->pad = 0;
	read_patch_name(record->patch, patch);
	record->version[0] = 0;
	if (version)
		bpf_probe_read_kernel_str(record->version, VERSION_BYTES, version);
	bpf_ringbuf_submit(record, 0);
	return 0;
}

__global int tell_patch_state(__u64 patch_address, __u64 state_address)
{
	struct patch_state *record = RESERVE(patch_state, RECORD_PATCH_STATE);
	struct klp_patch *patch = (struct klp_patch *)patch_address;
	struct klp_state *state = (struct klp_state *)state_address;

	if (!record)
		return 0;
	record->id = BPF_CORE_READ(state, id);
	record->version = BPF_CORE_READ(state, version);
	record->pad = 0;
	read_patch_name(record->patch, patch);
	bpf_ringbuf_submit(record, 0);
	return 0;
}

static __always_inline __u32 facts_of(struct klp_object *object)
{
	return (BPF_CORE_READ(object, callbacks.pre_patch) ? FACT_PRE_PATCH : 0) |
	       (BPF_CORE_READ(object, callbacks.post_patch) ? FACT_POST_PATCH : 0) |
	       (BPF_CORE_READ(object, callbacks.pre_unpatch) ? FACT_PRE_UNPATCH : 0) |
	       (BPF_CORE_READ(object, callbacks.post_unpatch) ? FACT_POST_UNPATCH : 0) |
	       (BPF_CORE_READ(object, callbacks.post_unpatch_enabled) ? FACT_POST_UNPATCH_ENABLED : 0) |
	       (BPF_CORE_READ(object, patched) ? FACT_PATCHED : 0) |
	       (BPF_CORE_READ(object, dynamic) ? FACT_DYNAMIC : 0) |
	       (!BPF_CORE_READ(object, name) || BPF_CORE_READ(object, mod) ? FACT_LOADED : 0);
}

/* The kobjects' names are those of the patch and of the object ("vmlinux" where object->name is NULL). */
__global int tell_object_step(__u32 kind, __u64 address, int result, __u32 moment, __u32 facts)
{
	struct object_step *record = RESERVE(object_step, kind);
	struct klp_object *object = (struct klp_object *)address;
	const char *name, *patch;

	if (!record)
		return 0;
	name = BPF_CORE_READ(object, kobj.name);
	patch = BPF_CORE_READ(object, kobj.parent, name);
	record->moment = moment;
	record->facts = facts_of(object) | facts;
	record->result = result;
	record->pad = 0;
	record->patch[0] = record->object[0] = 0;
	bpf_probe_read_kernel_str(record->patch, MODULE_BYTES, patch);
	bpf_probe_read_kernel_str(record->object, MODULE_BYTES, name);
	bpf_ringbuf_submit(record, 0);
	return 0;
}

static __noinline int tell_released(void)
{
	struct module_step *record = RESERVE(module_step, RECORD_PATCH_RELEASED);

	if (!record)
		return 0;
	record->result = 0;
	record->pad = 0;
	__builtin_memcpy(record->module, released, MODULE_BYTES);
	bpf_ringbuf_submit(record, 0);
	return 0;
}

#endif
