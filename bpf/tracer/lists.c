// SPDX-License-Identifier: MIT
#include "lists.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* A reader that takes longer for one list gets the rest of it never: it would be of no moment any more. */
#define PATIENCE_NS (10 * 1000000000ull)

/* The list that is being read; fd -1: none. */
static struct {
	int fd;
	enum record_kind kind;
	__u32 rows;
	__u64 began_ns;
} list = { .fd = -1 };

static size_t row_bytes(void)
{
	return list.kind == RECORD_TASK ? sizeof(struct task_row) : sizeof(struct waited_for_row);
}

static void end_list(bool complete)
{
	struct tasks_end end = { .list = list.kind, .rows = list.rows, .complete = complete };

	close(list.fd);
	list.fd = -1;
	frames_put_own(RECORD_TASKS_END, &end, sizeof(end));
}

void list_begin(const struct klpscope_bpf *skeleton, enum record_kind kind)
{
	const struct bpf_link *link =
		kind == RECORD_TASK ? skeleton->links.list_tasks : skeleton->links.list_waited_for;

	if (list.fd >= 0 || !link)
		return;
	list.fd = bpf_iter_create(bpf_link__fd(link));
	list.kind = kind;
	list.rows = 0;
	list.began_ns = mono_ns();
}

bool list_go_on(void)
{
	static unsigned char rows[16 * 1024];

	/* For the rows of one read with their headers, and for the end. */
	while (list.fd >= 0 && frames_room(2 * sizeof(rows) / FRAME_MAX + 1)) {
		ssize_t got = read(list.fd, rows, sizeof(rows) / row_bytes() * row_bytes());

		if (got < 0 && errno == EINTR)
			continue;
		/* The kernel hands out whole rows. */
		if (got <= 0 || got % row_bytes()) {
			end_list(got == 0);
			return false;
		}
		for (unsigned char *row = rows; row < rows + got; row += row_bytes()) {
			if (!frames_put_record(row, row_bytes())) {
				end_list(false);
				return false;
			}
			list.rows++;
		}
	}
	if (list.fd >= 0 && mono_ns() - list.began_ns > PATIENCE_NS)
		end_list(false);
	return list.fd >= 0;
}
