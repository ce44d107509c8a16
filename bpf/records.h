/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Every record that the tracer passes on, once: written by a probe, an iterator or the tracer itself. The decoders
 * take names, offsets and sizes from the object's BTF, which the first frames carry, so that a change here that they
 * do not know is an error at the next start.
 *
 * All integers are in the host's byte order; times are CLOCK_MONOTONIC in nanoseconds; names are bytes, ended by NUL
 * unless they fill their field.
 */
#ifndef KLPSCOPE_RECORDS_H
#define KLPSCOPE_RECORDS_H

#include <linux/types.h>

#define COMM_BYTES 16	 /* TASK_COMM_LEN */
#define MODULE_BYTES 56	 /* MODULE_NAME_LEN on 64-bit kernels */
#define SYMBOL_BYTES 512 /* KSYM_NAME_LEN, 128 before 6.1 */
#define VERSION_BYTES 64
#define PROGRAM_BYTES 16 /* BPF_OBJ_NAME_LEN */
#define REASON_BYTES 128
#define STACK_FRAMES 32
#define SHADOW_AGES 7

/* Each kind of record and its struct. New kinds go to the end: recordings hold the numbers. */
#define RECORDS(X)                                      \
	X(TRANSITION_ASKED, transition_asked)           \
	X(TRANSITION_STARTED, transition_started)       \
	X(TRANSITION_REVERSED, transition_step)         \
	X(TRANSITION_FORCED, transition_step)           \
	X(TRANSITION_CANCELLED, transition_step)        \
	X(TRANSITION_TRIED, transition_tried)           \
	X(TRANSITION_SIGNALLED, transition_signalled)   \
	X(TRANSITION_FINISHING, transition_finishing)   \
	X(TRANSITION_ENDED, transition_ended)           \
	X(TASK_BLOCKED, task_blocked)                   \
	X(TASK_SWITCHED, task_switched)                 \
	X(TASK_TRIES, task_tries)                       \
	X(TASKS_SWITCHED, tasks_switched)               \
	X(TASK, task_row)                               \
	X(TASK_WAITED_FOR, waited_for_row)              \
	X(TASKS_END, tasks_end)                         \
	X(IDLE_TASK, idle_task)                         \
	X(PATCH_LOADING, patch_loading)                 \
	X(PATCH_STATE, patch_state)                     \
	X(PATCH_COMPATIBLE, patch_step)                 \
	X(PATCH_LOADED, patch_step)                     \
	X(PATCH_REPLACING, patch_step)                  \
	X(PATCH_SETTLED, patch_step)                    \
	X(PATCH_RELEASED, module_step)                  \
	X(OBJECT_FOUND, object_step)                    \
	X(OBJECT_RESOLVED, object_step)                 \
	X(OBJECT_PATCHING, object_step)                 \
	X(OBJECT_PATCHED, object_step)                  \
	X(OBJECT_UNPATCHED, object_step)                \
	X(MODULE_COMING, module_step)                   \
	X(MODULE_CAME, module_step)                     \
	X(MODULE_GONE, module_step)                     \
	X(INVENTORY_PATCH, inventory_patch)             \
	X(INVENTORY_STATE, inventory_state)             \
	X(INVENTORY_OBJECT, inventory_object)           \
	X(INVENTORY_FUNC, inventory_func)               \
	X(INVENTORY_END, inventory_end)                 \
	X(SHADOW_CALL, shadow_call)                     \
	X(SHADOW_FREED_ALL, shadow_freed_all)           \
	X(SHADOW_USER, shadow_user)                     \
	X(SHADOW_COUNT, shadow_count)                   \
	X(SHADOW_ALLOCATIONS, shadow_allocations)       \
	X(SHADOW_SIZE, shadow_size)                     \
	X(SHADOW_FOUND, shadow_found)                   \
	X(SHADOW_WALKED, shadow_walked)                 \
	X(FUNCTION_CALLS, function_calls)               \
	X(FUNCTION_COUNTING, function_counting)         \
	X(CANARY, canary)                               \
	X(CLOCK, clock_reading)                         \
	X(ACCOUNT, account)                             \
	X(GAP, gap)                                     \
	X(SHADOW_COUNTED, shadow_counted)               \
	X(SYMBOL, symbol)                               \
	X(TRACING_LINK, tracing_link)                   \
	X(TRACING_LINKS_END, tracing_links_end)         \
	X(BLINDNESS, blindness)                         \
	X(BUSY, busy)

enum record_kind {
	RECORD_NONE,
#define X(name, type) RECORD_##name,
	RECORDS(X)
#undef X
	RECORD_KINDS,
};

