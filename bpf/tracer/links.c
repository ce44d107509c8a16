// SPDX-License-Identifier: MIT
#include "links.h"
#include "schedule.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <unistd.h>

/* One answer is good for all tasks that were blocked at about that time. */
#define EVERY_NS (10 * 1000000000ull)
/* The list goes through every open file of the host. */
#define SHARE 20
/* Rows of one read. */
#define ROWS 64
#define ROWS_FRAMES (ROWS * (sizeof(struct tracing_link) + sizeof(struct frame_header)) / FRAME_MAX + 2)

/* Both lists, one after the other; an iterator that this kernel lacks is NULL. */
static const struct bpf_link *lists[2];

#define LISTS (sizeof(lists) / sizeof(*lists))

static bool wanted, reading, complete;
static unsigned int at;
static int fd = -1;
static __u32 rows;
static __u64 due_ns, began_ns, reading_ns;

void links_begin(const struct klpscope_bpf *skeleton)
{
	lists[0] = skeleton->links.list_links;
	lists[1] = skeleton->links.list_link_holders;
}

void links_want(void)
{
	wanted = true;
}

void links_see(const struct record_header *record)
{
	if (record->kind == RECORD_TASK_BLOCKED && ((const struct task_blocked *)record)->error == -EINVAL)
		links_want();
}

static void begin(void)
{
	wanted = false;
	reading = complete = true;
	at = rows = 0;
	reading_ns = 0;
	began_ns = mono_ns();
}

static void end(void)
{
	struct tracing_links_end record = { .rows = rows, .complete = complete };
	__u64 pause_ns = SHARE * reading_ns;

	reading = false;
	due_ns = began_ns + (pause_ns > EVERY_NS ? pause_ns : EVERY_NS);
	frames_put_own(RECORD_TRACING_LINKS_END, &record, sizeof(record));
}

static void end_list(bool whole)
{
	if (fd >= 0)
		close(fd);
	fd = -1;
	complete &= whole;
	if (++at == LISTS)
		end();
}

static void read_on(void)
{
	static struct tracing_link piece[ROWS];
	ssize_t got;

	if (fd < 0 && lists[at])
		fd = bpf_iter_create(bpf_link__fd(lists[at]));
	if (fd < 0) {
		end_list(false);
		return;
	}
	got = read(fd, piece, sizeof(piece));
	if (got < 0 && errno == EINTR)
		return;
	if (got <= 0 || got % sizeof(*piece)) {
		end_list(got == 0);
		return;
	}
	for (size_t row = 0; row < got / sizeof(*piece); row++)
		if (frames_put_record(&piece[row], sizeof(*piece)))
			rows++;
		else
			complete = false;
}

bool links_go_on(void)
{
	__u64 before = mono_ns();

	if (!reading && (!wanted || before < due_ns))
		return false;
	if (schedule_is_quiet() || !frames_room(ROWS_FRAMES))
		return false;
	if (!reading)
		begin();
	read_on();
	reading_ns += mono_ns() - before;
	return reading;
}
