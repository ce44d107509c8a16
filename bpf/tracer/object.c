// SPDX-License-Identifier: MIT
#include "object.h"
#include "hello.h"
#include "symbols.h"
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define MAX_PROGRAMS 96

/* A program that is left out, and why; the programs are in the object's order. */
struct choice {
	char reason[REASON_BYTES];
	int error;
};

static struct choice choices[MAX_PROGRAMS];
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

static void leave_out(unsigned int program, int error, const char *reason)
{
	if (program >= MAX_PROGRAMS || *choices[program].reason)
		return;
	snprintf(choices[program].reason, REASON_BYTES, "%s", reason);
	choices[program].error = error;
}

/* The kernel function of a kprobe or kretprobe, or NULL. */
static const char *function_of(const struct bpf_program *program)
{
	const char *section = bpf_program__section_name(program);
	const char *slash = strchr(section, '/');

	return slash && strstr(section, "probe/") ? slash + 1 : NULL;
}

/* The kernel's variables without which a program is of no use. */
static const struct need {
	const char *program, *variable;
} needs[] = {
	{ "walk_inventory", "klp_patches" },  { "walk_shadow", "klp_shadow_hash" },
	{ "walk_shadow", "klp_shadow_lock" }, { "list_waited_for", "klp_target_state" },
	{ "walk_idle", "runqueues" },	      { "walk_idle", "__per_cpu_offset" },
};

#define NEEDS (sizeof(needs) / sizeof(*needs))

static const struct symbol_count *find(const struct symbol_count *symbols, unsigned int count, const char *name)
{
	for (unsigned int i = 0; i < count; i++)
		if (!strcmp(symbols[i].name, name))
			return &symbols[i];
	return NULL;
}

static void judge_function(unsigned int program, unsigned int functions)
{
	char reason[REASON_BYTES];

	if (functions == 1)
		return;
	if (functions == 0) {
		leave_out(program, -ENOENT, "this kernel has no such function, or has inlined it");
		return;
	}
	snprintf(reason, sizeof(reason), "this kernel has %u functions of that name", functions);
	leave_out(program, -EADDRNOTAVAIL, reason);
}

static const char *const variables[] = {
#define X(name) #name,
	KERNEL_VARIABLES(X)
#undef X
};

#define VARIABLES (sizeof(variables) / sizeof(*variables))

static void judge_needs(unsigned int number, const char *program, const struct symbol_count *symbols,
			unsigned int count)
{
	for (size_t i = 0; i < NEEDS; i++) {
		const struct symbol_count *found = find(symbols, count, needs[i].variable);

		if (strcmp(needs[i].program, program) || found->address)
			continue;
		leave_out(number, -ENOENT, found->all ? "this kernel hides its addresses (kernel.kptr_restrict)"
						      : "this kernel shows no variable that it needs");
	}
}

/* Before loading: one program that cannot be loaded would fail all of them. */
static void choose(struct klpscope_bpf *skeleton)
{
	struct symbol_count symbols[MAX_PROGRAMS + VARIABLES];
	__u64 *addresses = (__u64 *)&skeleton->rodata->kernel_at;
	struct bpf_program *program;
	unsigned int count = 0, number = 0;

	bpf_object__for_each_program(program, skeleton->obj)
		if (function_of(program) && count < MAX_PROGRAMS)
			symbols[count++].name = function_of(program);
	for (size_t i = 0; i < VARIABLES; i++)
		symbols[count++].name = variables[i];
	symbols_count(symbols, count);
	for (size_t i = 0; i < VARIABLES; i++)
		addresses[i] = find(symbols, count, variables[i])->address;
	bpf_object__for_each_program(program, skeleton->obj) {
		if (function_of(program))
			judge_function(number, find(symbols, count, function_of(program))->functions);
		judge_needs(number, bpf_program__name(program), symbols, count);
		number++;
	}
}

/*
 * Maps that grow as they are used, on kernels where BPF has an allocator for that (6.1). Before that they would make
 * the kernel warn, so they are allocated at once, and smaller.
 */
static void size_maps(struct klpscope_bpf *skeleton, const struct btf *kernel)
{
	struct bpf_map *map;

	if (btf__find_by_name_kind(kernel, "bpf_mem_alloc", BTF_KIND_STRUCT) > 0)
		return;
	bpf_object__for_each_map(map, skeleton->obj) {
		bool per_cpu = bpf_map__type(map) == BPF_MAP_TYPE_PERCPU_HASH;

		if (!(bpf_map__map_flags(map) & BPF_F_NO_PREALLOC))
			continue;
		bpf_map__set_map_flags(map, bpf_map__map_flags(map) & ~BPF_F_NO_PREALLOC);
		bpf_map__set_max_entries(map, per_cpu ? 512 : 16384);
	}
}

static bool has_kprobe_multi(const struct btf *kernel)
{
	__s32 id = btf__find_by_name_kind(kernel, "bpf_attach_type", BTF_KIND_ENUM);
	const struct btf_type *type = id > 0 ? btf__type_by_id(kernel, id) : NULL;

	for (int i = 0; type && i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(kernel, btf_enum(type)[i].name_off), "BPF_TRACE_KPROBE_MULTI"))
			return true;
	return false;
}

