// SPDX-License-Identifier: (GPL-2.0 OR MIT)
/*
 * A cumulative patch older than v1: over v1 it is a downgrade that the kernel
 * accepts, over v2 one that it refuses, because v2's states are newer.
 */
#include "klpt_patch.h"

KLPT_SHOW(klpt_old_proc_show, "klpt_target: patched by klpt_patch_old")

static struct klp_func funcs[] = {
	{ .old_name = "klpt_proc_show", .new_func = klpt_old_proc_show },
	{ }
};

static struct klp_object objs[] = {
	{ .name = "klpt_target", .funcs = funcs },
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
	.replace = true,
};

KLPT_LIVEPATCH(patch, "0.9", "Cumulative patch older than klpt_patch_v1");
