// SPDX-License-Identifier: (GPL-2.0 OR MIT)
/*
 * klpt_target: the module the lab's livepatches patch. Two kernel threads keep
 * a transition from completing on request, each for another reason: one sleeps
 * in a patched function, the other does not leave its CPU.
 */
#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/nmi.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "klpt.h"

/* A spinner that nobody releases ends by itself. */
#define SPIN_LIMIT_S	120

static DECLARE_WAIT_QUEUE_HEAD(knob_changed);
static bool hold_sleeper;
static bool hold_spinner;
static bool hold_readers;
static struct task_struct *sleeper;
static struct task_struct *spinner;
static struct dentry *knob_dir;

/* Idle sleep, so that neither the load nor the hung-task detector counts it. */
void klpt_wait_for_release(void)
{
	wait_event_idle(knob_changed, !READ_ONCE(hold_sleeper) || kthread_should_stop());
}
EXPORT_SYMBOL_GPL(klpt_wait_for_release);

/* Patched. A task sleeping in here cannot be switched. */
noinline __noclone void klpt_sleep_in_function(void)
{
	klpt_wait_for_release();
	/* Without something after it the call would be a jump, and this function on no stack. */
	barrier();
}

static int klpt_sleeper(void *unused)
{
	while (!kthread_should_stop()) {
		wait_event_idle(knob_changed, READ_ONCE(hold_sleeper) || kthread_should_stop());
		if (READ_ONCE(hold_sleeper))
			klpt_sleep_in_function();
	}
	return 0;
}

/*
 * Not patched. Preemption is off, because a task that was merely preempted is
 * not running and would be switched by the next try, and because newer kernels
 * switch tasks whenever they pass through the scheduler.
 */
static noinline void klpt_spin(void)
{
	unsigned long end = jiffies + SPIN_LIMIT_S * HZ;

	preempt_disable();
	while (READ_ONCE(hold_spinner) && time_before(jiffies, end)) {
		touch_nmi_watchdog();
		cpu_relax();
	}
	preempt_enable();
}

static int klpt_spinner(void *unused)
{
	while (!kthread_should_stop()) {
		wait_event_idle(knob_changed, READ_ONCE(hold_spinner) || kthread_should_stop());
		klpt_spin();
		WRITE_ONCE(hold_spinner, false);
	}
	return 0;
}

static int set_flag(char *text, bool *flag)
{
	bool value;
	int err = kstrtobool(text, &value);

	if (err)
		return err;
	WRITE_ONCE(*flag, value);
	wake_up_all(&knob_changed);
	return 0;
}

static int set_sleep(char *text)
{
	return set_flag(text, &hold_sleeper);
}

static int set_spin(char *text)
{
	return set_flag(text, &hold_spinner);
}

static int set_hold_readers(char *text)
{
	return set_flag(text, &hold_readers);
}

/* So many calls of a patched function that does next to nothing, unless the sleeper is held in it. */
static int set_calls(char *text)
{
	unsigned int count;
	int err = kstrtouint(text, 0, &count);

	while (!err && count--) {
		klpt_sleep_in_function();
		cond_resched();
	}
	return err;
}

static const struct klpt_knob knobs[] = {
	{ "calls", set_calls },
	{ "sleep", set_sleep },
	{ "spin", set_spin },
	{ "hold_readers", set_hold_readers },
	{ }
};

static ssize_t knob_write(struct file *file, const char __user *from, size_t size, loff_t *pos)
{
	const struct klpt_knob *knob = file_inode(file)->i_private;
	char *text = memdup_user_nul(from, size);
	int err;

	if (IS_ERR(text))
		return PTR_ERR(text);
	err = knob->set(strim(text));
	kfree(text);
	return err ? err : size;
}

static const struct file_operations knob_fops = {
	.owner = THIS_MODULE,
	.write = knob_write,
};

void klpt_add_knobs(struct dentry *dir, const struct klpt_knob *knob)
{
	for (; knob->name; knob++)
		debugfs_create_file(knob->name, 0200, dir, (void *)knob, &knob_fops);
}

/*
 * Patched by every livepatch, each telling its own name. A reader held in here
 * sleeps interruptibly: the kernel's fake signal makes it leave, and come back
 * through the replacement.
 */
static noinline int klpt_proc_show(struct seq_file *m, void *v)
{
	int err = wait_event_interruptible(knob_changed, !READ_ONCE(hold_readers));

	if (err)
		return err;
	seq_printf(m, "klpt_target: original, %d objects\n", klpt_objects_live());
	return 0;
}

static int __init klpt_target_init(void)
{
	sleeper = kthread_run(klpt_sleeper, NULL, "klpt-sleeper");
	if (IS_ERR(sleeper))
		return PTR_ERR(sleeper);
	spinner = kthread_create(klpt_spinner, NULL, "klpt-spinner");
	if (IS_ERR(spinner)) {
		kthread_stop(sleeper);
		return PTR_ERR(spinner);
	}
	/* The last CPU, so that the first stays free for whoever watches. */
	kthread_bind(spinner, cpumask_last(cpu_online_mask));
	wake_up_process(spinner);

	knob_dir = debugfs_create_dir("klpt", NULL);
	klpt_add_knobs(knob_dir, knobs);
	klpt_objects_start(knob_dir);
	klpt_shadow_start(knob_dir);
	klpt_counts_start(knob_dir);
	klpt_threads_start(knob_dir);
	proc_create_single("klpt_target", 0444, NULL, klpt_proc_show);
	return 0;
}

static void __exit klpt_target_exit(void)
{
	remove_proc_entry("klpt_target", NULL);
	debugfs_remove_recursive(knob_dir);
	klpt_objects_stop();
	klpt_threads_stop();
	WRITE_ONCE(hold_spinner, false);
	kthread_stop(spinner);
	kthread_stop(sleeper);
}

module_init(klpt_target_init);
module_exit(klpt_target_exit);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_VERSION("1.0");
MODULE_DESCRIPTION("Target of the lab's livepatches");
