// SPDX-License-Identifier: MIT
/* The part with privileges: attaches the probes, then passes on what they say until it is told to stop. */
#define _GNU_SOURCE
#include "worker.h"
#include "calls.h"
#include "confine.h"
#include "counters.h"
#include "enabled-functions.h"
#include "inventory-walk.h"
#include "kernel-log.h"
#include "links.h"
#include "lists.h"
#include "object.h"
#include "probe-address.h"
#include "schedule.h"
#include "shadow-pass.h"
#include "sight.h"
#include "symbol-names.h"
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What a record may bring along: the counts that end with a transition, the rows of a list that come before it. */
#define FRAMES_PER_RECORD (2 + SWITCH_WAYS + LIST_FRAMES)
/* How long a slow reader may take for what is left when the tracer ends. */
#define LAST_WORDS_NS 1000000000ull

static volatile sig_atomic_t stopped;
static struct klpscope_bpf *skeleton;
/* By its reader. */
static bool dismissed;
/* Records taken out of the ring buffer. */
static __u64 consumed;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

/* A negative answer ends the reading of the ring buffer behind this record: there might be no room for another. */
static int on_record(void *context, void *data, size_t bytes)
{
	const struct record_header *header = data;
	struct walk_step step = inventory_walk_step(header);

	(void)context;
	consumed++;
	lists_put_before(header);
	calls_see(header, step);
	counters_see(skeleton, header);
	frames_put_record(data, bytes);
	symbol_names_see(header, step);
	enabled_functions_see(header, step);
	links_see(header);
	return frames_room(FRAMES_PER_RECORD) ? 0 : -ENOBUFS;
}

static void put_gap(__u64 from_ns, const char *reason, bool over)
{
	struct gap record = { .from_ns = from_ns, .over = over };

	snprintf(record.reason, sizeof(record.reason), "%s", reason);
	frames_put_own(RECORD_GAP, &record, sizeof(record));
}

static void wait_until(__u64 then, struct ring_buffer *ring)
{
	__u64 now = mono_ns();
	__u64 left = then > now ? then - now : 0;
	struct timespec timeout = { left / 1000000000, left % 1000000000 };
	struct pollfd polled[] = {
		/* Without events a reader that has gone is told all the same. */
		{ .fd = STDOUT_FILENO, .events = (frames_empty() ? 0 : POLLOUT) | (dismissed ? 0 : POLLRDHUP) },
		{ .fd = frames_room(FRAMES_PER_RECORD) ? ring_buffer__epoll_fd(ring) : -1, .events = POLLIN },
		{ .fd = kernel_log_fd(), .events = POLLIN },
	};
	sigset_t none;

	sigemptyset(&none);
	ppoll(polled, sizeof(polled) / sizeof(*polled), &timeout, &none);
	/* A socket whose other side will send nothing any more, which it never did: it wants to hear the last of us. */
	if (polled[0].revents & POLLRDHUP) {
		dismissed = true;
		stopped = 1;
	}
	if (polled[0].revents & (POLLERR | POLLHUP))
		stopped = 2;
}

/* Everything that is in the ring buffer and everything that was counted, as far as the reader takes it in time. */
static void last_words(struct ring_buffer *ring)
{
	__u64 until = mono_ns() + LAST_WORDS_NS;

	skeleton->bss->closed = 1;
	stopped = 0;
	while (mono_ns() < until && !stopped) {
		bool all = frames_room(FRAMES_PER_RECORD) && ring_buffer__consume(ring) == 0;

		if (!frames_flush())
			return;
		if (all && frames_empty())
			break;
		wait_until(mono_ns() + 10000000, ring);
	}
	counters_put_shadow(skeleton);
	calls_put();
	frames_put_accounts(skeleton->bss->record_accounts);
	while (frames_flush() && !frames_empty() && mono_ns() < until && !stopped)
		wait_until(until, ring);
}

/* Of when to come again at the latest, and another time at which that may be. */
static __u64 earlier(__u64 next, __u64 due)
{
	return due > mono_ns() && due < next ? due : next;
}

static enum worker_end trace(struct ring_buffer *ring)
{
	for (;;) {
		/* First: it may have to say that nothing was seen before. */
		__u64 sight_ns = sight_go_on(), next = earlier(schedule_go_on(), sight_ns);
		bool busy = calls_go_on() | shadow_pass_go_on();

		/* In this order: rows that were read wait for the records from before them. */
		lists_read();
		if (frames_room(FRAMES_PER_RECORD))
			ring_buffer__consume(ring);
		busy |= lists_put(consumed);
		busy |= symbol_names_go_on() | enabled_functions_go_on() | kernel_log_go_on() | links_go_on();
		if (!frames_flush())
			return WORKER_WITHOUT_READER;
		next = earlier(next, kernel_log_due_ns());
		if (busy && frames_room(FRAMES_PER_RECORD))
			next = 0;
		wait_until(next, ring);
		if (stopped == 2)
			return WORKER_WITHOUT_READER;
		if (stopped) {
			last_words(ring);
			return WORKER_STOPPED;
		}
	}
}

/* Signals are taken only while waiting: none is lost between a look at `stopped` and the wait. */
static void take_signals(void)
{
	const struct sigaction action = { .sa_handler = stop };
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_SETMASK, &signals, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

static enum worker_end fail(__u64 blind_ns, const char *reason)
{
	fprintf(stderr, "klpscope-tracer: %s\n", reason);
	put_gap(blind_ns, reason, false);
	frames_flush();
	return WORKER_FAILED;
}

enum worker_end worker_run(const struct options *options, __u64 blind_ns, const char *why_blind,
			   volatile struct worker_progress *progress)
{
	char reason[REASON_BYTES];
	enum worker_end end;
	struct ring_buffer *ring;

	take_signals();
	frames_begin();
	cpus = libbpf_num_possible_cpus();
	skeleton = object_start(options->buffer_kb, reason, sizeof(reason));
	if (!skeleton)
		return fail(blind_ns ? blind_ns : mono_ns(), reason);
	ring = ring_buffer__new(bpf_map__fd(skeleton->maps.records), on_record, NULL, NULL);
	if (!ring)
		return fail(blind_ns ? blind_ns : mono_ns(), "the ring buffer cannot be mapped");
	if (!calls_begin(skeleton, options->call_budget_per_s))
		return fail(blind_ns ? blind_ns : mono_ns(), "the counts of calls cannot be mapped");
	/* Before READY: from then on all is seen. */
	if (blind_ns)
		put_gap(blind_ns, why_blind, true);
	object_put_ready();
	counters_put_clock();
	symbol_names_begin(skeleton);
	links_begin(skeleton);
	enabled_functions_begin();
	kernel_log_begin();
	lists_begin(skeleton);
	shadow_pass_begin(skeleton, options->shadow_check_s * 1000000000ull);
	schedule_begin(skeleton);
	sight_begin(skeleton);
	/* What libbpf needed for a moment, the kernel's BTF above all, goes back to the system. */
	malloc_trim(0);
	if (!confine(calls_are_one_by_one() && probe_address_needs_administrator())) {
		snprintf(reason, sizeof(reason), "privileges cannot be given up: %s", strerror(errno));
		return fail(blind_ns ? blind_ns : mono_ns(), reason);
	}
	progress->sees = true;
	end = trace(ring);
	progress->ended = true;
	return end;
}
