/* SPDX-License-Identifier: (GPL-2.0 OR MIT) */
/* What klpt_target and the livepatches for it share. */
#ifndef KLPT_H
#define KLPT_H

#include <linux/list.h>
#include <linux/types.h>

struct dentry;
struct seq_file;

/* Shadow ids of the livepatches. */
#define KLPT_ID_STAMP	0x1001	/* v1 and later: when the object was made */
#define KLPT_ID_EXTRA	0x1002	/* v2 only */
#define KLPT_ID_VENDOR	0x1004	/* those that vendors build */

/* klp_state ids of the livepatches. */
#define KLPT_STATE_STAMP	1
#define KLPT_STATE_EXTRA	2

struct klpt_object {
	struct list_head node;
	int number;
};

/* Parts of the patched functions that their replacements need as well. */
void klpt_wait_for_release(void);
struct klpt_object *klpt_object_new(int number);
void klpt_object_delete(struct klpt_object *object);
int klpt_objects_live(void);

/*
 * The exact account behind the knob shadow_counts: delta 1 for a variable
 * allocated, -1 for one freed, 0 for an existing one found.
 */
void klpt_note_shadow(unsigned long id, int delta);

/* The files of debugfs: each hands what was written to its function. */
struct klpt_knob {
	const char *name;
	int (*set)(char *text);
};

void klpt_add_knobs(struct dentry *dir, const struct klpt_knob *knobs);

void klpt_objects_start(struct dentry *dir);
void klpt_objects_stop(void);
/* Runs use() on the object of that number while it cannot go away. */
int klpt_with_object(int number, int (*use)(struct klpt_object *object, void *data), void *data);

void klpt_shadow_start(struct dentry *dir);
void klpt_threads_start(struct dentry *dir);
void klpt_threads_stop(void);
/* Patched. */
void klpt_sleep_in_function(void);
void klpt_counts_start(struct dentry *dir);

#endif