/* How a task got to the target state. */
enum switch_way {
	WAY_UNKNOWN,
	WAY_TRANSITION_WORKER,
	WAY_SCHEDULE,	 /* schedule() or cond_resched(), 6.4 and later */
	WAY_KERNEL_EXIT,
	WAY_IDLE_LOOP,
	WAY_FORCED,
	WAY_FORKED,	 /* born in it: klp_copy_process() */
	SWITCH_WAYS,
};

/* Where a walk over a patch's objects happens; what the kernel does next with callbacks follows from it. */
enum object_moment {
	MOMENT_BEFORE_UNPATCH,	/* klp_init_transition(KLP_UNPATCHED): pre_unpatch callbacks come */
	MOMENT_BEFORE_PATCH,	/* klp_init_transition(KLP_PATCHED): pre_patch callbacks come */
	MOMENT_REPLACED,
	MOMENT_BEFORE_SETTLING, /* klp_complete_transition(): post callbacks come */
	MOMENT_NONE,
	MOMENT_MODULE_GOES,	/* OBJECT_UNPATCHED because its module is removed */
};

enum object_facts {
	FACT_PRE_PATCH = 1 << 0,	/* the callback exists */
	FACT_POST_PATCH = 1 << 1,
	FACT_PRE_UNPATCH = 1 << 2,
	FACT_POST_UNPATCH = 1 << 3,
	FACT_POST_UNPATCH_ENABLED = 1 << 4,
	FACT_PATCHED = 1 << 5,
	FACT_DYNAMIC = 1 << 6,		/* made for no-ops only */
	FACT_LOADED = 1 << 7,		/* its module is, or it is vmlinux */
	FACT_FORCED = 1 << 8,		/* a transition was forced while the patch was in place */
};

enum shadow_what {
	SHADOW_ALLOCATED = 1,
	SHADOW_FOUND,	     /* klp_shadow_get_or_alloc() of one that existed */
	SHADOW_DUPLICATE,    /* klp_shadow_alloc() of one that existed: WARN and NULL */
	SHADOW_FAILED,	     /* no memory, or the constructor refused */
	SHADOW_FREED,
	SHADOW_FREE_MISSED,  /* klp_shadow_free() that matched nothing */
	SHADOW_RACED,	     /* found what another task allocated while this one was allocating */
	SHADOW_WHATS,
};

/* Of which function FUNCTION_CALLS counts the calls. */
enum function_role {
	FUNCTION_ORIGINAL,
	FUNCTION_REPLACEMENT,
};

struct record_header {
	__u32 kind; /* enum record_kind */
	__u32 cpu;  /* that the probe ran on */
	__u64 mono_ns;
};

struct task_id {
	__s32 tid; /* 0: the idle task of `cpu` */
	__s32 pid;
	__u64 start_boot_ns; /* with the tid it tells a task from a later one of the same tid */
	__u32 cpu;
	__u32 flags; /* PF_* */
	char comm[COMM_BYTES];
};

struct transition_asked {
	struct record_header header;
	struct task_id by;
	struct task_id parent;
};

struct transition_started {
	struct record_header header;
	__s32 target; /* klp_target_state: 1 patching, 0 unpatching */
	__u32 replace;
	char patch[MODULE_BYTES];
};

/* Reversed, forced, cancelled: `target` is the one before it. */
struct transition_step {
	struct record_header header;
	struct task_id by;
	__s32 target;
	__u32 pad;
};

/* The first try of a direction ended. */
struct transition_tried {
	struct record_header header;
	__u64 began_ns;
};

struct transition_signalled {
	struct record_header header;
	__u32 round;
	__u32 pad;
};

/* No task is left to switch; 0: not known, or none was switched. */
struct transition_finishing {
	struct record_header header;
	__u64 try_began_ns;
	__u64 last_switch_ns;
};

struct transition_ended {
	struct record_header header;
	__s32 target;
	__u32 pad;
	char patch[MODULE_BYTES];
};

/* Once per task and reason, however often the kernel tries. */
struct task_blocked {
	struct record_header header;
	struct task_id task;
	__s32 error; /* -EBUSY running, -EINVAL unreliable stack, -EADDRINUSE sleeping on `function` */
	__u32 state; /* task_struct.__state */
	char function[SYMBOL_BYTES];
};

struct task_switched {
	struct record_header header;
	struct task_id task;
	__u32 way; /* enum switch_way */
	__u32 pad;
};

/* How often the kernel has tried a blocked task in the transition that started at `generation`; read each second. */
struct task_tries {
	struct record_header header;
	__u64 generation;
	__u64 tries;
	__s32 tid;
	__u32 cpu;
};

/* Tasks switched without ever having been blocked. */
struct tasks_switched {
	struct record_header header;
	__u64 generation;
	__u64 tasks;
	__u32 way; /* enum switch_way */
	__u32 pad;
};

