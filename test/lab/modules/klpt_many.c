// SPDX-License-Identifier: (GPL-2.0 OR MIT)
/*
 * Very many functions, called one after another by each read of /proc/klpt_many, and one with a very long name, in
 * which the thread klpt-long sleeps while the parameter `hold` is on.
 */
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/wait.h>

#include "klpt_many.h"

static DECLARE_WAIT_QUEUE_HEAD(queue);
static struct task_struct *thread;
static bool hold;

static int set_hold(const char *text, const struct kernel_param *kp)
{
	int err = param_set_bool(text, kp);

	wake_up_all(&queue);
	return err;
}

static const struct kernel_param_ops hold_ops = { .set = set_hold, .get = param_get_bool };
module_param_cb(hold, &hold_ops, &hold, 0644);

void klpt_many_wait(void)
{
	wait_event_idle(queue, !READ_ONCE(hold) || kthread_should_stop());
}
EXPORT_SYMBOL_GPL(klpt_many_wait);

/* noipa: or the compiler makes one of those that are alike, and calls them by other names. */
#define DEFINE(n)							\
__attribute__((noipa)) int klpt_many_##n(int x);			\
__attribute__((noipa)) int klpt_many_##n(int x)				\
{									\
	barrier();							\
	return x + 1##n;						\
}
KLPT_FOR_MANY(DEFINE)

__attribute__((noipa)) void KLPT_LONG(void);
__attribute__((noipa)) void KLPT_LONG(void)
{
	klpt_many_wait();
	barrier();
}

static int klpt_long_thread(void *unused)
{
	while (!kthread_should_stop()) {
		wait_event_idle(queue, READ_ONCE(hold) || kthread_should_stop());
		KLPT_LONG();
	}
	return 0;
}

static int show(struct seq_file *m, void *v)
{
	int x = 0;

#define CALL(n) x = klpt_many_##n(x);
	KLPT_FOR_MANY(CALL)
	seq_printf(m, "%d\n", x);
	return 0;
}

static int __init klpt_many_init(void)
{
	thread = kthread_run(klpt_long_thread, NULL, "klpt-long");
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	if (!proc_create_single("klpt_many", 0444, NULL, show)) {
		kthread_stop(thread);
		return -ENOMEM;
	}
	return 0;
}

static void __exit klpt_many_exit(void)
{
	remove_proc_entry("klpt_many", NULL);
	kthread_stop(thread);
}

module_init(klpt_many_init);
module_exit(klpt_many_exit);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_VERSION("1.0");
MODULE_DESCRIPTION("Very many functions to be patched");
