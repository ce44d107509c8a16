// SPDX-License-Identifier: (GPL-2.0 OR MIT)
/*
 * Version 2: a cumulative patch that replaces what was there. It leaves out
 * klpt_sleep_in_function, which becomes a no-op when v1 had patched it, takes
 * over v1's shadow variables and adds one of its own.
 */
#include <linux/ktime.h>

#include "klpt_patch.h"

static bool leak;
module_param(leak, bool, 0444);
MODULE_PARM_DESC(leak, "leave all shadow variables behind when unpatched");

KLPT_SHOW(klpt_v2_proc_show, "klpt_target: patched by klpt_patch_v2")

static int stamp_construct(void *object, void *stamp, void *is_new)
{
	*(u64 *)stamp = ktime_get_ns();
	*(bool *)is_new = true;
	return 0;
}

static void stamp_freed(void *object, void *stamp)
{
	klpt_note_shadow(KLPT_ID_STAMP, -1);
}

static int extra_construct(void *object, void *extra, void *unused)
{
	klpt_note_shadow(KLPT_ID_EXTRA, 1);
	return 0;
}

static void extra_freed(void *object, void *extra)
{
	klpt_note_shadow(KLPT_ID_EXTRA, -1);
}

static struct klpt_object *klpt_v2_object_create(int number)
{
	struct klpt_object *object = klpt_object_new(number);
	bool is_new = false;

	if (!object)
		return NULL;
	if (klp_shadow_get_or_alloc(object, KLPT_ID_STAMP, sizeof(u64), GFP_KERNEL, stamp_construct, &is_new))
		klpt_note_shadow(KLPT_ID_STAMP, is_new ? 1 : 0);
	klp_shadow_alloc(object, KLPT_ID_EXTRA, 32, GFP_KERNEL, extra_construct, NULL);
	return object;
}

static void klpt_v2_object_free(struct klpt_object *object)
{
	klp_shadow_free(object, KLPT_ID_STAMP, stamp_freed);
	klp_shadow_free(object, KLPT_ID_EXTRA, extra_freed);
	klpt_object_delete(object);
}

static int pre_patch(struct klp_object *object)
{
	struct klp_state *before = klp_get_prev_state(KLPT_STATE_STAMP);

	pr_info("klpt_patch_v2: pre_patch of %s, state of version %u before\n", object->name,
		before ? before->version : 0);
	return 0;
}

static void post_patch(struct klp_object *object)
{
	pr_info("klpt_patch_v2: post_patch of %s\n", object->name);
}

static void post_unpatch(struct klp_object *object)
{
	pr_info("klpt_patch_v2: post_unpatch of %s\n", object->name);
	if (leak)
		return;
	klp_shadow_free_all(KLPT_ID_STAMP, stamp_freed);
	klp_shadow_free_all(KLPT_ID_EXTRA, extra_freed);
}

static struct klp_func funcs[] = {
	{ .old_name = "klpt_proc_show", .new_func = klpt_v2_proc_show },
	{ .old_name = "klpt_object_create", .new_func = klpt_v2_object_create },
	{ .old_name = "klpt_object_free", .new_func = klpt_v2_object_free },
	{ }
};

static struct klp_object objs[] = {
	{
		.name = "klpt_target",
		.funcs = funcs,
		.callbacks = {
			.pre_patch = pre_patch,
			.post_patch = post_patch,
			.post_unpatch = post_unpatch,
		},
	},
	{ }
};

static struct klp_state states[] = {
	{ .id = KLPT_STATE_STAMP, .version = 2 },
	{ .id = KLPT_STATE_EXTRA, .version = 1 },
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
	.states = states,
	.replace = true,
};

KLPT_LIVEPATCH(patch, "2.0", "Replaces klpt_patch_v1 and takes over its shadow variables");
