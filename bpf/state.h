/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What the programs and the tracer share besides records: values of maps and of global variables. */
#ifndef KLPSCOPE_STATE_H
#define KLPSCOPE_STATE_H

#include "records.h"

/*
 * The kernel's variables that are read. The tracer looks their addresses up and sets them before it loads the programs;
 * 0: this kernel has no such variable. (libbpf's __ksym would do the same, in a pass of its own over /proc/kallsyms
 * that takes longer than all the rest of loading.)
 */
#define KERNEL_VARIABLES(X)                                                                        \
	X(klp_transition_patch) /* kernel/livepatch/transition.c */                                \
	X(klp_target_state)                                                                        \
	X(klp_signals_cnt)                                                                         \
	X(klp_patches)		/* kernel/livepatch/core.c */                                      \
	X(klp_shadow_hash)	/* kernel/livepatch/shadow.c */                                    \
	X(klp_shadow_lock)                                                                         \
	X(bpf_link_fops)	/* kernel/bpf/syscall.c */                                         \
	X(bpf_link_fops_poll)	/* 6.9 and later, of links that can be polled */                   \
	X(runqueues)		/* kernel/sched/core.c, in each CPU's own part of memory */        \
	X(__per_cpu_offset)	/* where that begins */                                            \
	X(kretprobe_trampoline) /* not variables, but code that is returned to instead of the caller: before 5.16 */ \
	X(__kretprobe_trampoline)                                                                  \
	X(arch_rethook_trampoline)                                                                 \
	X(return_to_handler) /* of the function graph tracer */

struct kernel_variables {
#define X(name) __u64 name;
	KERNEL_VARIABLES(X)
#undef X
};

/* Probes that run while a map's value is copied to the tracer may change one word of it, never half a word. */

/* Of one kind of record. */
struct record_account {
	__u64 emitted;
	__u64 unreserved;
};

/* What the tracer asks of the kernel each second: look_around() in iterators.bpf.c. */
struct look {
	__s32 target; /* klp_target_state */
	__u32 tgid;   /* of the caller, in the initial pid namespace */
};

/* Addresses at which calls are counted: function-calls.bpf.c. */
#define FUNCTION_SLOTS 4096

/* Addresses that are named at once: symbols.bpf.c. */
#define SYMBOL_BATCH 64

/* By address of the task. */
struct blocked_entry {
	__u64 generation; /* when the transition started or was reversed */
	__u64 tries;
	__u64 old_name; /* const char *: the function it sleeps on */
	__s32 error;
	__s32 tid;
	__u32 cpu;
	__u32 pad;
};

/* By enum switch_way, per CPU. The tracer may come for the counts of a generation when the next has begun. */
struct switched_count {
	__u64 generation, tasks;
	__u64 generation_before, tasks_before;
};

struct inventory_walk {
	/* List nodes of what comes next, innermost list first; 0: not in such a list. */
	__u64 patch, state, object, func;
	__u64 changed; /* inventory_changed at its begin */
	__u32 number;
	__u32 walking;
	__u32 entries;
	__u32 lost; /* of its records: no room in the ring buffer */
};

/* By id, per CPU; of SHADOW_ALLOCATED and SHADOW_FREED `cells` tell more than `count`. */
struct shadow_totals {
	__u64 count[SHADOW_WHATS]; /* by enum shadow_what */
	__u64 allocated[4], freed[4]; /* as in struct shadow_count */
};

/* By id: what the walk of one pass found. Written by the walk alone. */
struct shadow_walk_find {
	__u64 pass, found;
	__u64 known[SHADOW_AGES], at_least[SHADOW_AGES];
};

struct shadow_walk {
	/*
	 * In one word, which is read at once: pass << 16 | 2 * buckets done, plus 1 while the next one is being read.
	 */
	__u64 position;
	__u64 void_pass; /* the newest pass in which a bucket changed while it was read */
	__u64 found;
	__u32 too_long;
	__u32 adopted; /* a pass went well: what is met for the first time from now on is new */
};

#define WALK_PASS(position) ((position) >> 16)
#define WALK_READING(bucket) (2 * (__u64)(bucket) + 1)
#define WALK_PLACE(position) ((position) & 0xffff)
#define SHADOW_BUCKETS 4096 /* DEFINE_HASHTABLE(klp_shadow_hash, 12) */

struct shadow_caller_key {
	__u64 id, caller;
};

struct shadow_size_key {
	__u64 id, bytes;
};

/* A call of klp_shadow_alloc() or klp_shadow_get_or_alloc() under way: by task and stack pointer. */
struct shadow_call_key {
	__u64 task, stack;
};

struct shadow_call_begun {
	__u64 object, id, bytes, began_ns;
	__u64 caller;   /* caller_at_entry() */
	__u64 position; /* struct shadow_walk's, at the call */
	__u32 existed;
	__u32 pad;
};

#endif
