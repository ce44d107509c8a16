// SPDX-License-Identifier: MIT
#include "sight.h"
#include "calls.h"
#include "counters.h"
#include "enabled-functions.h"
#include "known-addresses.h"
#include "lists.h"
#include "missed-runs.h"
#include "probe-list.h"
#include "shadow-pass.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define SECOND_NS 1000000000ull
#define CANARY_NS (2 * SECOND_NS)
/* After a canary that was not answered. */
#define DOUBT_NS (SECOND_NS / 2)
/* One alone may have come while another BPF program ran on its CPU: the kernel runs none inside another. */
#define UNANSWERED 2
/* Frames for which there has to be room before all is told anew: a PROBE of each program. */
#define ROOM 32

static struct klpscope_bpf *skeleton;
/* /proc/self/patch_state: reading it calls the function that the canary's probe is on. Below 0: it cannot be read. */
static int canary_fd = -1;
/* What can silence all kprobes at once. */
static int ftrace_fd = -1, kprobes_fd = -1;
static unsigned int unanswered;
/* When the last canary was answered, and when the last was not. */
static __u64 answered_ns, unanswered_ns;
static __u64 canary_ns;
static bool lost;
static char reason[REASON_BYTES];

static bool is_off(int fd)
{
	char digits[8];

	return fd >= 0 && pread(fd, digits, sizeof(digits), 0) > 0 && *digits == '0';
}

static const char *what_silences(void)
{
	if (is_off(ftrace_fd))
		return "kernel.ftrace_enabled is 0, which silences all probes";
	if (is_off(kprobes_fd))
		return "/sys/kernel/debug/kprobes/enabled is 0, which silences all probes";
	return "its probes are attached, but do not fire";
}

static void tell(const char *function, __u64 from_ns, bool over, const char *why)
{
	struct blindness record = { .from_ns = from_ns, .over = over };

	snprintf(record.function, sizeof(record.function), "%s", function);
	snprintf(record.reason, sizeof(record.reason), "%s", why);
	frames_put_own(RECORD_BLINDNESS, &record, sizeof(record));
}

/* What was remembered of the time before `silent_ns` is void: as in a tracer that has just been started. */
static void begin_anew(__u64 silent_ns)
{
	/* A transition that was seen to begin after that is known to the reader by its generation. */
	if (skeleton->bss->generation < silent_ns)
		skeleton->bss->generation = 0;
	if (skeleton->bss->last_switch_ns < silent_ns)
		skeleton->bss->last_switch_ns = 0;
	__sync_fetch_and_add(&skeleton->data->inventory_changed, 1);
	counters_begin_anew(skeleton);
	shadow_pass_begin_anew();
	calls_begin_anew();
	enabled_functions_begin_anew();
	addresses_forget(true);
	list_hurry(RECORD_TASK);
	list_hurry(RECORD_TASK_WAITED_FOR);
	object_put_probes(skeleton);
	object_put_ready();
}

static bool answers(void)
{
	const volatile struct record_account *account = &skeleton->bss->record_accounts[RECORD_CANARY];
	__u64 before = account->emitted;
	char state[16];

	skeleton->bss->canary_calls++;
	if (pread(canary_fd, state, sizeof(state), 0) < 0) {
		/* Nothing can be proved this way. */
		canary_fd = -1;
		return true;
	}
	return account->emitted != before;
}

static void make_canary_fire(__u64 now)
{
	canary_ns = now + CANARY_NS;
	if (answers()) {
		if (lost && !frames_room(ROOM))
			return;
		if (lost) {
			tell("", answered_ns, true, reason);
			begin_anew(unanswered_ns);
		}
		lost = false;
		unanswered = 0;
		answered_ns = now;
		return;
	}
	canary_ns = now + DOUBT_NS;
	unanswered_ns = now;
	/* When it is the canary's probe alone that is silent, nothing is proved. */
	if (lost || ++unanswered < UNANSWERED || probe_list_silences(skeleton->progs.canary))
		return;
	lost = true;
	snprintf(reason, sizeof(reason), "%s", what_silences());
	tell("", answered_ns, false, reason);
}

static void look_at_probes(void)
{
	static bool changed;

	changed |= probe_list_go_on();
	if (!frames_room(ROOM))
		return;
	if (missed_runs_tell(skeleton, tell) | (changed && probe_list_tell_returned(tell))) {
		changed = false;
		begin_anew(mono_ns());
		return;
	}
	if (!changed)
		return;
	changed = false;
	object_put_probes(skeleton);
	object_put_ready();
}

__u64 sight_go_on(void)
{
	__u64 now = mono_ns();

	/* A blind one tries each time that it wakes: so it says that it sees before it says what it sees. */
	if (canary_fd >= 0 && (lost || now >= canary_ns))
		make_canary_fire(now);
	if (!lost)
		look_at_probes();
	return canary_fd >= 0 ? canary_ns : now + CANARY_NS;
}

bool sight_is_lost(void)
{
	return lost;
}

void sight_begin(struct klpscope_bpf *of)
{
	skeleton = of;
	answered_ns = mono_ns();
	probe_list_begin(skeleton);
	ftrace_fd = open("/proc/sys/kernel/ftrace_enabled", O_RDONLY | O_CLOEXEC);
	kprobes_fd = open("/sys/kernel/debug/kprobes/enabled", O_RDONLY | O_CLOEXEC);
	/* The canary's probe has to know whom to heed. */
	if (object_attached(skeleton, skeleton->progs.canary) && object_run(skeleton->progs.look_around))
		canary_fd = open("/proc/self/patch_state", O_RDONLY | O_CLOEXEC);
}
