/* SPDX-License-Identifier: (GPL-2.0 OR MIT) */
/* What the lab's livepatches have in common. */
#ifndef KLPT_PATCH_H
#define KLPT_PATCH_H

#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "klpt.h"

/* The replacement of a /proc file's show function: it says who answers. */
#define KLPT_SHOW(function, text)				\
static int function(struct seq_file *m, void *v)		\
{								\
	seq_puts(m, text "\n");					\
	return 0;						\
}

#define KLPT_LIVEPATCH(klp_patch, version, description)		\
static int __init klpt_patch_init(void)				\
{								\
	return klp_enable_patch(&(klp_patch));			\
}								\
static void __exit klpt_patch_exit(void)			\
{								\
}								\
module_init(klpt_patch_init);					\
module_exit(klpt_patch_exit);					\
MODULE_LICENSE("Dual MIT/GPL");					\
MODULE_VERSION(version);					\
MODULE_DESCRIPTION(description);				\
MODULE_INFO(livepatch, "Y")

#endif
