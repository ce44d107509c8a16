// SPDX-License-Identifier: MIT
#include "frames.h"
#include "../state.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/*
 * What a reader that is busy for a moment may leave lying here. Behind it stands the ring buffer: when this is full
 * nothing is taken out of that, and what then finds no room there is counted by kind.
 */
static unsigned char pending[512 * 1024];
static size_t from, to;

static __u64 written[RECORD_KINDS], unwritten[RECORD_KINDS];

__u64 mono_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

void frames_begin(void)
{
	signal(SIGPIPE, SIG_IGN);
	fcntl(STDOUT_FILENO, F_SETFL, fcntl(STDOUT_FILENO, F_GETFL) | O_NONBLOCK);
}

bool frames_room(unsigned int frames)
{
	return sizeof(pending) - (to - from) >= (size_t)frames * FRAME_MAX;
}

bool frames_empty(void)
{
	return from == to;
}

void frames_forget(void)
{
	from = to = 0;
}

bool frames_put(enum frame_type type, const void *payload, size_t bytes)
{
	struct frame_header header = { .bytes = bytes, .type = type, .version = FRAME_VERSION };
	size_t whole = sizeof(header) + bytes;

	if (whole > FRAME_MAX || to - from + whole > sizeof(pending))
		return false;
	if (to + whole > sizeof(pending)) {
		memmove(pending, pending + from, to - from);
		to -= from;
		from = 0;
	}
	memcpy(pending + to, &header, sizeof(header));
	memcpy(pending + to + sizeof(header), payload, bytes);
	to += whole;
	return true;
}

bool frames_put_record(const void *record, size_t bytes)
{
	const struct record_header *header = record;

	if (!frames_put(FRAME_RECORD, record, bytes))
		return false;
	if (header->kind < RECORD_KINDS)
		written[header->kind]++;
	return true;
}

bool frames_put_own(enum record_kind kind, void *record, size_t bytes)
{
	struct record_header *header = record;

	header->kind = kind;
	header->cpu = 0;
	header->mono_ns = mono_ns();
	if (frames_put_record(record, bytes))
		return true;
	unwritten[kind]++;
	return false;
}

/* As many whole frames as one write may hold. */
static size_t next_chunk(void)
{
	size_t chunk = 0;

	while (from + chunk < to) {
		struct frame_header header;

		memcpy(&header, pending + from + chunk, sizeof(header));
		if (chunk + sizeof(header) + header.bytes > FRAME_MAX)
			break;
		chunk += sizeof(header) + header.bytes;
	}
	return chunk;
}

bool frames_flush(void)
{
	/* What is left of a chunk: a file or a socket may take a part of one. */
	static size_t chunk;

	while (from < to) {
		ssize_t done;

		if (!chunk)
			chunk = next_chunk();
		done = write(STDOUT_FILENO, pending + from, chunk);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return errno == EAGAIN;
		from += done;
		chunk -= done;
	}
	from = to = 0;
	return true;
}

void frames_put_busy(void)
{
	struct busy record = {};

	frames_put_own(RECORD_BUSY, &record, sizeof(record));
	frames_flush();
}

void frames_put_accounts(const struct record_account *accounts)
{
	static struct account told[RECORD_KINDS];

	for (int kind = 1; kind < RECORD_KINDS; kind++) {
		struct account now = {
			.of_kind = kind,
			.emitted = accounts[kind].emitted,
			.unreserved = accounts[kind].unreserved,
			.written = written[kind],
			.unwritten = unwritten[kind],
		};

		/* An account of accounts would never be done. */
		if (kind == RECORD_ACCOUNT || (told[kind].emitted == now.emitted && told[kind].written == now.written &&
					       told[kind].unwritten == now.unwritten))
			continue;
		if (!frames_put_own(RECORD_ACCOUNT, &now, sizeof(now)))
			return;
		told[kind] = now;
	}
}
