// SPDX-License-Identifier: MIT
#include "calls.h"
#include "counters.h"
#include "probe-address.h"
#include "retired-links.h"
#include "schedule.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* Patches change in bursts, and attaching competes with the transition that brought the change. */
#define SETTLE_NS (2 * 1000000000ull)
/* No link's number: what it sees does not count. */
#define NO_LINK 0xffffffff

struct slot {
	__u64 address; /* 0: free */
	__u64 calls;   /* when they were read last, at read_ns */
	__u64 read_ns;
	__u32 role;
	bool wanted, counting;
	bool left;		/* a whole walk did not show it: with its module its probe is gone, too */
	int error;		/* why it is not counted, until it is not wanted any more */
	struct bpf_link *link;	/* its own; with kprobe.multi all have one together */
};

static struct klpscope_bpf *skeleton;
static __u32 budget;
static struct slot slots[FUNCTION_SLOTS];
/* function_counts of function-calls.bpf.c, which goes on counting. */
static volatile __u64 *counts;
/* How many slots were ever in use: none beyond is. */
static unsigned int used;
static __u64 due_ns;
static struct bpf_link *together;
static bool one_by_one;
/* All probes are to be attached once more, though they count. */
static bool anew;
/* No probe is left that counts nothing. */
static bool is_tidy = true;
/* A function is called so often that its probe must not stay, whatever else is going on. */
static bool is_urgent;

static struct slot *slot_of(__u64 address)
{
	struct slot *unused = NULL;

	for (unsigned int i = 0; i < used; i++) {
		if (slots[i].address == address)
			return &slots[i];
		if (!slots[i].address)
			unused = &slots[i];
	}
	if (!unused && used < FUNCTION_SLOTS)
		unused = &slots[used++];
	return unused;
}

static void tell(const struct slot *slot)
{
	struct function_counting record = { .address = slot->address, .role = slot->role, .error = slot->error,
					    .counting = slot->counting, .budget_per_s = budget };

	frames_put_own(RECORD_FUNCTION_COUNTING, &record, sizeof(record));
}

static void want(__u64 address, __u32 role)
{
	struct slot *slot;

	if (!address)
		return;
	slot = slot_of(address);
	if (!slot) {
		tell(&(struct slot){ .address = address, .role = role, .error = -ENOSPC });
		return;
	}
	if (!slot->address)
		*slot = (struct slot){ .address = address, .role = role };
	slot->wanted = true;
}

/* Whatever is wanted is in the walk that begins. */
static void begin_walk(void)
{
	due_ns = 0;
	for (unsigned int i = 0; i < used; i++)
		slots[i].wanted = false;
}

static void end_walk(void)
{
	due_ns = mono_ns() + SETTLE_NS;
	for (unsigned int i = 0; i < used; i++)
		if (!slots[i].wanted)
			slots[i].left = true;
}

void calls_see(const struct record_header *record, struct walk_step step)
{
	const struct inventory_func *func = (const void *)record;

	if (step.first)
		begin_walk();
	if (step.whole)
		end_walk();
	if (record->kind != RECORD_INVENTORY_FUNC || !func->patched)
		return;
	want(func->old_func, FUNCTION_ORIGINAL);
	if (!func->nop)
		want(func->new_func, FUNCTION_REPLACEMENT);
}

static __u32 number_of(const struct slot *slot)
{
	return slot - slots;
}

/* A slot that begins to count begins at 0. */
static void clear_count(const struct slot *slot)
{
	for (int cpu = 0; cpu < cpus; cpu++)
		counts[cpu * FUNCTION_SLOTS + number_of(slot)] = 0;
}

static __u64 count_of(const struct slot *slot)
{
	__u64 sum = 0;

	for (int cpu = 0; cpu < cpus; cpu++)
		sum += counts[cpu * FUNCTION_SLOTS + number_of(slot)];
	return sum;
}

