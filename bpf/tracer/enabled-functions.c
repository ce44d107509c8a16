// SPDX-License-Identifier: MIT
#include "enabled-functions.h"
#include "schedule.h"
#include "text.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * The kernel goes through all functions for each few kilobytes, and somebody may trace all of them: what has taken that
 * long is not read to its end.
 */
#define MAX_READING_NS 1000000000ull
#define PIECE 8192
/* Room for its lines and the end: each brings along its headers, and the shortest is more than ten bytes long. */
#define PIECE_FRAMES (4 * PIECE / FRAME_MAX)

static int fd = -1;
/* FNV-1a over what the inventory that passes by says is patched; and of the one for which the list was read last. */
#define FNV_BASIS 0xcbf29ce484222325ull
#define FNV_PRIME 0x100000001b3ull
static __u64 passing = FNV_BASIS, listed;

static bool due, reading;
static off_t offset;
static __u64 reading_ns;
/* A line whose end has not been read: as much of it as a frame takes, and one more byte to see that it is longer. */
static char line[TEXT_MAX + 1];
static size_t line_bytes;

void enabled_functions_begin(void)
{
	static const char *const places[] = { "/sys/kernel/tracing/enabled_functions",
					      "/sys/kernel/debug/tracing/enabled_functions" };

	for (size_t i = 0; i < sizeof(places) / sizeof(*places) && fd < 0; i++)
		fd = open(places[i], O_RDONLY | O_CLOEXEC);
}

static void add(const void *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		passing = (passing ^ ((const unsigned char *)bytes)[i]) * FNV_PRIME;
}

static void add_name(const char *name, size_t room)
{
	add(name, strnlen(name, room) + 1);
}

static void add_func(const struct inventory_func *func)
{
	add_name(func->function, sizeof(func->function));
	add(&func->old_sympos, sizeof(func->old_sympos));
	add(&func->old_func, sizeof(func->old_func));
	add(&func->new_func, sizeof(func->new_func));
	add(&func->patched, sizeof(func->patched));
	/* Who stands before it for the same function. */
	add(&func->stack_prev, sizeof(func->stack_prev));
}

void enabled_functions_see(const struct record_header *record, struct walk_step step)
{
	const struct inventory_patch *patch = (const void *)record;
	const struct inventory_object *object = (const void *)record;

	if (step.first)
		passing = FNV_BASIS;
	if (record->kind == RECORD_INVENTORY_PATCH)
		add_name(patch->patch, sizeof(patch->patch));
	else if (record->kind == RECORD_INVENTORY_OBJECT)
		add_name(object->object, sizeof(object->object));
	else if (record->kind == RECORD_INVENTORY_FUNC)
		add_func((const void *)record);
	if (!step.whole || passing == listed)
		return;
	listed = passing;
	due = true;
}

static void end(__u32 flags)
{
	reading = false;
	text_put(TEXT_ENABLED_FUNCTIONS_END, flags, "", 0);
}

/*
 * `name [module] (references) flags …`: the flag I stands for a site whose handler changes the instruction pointer.
 * Source: kernel/trace/ftrace.c, t_show.
 */
static bool is_livepatched(void)
{
	const char *at = memchr(line, '(', line_bytes), *past = line + line_bytes;

	if (!at)
		return false;
	for (at++; at < past && isdigit(*at); at++)
		;
	if (at == past || *at != ')')
		return false;
	for (at++; at < past && (*at == ' ' || isupper(*at)); at++)
		if (*at == 'I')
			return true;
	return false;
}

static bool end_line(void)
{
	bool put = !is_livepatched() || text_put(TEXT_ENABLED_FUNCTIONS, 0, line, line_bytes);

	line_bytes = 0;
	return put;
}

/* False: there was no room. */
static bool take(const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (bytes[i] == '\n') {
			if (!end_line())
				return false;
		} else if (line_bytes < sizeof(line)) {
			line[line_bytes++] = bytes[i];
		}
	}
	return true;
}

static void read_on(void)
{
	static char piece[PIECE];
	__u64 before;
	ssize_t got;

	/* The kernel holds the same lock while it livepatches hundreds of functions. */
	frames_put_busy();
	before = mono_ns();
	got = pread(fd, piece, sizeof(piece), offset);
	reading_ns += mono_ns() - before;
	if (got < 0 && errno == EINTR)
		return;
	if (got == 0)
		end(0);
	else if (got < 0)
		end(TEXT_INCOMPLETE);
	else if (!take(piece, got) || reading_ns > MAX_READING_NS)
		end(TEXT_INCOMPLETE);
	else
		offset += got;
}

void enabled_functions_begin_anew(void)
{
	listed = 0;
}

bool enabled_functions_go_on(void)
{
	if ((!due && !reading) || schedule_is_quiet() || !frames_room(PIECE_FRAMES))
		return false;
	if (fd < 0) {
		due = false;
		end(TEXT_UNREADABLE);
		return false;
	}
	if (!reading) {
		due = false;
		reading = true;
		offset = 0;
		reading_ns = 0;
		line_bytes = 0;
	}
	read_on();
	return reading || due;
}
