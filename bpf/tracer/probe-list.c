// SPDX-License-Identifier: MIT
#include "probe-list.h"
#include "choice.h"
#include "schedule.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EVERY_NS (3 * 1000000000ull)
/* Reading may take one part of so many of the time. */
#define SHARE 20

static const char silent[] = "the kernel has disabled its probe (/sys/kernel/debug/kprobes/list)";

/* A function of the kernel, and kprobes or kretprobes on it. */
static struct probed {
	const char *function;
	char type;	       /* 'k' or 'r', as in the list */
	unsigned int ours;     /* so many of the probes are the tracer's; others may have theirs there */
	unsigned int firing;   /* of those that are listed */
	unsigned int listed;
	bool silent, returned;
	__u64 firing_ns, silent_ns; /* when they were seen to fire last, and since when they do not */
} probed[MAX_PROGRAMS];

static unsigned int count;
static struct klpscope_bpf *skeleton;
static int fd = -1;
static __u64 due_ns;
/* Since the last call of probe_list_go_on(). */
static bool changed;

static struct probed *find(const char *function, char type)
{
	for (unsigned int i = 0; i < count; i++)
		if (probed[i].type == type && !strcmp(probed[i].function, function))
			return &probed[i];
	return NULL;
}

static char type_of(const struct bpf_program *program)
{
	return !strncmp(bpf_program__section_name(program), "kretprobe/", strlen("kretprobe/")) ? 'r' : 'k';
}

static struct probed *probed_by(const struct bpf_program *program)
{
	const char *function = choice_function(program);

	return function ? find(function, type_of(program)) : NULL;
}

static void add(const struct bpf_program *program)
{
	struct probed *known = probed_by(program);

	if (!known && count < MAX_PROGRAMS) {
		known = &probed[count++];
		*known = (struct probed){ .function = choice_function(program), .type = type_of(program) };
	}
	if (known)
		known->ours++;
}

/* `address type function+0xoffset`, perhaps ` [module]`, then marks like `[DISABLED]`. Source: kernel/kprobes.c, report_probe. */
static void take(char *line)
{
	char type, function[SYMBOL_BYTES];
	struct probed *known;

	if (sscanf(line, "%*s %c %511[^+ ]", &type, function) != 2)
		return;
	known = find(function, type);
	if (!known)
		return;
	known->listed++;
	known->firing += !strstr(line, "[DISABLED]") && !strstr(line, "[GONE]");
}

/* False: it cannot be read to its end. */
static bool read_all(void)
{
	static char text[8192];
	size_t have = 0;
	off_t offset = 0;
	ssize_t got;

	for (unsigned int i = 0; i < count; i++)
		probed[i].firing = probed[i].listed = 0;
	while ((got = pread(fd, text + have, sizeof(text) - 1 - have, offset)) != 0) {
		char *line, *end;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return false;
		offset += got;
		have += got;
		text[have] = 0;
		for (line = text; (end = strchr(line, '\n')); line = end + 1) {
			*end = 0;
			take(line);
		}
		have -= line - text;
		memmove(text, line, have + 1);
		if (have == sizeof(text) - 1)
			return false;
	}
	return true;
}

/* Fewer fire than are ours: at least one of ours does not. */
static bool judge(__u64 now)
{
	bool is_news = false;

	for (unsigned int i = 0; i < count; i++) {
		struct probed *one = &probed[i];
		bool was_silent = one->silent;

		one->silent = one->firing < one->ours;
		if (one->silent && !was_silent)
			one->silent_ns = one->firing_ns;
		if (!one->silent)
			one->firing_ns = now;
		one->returned |= was_silent && !one->silent;
		is_news |= was_silent != one->silent;
	}
	return is_news;
}

static void set_choices(void)
{
	struct bpf_program *program;
	unsigned int number = 0;

	bpf_object__for_each_program(program, skeleton->obj) {
		const struct probed *of = probed_by(program);

		choice_of(number++)->silent = of && of->silent ? silent : NULL;
	}
}

static void look(void)
{
	__u64 before = mono_ns(), took_ns;

	if (fd >= 0 && count && read_all() && judge(before)) {
		set_choices();
		changed = true;
	}
	took_ns = mono_ns() - before;
	due_ns = before + (SHARE * took_ns > EVERY_NS ? SHARE * took_ns : EVERY_NS);
}

bool probe_list_go_on(void)
{
	bool was_changed;

	if (mono_ns() >= due_ns && !schedule_is_quiet())
		look();
	was_changed = changed;
	changed = false;
	return was_changed;
}

bool probe_list_silences(const struct bpf_program *program)
{
	const struct probed *of = probed_by(program);

	look();
	return of && of->silent;
}

bool probe_list_tell_returned(void (*tell)(const char *function, __u64 from_ns, bool over, const char *why))
{
	bool told = false;

	for (unsigned int i = 0; i < count; i++) {
		if (!probed[i].returned)
			continue;
		probed[i].returned = false;
		told = true;
		tell(probed[i].function, probed[i].silent_ns, true, silent);
	}
	return told;
}

void probe_list_begin(struct klpscope_bpf *of)
{
	struct bpf_program *program;
	unsigned int kept = 0;

	skeleton = of;
	fd = open("/sys/kernel/debug/kprobes/list", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	bpf_object__for_each_program(program, skeleton->obj)
		if (choice_function(program) && object_attached(skeleton, program))
			add(program);
	if (!read_all())
		count = 0;
	/* A function that is listed by another name is not heeded. */
	for (unsigned int i = 0; i < count; i++)
		if (probed[i].listed >= probed[i].ours)
			probed[kept++] = probed[i];
	count = kept;
	for (unsigned int i = 0; i < count; i++)
		probed[i].firing_ns = mono_ns();
}
