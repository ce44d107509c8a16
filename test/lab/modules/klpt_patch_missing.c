// SPDX-License-Identifier: (GPL-2.0 OR MIT)
/*
 * Patches a function klpt_bystander does not have. With klpt_bystander loaded
 * the patch is refused; without, the patch is accepted and klpt_bystander is
 * refused when it comes.
 */
#include "klpt_patch.h"

KLPT_SHOW(klpt_missing_show, "klpt_bystander: patched by klpt_patch_missing")

static struct klp_func funcs[] = {
	{ .old_name = "klpt_bystander_no_such_function", .new_func = klpt_missing_show },
	{ }
};

static struct klp_object objs[] = {
	{ .name = "klpt_bystander", .funcs = funcs },
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
};

KLPT_LIVEPATCH(patch, "1.0", "Refers to a function that does not exist");
