// SPDX-License-Identifier: (GPL-2.0 OR MIT)
/*
 * Threads by the thousand, for hosts of that size: most of them sleep where
 * nothing is patched, some in a patched function.
 */
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>

#include "klpt.h"

static DEFINE_MUTEX(threads_lock);
static struct task_struct **threads;
static unsigned int threads_count;

static int klpt_thread(void *blocked)
{
	if (blocked)
		klpt_sleep_in_function();
	while (!kthread_should_stop()) {
		set_current_state(TASK_IDLE);
		if (!kthread_should_stop())
			schedule();
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static void stop_threads(void)
{
	while (threads_count)
		kthread_stop(threads[--threads_count]);
	kvfree(threads);
	threads = NULL;
}

static int start_threads(unsigned int count, unsigned int blocked)
{
	struct task_struct *thread;

	threads = kvcalloc(count, sizeof(*threads), GFP_KERNEL);
	if (!threads)
		return -ENOMEM;
	while (threads_count < count) {
		bool blocks = threads_count < blocked;

		thread = kthread_run(klpt_thread, blocks ? (void *)1 : NULL, "klpt-%s/%u",
				     blocks ? "blocked" : "thread", threads_count);
		if (IS_ERR(thread)) {
			stop_threads();
			return PTR_ERR(thread);
		}
		threads[threads_count++] = thread;
	}
	return 0;
}

/* "COUNT [BLOCKED]": so many threads instead of those before, and how many of them sleep in the patched function. */
static int set_threads(char *text)
{
	unsigned int count, blocked = 0;
	int err = 0;

	if (sscanf(text, "%u %u", &count, &blocked) < 1 || count > 100000 || blocked > count)
		return -EINVAL;
	mutex_lock(&threads_lock);
	stop_threads();
	if (count)
		err = start_threads(count, blocked);
	mutex_unlock(&threads_lock);
	return err;
}

static const struct klpt_knob knobs[] = {
	{ "threads", set_threads },
	{ }
};

void klpt_threads_start(struct dentry *dir)
{
	klpt_add_knobs(dir, knobs);
}

/* The knobs are gone already. */
void klpt_threads_stop(void)
{
	stop_threads();
}
