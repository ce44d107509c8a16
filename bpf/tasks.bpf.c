// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * tasks: which tasks a transition could not switch, why, and how they were switched at last.
 *
 * Prints   TASK_BLOCKED once per task and reason, however often the kernel tries; TASK_SWITCHED of tasks that were
 *          blocked before; TRANSITION_TRIED at the end of a direction's first try; TRANSITION_SIGNALLED.
 *          Maps, read each second of a transition: `blocked` (tries by task), `switched` (the others, by way).
 * Read it  A task that is switched without ever being blocked is only counted: the first try switches nearly every
 *          task of the host within milliseconds.
 * Without  klp_try_complete_transition: signal rounds, when the first try began and ended, and whether the transition worker or schedule() switched a task
 *          klp_check_and_switch_task: why a task is blocked, other than by its stack; how often it was tried
 *          klp_update_patch_state: tasks switched at kernel exit, in the idle loop, or by force
 *          klp_copy_process: tasks born in the target state
 *          sched_process_exit: that the memory of a blocked task that exits is freed at once
 * Cost     some hundred ns per try and per switch; a microsecond per record. The verifier goes through 610.
 * Source   kernel/livepatch/transition.c
 */
#include "common.bpf.h"

/* kernel/livepatch/transition.c: every so many tries the kernel sends the fake signal. */
#define SIGNALS_TIMEOUT 15
/* No task's address: klp_try_complete_transition() is not probed, or has not been called yet. */
#define NOT_KNOWN 1

/* The task in klp_try_complete_transition(), or 0. */
static __u64 transition_worker = NOT_KNOWN;
/* When the try under way looked at a blocked task last, or 0. */
static __u64 last_look_ns;
static __u32 signals_before;
/* The generations whose first try has begun, and has been told. */
static __u64 first_try_of, tried;

struct try {
	__u64 task;
	__u64 old_name; /* const char ** */
};

/* By the task that tries. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct try);
} tries SEC(".maps");

/*
 * By address of the task. Emptied when a task is switched or exits, and by the tracer when a transition has ended;
 * an entry of another generation is as good as none.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct blocked_entry);
} blocked SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SWITCH_WAYS);
	__type(key, __u32);
	__type(value, struct switched_count);
} switched SEC(".maps");

static __noinline int tell_switched(struct task_struct *task, __u32 way)
{
	struct task_switched *record = RESERVE(task_switched, RECORD_TASK_SWITCHED);

	if (!record)
		return 0;
	identify(&record->task, task);
	record->way = way;
	record->pad = 0;
	bpf_ringbuf_submit(record, 0);
	return 0;
}

static __noinline int tell_blocked(struct task_struct *task, int error, __u64 name)
{
	struct task_blocked *record = RESERVE(task_blocked, RECORD_TASK_BLOCKED);

	if (!record)
		return 0;
	identify(&record->task, task);
	record->error = error;
	record->state = state_of(task);
	record->function[0] = 0;
	if (name)
		bpf_probe_read_kernel_str(record->function, sizeof(record->function), (void *)name);
	bpf_ringbuf_submit(record, 0);
	return 0;
}

static __noinline int tell_tried(void)
{
	struct transition_tried *record = RESERVE(transition_tried, RECORD_TRANSITION_TRIED);

	if (!record)
		return 0;
	record->began_ns = try_began_ns;
	bpf_ringbuf_submit(record, 0);
	return 0;
}

static __noinline int tell_signalled(void)
{
	struct transition_signalled *record = RESERVE(transition_signalled, RECORD_TRANSITION_SIGNALLED);

	if (!record)
		return 0;
	/* By now those it woke may have switched on other CPUs: the round began before. */
	if (last_look_ns)
		record->header.mono_ns = last_look_ns;
	record->round = signals_before / SIGNALS_TIMEOUT;
	record->pad = 0;
	bpf_ringbuf_submit(record, 0);
	return 0;
}

static __always_inline void count_switched(__u32 way)
{
	struct switched_count *count = bpf_map_lookup_elem(&switched, &way);

	if (!count)
		return;
	if (count->generation != generation) {
		count->generation_before = count->generation;
		count->tasks_before = count->tasks;
		count->generation = generation;
		count->tasks = 0;
	}
	count->tasks++;
}

static __always_inline void task_switched(__u64 address, __u32 way)
{
	struct blocked_entry *known = bpf_map_lookup_elem(&blocked, &address);

	last_switch_ns = bpf_ktime_get_ns();
	if (!known || known->generation != generation) {
		count_switched(way);
		return;
	}
	bpf_map_delete_elem(&blocked, &address);
	tell_switched((struct task_struct *)address, way);
}

