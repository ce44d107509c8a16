// SPDX-License-Identifier: (GPL-2.0 OR MIT)
/* Its pre_patch callback refuses, so the kernel cancels the transition before it starts. */
#include "klpt_patch.h"

KLPT_SHOW(klpt_fail_proc_show, "klpt_target: patched by klpt_patch_fail")

static int pre_patch(struct klp_object *object)
{
	pr_info("klpt_patch_fail: pre_patch of %s refuses\n", object->name);
	return -EPERM;
}

static struct klp_func funcs[] = {
	{ .old_name = "klpt_proc_show", .new_func = klpt_fail_proc_show },
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

KLPT_LIVEPATCH(patch, "1.0", "Refuses in its own pre_patch callback");
