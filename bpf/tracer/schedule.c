// SPDX-License-Identifier: MIT
#include "schedule.h"
#include "../state.h"
#include "calls.h"
#include "counters.h"
#include "lists.h"
#include "sight.h"

#define SECOND_NS 1000000000ull
/*
 * Most transitions are over in their first second, and whoever runs meanwhile may hold their end up: the kernel then
 * waits for every CPU. (daemon/sources/quiet-time.ts)
 */
#define QUIET_NS SECOND_NS
/* Changes of patches come in bursts. */
#define CALM_NS (SECOND_NS / 10)
#define TASKS_NS (5 * SECOND_NS)
/* Also for the reader to hear something each second: daemon/sources/silence.ts. */
#define CLOCK_NS SECOND_NS
/* The inventory, where no probe tells of changes. */
#define INVENTORY_NS (5 * SECOND_NS)
/* Frames for which there has to be room: a reader that does not keep up gets no lists on top. */
#define ROOM 16

static struct klpscope_bpf *skeleton;
static __u64 tick_ns, clock_due_ns, inventory_due_ns;
/* As the last look found it: klp_target_state. */
static __s32 target = -1;
/* When the running transition was seen first; 0: none runs. */
static __u64 transition_ns;
/* The newest that was seen; it may have ended before it was. */
static __u64 generation;
static bool idle_told, shadow_told;
/* The inventory: the change seen last, since when it is the last, and up to which it has been walked. */
static __u64 changed, changed_ns, walked;

static bool due(__u64 *at, __u64 every, __u64 now)
{
	if (now < *at)
		return false;
	*at = now + every;
	return true;
}

bool schedule_in_transition(void)
{
	return transition_ns;
}

bool schedule_is_quiet(void)
{
	return transition_ns && mono_ns() - transition_ns < QUIET_NS;
}

static void read_idle(void)
{
	do {
		if (!object_run(skeleton->progs.walk_idle))
			return;
	} while (skeleton->bss->idle_cpu);
	idle_told = true;
}

/* Where no probe tells of changes: when a transition begins, turns round or ends, and from time to time. */
static void follow_changes(__s32 before, __u64 now)
{
	if (object_attached(skeleton, skeleton->progs.start_transition) && !sight_is_lost())
		return;
	if (before != target) {
		list_hurry(RECORD_TASK);
		inventory_due_ns = 0;
	}
	if (due(&inventory_due_ns, INVENTORY_NS, now))
		__sync_fetch_and_add(&skeleton->data->inventory_changed, 1);
}

static void look(__u64 now)
{
	bool before = transition_ns, in;
	__s32 target_before = target;

	if (!object_run(skeleton->progs.look_around))
		return;
	target = skeleton->bss->look.target;
	in = target != -1;
	if (in && target != target_before)
		transition_ns = now;
	follow_changes(target_before, now);
	/* Reversed: the first second of its new direction is as quiet as that of a new one. */
	if (in && skeleton->bss->generation > transition_ns)
		transition_ns = skeleton->bss->generation;
	if (!in)
		transition_ns = 0;
	if (before && !in) {
		/* What is known of blocked tasks is void. */
		counters_put_tries(skeleton, 0);
		idle_told = false;
	}
	/* Begun, reversed or ended: who is in which state is news. */
	if ((before && !in) || skeleton->bss->generation != generation)
		list_hurry(RECORD_TASK);
	generation = skeleton->bss->generation;
}

/* Once a second. */
static void tick(__u64 now)
{
	look(now);
	if (schedule_is_quiet())
		return;
	if (transition_ns) {
		counters_put_tries(skeleton, skeleton->bss->generation);
		counters_put_switched(skeleton);
		list_want(RECORD_TASK_WAITED_FOR, SECOND_NS, now);
	}
	if (transition_ns || !idle_told)
		read_idle();
	/* Once more in the second after: what is counted a second is 0 then. */
	if (skeleton->bss->shadow_changed || shadow_told) {
		shadow_told = skeleton->bss->shadow_changed;
		skeleton->bss->shadow_changed = 0;
		counters_put_shadow(skeleton);
	}
	calls_put();
	list_want(RECORD_TASK, TASKS_NS, now);
	if (due(&clock_due_ns, CLOCK_NS, now))
		counters_put_clock();
	frames_put_accounts(skeleton->bss->record_accounts);
}

/* One run of the walk: the loop empties the ring buffer before the next. */
static void walk_inventory(void)
{
	walked = changed;
	if (!object_run(skeleton->progs.walk_inventory) || skeleton->bss->inventory_walk.walking)
		return;
	if (skeleton->bss->inventory_walk.lost)
		walked = 0;
}

/* Returns when there is more to do; 0: when something changes. */
static __u64 inventory_go_on(__u64 now)
{
	if (changed != skeleton->data->inventory_changed) {
		changed = skeleton->data->inventory_changed;
		changed_ns = now;
	}
	if (!frames_room(ROOM))
		return now + CALM_NS;
	if (skeleton->bss->inventory_walk.walking ||
	    (walked != changed && now - changed_ns >= (transition_ns ? QUIET_NS : CALM_NS)))
		walk_inventory();
	if (skeleton->bss->inventory_walk.walking)
		return now;
	return walked == changed ? 0 : now + CALM_NS;
}

void schedule_begin(struct klpscope_bpf *of)
{
	skeleton = of;
}

__u64 schedule_go_on(void)
{
	__u64 now = mono_ns(), inventory_ns;

	if (due(&tick_ns, SECOND_NS, now))
		tick(now);
	inventory_ns = inventory_go_on(now);
	return inventory_ns && inventory_ns < tick_ns ? inventory_ns : tick_ns;
}