static void set_counting(struct slot *slot, bool counting, int error)
{
	if (slot->counting == counting && slot->error == error)
		return;
	slot->counting = counting;
	slot->error = error;
	tell(slot);
}

static void begin(struct slot *slot)
{
	if (slot->counting)
		return;
	slot->read_ns = mono_ns();
	slot->calls = 0;
	set_counting(slot, true, 0);
}

static void detach(struct slot *slot)
{
	bpf_link__destroy(slot->link);
	slot->link = NULL;
}

static void let_go(struct slot *slot)
{
	detach(slot);
	bpf_map_delete_elem(bpf_map__fd(skeleton->maps.function_slots), &slot->address);
	set_counting(slot, false, 0);
	*slot = (struct slot){ .address = 0 };
}

/* What went and came back, perhaps as another function, is probed anew. */
static void renew(struct slot *slot)
{
	struct slot fresh = { .address = slot->address, .role = slot->role, .wanted = true };

	if (!slot->address || !slot->wanted || !slot->left)
		return;
	/* With its module the probe has gone already; else it has to be gone before another counts. */
	if (!anew) {
		retired_links_add(slot->link);
		slot->link = NULL;
	}
	let_go(slot);
	*slot = fresh;
}

/* One link for many: it counts once `counting_link` is its number. NULL, and errno, when the kernel refuses one of them. */
static struct bpf_link *probe_together(const unsigned int *numbers, unsigned int count, __u32 link_number)
{
	static unsigned long addresses[FUNCTION_SLOTS];
	static __u64 cookies[FUNCTION_SLOTS];
	LIBBPF_OPTS(bpf_kprobe_multi_opts, options, .addrs = addresses, .cookies = cookies, .cnt = count);

	for (unsigned int i = 0; i < count; i++) {
		addresses[i] = slots[numbers[i]].address;
		cookies[i] = (__u64)link_number << 32 | numbers[i];
	}
	/* Hundreds take seconds on a slow machine, as they do when they are taken away. */
	frames_put_busy();
	return bpf_program__attach_kprobe_multi_opts(skeleton->progs.functions_called, NULL, &options);
}

/* One function that cannot be probed fails all: which it is shows when halves of them are tried. */
static void find_refused(const unsigned int *numbers, unsigned int count)
{
	struct bpf_link *link = probe_together(numbers, count, NO_LINK);

	if (link) {
		retired_links_add(link);
	} else if (count == 1) {
		set_counting(&slots[*numbers], false, -errno);
	} else {
		find_refused(numbers, count / 2);
		find_refused(numbers + count / 2, count - count / 2);
	}
}

static unsigned int to_attach(unsigned int *numbers)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < used; i++)
		if (slots[i].wanted && !slots[i].error)
			numbers[count++] = i;
	return count;
}

/* One link for all takes over from the one before, at the moment that its number is set: no call counts twice. */
static void attach_together(void)
{
	static unsigned int numbers[FUNCTION_SLOTS];
	unsigned int count = to_attach(numbers);
	__u32 number = skeleton->bss->counting_link + 1;
	struct bpf_link *link = NULL;
	int error;

	for (unsigned int i = 0; i < count; i++)
		if (!slots[numbers[i]].counting)
			clear_count(&slots[numbers[i]]);
	if (count && !(link = probe_together(numbers, count, number))) {
		find_refused(numbers, count);
		count = to_attach(numbers);
		link = count ? probe_together(numbers, count, number) : NULL;
	}
	error = link ? 0 : -errno;
	for (unsigned int i = 0; !link && i < count; i++)
		set_counting(&slots[numbers[i]], false, error);
	skeleton->bss->counting_link = number;
	retired_links_add(together);
	together = link;
	for (unsigned int i = 0; link && i < count; i++)
		begin(&slots[numbers[i]]);
}

