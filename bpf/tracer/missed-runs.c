// SPDX-License-Identifier: MIT
#include "missed-runs.h"
#include "choice.h"
#include "schedule.h"
#include <bpf/bpf.h>
#include <stdio.h>

/* After one that was missed all is told anew: not more often than this. */
#define EVERY_NS (10 * 1000000000ull)

static __u64 known[MAX_PROGRAMS];

/* Programs without a function of their own count the calls of those that are patched. */
static const char *function_of(const struct bpf_program *program)
{
	const char *function = choice_function(program);

	return function ? function : "a patched function";
}

static __u64 missed_by(const struct bpf_program *program)
{
	struct bpf_prog_info info = {};
	__u32 bytes = sizeof(info);

	/* One that was left out has no descriptor. */
	if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &bytes))
		return 0;
	/* Shorter on a kernel that does not count them. */
	return info.recursion_misses;
}

bool missed_runs_tell(const struct klpscope_bpf *skeleton,
		      void (*tell)(const char *function, __u64 from_ns, bool over, const char *why))
{
	static __u64 looked_ns;
	struct bpf_program *program;
	unsigned int number = 0;
	bool told = false;
	__u64 before = looked_ns, now = mono_ns();

	/* What is told anew would take the place of what is known of a transition that runs. */
	if (now - before < EVERY_NS || schedule_in_transition())
		return false;
	looked_ns = now;
	bpf_object__for_each_program(program, skeleton->obj) {
		__u64 missed = missed_by(program), *last = &known[number];
		char reason[REASON_BYTES];

		if (++number == MAX_PROGRAMS)
			break;
		/* The canary makes up for what it misses. */
		if (program == skeleton->progs.canary || missed <= *last)
			continue;
		snprintf(reason, sizeof(reason),
			 "the kernel left out %llu runs of its program, because another BPF program or a map was in use on that CPU",
			 missed - *last);
		tell(function_of(program), before ? before : now, true, reason);
		*last = missed;
		told = true;
	}
	return told;
}
