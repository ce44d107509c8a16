// SPDX-License-Identifier: (GPL-2.0 OR MIT)
/*
 * A kernel thread whose main function does all the work itself, with a nap in between, as khugepaged does: patch that
 * function, and the thread never leaves it.
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>

static struct task_struct *thread;

noinline __noclone int klpt_nap_loop(void *unused);
noinline __noclone int klpt_nap_loop(void *unused)
{
	while (!kthread_should_stop())
		schedule_timeout_idle(HZ / 2);
	return 0;
}

static int __init klpt_nap_init(void)
{
	thread = kthread_run(klpt_nap_loop, NULL, "klpt-napper");
	return PTR_ERR_OR_ZERO(thread);
}

static void __exit klpt_nap_exit(void)
{
	kthread_stop(thread);
}

module_init(klpt_nap_init);
module_exit(klpt_nap_exit);

MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("A kernel thread that never leaves its main function");
