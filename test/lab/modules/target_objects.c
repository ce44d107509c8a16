// SPDX-License-Identifier: (GPL-2.0 OR MIT)
/*
 * Objects that are created and freed on request or at a steady rate, for
 * livepatches to attach shadow variables to.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "klpt.h"

/* The churn is spread over this many steps per second. */
#define CHURN_STEPS	10

static DEFINE_MUTEX(objects_lock);
static LIST_HEAD(objects);
/* Objects of the churn have a list of their own: free must not race with it. */
static LIST_HEAD(churned);
static int last_number;
static int objects_live;
static int churned_live;
static unsigned int churn_per_s;
static unsigned int churn_owed;

static void churn_step(struct work_struct *work);
static DECLARE_DELAYED_WORK(churn_work, churn_step);

struct klpt_object *klpt_object_new(int number)
{
	struct klpt_object *object = kzalloc(sizeof(*object), GFP_KERNEL);

	if (object)
		object->number = number;
	return object;
}
EXPORT_SYMBOL_GPL(klpt_object_new);

void klpt_object_delete(struct klpt_object *object)
{
	kfree(object);
}
EXPORT_SYMBOL_GPL(klpt_object_delete);

int klpt_objects_live(void)
{
	return READ_ONCE(objects_live);
}
EXPORT_SYMBOL_GPL(klpt_objects_live);

/* Patched: livepatches attach shadow variables here. barrier() prevents a mere jump. */
static noinline __noclone struct klpt_object *klpt_object_create(int number)
{
	struct klpt_object *object = klpt_object_new(number);

	barrier();
	return object;
}

/* Patched: livepatches free their shadow variables here. */
static noinline __noclone void klpt_object_free(struct klpt_object *object)
{
	klpt_object_delete(object);
	barrier();
}

static int add_object(struct list_head *list)
{
	struct klpt_object *object = klpt_object_create(++last_number);

	if (!object)
		return -ENOMEM;
	list_add_tail(&object->node, list);
	objects_live++;
	return 0;
}

/* Frees the oldest. */
static int remove_object(struct list_head *list)
{
	struct klpt_object *object = list_first_entry_or_null(list, struct klpt_object, node);

	if (!object)
		return -ENOENT;
	list_del(&object->node);
	objects_live--;
	klpt_object_free(object);
	return 0;
}

static int repeat(char *text, int (*act)(struct list_head *list))
{
	unsigned int count;
	int err = kstrtouint(text, 0, &count);

	mutex_lock(&objects_lock);
	while (!err && count--)
		err = act(&objects);
	mutex_unlock(&objects_lock);
	return err;
}

static int set_create(char *text)
{
	return repeat(text, add_object);
}

static int set_free(char *text)
{
	return repeat(text, remove_object);
}

/* About a second's worth of objects stays alive; the rest is freed, oldest first. */
static void churn_step(struct work_struct *work)
{
	mutex_lock(&objects_lock);
	for (churn_owed += churn_per_s; churn_owed >= CHURN_STEPS; churn_owed -= CHURN_STEPS) {
		if (!add_object(&churned))
			churned_live++;
	}
	while (churned_live > churn_per_s && !remove_object(&churned))
		churned_live--;
	if (churn_per_s)
		schedule_delayed_work(&churn_work, HZ / CHURN_STEPS);
	mutex_unlock(&objects_lock);
}

static int set_churn(char *text)
{
	unsigned int rate;
	int err = kstrtouint(text, 0, &rate);

	if (err)
		return err;
	mutex_lock(&objects_lock);
	churn_per_s = rate;
	mutex_unlock(&objects_lock);
	cancel_delayed_work_sync(&churn_work);
	schedule_delayed_work(&churn_work, 0);
	return 0;
}

int klpt_with_object(int number, int (*use)(struct klpt_object *object, void *data), void *data)
{
	struct klpt_object *object;
	int err = -ENOENT;

	mutex_lock(&objects_lock);
	list_for_each_entry(object, &objects, node) {
		if (object->number == number) {
			err = use(object, data);
			break;
		}
	}
	mutex_unlock(&objects_lock);
	return err;
}

static int objects_show(struct seq_file *m, void *v)
{
	struct klpt_object *object;

	mutex_lock(&objects_lock);
	list_for_each_entry(object, &objects, node)
		seq_printf(m, "%d\n", object->number);
	mutex_unlock(&objects_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(objects);

static const struct klpt_knob knobs[] = {
	{ "create", set_create },
	{ "free", set_free },
	{ "churn_per_s", set_churn },
	{ }
};

void klpt_objects_start(struct dentry *dir)
{
	klpt_add_knobs(dir, knobs);
	debugfs_create_file("objects", 0400, dir, NULL, &objects_fops);
}

/* The knobs are gone already, so nothing restarts the churn. */
void klpt_objects_stop(void)
{
	churn_per_s = 0;
	cancel_delayed_work_sync(&churn_work);
	while (!remove_object(&churned))
		;
	while (!remove_object(&objects))
		;
}
