// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * iterators: every thread's patch state, the stacks of those a transition waits for, and the idle tasks, whenever the
 * tracer asks.
 *
 * Prints   TASK per thread; TASK_WAITED_FOR per thread that is not in the running transition's target state, with its
 *          stack; IDLE_TASK per CPU; CANARY.
 * Read it  A list is closed by TASKS_END, which the tracer adds. Idle tasks (pid 0) are in no list of threads.
 * Without  klp_target_state: which threads a running transition waits for
 *          runqueues: the patch states of idle tasks
 *          proc_pid_patch_state: the canary, the proof that probes fire
 * Cost     50 threads in 1 to 12 ms under emulation; nothing between reads.
 * Source   kernel/bpf/task_iter.c; kernel/bpf/stackmap.c, bpf_get_task_stack; fs/proc/base.c, proc_pid_patch_state
 */
#include "common.bpf.h"

/* CPUs per run of walk_idle(). */
#define IDLE_STEPS 64

/* Set by the tracer before loading. */
const volatile __u32 possible_cpus = 1;

struct look look;
/* Which CPU's idle task walk_idle() reads next. */
__u32 idle_cpu;
/* Calls that the tracer has made to see the canary. */
__u64 canary_calls;

SEC("iter/task")
int list_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct task_row row = {};

	if (!task)
		return 0;
	begin_row(&row.header, RECORD_TASK);
	identify(&row.task, task);
	row.patch_state = BPF_CORE_READ(task, patch_state);
	row.on_cpu = on_cpu(task);
	bpf_seq_write(ctx->meta->seq, &row, sizeof(row));
	return 0;
}

/* Too large for the BPF stack. The tracer reads one list at a time. */
static struct waited_for_row waited_for;

SEC("iter/task")
int list_waited_for(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	int target = target_state();
	int state;

	if (!task || target == KLP_UNDEFINED)
		return 0;
	state = BPF_CORE_READ(task, patch_state);
	if (state == KLP_UNDEFINED || state == target)
		return 0;
	begin_row(&waited_for.header, RECORD_TASK_WAITED_FOR);
	identify(&waited_for.task, task);
	waited_for.state = state_of(task);
	waited_for.on_cpu = on_cpu(task);
	waited_for.pad = 0;
	waited_for.frames = bpf_get_task_stack(task, waited_for.address, sizeof(waited_for.address), 0);
	bpf_seq_write(ctx->meta->seq, &waited_for, sizeof(waited_for));
	return 0;
}

/* The three that follow are run by BPF_PROG_TEST_RUN; raw tracepoints, because 5.10 can run those. */
SEC("raw_tp")
int look_around(void *ctx)
{
	look.target = target_state();
	look.tgid = bpf_get_current_pid_tgid() >> 32;
	return 0;
}

static __noinline int tell_idle(__u32 cpu, int patch_state)
{
	struct idle_task *record = RESERVE(idle_task, RECORD_IDLE_TASK);

	if (!record)
		return 0;
	record->of_cpu = cpu;
	record->patch_state = patch_state;
	bpf_ringbuf_submit(record, 0);
	return 0;
}

__global int step_idle(__u32 cpu)
{
	struct task_struct *idle;
	struct rq *rq;
	__u64 offset = 0;

	bpf_probe_read_kernel(&offset, sizeof(offset), (void *)(kernel_at.__per_cpu_offset + cpu * sizeof(offset)));
	rq = (struct rq *)(kernel_at.runqueues + offset);
	idle = BPF_CORE_READ(rq, idle);
	/* A CPU that was never there has none. */
	return idle ? tell_idle(cpu, BPF_CORE_READ(idle, patch_state)) : 0;
}

/* Again until idle_cpu is 0. */
SEC("raw_tp")
int walk_idle(void *ctx)
{
	for (int i = 0; i < IDLE_STEPS; i++) {
		if (idle_cpu >= possible_cpus) {
			idle_cpu = 0;
			return 0;
		}
		step_idle(idle_cpu);
		idle_cpu++;
	}
	return 0;
}

static __noinline int tell_canary(void)
{
	struct canary *record = RESERVE(canary, RECORD_CANARY);

	if (!record)
		return 0;
	record->number = canary_calls;
	bpf_ringbuf_submit(record, 0);
	return 0;
}

/* The tracer reads /proc/self/patch_state every few seconds. Rare otherwise, and without effect. */
SEC("kprobe/proc_pid_patch_state")
int BPF_KPROBE(canary)
{
	if (!look.tgid || bpf_get_current_pid_tgid() >> 32 != look.tgid)
		return 0;
	return tell_canary();
}
