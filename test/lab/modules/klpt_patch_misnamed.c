// SPDX-License-Identifier: (GPL-2.0 OR MIT)
/*
 * Names its objects as no module is ever named: after the file, with a dash and with .ko, and the kernel itself by
 * a name. It loads, is enabled, and changes nothing.
 */
#include "klpt_patch.h"

KLPT_SHOW(klpt_misnamed_proc_show, "klpt_target: patched by klpt_patch_misnamed")
KLPT_SHOW(klpt_misnamed_cmdline_show, "cmdline: patched by klpt_patch_misnamed")

static struct klp_func dash_funcs[] = {
	{ .old_name = "klpt_proc_show", .new_func = klpt_misnamed_proc_show },
	{ }
};

static struct klp_func file_funcs[] = {
	{ .old_name = "klpt_proc_show", .new_func = klpt_misnamed_proc_show },
	{ }
};

static struct klp_func kernel_funcs[] = {
	{ .old_name = "cmdline_proc_show", .new_func = klpt_misnamed_cmdline_show },
	{ }
};

static struct klp_object objs[] = {
	{ .name = "klpt-target", .funcs = dash_funcs },
	{ .name = "klpt_target.ko", .funcs = file_funcs },
	{ .name = "vmlinux", .funcs = kernel_funcs },
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
};

KLPT_LIVEPATCH(patch, "1.0", "Names objects as no module is named");
