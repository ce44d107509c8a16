// SPDX-License-Identifier: (GPL-2.0 OR MIT)
/*
 * Knobs that drive the shadow variable API directly, the ways it is misused
 * included: duplicates, one id with two sizes, failing constructors, races.
 */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/livepatch.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "klpt.h"

#define STORM_ID	0x2fff
#define RACERS		2

struct request {
	int number;
	unsigned long id;
	size_t size;
	bool get;	/* get_or_alloc instead of alloc */
	bool fail;	/* let the constructor fail */
	bool constructed;
};

static int construct(void *object, void *data, void *ctor_data)
{
	struct request *request = ctor_data;

	request->constructed = true;
	return request->fail ? -EINVAL : 0;
}

/* Only new variables are constructed, which tells a new one from a found one. */
static int shadow_make(struct klpt_object *object, void *data)
{
	struct request *r = data;
	void *variable;

	r->constructed = false;
	if (r->get)
		variable = klp_shadow_get_or_alloc(object, r->id, r->size, GFP_KERNEL, construct, r);
	else
		variable = klp_shadow_alloc(object, r->id, r->size, GFP_KERNEL, construct, r);
	if (!variable)
		return r->constructed ? -EIO : -EEXIST;
	klpt_note_shadow(r->id, r->constructed ? 1 : 0);
	return 0;
}

/* Reads "<object number> <id> <size> [fail]". */
static int make_from(char *text, bool get)
{
	struct request request = { .get = get };
	char word[8] = "";

	if (sscanf(text, "%i %li %zi %7s", &request.number, (long *)&request.id, (ssize_t *)&request.size, word) < 3)
		return -EINVAL;
	request.fail = !strcmp(word, "fail");
	return klpt_with_object(request.number, shadow_make, &request);
}

static int set_alloc(char *text)
{
	return make_from(text, false);
}

static int set_get_or_alloc(char *text)
{
	return make_from(text, true);
}

/* A destructor is not told the id, hence the variable for it and the lock around. */
static DEFINE_MUTEX(free_lock);
static unsigned long id_being_freed;

static void note_freed(void *object, void *data)
{
	klpt_note_shadow(id_being_freed, -1);
}

/* Frees the variable of one object, or without object that of all. Freeing nothing is no error in the API. */
static int shadow_free(struct klpt_object *object, void *id)
{
	mutex_lock(&free_lock);
	id_being_freed = *(unsigned long *)id;
	if (object)
		klp_shadow_free(object, id_being_freed, note_freed);
	else
		klp_shadow_free_all(id_being_freed, note_freed);
	mutex_unlock(&free_lock);
	return 0;
}

/* Reads "<object number> <id>". */
static int set_free(char *text)
{
	unsigned long id;
	int number;

	if (sscanf(text, "%i %li", &number, (long *)&id) != 2)
		return -EINVAL;
	return klpt_with_object(number, shadow_free, &id);
}

/* Reads "<id>". */
static int set_free_all(char *text)
{
	unsigned long id;
	int err = kstrtoul(text, 0, &id);

	return err ? err : shadow_free(NULL, &id);
}

/* Reads "<count>": that many pairs of alloc and free, as fast as they go. */
static int set_storm(char *text)
{
	static struct klpt_object object;
	struct request request = { .id = STORM_ID, .size = 8 };
	unsigned long id = STORM_ID;
	unsigned int count;
	int err = kstrtouint(text, 0, &count);

	while (!err && count--) {
		err = shadow_make(&object, &request);
		if (!err)
			err = shadow_free(&object, &id);
		cond_resched();
	}
	return err;
}

struct race {
	struct klpt_object *object;
	struct request request;
	atomic_t waiting;
	struct completion done;
	atomic_t errors;
};

static int racer(void *data)
{
	struct race *race = data;
	struct request request = race->request;

	/* All start at once, on different CPUs as far as there are any. */
	atomic_dec(&race->waiting);
	while (atomic_read(&race->waiting) > 0)
		cond_resched();
	if (shadow_make(race->object, &request))
		atomic_inc(&race->errors);
	complete(&race->done);
	return 0;
}

static int race_for(struct klpt_object *object, void *data)
{
	struct race race = {
		.object = object,
		.request = *(struct request *)data,
		.waiting = ATOMIC_INIT(RACERS),
	};
	int i;

	init_completion(&race.done);
	for (i = 0; i < RACERS; i++) {
		struct task_struct *task = kthread_run(racer, &race, "klpt-racer/%d", i);

		/* One short of the barrier: let it open for those that started. */
		if (IS_ERR(task)) {
			atomic_dec(&race.waiting);
			atomic_inc(&race.errors);
			complete(&race.done);
		}
	}
	for (i = 0; i < RACERS; i++)
		wait_for_completion(&race.done);
	return atomic_read(&race.errors) ? -EIO : 0;
}

/* Reads "<object number> <id>": two threads get_or_alloc the same variable at once. */
static int set_race(char *text)
{
	struct request request = { .get = true, .size = 8 };

	if (sscanf(text, "%i %li", &request.number, (long *)&request.id) != 2)
		return -EINVAL;
	return klpt_with_object(request.number, race_for, &request);
}

/*
 * No kprobe fires in the handler of another one (kprobe_running() in
 * arch/x86/kernel/kprobes/ftrace.c): what happens there is seen by no tracer,
 * and nothing that a tracer could look at tells that.
 */
static struct request unseen;
static struct klpt_object *unseen_object;

static int alloc_unseen(struct kprobe *probe, struct pt_regs *regs)
{
	unseen.constructed = false;
	klp_shadow_alloc(unseen_object, unseen.id, unseen.size, GFP_ATOMIC, construct, &unseen);
	return 0;
}

static noinline __noclone void klpt_probed(void)
{
	barrier();
}

static int make_unseen(struct klpt_object *object, void *unused)
{
	struct kprobe probe = { .symbol_name = "klpt_probed", .pre_handler = alloc_unseen };
	int err;

	unseen_object = object;
	err = register_kprobe(&probe);
	if (err)
		return err;
	klpt_probed();
	unregister_kprobe(&probe);
	if (!unseen.constructed)
		return -EEXIST;
	klpt_note_shadow(unseen.id, 1);
	return 0;
}

/* Reads "<object number> <id> <size>": a variable that no probe sees. */
static int set_alloc_unseen(char *text)
{
	if (sscanf(text, "%i %li %zi", &unseen.number, (long *)&unseen.id, (ssize_t *)&unseen.size) != 3)
		return -EINVAL;
	return klpt_with_object(unseen.number, make_unseen, NULL);
}

static const struct klpt_knob knobs[] = {
	{ "shadow_alloc", set_alloc },
	{ "shadow_alloc_unseen", set_alloc_unseen },
	{ "shadow_get_or_alloc", set_get_or_alloc },
	{ "shadow_free", set_free },
	{ "shadow_free_all", set_free_all },
	{ "shadow_storm", set_storm },
	{ "shadow_race", set_race },
	{ }
};

void klpt_shadow_start(struct dentry *dir)
{
	klpt_add_knobs(dir, knobs);
}