static __always_inline void task_blocked(__u64 address, int error, __u64 name)
{
	struct task_struct *task = (struct task_struct *)address;
	struct blocked_entry *known = bpf_map_lookup_elem(&blocked, &address);

	if (known && known->generation == generation) {
		known->tries++;
		if (known->error == error && known->old_name == name)
			return;
		known->error = error;
		known->old_name = name;
	} else {
		struct blocked_entry entry = {
			.generation = generation, .tries = 1, .old_name = name, .error = error,
			.tid = BPF_CORE_READ(task, pid), .cpu = cpu_of(task),
		};

		bpf_map_update_elem(&blocked, &address, &entry, BPF_ANY);
	}
	tell_blocked(task, error, name);
}

SEC("kprobe/klp_try_complete_transition")
int BPF_KPROBE(try_complete_transition)
{
	transition_worker = (__u64)current_task();
	try_began_ns = bpf_ktime_get_ns();
	last_look_ns = 0;
	/* klp_patch->enabled is set between klp_start_transition() and the first try. */
	if (first_try_of != generation) {
		first_try_of = generation;
		inventory_changed++;
	}
	READ_VARIABLE(signals_before, klp_signals_cnt);
	return 0;
}

/*
 * An incomplete try whose number is a multiple of SIGNALS_TIMEOUT sent the fake signal after its last look at a task;
 * klp_send_signals() itself is inlined.
 */
SEC("kretprobe/klp_try_complete_transition")
int BPF_KRETPROBE(try_complete_transition_returned)
{
	transition_worker = 0;
	if (target_state() == KLP_UNDEFINED)
		return 0;
	if (generation && tried != generation) {
		tried = generation;
		tell_tried();
	}
	if (signals_before && signals_before % SIGNALS_TIMEOUT == 0)
		tell_signalled();
	return 0;
}

SEC("kprobe/klp_check_and_switch_task")
int BPF_KPROBE(check_and_switch_task, struct task_struct *task, const char **old_name)
{
	__u64 caller = (__u64)current_task();
	struct try try = { .task = (__u64)task, .old_name = (__u64)old_name };

	bpf_map_update_elem(&tries, &caller, &try, BPF_ANY);
	return 0;
}

SEC("kretprobe/klp_check_and_switch_task")
int BPF_KRETPROBE(check_and_switch_task_returned, int ret)
{
	__u64 caller = (__u64)current_task();
	struct try *found = bpf_map_lookup_elem(&tries, &caller);
	bool by_worker = transition_worker == caller;
	struct try try;
	__u64 name = 0;

	if (!found)
		return 0;
	try = *found;
	bpf_map_delete_elem(&tries, &caller);
	if (by_worker)
		last_look_ns = bpf_ktime_get_ns();
	if (!ret) {
		task_switched(try.task, transition_worker == NOT_KNOWN ? WAY_UNKNOWN
				      : by_worker ? WAY_TRANSITION_WORKER : WAY_SCHEDULE);
		return 0;
	}
	/* *old_name is set for -EADDRINUSE only. */
	if (ret == -EADDRINUSE)
		bpf_probe_read_kernel(&name, sizeof(name), (void *)try.old_name);
	task_blocked(try.task, ret, name);
	return 0;
}

/* Switches without a look at the stack: at kernel exit, in the idle loop, or by force. */
SEC("kprobe/klp_update_patch_state")
int BPF_KPROBE(update_patch_state, struct task_struct *task)
{
	int target = target_state();

	if (target == KLP_UNDEFINED || BPF_CORE_READ(task, patch_state) == target)
		return 0;
	task_switched((__u64)task, forcing == (__u64)current_task() ? WAY_FORCED
				 : BPF_CORE_READ(task, pid) ? WAY_KERNEL_EXIT : WAY_IDLE_LOOP);
	return 0;
}

/* The child gets the state of its parent. */
SEC("kprobe/klp_copy_process")
int BPF_KPROBE(copy_process)
{
	int target = target_state();

	if (target != KLP_UNDEFINED && BPF_CORE_READ(current_task(), patch_state) == target)
		count_switched(WAY_FORKED);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *task)
{
	__u64 address = (__u64)task;

	if (target_state() != KLP_UNDEFINED)
		bpf_map_delete_elem(&blocked, &address);
	return 0;
}
