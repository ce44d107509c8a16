// SPDX-License-Identifier: (GPL-2.0 OR MIT)
/*
 * klpt_bystander: the smallest module a livepatch can care about. Scenarios
 * load and unload it while a patch for it is in place, which is what "module
 * coming" and "module going" are.
 */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

/* Patched by klpt_patch_vmlinux; noinline keeps it a function of its own. */
static noinline int klpt_bystander_show(struct seq_file *m, void *v)
{
	seq_puts(m, "klpt_bystander: original\n");
	return 0;
}

static int __init klpt_bystander_init(void)
{
	if (!proc_create_single("klpt_bystander", 0444, NULL, klpt_bystander_show))
		return -ENOMEM;
	return 0;
}

static void __exit klpt_bystander_exit(void)
{
	remove_proc_entry("klpt_bystander", NULL);
}

module_init(klpt_bystander_init);
module_exit(klpt_bystander_exit);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_VERSION("1.0");
MODULE_DESCRIPTION("Module that comes and goes under a livepatch");