/* True: there are more. */
static bool attach_one_by_one(void)
{
	unsigned int attached = 0;

	for (unsigned int i = 0; i < used; i++) {
		struct slot *slot = &slots[i];

		if (!slot->wanted || slot->error || slot->link)
			continue;
		if (attached++ == LINKS_PER_TURN)
			return true;
		/* The kernel changes its text, which on a busy machine takes as long as it likes. */
		frames_put_busy();
		clear_count(slot);
		slot->link = probe_address(skeleton, slot->address, i);
		if (slot->link)
			begin(slot);
		else
			set_counting(slot, false, -errno);
	}
	return false;
}

/* True: there are more. */
static bool let_some_go(void)
{
	unsigned int gone = 0;

	for (unsigned int i = 0; i < used; i++) {
		if (!slots[i].address || slots[i].wanted)
			continue;
		if (gone++ == LINKS_PER_TURN)
			return true;
		if (slots[i].link)
			frames_put_busy();
		let_go(&slots[i]);
	}
	return false;
}

/* True: there are more. */
static bool attach_all(void)
{
	if (anew && schedule_in_transition())
		return false;
	for (unsigned int i = 0; i < used; i++)
		renew(&slots[i]);
	anew = false;
	if (!one_by_one)
		attach_together();
	else if (attach_one_by_one())
		return true;
	due_ns = 0;
	is_tidy = false;
	return false;
}

bool calls_go_on(void)
{
	if (due_ns && mono_ns() >= due_ns && attach_all())
		return true;
	/* Last, when nothing counts in their slots any more. */
	if (is_tidy || (schedule_in_transition() && !is_urgent))
		return false;
	if (retired_links_go_on() || let_some_go())
		return true;
	is_urgent = false;
	is_tidy = true;
	return false;
}

void calls_begin_anew(void)
{
	for (unsigned int i = 0; i < used; i++)
		slots[i].left = true;
	anew = true;
	due_ns = mono_ns() + SETTLE_NS;
}

void calls_put(void)
{
	bool over_budget = false;

	for (unsigned int i = 0; i < used; i++) {
		struct slot *slot = &slots[i];
		struct function_calls record = { .address = slot->address, .role = slot->role };
		__u64 now = mono_ns(), before = slot->calls;

		if (!slot->counting)
			continue;
		record.calls = count_of(slot);
		if (record.calls != before && frames_put_own(RECORD_FUNCTION_CALLS, &record, sizeof(record)))
			slot->calls = record.calls;
		if ((record.calls - before) * 1000 > (now - slot->read_ns) / 1000000 * budget) {
			detach(slot);
			set_counting(slot, false, -EBUSY);
			over_budget = true;
		}
		slot->read_ns = now;
	}
	if (over_budget)
		due_ns = mono_ns();
	is_urgent |= over_budget;
}

/* Whether kprobe.multi works here, tried on the canary's function: some kernels know it and lack CONFIG_FPROBE. */
static bool takes_many(void)
{
	const char *function = "proc_pid_patch_state";
	LIBBPF_OPTS(bpf_kprobe_multi_opts, options, .syms = &function, .cnt = 1);
	struct bpf_link *link;

	if (bpf_program__fd(skeleton->progs.functions_called) < 0)
		return false;
	link = bpf_program__attach_kprobe_multi_opts(skeleton->progs.functions_called, NULL, &options);
	bpf_link__destroy(link);
	return link;
}

bool calls_begin(struct klpscope_bpf *of, __u32 budget_per_s)
{
	size_t bytes = (size_t)cpus * FUNCTION_SLOTS * sizeof(*counts);
	void *mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(of->maps.function_counts), 0);

	if (mapped == MAP_FAILED)
		return false;
	counts = mapped;
	skeleton = of;
	budget = budget_per_s;
	one_by_one = !takes_many();
	probe_address_begin();
	return true;
}

bool calls_are_one_by_one(void)
{
	return one_by_one && bpf_program__fd(skeleton->progs.function_called) >= 0;
}
