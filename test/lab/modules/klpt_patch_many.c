// SPDX-License-Identifier: (GPL-2.0 OR MIT)
/*
 * A cumulative patch as vendors build them: hundreds of functions, and names of its own as long as they may be. The
 * module is called klpt_patch_many_with_as_many_letters_as_a_name_may_have (see Kbuild).
 */
#include "klpt_many.h"
#include "klpt_patch.h"

#define DEFINE(n)							\
static __attribute__((noipa)) int klpt_new_##n(int x)			\
{									\
	barrier();							\
	return x + 1##n;						\
}
KLPT_FOR_MANY(DEFINE)

/* Without a place for a probe, which is no reason not to count the others. */
static notrace void klpt_new_long(void)
{
	klpt_many_wait();
	barrier();
}

static struct klp_func funcs[] = {
#define REPLACE(n) { .old_name = "klpt_many_" #n, .new_func = klpt_new_##n },
	KLPT_FOR_MANY(REPLACE)
	{ .old_name = __stringify(KLPT_LONG), .new_func = klpt_new_long },
	{ }
};

static struct klp_object objs[] = {
	{ .name = "klpt_many", .funcs = funcs },
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
	.replace = true,
};

KLPT_LIVEPATCH(patch,
	       "2026.11.26-1~long:version.string-with-all-that-a-packager-likes-to-put-into-one-and-a-bit-more-so-that-it-passes-127-letters-which-is.cut",
	       "Patches very many functions");