/* Opens the object anew for each try: after a failure it cannot be loaded again. */
static struct klpscope_bpf *load_once(const struct btf *kernel, __u32 buffer_kb, int *error)
{
	struct klpscope_bpf *skeleton = klpscope_bpf__open();
	struct bpf_program *program;
	unsigned int number = 0;

	*error = -errno;
	if (!skeleton)
		return NULL;
	skeleton->rodata->possible_cpus = libbpf_num_possible_cpus();
	bpf_map__set_max_entries(skeleton->maps.records, buffer_kb * 1024);
	choose(skeleton);
	size_maps(skeleton, kernel);
	bpf_object__for_each_program(program, skeleton->obj) {
		if (program == skeleton->progs.functions_called && !has_kprobe_multi(kernel))
			leave_out(number, -EOPNOTSUPP, "this kernel has no kprobe.multi");
		if (number < MAX_PROGRAMS && *choices[number].reason)
			bpf_program__set_autoload(program, false);
		number++;
	}
	*error = klpscope_bpf__load(skeleton);
	if (!*error)
		return skeleton;
	klpscope_bpf__destroy(skeleton);
	return NULL;
}

/* Leaves out one after the other the programs that this kernel's verifier refuses. */
static struct klpscope_bpf *load(const struct btf *kernel, __u32 buffer_kb, int *error)
{
	for (unsigned int tries = 0; tries < MAX_PROGRAMS; tries++) {
		struct klpscope_bpf *skeleton;
		unsigned int number = 0;

		*refused = 0;
		skeleton = load_once(kernel, buffer_kb, error);
		if (skeleton || !*refused)
			return skeleton;
		skeleton = klpscope_bpf__open();
		if (!skeleton)
			return NULL;
		struct bpf_program *program;

		bpf_object__for_each_program(program, skeleton->obj) {
			if (!strcmp(bpf_program__name(program), refused))
				leave_out(number, *error, "this kernel's verifier refuses the program");
			number++;
		}
		klpscope_bpf__destroy(skeleton);
	}
	return NULL;
}

/* Programs that are run, read or attached later have no place of their own to be attached to. */
static bool attaches_itself(const struct bpf_program *program)
{
	return strchr(bpf_program__section_name(program), '/');
}

static void attach(struct klpscope_bpf *skeleton, unsigned int *attached, unsigned int *lacking)
{
	struct bpf_program *program;
	unsigned int number = 0;

	bpf_object__for_each_program(program, skeleton->obj) {
		struct choice *choice = &choices[number < MAX_PROGRAMS ? number : MAX_PROGRAMS - 1];
		struct bpf_link *link = NULL;

		number++;
		if (!*choice->reason && attaches_itself(program)) {
			link = bpf_program__attach(program);
			if (!link) {
				choice->error = -errno;
				snprintf(choice->reason, REASON_BYTES, "the kernel refuses the probe: %s",
					 strerror(errno));
			}
		}
		if (*choice->reason)
			(*lacking)++;
		else
			(*attached)++;
		hello_put_probe(bpf_program__name(program), bpf_program__section_name(program),
				*choice->reason ? choice->reason : NULL, choice->error);
		/* The others are kept by their open descriptors alone: they end with this process, however that ends. */
		if (program == skeleton->progs.list_tasks)
			skeleton->links.list_tasks = link;
		if (program == skeleton->progs.list_waited_for)
			skeleton->links.list_waited_for = link;
	}
}

struct klpscope_bpf *object_start(__u32 buffer_kb, char *reason, size_t bytes)
{
	/* 5.10 accounts maps as locked memory. */
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct klpscope_bpf *skeleton = klpscope_bpf__open();
	unsigned int attached = 0, lacking = 0;
	struct btf *kernel;
	__u64 began, loaded;
	int error;

	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	libbpf_set_print(on_libbpf);
	if (!skeleton || !hello_put(bpf_object__btf(skeleton->obj))) {
		snprintf(reason, bytes, "the BPF object does not hold the layout of its records");
		return NULL;
	}
	klpscope_bpf__destroy(skeleton);
	kernel = btf__load_vmlinux_btf();
	if (!kernel) {
		snprintf(reason, bytes, "the kernel has no BTF (CONFIG_DEBUG_INFO_BTF): %s", strerror(errno));
		return NULL;
	}
	began = mono_ns();
	skeleton = load(kernel, buffer_kb, &error);
	btf__free(kernel);
	if (!skeleton) {
		snprintf(reason, bytes, "the kernel does not take the BPF object: %s", strerror(-error));
		return NULL;
	}
	loaded = mono_ns();
	attach(skeleton, &attached, &lacking);
	hello_put_ready(attached, lacking, loaded - began, mono_ns() - loaded);
	return skeleton;
}

bool object_run(const struct bpf_program *program)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);
	int program_fd = bpf_program__fd(program);

	return program_fd >= 0 && !bpf_prog_test_run_opts(program_fd, &options);
}