/* A thread, as the iterator found it; TASKS_END closes the list. */
struct task_row {
	struct record_header header;
	struct task_id task;
	__s32 patch_state;
	__u32 on_cpu;
};

/* A thread that is not in the target state; those in no row of a list are. */
struct waited_for_row {
	struct record_header header;
	struct task_id task;
	__u32 state; /* task_struct.__state */
	__u32 on_cpu;
	__s32 frames; /* bytes of `address` in use, or a negative error */
	__u32 pad;
	__u64 address[STACK_FRAMES];
};

struct tasks_end {
	struct record_header header;
	__u32 list; /* RECORD_TASK or RECORD_TASK_WAITED_FOR */
	__u32 rows;
	__u32 complete; /* 0: not all rows were read or written */
	__u32 pad;
};

struct idle_task {
	struct record_header header;
	__u32 of_cpu;
	__s32 patch_state;
};

struct patch_loading {
	struct record_header header;
	struct task_id by;
	__u32 replace;
	__u32 pad;
	char patch[MODULE_BYTES];
	char version[VERSION_BYTES];
};

/* One per klp_state, after PATCH_LOADING. */
struct patch_state {
	struct record_header header;
	__u64 id;
	__u32 version;
	__u32 pad;
	char patch[MODULE_BYTES];
};

/* Compatible (result: 0 or 1), loaded (result: 0 or a negative error), settled (result: klp_target_state). */
struct patch_step {
	struct record_header header;
	struct task_id by;
	__s32 result;
	__u32 pad;
	char patch[MODULE_BYTES];
};

struct object_step {
	struct record_header header;
	__u32 moment; /* enum object_moment */
	__u32 facts;  /* enum object_facts */
	__s32 result; /* 0 or a negative error */
	__u32 pad;
	char patch[MODULE_BYTES];
	char object[MODULE_BYTES];
};

/* Coming, came (result: 0 or a negative error), gone; a patch's module released. */
struct module_step {
	struct record_header header;
	__s32 result;
	__u32 pad;
	char module[MODULE_BYTES];
};

/* Oldest first; the states, objects and functions that follow are its. */
struct inventory_patch {
	struct record_header header;
	__u32 walk;
	__u8 enabled, replace, forced, pad;
	char patch[MODULE_BYTES];
};

struct inventory_state {
	struct record_header header;
	__u64 id;
	__u32 walk;
	__u32 version;
};

struct inventory_object {
	struct record_header header;
	__u32 walk;
	__u32 facts;		   /* enum object_facts */
	__u64 pre_patch, post_patch, pre_unpatch, post_unpatch; /* addresses; 0: none */
	char object[MODULE_BYTES]; /* empty: vmlinux */
};

struct inventory_func {
	struct record_header header;
	__u32 walk;
	__u8 nop, patched, transition, pad;
	__u64 old_sympos;
	__u64 old_func, new_func, old_size, new_size;
	__u64 stack_node, stack_next, stack_prev; /* which functions share a klp_ops->func_stack, in which order */
	char function[SYMBOL_BYTES];
};

/* The lists were read without klp_mutex: a walk in whose course something changed is incomplete and done again. */
struct inventory_end {
	struct record_header header;
	__u32 walk;
	__u32 complete;
	__u32 entries; /* records of this walk, without this one */
	__u32 pad;
};

/* Up to a rate; the rest are only counted. */
struct shadow_call {
	struct record_header header;
	struct task_id task;
	__u64 object, id, bytes;
	__u64 caller; /* where the call returns to; 0 where that is not known, and of SHADOW_FREED */
	__u32 what;   /* enum shadow_what */
	__u32 pad;
};

struct shadow_freed_all {
	struct record_header header;
	struct task_id task;
	__u64 id, count, caller;
};

/* The first call for this id from there, and the first after each load of a livepatch. */
struct shadow_user {
	struct record_header header;
	__u64 id, caller;
};

/*
 * What has been counted of one id since the probes were attached, exact. By 2 * (pass % 2) of the walk of the hash,
 * plus 1 when the walk had passed the variable's bucket.
 */
struct shadow_count {
	struct record_header header;
	__u64 id;
	__u64 allocated[4], freed[4];
	__u64 found, duplicates, failed, missed, raced;
};

struct shadow_allocations {
	struct record_header header;
	__u64 id, caller, allocations;
};

struct shadow_size {
	struct record_header header;
	__u64 id, bytes;
};

/* All counts have been told: a SHADOW_COUNT of each id, SHADOW_ALLOCATIONS and SHADOW_SIZE came before it. */
struct shadow_counted {
	struct record_header header;
	__u64 ids;
	__u64 not_streamed; /* calls without a SHADOW_CALL, for the rate */
	__u64 pass;	    /* the walk that has been through the hash; 0: one is under way, or none was begun */
};

