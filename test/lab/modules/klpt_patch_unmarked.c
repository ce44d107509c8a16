// SPDX-License-Identifier: (GPL-2.0 OR MIT)
/* A livepatch whose author forgot MODULE_INFO(livepatch, "Y"): klp_enable_patch refuses it. */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>

static int klpt_unmarked_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, "klpt_target: patched by klpt_patch_unmarked\n");
	return 0;
}

static struct klp_func funcs[] = {
	{ .old_name = "klpt_proc_show", .new_func = klpt_unmarked_proc_show },
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

static int __init klpt_unmarked_init(void)
{
	return klp_enable_patch(&patch);
}

module_init(klpt_unmarked_init);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_VERSION("1.0");
MODULE_DESCRIPTION("Livepatch that is not marked as one");
