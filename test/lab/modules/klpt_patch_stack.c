// SPDX-License-Identifier: (GPL-2.0 OR MIT)
/* Replaces nothing: a second implementation on top of whatever is there. */
#include "klpt_patch.h"

KLPT_SHOW(klpt_stack_proc_show, "klpt_target: patched by klpt_patch_stack")

static struct klp_func funcs[] = {
	{ .old_name = "klpt_proc_show", .new_func = klpt_stack_proc_show },
	{ }
};

static struct klp_object objs[] = {
	{ .name = "klpt_target", .funcs = funcs },
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
};

KLPT_LIVEPATCH(patch, "1.1", "Stacks on top of another patch of klpt_target");
