// SPDX-License-Identifier: (GPL-2.0 OR MIT)
/*
 * Version 1: patches everything klpt_target has to patch, gives each object a
 * shadow variable, and has callbacks of all four kinds. Not cumulative.
 */
#include <linux/ktime.h>

#include "klpt_patch.h"

KLPT_SHOW(klpt_v1_proc_show, "klpt_target: patched by klpt_patch_v1")

static void klpt_v1_sleep_in_function(void)
{
	klpt_wait_for_release();
	barrier();
}

static int stamp_construct(void *object, void *stamp, void *unused)
{
	*(u64 *)stamp = ktime_get_ns();
	klpt_note_shadow(KLPT_ID_STAMP, 1);
	return 0;
}

static void stamp_freed(void *object, void *stamp)
{
	klpt_note_shadow(KLPT_ID_STAMP, -1);
}

static struct klpt_object *klpt_v1_object_create(int number)
{
	struct klpt_object *object = klpt_object_new(number);

	if (object)
		klp_shadow_alloc(object, KLPT_ID_STAMP, sizeof(u64), GFP_KERNEL, stamp_construct, NULL);
	return object;
}

/* Finds nothing to free for objects older than the patch. */
static void klpt_v1_object_free(struct klpt_object *object)
{
	klp_shadow_free(object, KLPT_ID_STAMP, stamp_freed);
	klpt_object_delete(object);
}

static int pre_patch(struct klp_object *object)
{
	pr_info("klpt_patch_v1: pre_patch of %s\n", object->name);
	return 0;
}

static void post_patch(struct klp_object *object)
{
	pr_info("klpt_patch_v1: post_patch of %s\n", object->name);
}

static void pre_unpatch(struct klp_object *object)
{
	pr_info("klpt_patch_v1: pre_unpatch of %s\n", object->name);
}

/* Not called when another patch replaces this one. */
static void post_unpatch(struct klp_object *object)
{
	pr_info("klpt_patch_v1: post_unpatch of %s\n", object->name);
	klp_shadow_free_all(KLPT_ID_STAMP, stamp_freed);
}

static struct klp_func funcs[] = {
	{ .old_name = "klpt_proc_show", .new_func = klpt_v1_proc_show },
	{ .old_name = "klpt_sleep_in_function", .new_func = klpt_v1_sleep_in_function },
	{ .old_name = "klpt_object_create", .new_func = klpt_v1_object_create },
	{ .old_name = "klpt_object_free", .new_func = klpt_v1_object_free },
	{ }
};

static struct klp_object objs[] = {
	{
		.name = "klpt_target",
		.funcs = funcs,
		.callbacks = {
			.pre_patch = pre_patch,
			.post_patch = post_patch,
			.pre_unpatch = pre_unpatch,
			.post_unpatch = post_unpatch,
		},
	},
	{ }
};

static struct klp_state states[] = {
	{ .id = KLPT_STATE_STAMP, .version = 1 },
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
	.states = states,
};

KLPT_LIVEPATCH(patch, "1.0", "Patches all of klpt_target, with shadow variables and callbacks");
