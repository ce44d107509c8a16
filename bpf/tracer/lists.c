// SPDX-License-Identifier: MIT
#include "lists.h"
#include "symbol-names.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* A reader that takes longer for one list gets the rest of it never: it would be of no moment any more. */
#define PATIENCE_NS (10 * 1000000000ull)
/* A list may take one part of so many of the time. */
#define SHARE 20
#define NEVER (~0ull)

struct list {
	enum record_kind kind;
	size_t row_bytes;
	const struct bpf_link *link;
	bool wanted;
	__u64 wanted_ns; /* when the last one was, and how long reading that took */
	__u64 took_ns;
};

/* Who is waited for goes first: it is the shorter one, and about to change. */
static struct list lists[] = {
	{ .kind = RECORD_TASK_WAITED_FOR, .row_bytes = sizeof(struct waited_for_row) },
	{ .kind = RECORD_TASK, .row_bytes = sizeof(struct task_row) },
};

#define LISTS (sizeof(lists) / sizeof(*lists))

static const struct klpscope_bpf *skeleton;

/* The one that is being read, or NULL. */
static struct list *current;
static int fd;
static __u32 rows;
static __u64 began_ns, reading_ns;
/* What was read and not passed on, and how many records had been written to the ring buffer by then. */
static unsigned char piece[16 * 1024];
static size_t from, to;
static __u64 records_before;
/* Nothing is left to be read; the list is complete. */
static bool ended, complete;

static struct list *list_of(enum record_kind kind)
{
	return kind == RECORD_TASK ? &lists[1] : &lists[0];
}

void lists_begin(const struct klpscope_bpf *of)
{
	skeleton = of;
	list_of(RECORD_TASK)->link = of->links.list_tasks;
	list_of(RECORD_TASK_WAITED_FOR)->link = of->links.list_waited_for;
}

void list_want(enum record_kind kind, __u64 every_ns, __u64 now)
{
	struct list *list = list_of(kind);
	__u64 pause_ns = SHARE * list->took_ns;

	if (pause_ns < every_ns)
		pause_ns = every_ns;
	if (list == current || list->wanted || !list->link || now - list->wanted_ns < pause_ns)
		return;
	list->wanted = true;
	list->wanted_ns = now;
}

void list_hurry(enum record_kind kind)
{
	list_of(kind)->wanted_ns = 0;
}

static void begin(void)
{
	for (struct list *list = lists; list < lists + LISTS && !current; list++) {
		if (!list->wanted)
			continue;
		list->wanted = false;
		fd = bpf_iter_create(bpf_link__fd(list->link));
		if (fd < 0)
			continue;
		current = list;
		began_ns = mono_ns();
		reading_ns = 0;
		rows = 0;
		from = to = 0;
		ended = complete = false;
	}
}

static void end(bool whole)
{
	struct tasks_end record = { .list = current->kind, .rows = rows, .complete = whole };

	close(fd);
	current->took_ns = reading_ns;
	current = NULL;
	frames_put_own(RECORD_TASKS_END, &record, sizeof(record));
}

/*
 * A record is counted before it gets its time: one that is older than a row is counted when that has been read. What
 * was counted and found no room is not in the ring buffer.
 */
static __u64 records_written(void)
{
	__u64 sum = 0;

	for (int kind = 1; kind < RECORD_KINDS; kind++) {
		const volatile struct record_account *account = &skeleton->bss->record_accounts[kind];
		__u64 emitted = account->emitted;

		sum += emitted - account->unreserved;
	}
	return sum;
}

void lists_read(void)
{
	__u64 before = mono_ns();
	ssize_t got;

	if (!current)
		begin();
	if (!current || ended || from < to || !frames_room(LIST_FRAMES))
		return;
	got = read(fd, piece, sizeof(piece) / current->row_bytes * current->row_bytes);
	if (got < 0 && errno == EINTR)
		return;
	reading_ns += mono_ns() - before;
	records_before = records_written();
	/* The kernel hands out whole rows. */
	if (got <= 0 || got % current->row_bytes) {
		ended = true;
		complete = got == 0;
		return;
	}
	from = 0;
	to = got;
}

static bool put_rows(__u64 until_ns)
{
	while (from < to) {
		const struct record_header *row = (const void *)(piece + from);

		if (row->mono_ns > until_ns)
			return true;
		if (!frames_put_record(row, current->row_bytes))
			return false;
		symbol_names_see(row, (struct walk_step){});
		from += current->row_bytes;
		rows++;
	}
	return true;
}

void lists_put_before(const struct record_header *record)
{
	if (current && !put_rows(record->mono_ns))
		end(false);
}

bool lists_put(__u64 consumed)
{
	if (current && consumed >= records_before && frames_room(LIST_FRAMES)) {
		if (!put_rows(NEVER))
			end(false);
		else if (ended)
			end(complete);
	}
	if (current && mono_ns() - began_ns > PATIENCE_NS)
		end(false);
	return current || lists[0].wanted || lists[1].wanted;
}
