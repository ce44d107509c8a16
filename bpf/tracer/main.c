// SPDX-License-Identifier: MIT
/*
 * klpscope-tracer: writes what the probes say to standard output, as frames (frames.h).
 *
 * usage: klpscope-tracer [--passive] [--shadow-check SECONDS] [--call-budget CALLS_PER_SECOND] [--buffer KILOBYTES]
 *        klpscope-tracer --check      only the frames that say what this kernel offers; loads and attaches nothing
 *        klpscope-tracer --layout     only the frames that say what records look like; needs no privilege
 *
 * Takes no orders but SIGTERM and SIGINT, reads nothing from its reader, opens no socket, executes nothing. When its
 * reader shuts down its own side of a socket, it ends as by SIGTERM. This process only watches over the one that traces,
 * and starts another when it ends by mistake; it cannot give up its privileges, because it has to hand them on. Both end
 * with the process that started them.
 */
#define _GNU_SOURCE
#include "hello.h"
#include "object.h"
#include "passive.h"
#include "worker.h"
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS 1000000000ull
/* A worker that did not last this long is started again after twice the time, up to a minute. */
#define LASTED_NS (60 * SECOND_NS)
#define MAX_BACKOFF_S 60
/* From being told to stop to being killed; it has a second to pass on what is left. */
#define STOP_NS (3 * SECOND_NS / 2)
#define LOOK_MS 50
/* Between looks whether the worker is there. */
#define BEAT_MS 1000
#define PF_EXITING 0x4 /* include/linux/sched.h */

static pid_t worker;
static bool stopping;
/*
 * A worker that has written its last ends seconds later on a slow machine, because the kernel takes the probes away
 * first: so it says here that it has.
 */
static volatile struct worker_progress *progress;

/* One signal of those that are blocked, or 0 when the time is up; 0 ms: there is no limit. */
static int next_signal(long ms)
{
	const struct timespec timeout = { ms / 1000, ms % 1000 * 1000000 };
	sigset_t signals;
	int signal;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_SETMASK, &signals, NULL);
	do {
		signal = ms ? sigtimedwait(&signals, NULL, &timeout) : sigwaitinfo(&signals, NULL);
	} while (signal < 0 && errno == EINTR);
	return signal < 0 ? 0 : signal;
}

