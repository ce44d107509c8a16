// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * transition: the life of a livepatch transition, one record per step.
 *
 * Prints   TRANSITION_ASKED, soon after it and unless refused TRANSITION_STARTED; _REVERSED, _FORCED, _CANCELLED;
 *          TRANSITION_FINISHING when no task is left to switch; TRANSITION_ENDED.
 * Read it  The times of STARTED and REVERSED are the `generation` by which what follows is told from earlier
 *          transitions. REVERSED carries the target before it; where klp_start_transition is not inlined into
 *          klp_reverse_transition a second STARTED follows. ENDED closes completed and cancelled transitions alike:
 *          klp_complete_transition runs for both.
 * Without  klp_init_transition: who asked for a transition
 *          klp_start_transition: when a transition started, until sysfs or the kernel log says so
 *          klp_reverse_transition: that a transition was reversed; it looks like a new one
 *          klp_force_transition: that a transition was forced
 *          klp_cancel_transition: that a transition was cancelled; it looks completed
 *          klp_complete_transition: when a transition ended, until sysfs or the kernel log says so
 * Cost     a handful of calls per transition; nothing between transitions. The verifier goes through 200 instructions at most.
 * Source   kernel/livepatch/transition.c
 */
#include "common.bpf.h"

/* The task inside klp_force_transition(), or 0. */
static __u64 forcing;
/* When the last try of the running transition began, and when a task was switched last; tasks.bpf.c. */
static __u64 try_began_ns;
__u64 last_switch_ns;
/* Transitions are serialised by klp_mutex: one is enough. */
static struct transition_ended ending;

static __noinline int tell_asked(void)
{
	struct transition_asked *record = RESERVE(transition_asked, RECORD_TRANSITION_ASKED);
	struct task_struct *task;

	if (!record)
		return 0;
	task = current_task();
	identify(&record->by, task);
	identify(&record->parent, BPF_CORE_READ(task, real_parent));
	bpf_ringbuf_submit(record, 0);
	return 0;
}

static __noinline int tell_started(struct klp_patch *patch)
{
	struct transition_started *record = RESERVE(transition_started, RECORD_TRANSITION_STARTED);

	if (!record)
		return 0;
	record->header.mono_ns = generation;
	record->target = target_state();
	record->replace = BPF_CORE_READ(patch, replace);
	read_patch_name(record->patch, patch);
	bpf_ringbuf_submit(record, 0);
	return 0;
}

static __noinline int tell_step(__u32 kind)
{
	struct transition_step *record = RESERVE(transition_step, kind);

	if (!record)
		return 0;
	if (kind == RECORD_TRANSITION_REVERSED)
		record->header.mono_ns = generation;
	identify(&record->by, current_task());
	record->target = target_state();
	record->pad = 0;
	bpf_ringbuf_submit(record, 0);
	return 0;
}

static __noinline int tell_finishing(void)
{
	struct transition_finishing *record = RESERVE(transition_finishing, RECORD_TRANSITION_FINISHING);

	if (!record)
		return 0;
	record->try_began_ns = try_began_ns;
	record->last_switch_ns = last_switch_ns;
	bpf_ringbuf_submit(record, 0);
	return 0;
}

static __noinline int tell_ended(void)
{
	struct transition_ended *record = RESERVE(transition_ended, RECORD_TRANSITION_ENDED);

	if (!record)
		return 0;
	record->target = ending.target;
	record->pad = 0;
	__builtin_memcpy(record->patch, ending.patch, MODULE_BYTES);
	bpf_ringbuf_submit(record, 0);
	return 0;
}

static __always_inline void new_generation(void)
{
	generation = bpf_ktime_get_ns();
	last_switch_ns = 0;
}

SEC("kprobe/klp_init_transition")
int BPF_KPROBE(init_transition)
{
	return tell_asked();
}

SEC("kprobe/klp_start_transition")
int BPF_KPROBE(start_transition)
{
	new_generation();
	inventory_changed++;
	return tell_started(transition_patch());
}

SEC("kprobe/klp_reverse_transition")
int BPF_KPROBE(reverse_transition)
{
	new_generation();
	return tell_step(RECORD_TRANSITION_REVERSED);
}

SEC("kprobe/klp_force_transition")
int BPF_KPROBE(force_transition)
{
	forcing = (__u64)current_task();
	return tell_step(RECORD_TRANSITION_FORCED);
}

SEC("kretprobe/klp_force_transition")
int BPF_KRETPROBE(force_transition_returned)
{
	forcing = 0;
	return 0;
}

SEC("kprobe/klp_cancel_transition")
int BPF_KPROBE(cancel_transition)
{
	return tell_step(RECORD_TRANSITION_CANCELLED);
}

/* klp_complete_transition() clears the globals: read them at its entry for the record of its end. */
SEC("kprobe/klp_complete_transition")
int BPF_KPROBE(complete_transition)
{
	read_patch_name(ending.patch, transition_patch());
	ending.target = target_state();
	return tell_finishing();
}

SEC("kretprobe/klp_complete_transition")
int BPF_KRETPROBE(complete_transition_returned)
{
	inventory_changed++;
	return tell_ended();
}