/* Variables of one id that a walk found, by the age they have reached: see shadow_age_s. */
struct shadow_found {
	struct record_header header;
	__u64 pass, id, found;
	__u64 known[SHADOW_AGES];    /* since its allocation was seen */
	__u64 at_least[SHADOW_AGES]; /* since it was found first; it may be older than the probes */
};

/*
 * The end of a walk of klp_shadow_hash; all counts and then its SHADOW_FOUND came before it. Live variables of an id
 * are those found plus what changed in passed buckets in this pass.
 */
struct shadow_walked {
	struct record_header header;
	__u64 pass;
	__u64 found;
	__u32 is_void;	/* a bucket changed while it was read */
	__u32 too_long; /* a bucket holds more variables than can be read at once: live counts are not known */
};

/* Calls so far of a function that is patched, or stands in one's place. */
struct function_calls {
	struct record_header header;
	__u64 address;
	__u64 calls;
	__u32 role; /* enum function_role */
	__u32 pad;
};

/*
 * Counting of the calls of a function began (error 0) or ended; -EBUSY: called more often than `budget_per_s`; -ENOSPC:
 * there is no slot left, told by each walk.
 */
struct function_counting {
	struct record_header header;
	__u64 address;
	__u32 role;
	__s32 error;
	__u32 counting;
	__u32 budget_per_s;
};

/* A probe that the tracer itself makes fire: what it proves is that probes fire. */
struct canary {
	struct record_header header;
	__u64 number; /* goes up by one with each call that the tracer has made */
};

/* All clocks at header.mono_ns, within `width_ns`. */
struct clock_reading {
	struct record_header header;
	__u64 boot_ns, wall_ns;
	__u64 width_ns;
};

/* Of one kind of record, since the probes were attached: emitted = written + unreserved + still in the ring buffer. */
struct account {
	struct record_header header;
	__u32 of_kind; /* enum record_kind */
	__u32 pad;
	__u64 emitted;
	__u64 unreserved; /* no room in the ring buffer */
	__u64 written;
	__u64 unwritten; /* of those the tracer itself makes: left out because its reader was too slow */
};

/* Nothing was seen from `from_ns` on; told when it begins, and when probes are attached again (`over` 1). */
struct gap {
	struct record_header header;
	__u64 from_ns;
	__u32 over;
	__u32 pad;
	char reason[REASON_BYTES];
};

/*
 * Probes that are attached did not fire from `from_ns` on. Told when that is noticed, and when they fire again (`over`
 * 1): then PROBE of every program and READY follow, what was counted before is void, and all is told anew. That the
 * probe of one function is silent is told by PROBE and READY alone when it is noticed.
 */
struct blindness {
	struct record_header header;
	__u64 from_ns;
	__u32 over;
	__u32 pad;
	char function[SYMBOL_BYTES]; /* only its probe; empty: all probes */
	char reason[REASON_BYTES];
};

/* The tracer is about to ask the kernel for what may take it long: until the next frame its silence says nothing. */
struct busy {
	struct record_header header;
};

/*
 * What stands at an address that another record has, told once: again when another module may stand there, that is after
 * a livepatch was loaded or released or a patched module came or went, and of those in no record of a complete inventory
 * after that. Looked up when it is told; of an address where a call returns to, the function that called.
 */
struct symbol {
	struct record_header header;
	__u64 address;
	__u64 start; /* where the symbol begins; 0: not known */
	char name[SYMBOL_BYTES];   /* empty: no symbol is known there */
	char module[MODULE_BYTES]; /* empty: vmlinux. "bpf" and "__builtin__ftrace" are no modules, but named like them */
};

/* A BPF program attached to a function (fentry, fexit, ...): each link once, and once more per process that holds it open. */
struct tracing_link {
	struct record_header header;
	struct task_id holder; /* all 0: not a row of a process */
	__u32 link_id;
	__u32 program_id;
	__u32 attach_type; /* enum bpf_attach_type */
	/* Of the traced function: of a program, or with bit 31 in the trampoline's key, BTF's of the kernel or a module. */
	__u32 target_object_id;
	__u32 target_btf_id;
	__u32 pad;
	char program[PROGRAM_BYTES];
};

struct tracing_links_end {
	struct record_header header;
	__u32 rows;
	__u32 complete; /* 0: not all rows were read or written, or this kernel cannot tell of all */
};

/* For whoever wants the layout of all. The members are in the order of enum record_kind, from 1 on. */
union any_record {
#define X(name, type) struct type name;
	RECORDS(X)
#undef X
};

struct any_enum {
	enum switch_way switch_way;
	enum object_moment object_moment;
	enum object_facts object_facts;
	enum shadow_what shadow_what;
	enum function_role function_role;
};

#endif
