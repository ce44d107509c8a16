// SPDX-License-Identifier: (GPL-2.0 OR MIT)
/* Replaces the main function of a kernel thread: its transition never ends by itself. */
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#include "klpt_patch.h"

static int klpt_new_nap_loop(void *unused)
{
	while (!kthread_should_stop())
		schedule_timeout_idle(HZ / 4);
	return 0;
}

static struct klp_func funcs[] = {
	{ .old_name = "klpt_nap_loop", .new_func = klpt_new_nap_loop },
	{ }
};

static struct klp_object objs[] = {
	{ .name = "klpt_nap", .funcs = funcs },
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
};

KLPT_LIVEPATCH(patch, "1.0", "Replaces the main function of a kernel thread");
