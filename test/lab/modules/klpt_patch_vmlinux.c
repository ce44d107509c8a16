// SPDX-License-Identifier: (GPL-2.0 OR MIT)
/* Patches the kernel itself, and a module that may come and go meanwhile. */
#include "klpt_patch.h"

static bool klpscope_sticky;
module_param(klpscope_sticky, bool, 0444);
MODULE_PARM_DESC(klpscope_sticky, "tell klpscope that this patch must not be disabled");

KLPT_SHOW(klpt_vmlinux_cmdline_show, "cmdline: patched by klpt_patch_vmlinux")
KLPT_SHOW(klpt_vmlinux_bystander_show, "klpt_bystander: patched by klpt_patch_vmlinux")

static int pre_patch(struct klp_object *object)
{
	pr_info("klpt_patch_vmlinux: pre_patch of %s\n", object->name);
	return 0;
}

static void post_unpatch(struct klp_object *object)
{
	pr_info("klpt_patch_vmlinux: post_unpatch of %s\n", object->name);
}

static struct klp_func vmlinux_funcs[] = {
	{ .old_name = "cmdline_proc_show", .new_func = klpt_vmlinux_cmdline_show },
	{ }
};

static struct klp_func bystander_funcs[] = {
	{ .old_name = "klpt_bystander_show", .new_func = klpt_vmlinux_bystander_show },
	{ }
};

static struct klp_object objs[] = {
	{ .funcs = vmlinux_funcs },
	{
		.name = "klpt_bystander",
		.funcs = bystander_funcs,
		.callbacks = { .pre_patch = pre_patch, .post_unpatch = post_unpatch },
	},
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
};

KLPT_LIVEPATCH(patch, "1.0", "Patches vmlinux and the coming and going klpt_bystander");
