// SPDX-License-Identifier: (GPL-2.0 OR MIT)
/* Patches the second of the functions of one name in klpt_twins, and with both=1 the first as well. */
#include "klpt_patch.h"

static bool both;
module_param(both, bool, 0444);

static __attribute__((noipa)) int klpt_new_first(struct seq_file *m)
{
	seq_puts(m, "first: patched\n");
	barrier();
	return 0;
}

static __attribute__((noipa)) int klpt_new_second(struct seq_file *m)
{
	seq_puts(m, "second: patched\n");
	barrier();
	return 0;
}

static struct klp_func funcs[] = {
	{ .old_name = "klpt_twin_show", .new_func = klpt_new_second, .old_sympos = 2 },
	{ .old_name = "klpt_twin_show", .new_func = klpt_new_first, .old_sympos = 1 },
	{ }
};

static struct klp_object objs[] = {
	{ .name = "klpt_twins", .funcs = funcs },
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
};

static int __init klpt_patch_init(void)
{
	if (!both)
		memset(&funcs[1], 0, sizeof(funcs[1]));
	return klp_enable_patch(&patch);
}

static void __exit klpt_patch_exit(void)
{
}

module_init(klpt_patch_init);
module_exit(klpt_patch_exit);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_VERSION("1.0");
MODULE_DESCRIPTION("Patches functions of one name");
MODULE_INFO(livepatch, "Y");
