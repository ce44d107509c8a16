// SPDX-License-Identifier: MIT
#include "shadow-pass.h"
#include "../state.h"
#include "counters.h"
#include "schedule.h"
#include "sight.h"

/* Runs of walk_shadow() in one turn of the loop: the whole hash, when it holds few variables. */
#define RUNS_PER_TURN 64
/* For allocations under way to return; those that do not in this time void the pass. */
#define SETTLE_NS (2 * 1000000000ull)
/* After a pass that was void. */
#define AGAIN_NS 1000000000ull

static struct klpscope_bpf *skeleton;
static enum { RESTING, WALKING, SETTLING } state;
static __u64 every, due_ns;

static __u64 pass(void)
{
	return WALK_PASS(skeleton->bss->shadow_walk.position);
}

static void begin(void)
{
	skeleton->bss->shadow_walk.found = 0;
	skeleton->bss->shadow_walk.too_long = 0;
	skeleton->bss->shadow_walk.position = (pass() + 1) << 16;
	state = WALKING;
}

static void end(bool late)
{
	struct shadow_walk *walk = &skeleton->bss->shadow_walk;
	struct shadow_walked record = { .pass = pass(), .found = walk->found, .too_long = walk->too_long };

	/* What nobody has seen changing may have been read too early or too late. */
	record.is_void = late || sight_is_lost() || walk->void_pass >= record.pass;
	counters_put_shadow(skeleton);
	counters_put_finds(skeleton, record.pass);
	frames_put_own(RECORD_SHADOW_WALKED, &record, sizeof(record));
	if (!record.is_void && !record.too_long)
		walk->adopted = 1;
	due_ns = mono_ns() + (record.is_void ? AGAIN_NS : every);
	state = RESTING;
}

static bool walk_on(void)
{
	for (int runs = 0; runs < RUNS_PER_TURN; runs++) {
		if (WALK_PLACE(skeleton->bss->shadow_walk.position) / 2 >= SHADOW_BUCKETS) {
			due_ns = mono_ns() + SETTLE_NS;
			state = SETTLING;
			return false;
		}
		if (!object_run(skeleton->progs.walk_shadow)) {
			end(true);
			return false;
		}
	}
	return true;
}

bool shadow_pass_go_on(void)
{
	bool open;

	switch (state) {
	case RESTING:
		if (mono_ns() < due_ns || schedule_is_quiet() || sight_is_lost() || bpf_program__fd(skeleton->progs.walk_shadow) < 0)
			return false;
		begin();
		return walk_on();
	case WALKING:
		return walk_on();
	case SETTLING:
		/* An allocation that began before the end of the pass is placed when it returns. */
		open = counters_allocations_open(skeleton, skeleton->bss->shadow_walk.position);
		if (!open || mono_ns() > due_ns)
			end(open);
	}
	return false;
}

void shadow_pass_begin_anew(void)
{
	struct shadow_walk *walk = &skeleton->bss->shadow_walk;

	walk->adopted = 0;
	if (state == RESTING)
		due_ns = 0;
	else
		walk->void_pass = pass();
}

void shadow_pass_begin(struct klpscope_bpf *of, __u64 every_ns)
{
	skeleton = of;
	every = every_ns;
}
