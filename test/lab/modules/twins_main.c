// SPDX-License-Identifier: (GPL-2.0 OR MIT)
/* klpt_twins has two functions of one name: /proc/klpt_first calls one, /proc/klpt_second the other. */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "klpt_twins.h"

static int first(struct seq_file *m, void *v)
{
	return klpt_call_first(m);
}

static int second(struct seq_file *m, void *v)
{
	return klpt_call_second(m);
}

static int __init klpt_twins_init(void)
{
	if (!proc_create_single("klpt_first", 0444, NULL, first))
		return -ENOMEM;
	if (!proc_create_single("klpt_second", 0444, NULL, second)) {
		remove_proc_entry("klpt_first", NULL);
		return -ENOMEM;
	}
	return 0;
}

static void __exit klpt_twins_exit(void)
{
	remove_proc_entry("klpt_first", NULL);
	remove_proc_entry("klpt_second", NULL);
}

module_init(klpt_twins_init);
module_exit(klpt_twins_exit);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_VERSION("1.0");
MODULE_DESCRIPTION("Two functions of one name");
