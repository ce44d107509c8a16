// SPDX-License-Identifier: (GPL-2.0 OR MIT)
/*
 * klpt_hijacker: holds the ftrace site of klpt_proc_show the way a livepatch
 * would (FTRACE_OPS_FL_IPMODIFY). Only one may, so a livepatch of that function
 * is refused with -EBUSY while this module is loaded.
 */
#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/version.h>

/* Tracers get these since 5.11. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0)
#define ftrace_regs pt_regs
#endif

static void notrace hijack(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
			   struct ftrace_regs *regs)
{
}

static struct ftrace_ops hijacker = {
	.func = hijack,
	.flags = FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_IPMODIFY,
};

static int __init klpt_hijacker_init(void)
{
	static char name[] = "klpt_proc_show";
	int err = ftrace_set_filter(&hijacker, name, sizeof(name) - 1, 1);

	return err ? err : register_ftrace_function(&hijacker);
}

static void __exit klpt_hijacker_exit(void)
{
	unregister_ftrace_function(&hijacker);
}

module_init(klpt_hijacker_init);
module_exit(klpt_hijacker_exit);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_VERSION("1.0");
MODULE_DESCRIPTION("Keeps livepatches from a function's ftrace site");
