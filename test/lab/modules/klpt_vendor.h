/* SPDX-License-Identifier: (GPL-2.0 OR MIT) */
/*
 * Livepatches as kpatch-build and klp-build make them: each replacement has its original's name and is static, what the
 * kernel is told of lives on the heap, and hundreds of functions of several objects are patched, one of which shares its
 * name with another of its object. VENDOR is who answers.
 */
#ifndef KLPT_VENDOR_H
#define KLPT_VENDOR_H

/* Declared for klpt_target, whose function is no static one. */
#define klpt_sleep_in_function klpt_sleep_in_function_of_target
#include "klpt_patch.h"
#undef klpt_sleep_in_function

#include "klpt_many.h"

KLPT_SHOW(cmdline_proc_show, "cmdline: patched by " VENDOR)

static __attribute__((noipa)) void klpt_sleep_in_function(void)
{
	klpt_wait_for_release();
	barrier();
}

static __attribute__((noipa)) struct klpt_object *klpt_object_create(int number)
{
	struct klpt_object *object = klpt_object_new(number);

	if (object)
		klp_shadow_alloc(object, KLPT_ID_VENDOR, sizeof(u64), GFP_KERNEL, NULL, NULL);
	return object;
}

static __attribute__((noipa)) void klpt_object_free(struct klpt_object *object)
{
	klp_shadow_free(object, KLPT_ID_VENDOR, NULL);
	klpt_object_delete(object);
}

static __attribute__((noipa)) int klpt_twin_show(struct seq_file *m)
{
	seq_puts(m, "second: patched by " VENDOR "\n");
	barrier();
	return 0;
}

#define DEFINE(n)						\
static __attribute__((noipa)) int klpt_many_##n(int x)		\
{								\
	barrier();						\
	return x + 1##n;					\
}
KLPT_FOR_MANY(DEFINE)

struct changed {
	const char *object; /* as the one before, or NULL: vmlinux */
	const char *name;
	void *func;
	unsigned long sympos;
};

static const struct changed changes[] = {
	{ NULL, "cmdline_proc_show", cmdline_proc_show },
	{ "klpt_target", "klpt_sleep_in_function", klpt_sleep_in_function },
	{ "klpt_target", "klpt_object_create", klpt_object_create },
	{ "klpt_target", "klpt_object_free", klpt_object_free },
	{ "klpt_twins", "klpt_twin_show", klpt_twin_show, 2 },
#define REPLACE(n) { "klpt_many", "klpt_many_" #n, klpt_many_##n },
	KLPT_FOR_MANY(REPLACE)
};

static struct klp_patch *patch;

static bool one_object(const struct changed *change, const struct changed *other)
{
	return change->object == other->object ||
	       (change->object && other->object && !strcmp(change->object, other->object));
}

static void free_patch(void)
{
	struct klp_object *object;

	for (object = patch ? patch->objs : NULL; object && object->funcs; object++)
		kfree(object->funcs);
	if (patch)
		kfree(patch->objs);
	kfree(patch);
}

static int build_patch(void)
{
	const struct changed *change, *end = changes + ARRAY_SIZE(changes);
	struct klp_object *object;
	struct klp_func *func = NULL;

	patch = kzalloc(sizeof(*patch), GFP_KERNEL);
	if (!patch)
		return -ENOMEM;
	patch->mod = THIS_MODULE;
	patch->replace = true;
	/* One for each change is more than enough. */
	patch->objs = kcalloc(ARRAY_SIZE(changes) + 1, sizeof(*patch->objs), GFP_KERNEL);
	object = patch->objs;
	if (!object)
		return -ENOMEM;
	for (change = changes; change < end; change++) {
		if (change > changes && !one_object(change, change - 1))
			object++;
		if (!object->funcs) {
			func = kcalloc(end - change + 1, sizeof(*func), GFP_KERNEL);
			if (!func)
				return -ENOMEM;
			object->name = change->object;
			object->funcs = func;
		}
		func->old_name = change->name;
		func->new_func = change->func;
		func->old_sympos = change->sympos;
		func++;
	}
	return 0;
}

static int __init vendor_init(void)
{
	int err = build_patch();

	if (!err)
		err = klp_enable_patch(patch);
	if (err)
		free_patch();
	return err;
}

static void __exit vendor_exit(void)
{
	free_patch();
}

module_init(vendor_init);
module_exit(vendor_exit);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_VERSION("1.0");
MODULE_DESCRIPTION("A livepatch as vendors build them");
MODULE_INFO(livepatch, "Y");

#endif