static void start_worker(const struct options *options, __u64 blind_ns, const char *reason)
{
	pid_t parent = getpid();

	worker = fork();
	if (worker < 0) {
		perror("klpscope-tracer: fork");
		exit(EXIT_FAILURE);
	}
	if (worker) {
		frames_forget();
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(WORKER_WITHOUT_READER);
	/* Without destroying anything: the kernel takes probes away faster when the process ends. */
	_exit(worker_run(options, blind_ns, reason, progress));
}

/* Whether the worker is on its way out: before it has ended, the kernel takes its probes away. proc_pid_stat(5) */
static bool is_exiting(void)
{
	char path[64], stat[512] = "";
	unsigned int flags = 0;
	const char *end;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", worker);
	file = fopen(path, "r");
	if (!file)
		return false;
	/* Behind its name, which may hold anything but is followed by the last bracket. */
	if (!fgets(stat, sizeof(stat), file) || !(end = strrchr(stat, ')')) ||
	    sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %u", &flags) != 1)
		flags = 0;
	fclose(file);
	return flags & PF_EXITING;
}

/* Waits for the worker's end, and passes on the wish to stop. */
static int watch(void)
{
	__u64 kill_ns = 0;
	bool excused = false;
	int status;

	for (;;) {
		int signal = next_signal(stopping ? LOOK_MS : BEAT_MS);

		if (waitpid(worker, &status, WNOHANG) == worker)
			return status;
		if (stopping && (progress->ended || mono_ns() > kill_ns)) {
			kill(worker, SIGKILL);
			return 0;
		}
		if (!stopping && !excused && is_exiting()) {
			frames_put_busy();
			excused = true;
		}
		if (stopping || !signal || signal == SIGCHLD)
			continue;
		kill(worker, SIGTERM);
		kill_ns = mono_ns() + STOP_NS;
		stopping = true;
	}
}

/* Written by this process while no worker is there to write. */
static void tell_blind(__u64 from_ns, int status, char *reason)
{
	struct gap record = { .from_ns = from_ns };

	if (WIFSIGNALED(status))
		snprintf(reason, REASON_BYTES, "the tracer was ended by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(reason, REASON_BYTES, "the tracer ended with status %d", WEXITSTATUS(status));
	fprintf(stderr, "klpscope-tracer: %s\n", reason);
	/* One that failed by itself has said why. */
	if (!WIFSIGNALED(status))
		return;
	memcpy(record.reason, reason, sizeof(record.reason));
	frames_put_own(RECORD_GAP, &record, sizeof(record));
	frames_flush();
}

/* A worker tells by writing to it; meanwhile there is none. */
static bool is_reader_gone(void)
{
	struct pollfd polled = { .fd = STDOUT_FILENO, .events = POLLRDHUP };

	return poll(&polled, 1, 0) > 0 && polled.revents & (POLLRDHUP | POLLERR | POLLHUP);
}

/* True: it was told to stop meanwhile. */
static bool backed_off(time_t seconds)
{
	__u64 until = mono_ns() + seconds * SECOND_NS;

	while (mono_ns() < until) {
		int signal = next_signal(1000);

		if ((signal && signal != SIGCHLD) || is_reader_gone())
			return true;
	}
	return false;
}

static int watch_over(const struct options *options)
{
	char reason[REASON_BYTES] = "";
	__u64 blind_ns = 0;
	time_t backoff_s = 1;

	while (!stopping) {
		__u64 began_ns = mono_ns();
		int status;

		start_worker(options, blind_ns, reason);
		status = watch();
		if (stopping || (WIFEXITED(status) && WEXITSTATUS(status) != WORKER_FAILED))
			break;
		if (progress->sees || !blind_ns)
			blind_ns = mono_ns();
		progress->sees = false;
		tell_blind(blind_ns, status, reason);
		backoff_s = mono_ns() - began_ns > LASTED_NS ? 1 : backoff_s;
		stopping = backed_off(backoff_s);
		backoff_s = 2 * backoff_s < MAX_BACKOFF_S ? 2 * backoff_s : MAX_BACKOFF_S;
	}
	return EXIT_SUCCESS;
}

static __u32 number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	/* A million kilobytes are as large as a ring buffer can be, and enough for the others. */
	if (!*text || *end || value == 0 || value > 1000000) {
		fprintf(stderr, "klpscope-tracer: not a number from 1 to 1000000: %s\n", text);
		exit(EXIT_FAILURE);
	}
	return value;
}

static int put_layout(void)
{
	struct klpscope_bpf *skeleton = klpscope_bpf__open();

	if (!skeleton || !hello_put(bpf_object__btf(skeleton->obj)))
		return EXIT_FAILURE;
	return frames_flush() && frames_empty() ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int put_check(void)
{
	char reason[REASON_BYTES];

	if (!object_check(reason, sizeof(reason))) {
		fprintf(stderr, "klpscope-tracer: %s\n", reason);
		return EXIT_FAILURE;
	}
	object_put_ready();
	return frames_flush() && frames_empty() ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int count, char **arguments)
{
	static const struct option known[] = {
		{ "shadow-check", required_argument, NULL, 's' },
		{ "call-budget", required_argument, NULL, 'c' },
		{ "buffer", required_argument, NULL, 'b' },
		{ "passive", no_argument, NULL, 'p' },
		{ "check", no_argument, NULL, 'k' },
		{ "layout", no_argument, NULL, 'l' },
		{ NULL, 0, NULL, 0 },
	};
	struct options options = { .shadow_check_s = 60, .call_budget_per_s = 100000, .buffer_kb = 4096 };
	int option;

	while ((option = getopt_long(count, arguments, "", known, NULL)) != -1) {
		if (option == 's')
			options.shadow_check_s = number(optarg);
		else if (option == 'c')
			options.call_budget_per_s = number(optarg);
		else if (option == 'b')
			options.buffer_kb = number(optarg);
		else if (option == 'p')
			passive_ask();
		else if (option == 'k')
			return put_check();
		else
			return option == 'l' ? put_layout() : EXIT_FAILURE;
	}
	if (geteuid()) {
		fprintf(stderr, "klpscope-tracer: it has to be started as root, to load BPF programs.\n");
		return EXIT_FAILURE;
	}
	progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (progress == MAP_FAILED) {
		perror("klpscope-tracer: mmap");
		return EXIT_FAILURE;
	}
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	frames_begin();
	return watch_over(&options);
}
