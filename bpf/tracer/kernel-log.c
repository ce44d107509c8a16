// SPDX-License-Identifier: MIT
#include "kernel-log.h"
#include "text.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The kernel's longest record is below this (CONSOLE_EXT_LOG_MAX); with a smaller buffer a read fails. */
#define RECORD_BYTES 8192
/* Records in one turn of the loop. */
#define PER_TURN 64
/*
 * Frames for which there has to be room, more than records of probes ask for: behind a reader that does not keep up the
 * log waits in the kernel, where it is overwritten at last, and the room is theirs.
 */
#define ROOM 32
/* A flood is read in bursts. */
#define PAUSE_NS (1000000000ull / 10)
/* Of a record's first number: the facility, 0 of what the kernel writes itself. Nobody else can write that. */
#define FACILITY_SHIFT 3

static int fd = -1;
static bool told_unreadable;
static __u64 due_ns;
/* The sequence number that comes next; 0: not known. */
static unsigned long long next;
static bool overrun, history = true;

void kernel_log_begin(void)
{
	fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

static void put_lost(unsigned long long sequence)
{
	char text[32];
	/* At least one, as the kernel said that there were some. */
	int bytes = snprintf(text, sizeof(text), "%llu", next && sequence > next ? sequence - next : 1);

	text_put(TEXT_KERNEL_LOG, TEXT_LOST, text, bytes);
}

/* `priority,sequence,microseconds,flags;text`, then perhaps lines ` KEY=value`. */
static void take(const char *record, size_t bytes)
{
	unsigned int priority;
	unsigned long long sequence;

	if (sscanf(record, "%u,%llu,", &priority, &sequence) != 2)
		return;
	if (overrun)
		put_lost(sequence);
	overrun = false;
	next = sequence + 1;
	if (priority >> FACILITY_SHIFT)
		return;
	if (record[bytes - 1] == '\n')
		bytes--;
	text_put(TEXT_KERNEL_LOG, history ? TEXT_EARLIER : 0, record, bytes);
}

static void give_up(void)
{
	if (fd >= 0)
		close(fd);
	fd = -1;
	if (!told_unreadable)
		told_unreadable = text_put(TEXT_KERNEL_LOG, TEXT_UNREADABLE, "", 0);
}

/* Source: Documentation/ABI/testing/dev-kmsg. EPIPE: the next read goes on after what was overwritten. */
static bool read_one(void)
{
	static char record[RECORD_BYTES + 1];
	ssize_t got = read(fd, record, RECORD_BYTES);

	if (got > 0) {
		record[got] = 0;
		take(record, got);
		return true;
	}
	if (got < 0 && errno == EINTR)
		return true;
	if (got < 0 && errno == EPIPE) {
		overrun = true;
		return true;
	}
	if (got == 0 || errno == EAGAIN) {
		history = false;
		due_ns = mono_ns() + PAUSE_NS;
		return false;
	}
	give_up();
	return false;
}

bool kernel_log_go_on(void)
{
	if (mono_ns() < due_ns)
		return false;
	if (fd < 0) {
		give_up();
		return false;
	}
	for (int records = 0; records < PER_TURN; records++)
		if (!frames_room(ROOM) || !read_one())
			return false;
	return true;
}

__u64 kernel_log_due_ns(void)
{
	return due_ns;
}

int kernel_log_fd(void)
{
	/* Behind a reader that is slow it would be readable all the time. */
	return mono_ns() < due_ns || !frames_room(ROOM) ? -1 : fd;
}
