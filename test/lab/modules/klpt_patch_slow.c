// SPDX-License-Identifier: (GPL-2.0 OR MIT)
/*
 * Its callbacks take their time, as those do that wait for a lock: the load hangs in pre_patch, the write to
 * `enabled` in pre_unpatch. Everything that needs klp_mutex waits meanwhile.
 */
#include <linux/delay.h>

#include "klpt_patch.h"

static uint pre_patch_s;
module_param(pre_patch_s, uint, 0444);
static uint pre_unpatch_s;
module_param(pre_unpatch_s, uint, 0444);
static int answer;
module_param(answer, int, 0444);
MODULE_PARM_DESC(answer, "what pre_patch returns: 0, or a negative error number to refuse");

KLPT_SHOW(klpt_slow_cmdline_show, "cmdline: patched by klpt_patch_slow")
KLPT_SHOW(klpt_slow_proc_show, "klpt_target: patched by klpt_patch_slow")

static int pre_patch(struct klp_object *object)
{
	msleep(pre_patch_s * 1000);
	return answer;
}

static void pre_unpatch(struct klp_object *object)
{
	msleep(pre_unpatch_s * 1000);
}

static struct klp_func vmlinux_funcs[] = {
	{ .old_name = "cmdline_proc_show", .new_func = klpt_slow_cmdline_show },
	{ }
};

static struct klp_func target_funcs[] = {
	{ .old_name = "klpt_proc_show", .new_func = klpt_slow_proc_show },
	{ }
};

/* The kernel patches vmlinux first, and then calls pre_patch for the module. */
static struct klp_object objs[] = {
	{ .funcs = vmlinux_funcs },
	{
		.name = "klpt_target",
		.funcs = target_funcs,
		.callbacks = { .pre_patch = pre_patch, .pre_unpatch = pre_unpatch },
	},
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
};

KLPT_LIVEPATCH(patch, "1.0", "Its callbacks take their time");
