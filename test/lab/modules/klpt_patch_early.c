// SPDX-License-Identifier: (GPL-2.0 OR MIT)
/*
 * Allocates its shadow variable in pre_patch, while its module is still being loaded, and never frees it.
 */
#include "klpt_patch.h"

#define KLPT_ID_EARLY 0x1003

static bool clean;
module_param(clean, bool, 0444);
MODULE_PARM_DESC(clean, "free in pre_patch what an earlier load left");

KLPT_SHOW(klpt_early_proc_show, "klpt_target: patched by klpt_patch_early")

static int pre_patch(struct klp_object *object)
{
	if (clean)
		klp_shadow_free_all(KLPT_ID_EARLY, NULL);
	else
		klp_shadow_alloc(object->mod, KLPT_ID_EARLY, sizeof(u64), GFP_KERNEL, NULL, NULL);
	return 0;
}

static struct klp_func funcs[] = {
	{ .old_name = "klpt_proc_show", .new_func = klpt_early_proc_show },
	{ }
};

static struct klp_object objs[] = {
	{ .name = "klpt_target", .funcs = funcs, .callbacks = { .pre_patch = pre_patch } },
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
};

KLPT_LIVEPATCH(patch, "1.0", "Allocates while its module is being loaded");
