// SPDX-License-Identifier: MIT
#include "object.h"
#include "choice.h"
#include "hello.h"
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

/* What libbpf said of the program that the kernel refused. */
static char refused[64];

static int on_libbpf(enum libbpf_print_level level, const char *format, va_list arguments)
{
	char line[512];

	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(line, sizeof(line), format, arguments);
	if (strstr(line, "failed to load: "))
		sscanf(line, "libbpf: prog '%63[^']'", refused);
	/* The verifier's log is thousands of lines: the first say which program. */
	line[strcspn(line, "\n")] = 0;
	return fprintf(stderr, "%s\n", line);
}

/* Opens the object anew for each try: after a failure it cannot be loaded again. */
static struct klpscope_bpf *load_once(const struct btf *kernel, __u32 buffer_kb, int *error)
{
	struct klpscope_bpf *skeleton = klpscope_bpf__open();

	*error = -errno;
	if (!skeleton)
		return NULL;
	skeleton->rodata->possible_cpus = libbpf_num_possible_cpus();
	bpf_map__set_max_entries(skeleton->maps.records, buffer_kb * 1024);
	bpf_map__set_max_entries(skeleton->maps.function_counts, FUNCTION_SLOTS * skeleton->rodata->possible_cpus);
	choose(skeleton, kernel);
	skeleton->rodata->frees_are_seen = bpf_program__autoload(skeleton->progs.shadow_free_struct);
	*error = klpscope_bpf__load(skeleton);
	if (!*error)
		return skeleton;
	klpscope_bpf__destroy(skeleton);
	return NULL;
}

/* The program that the kernel's verifier refused, as libbpf said. */
static void leave_out_refused(int error)
{
	struct klpscope_bpf *skeleton = klpscope_bpf__open();
	struct bpf_program *program;
	unsigned int number = 0;

	if (!skeleton)
		return;
	bpf_object__for_each_program(program, skeleton->obj) {
		if (!strcmp(bpf_program__name(program), refused))
			choice_leave_out(number, error, "this kernel's verifier refuses the program");
		number++;
	}
	klpscope_bpf__destroy(skeleton);
}

/* A program that is refused costs what it sees, not all of them. */
static struct klpscope_bpf *load(const struct btf *kernel, __u32 buffer_kb, int *error)
{
	for (unsigned int tries = 0; tries < MAX_PROGRAMS; tries++) {
		struct klpscope_bpf *skeleton;

		*refused = 0;
		skeleton = load_once(kernel, buffer_kb, error);
		if (skeleton || !*refused)
			return skeleton;
		leave_out_refused(*error);
	}
	return NULL;
}

/* Programs that are run, read or attached later have no place of their own to be attached to. */
static bool attaches_itself(const struct bpf_program *program)
{
	return strchr(bpf_program__section_name(program), '/');
}

/* What READY says. */
static unsigned int attached, lacking;
static __u64 load_ns, attach_ns;

static void put_probe(const struct bpf_program *program, const struct choice *choice)
{
	const char *reason = *choice->reason ? choice->reason : choice->silent;

	if (choice->spare)
		return;
	if (reason)
		lacking++;
	else
		attached++;
	hello_put_probe(bpf_program__name(program), choice_subject(program, choice), reason,
			*choice->reason || !reason ? choice->error : -ESHUTDOWN);
}

void object_put_probes(const struct klpscope_bpf *skeleton)
{
	struct bpf_program *program;
	unsigned int number = 0;

	attached = lacking = 0;
	bpf_object__for_each_program(program, skeleton->obj)
		put_probe(program, choice_of(number++));
}

bool object_attached(const struct klpscope_bpf *skeleton, const struct bpf_program *program)
{
	return !*choice_for(skeleton, program)->reason;
}

/* An iterator over a map has to be told which. */
static struct bpf_link *attach_one(const struct klpscope_bpf *skeleton, const struct bpf_program *program)
{
	union bpf_iter_link_info over = { .map.map_fd = bpf_map__fd(skeleton->maps.symbol_numbers) };
	LIBBPF_OPTS(bpf_iter_attach_opts, options, .link_info = &over, .link_info_len = sizeof(over));

	if (program == skeleton->progs.name_addresses)
		return bpf_program__attach_iter(program, &options);
	return bpf_program__attach(program);
}

static void attach(struct klpscope_bpf *skeleton)
{
	struct bpf_program *program;
	unsigned int number = 0;

	bpf_object__for_each_program(program, skeleton->obj) {
		struct choice *choice = choice_of(number);
		struct bpf_link *link = NULL;

		number++;
		if (!*choice->reason && attaches_itself(program)) {
			link = attach_one(skeleton, program);
			if (!link) {
				choice->error = -errno;
				snprintf(choice->reason, REASON_BYTES, "the kernel refuses the probe: %s",
					 strerror(errno));
			}
		}
		/* The others are kept by their open descriptors alone: they end with this process, however that ends. */
		if (program == skeleton->progs.list_tasks)
			skeleton->links.list_tasks = link;
		if (program == skeleton->progs.list_waited_for)
			skeleton->links.list_waited_for = link;
		if (program == skeleton->progs.name_addresses)
			skeleton->links.name_addresses = link;
		if (program == skeleton->progs.list_links)
			skeleton->links.list_links = link;
		if (program == skeleton->progs.list_link_holders)
			skeleton->links.list_link_holders = link;
	}
}

/* HELLO, and the kernel's BTF; NULL: `reason` says why. */
static struct btf *begin(char *reason, size_t bytes)
{
	struct klpscope_bpf *skeleton;
	struct btf *kernel = NULL;

	libbpf_set_print(on_libbpf);
	skeleton = klpscope_bpf__open();
	if (!skeleton || !hello_put(bpf_object__btf(skeleton->obj))) {
		snprintf(reason, bytes, "the BPF object does not hold the layout of its records");
	} else {
		kernel = btf__load_vmlinux_btf();
		if (!kernel)
			snprintf(reason, bytes, "the kernel has no BTF (CONFIG_DEBUG_INFO_BTF): %s", strerror(errno));
	}
	klpscope_bpf__destroy(skeleton);
	return kernel;
}

bool object_check(char *reason, size_t bytes)
{
	struct btf *kernel = begin(reason, bytes);
	struct klpscope_bpf *skeleton = kernel ? klpscope_bpf__open() : NULL;

	if (!skeleton)
		return false;
	choose(skeleton, kernel);
	object_put_probes(skeleton);
	return true;
}

struct klpscope_bpf *object_start(__u32 buffer_kb, char *reason, size_t bytes)
{
	/* 5.10 accounts maps as locked memory. */
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct klpscope_bpf *skeleton;
	struct btf *kernel;
	__u64 began;
	int error;

	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	kernel = begin(reason, bytes);
	if (!kernel)
		return NULL;
	began = mono_ns();
	skeleton = load(kernel, buffer_kb, &error);
	btf__free(kernel);
	if (!skeleton) {
		snprintf(reason, bytes, "the kernel does not take the BPF object: %s", strerror(-error));
		return NULL;
	}
	load_ns = mono_ns() - began;
	attach(skeleton);
	object_put_probes(skeleton);
	attach_ns = mono_ns() - began - load_ns;
	return skeleton;
}

void object_put_ready(void)
{
	hello_put_ready(attached, lacking, load_ns, attach_ns);
}

bool object_run(const struct bpf_program *program)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);
	int program_fd = bpf_program__fd(program);

	return program_fd >= 0 && !bpf_prog_test_run_opts(program_fd, &options);
}
