// SPDX-License-Identifier: MIT
#include "probe-address.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of the kernel's dynamic event source; 0: it has none. */
static __u32 kprobe_type;

void probe_address_begin(void)
{
	FILE *file = fopen("/sys/bus/event_source/devices/kprobe/type", "r");

	if (file && fscanf(file, "%u", &kprobe_type) != 1)
		kprobe_type = 0;
	if (file)
		fclose(file);
}

bool probe_address_needs_administrator(void)
{
	FILE *file = fopen("/proc/sys/kernel/perf_event_paranoid", "r");
	int level = 0;

	if (file && fscanf(file, "%d", &level) != 1)
		level = 0;
	if (file)
		fclose(file);
	return level > 2;
}

static int open_event(__u64 address)
{
	struct perf_event_attr attributes = { .type = kprobe_type, .size = sizeof(attributes) };

	attributes.kprobe_addr = address;
	return syscall(SYS_perf_event_open, &attributes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
}

static struct bpf_link *attach(struct klpscope_bpf *skeleton, int event, __u64 address, __u32 slot)
{
	LIBBPF_OPTS(bpf_perf_event_opts, with_cookie, .bpf_cookie = slot);
	static bool no_cookies;
	struct bpf_link *link;

	/* Before 5.15 there are no cookies, and libbpf says so of all but 0: the program finds the slot by the address. */
	bpf_map_update_elem(bpf_map__fd(skeleton->maps.function_slots), &address, &slot, BPF_ANY);
	if (no_cookies)
		return bpf_program__attach_perf_event(skeleton->progs.function_called, event);
	link = bpf_program__attach_perf_event_opts(skeleton->progs.function_called, event, &with_cookie);
	if (link || errno != EOPNOTSUPP)
		return link;
	no_cookies = true;
	return bpf_program__attach_perf_event(skeleton->progs.function_called, event);
}

struct bpf_link *probe_address(struct klpscope_bpf *skeleton, __u64 address, __u32 slot)
{
	struct bpf_link *link;
	int event;

	/* The program was left out: opening the event alone would put a probe there. */
	if (bpf_program__fd(skeleton->progs.function_called) < 0) {
		errno = ECANCELED;
		return NULL;
	}
	if (!kprobe_type) {
		errno = EOPNOTSUPP;
		return NULL;
	}
	event = open_event(address);
	if (event < 0)
		return NULL;
	link = attach(skeleton, event, address, slot);
	if (!link)
		close(event);
	return link;
}
