/* SPDX-License-Identifier: MIT */
#ifndef KLPSCOPE_WORKER_H
#define KLPSCOPE_WORKER_H

#include <linux/types.h>
#include <stdbool.h>

struct options {
	__u32 shadow_check_s;
	__u32 call_budget_per_s;
	__u32 buffer_kb; /* of the ring buffer */
};

/* How a worker ends. */
enum worker_end {
	WORKER_STOPPED = 0,
	WORKER_FAILED = 1,
	WORKER_WITHOUT_READER = 3,
};

/* How far it is, for the process that watches over it, in memory that both share. */
struct worker_progress {
	bool sees;  /* probes are attached */
	bool ended; /* nothing more will be written */
};

/*
 * Traces until it is told to stop. `blind_ns`: nothing has been seen since then, for the `reason`; 0: it is the first.
 */
enum worker_end worker_run(const struct options *options, __u64 blind_ns, const char *reason,
			   volatile struct worker_progress *progress);

#endif
