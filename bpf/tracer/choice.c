// SPDX-License-Identifier: MIT
#include "choice.h"
#include "passive.h"
#include "symbols.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct choice choices[MAX_PROGRAMS];

struct choice *choice_of(unsigned int number)
{
	return &choices[number < MAX_PROGRAMS ? number : MAX_PROGRAMS - 1];
}

void choice_leave_out(unsigned int number, int error, const char *reason)
{
	struct choice *choice = choice_of(number);

	if (*choice->reason)
		return;
	snprintf(choice->reason, REASON_BYTES, "%s", reason);
	choice->error = error;
}

const char *choice_function(const struct bpf_program *program)
{
	const char *section = bpf_program__section_name(program);
	const char *slash = strchr(section, '/');

	return slash && strstr(section, "probe/") ? slash + 1 : NULL;
}

const char *choice_subject(const struct bpf_program *program, const struct choice *choice)
{
	const char *section = bpf_program__section_name(program), *slash = strchr(section, '/');

	if (choice->of)
		return choice->of;
	/* All iterators over tasks have one section. */
	return slash && strncmp(section, "iter/", strlen("iter/")) ? slash + 1 : bpf_program__name(program);
}

/* The kernel's variables without which a program is of no use. */
static const struct need {
	const char *program, *variable;
} needs[] = {
	{ "walk_inventory", "klp_patches" },  { "walk_shadow", "klp_shadow_hash" },
	{ "walk_shadow", "klp_shadow_lock" }, { "list_waited_for", "klp_target_state" },
	{ "walk_idle", "runqueues" },	      { "walk_idle", "__per_cpu_offset" },
	{ "list_link_holders", "bpf_link_fops" },
};

#define NEEDS (sizeof(needs) / sizeof(*needs))

static const struct symbol_count *find(const struct symbol_count *symbols, unsigned int count, const char *name)
{
	for (unsigned int i = 0; i < count; i++)
		if (!strcmp(symbols[i].name, name))
			return &symbols[i];
	return NULL;
}

static void judge_function(unsigned int program, const struct symbol_count *function)
{
	char reason[REASON_BYTES];

	if (function->functions == 1)
		return;
	if (function->functions == 0) {
		snprintf(reason, sizeof(reason), "this kernel has no function %s, or has inlined it", function->name);
		choice_leave_out(program, -ENOENT, reason);
		return;
	}
	snprintf(reason, sizeof(reason), "this kernel has %u functions %s", function->functions, function->name);
	choice_leave_out(program, -EADDRNOTAVAIL, reason);
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
		char reason[REASON_BYTES];

		if (strcmp(needs[i].program, program) || found->address)
			continue;
		/* With the reason that stays. */
		if (!*choice_of(number)->reason)
			choice_of(number)->of = needs[i].variable;
		snprintf(reason, sizeof(reason),
			 found->all ? "the kernel does not tell where %s is" : "this kernel has no variable %s",
			 needs[i].variable);
		choice_leave_out(number, -ENOENT, reason);
	}
}

/* Runs when something happens in the kernel, and not when the tracer asks. */
static bool is_probe(const struct bpf_program *program)
{
	const char *section = bpf_program__section_name(program);

	return strstr(section, "probe") || !strncmp(section, "tp_btf/", strlen("tp_btf/"));
}

/* Leaves all probes out where there must not be any. */
static void judge_probes(struct klpscope_bpf *skeleton, const struct symbol_count *symbols, unsigned int count)
{
	struct bpf_program *program;
	unsigned int number = 0, signs = 0;
	struct passive passive;

	for (unsigned int i = 0; i < PASSIVE_SIGNS; i++)
		signs += find(symbols, count, passive_signs[i])->functions > 0;
	passive = passive_judge(signs);
	if (!passive.reason)
		return;
	bpf_object__for_each_program(program, skeleton->obj) {
		if (passive.reads_nothing || is_probe(program))
			choice_leave_out(number, passive.error, passive.reason);
		number++;
	}
}

/* One program that cannot be loaded would fail all of them. */
static void judge(struct klpscope_bpf *skeleton)
{
	struct symbol_count symbols[MAX_PROGRAMS + VARIABLES + PASSIVE_SIGNS];
	__u64 *addresses = (__u64 *)&skeleton->rodata->kernel_at;
	struct bpf_program *program;
	unsigned int count = 0, number = 0;

	bpf_object__for_each_program(program, skeleton->obj)
		if (choice_function(program) && count < MAX_PROGRAMS)
			symbols[count++].name = choice_function(program);
	for (size_t i = 0; i < VARIABLES; i++)
		symbols[count++].name = variables[i];
	for (size_t i = 0; i < PASSIVE_SIGNS; i++)
		symbols[count++].name = passive_signs[i];
	symbols_count(symbols, count);
	for (size_t i = 0; i < VARIABLES; i++)
		addresses[i] = find(symbols, count, variables[i])->address;
	bpf_object__for_each_program(program, skeleton->obj) {
		if (choice_function(program))
			judge_function(number, find(symbols, count, choice_function(program)));
		judge_needs(number, bpf_program__name(program), symbols, count);
		number++;
	}
	judge_probes(skeleton, symbols, count);
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

static bool has_function(const struct btf *kernel, const char *name)
{
	return btf__find_by_name_kind(kernel, name, BTF_KIND_FUNC) > 0;
}

/* Whether this kernel can go through what an iterator is over. */
static bool has_iterator(const struct btf *kernel, const char *section)
{
	char name[64];

	snprintf(name, sizeof(name), "bpf_iter_%s", section + strlen("iter/"));
	return has_function(kernel, name);
}

/*
 * Before 5.15 no stack can be followed past a function that a return probe is waiting for: a task that tries to switch
 * itself from within these would have to be tried again, and the transition's worker would never get through.
 * Source: arch/x86/kernel/unwind_orc.c, unwind_next_frame(); kernel/livepatch/transition.c, klp_check_stack().
 */
static bool would_hold_up(const struct klpscope_bpf *skeleton, const struct bpf_program *program,
			  const struct btf *kernel)
{
	if (has_function(kernel, "rethook_find_ret_addr") || has_function(kernel, "kretprobe_find_ret_addr"))
		return false;
	return program == skeleton->progs.try_complete_transition_returned ||
	       program == skeleton->progs.enable_patch_returned;
}

struct choice *choice_for(const struct klpscope_bpf *skeleton, const struct bpf_program *program)
{
	struct bpf_program *each;
	unsigned int number = 0;

	bpf_object__for_each_program(each, skeleton->obj) {
		if (each == program)
			break;
		number++;
	}
	return choice_of(number);
}

/* The end of a load is told by the return of klp_enable_patch() or, where that is not probed, of the module's init. */
static void choose_end_of_load(const struct klpscope_bpf *skeleton, const struct btf *kernel)
{
	struct choice *by_return = choice_for(skeleton, skeleton->progs.enable_patch_returned);
	struct choice *by_init = choice_for(skeleton, skeleton->progs.module_initialised);
	bool has_init = btf__find_by_name_kind(kernel, "btf_trace_initcall_finish", BTF_KIND_TYPEDEF) > 0;

	if (*by_return->reason && has_init && !*by_init->reason) {
		by_return->spare = true;
		return;
	}
	by_return->spare = false;
	snprintf(by_init->reason, REASON_BYTES, "the return of klp_enable_patch is what tells");
	by_init->spare = true;
}

void choose(struct klpscope_bpf *skeleton, const struct btf *kernel)
{
	struct bpf_program *program;
	unsigned int number = 0;

	judge(skeleton);
	size_maps(skeleton, kernel);
	bpf_object__for_each_program(program, skeleton->obj) {
		if (program == skeleton->progs.functions_called && !has_kprobe_multi(kernel))
			choice_leave_out(number, -EOPNOTSUPP, "this kernel has no kprobe.multi");
		if (!strncmp(bpf_program__section_name(program), "iter/", 5) &&
		    !has_iterator(kernel, bpf_program__section_name(program)))
			choice_leave_out(number, -EOPNOTSUPP, "this kernel has no such iterator");
		if (would_hold_up(skeleton, program, kernel))
			choice_leave_out(number, -EOPNOTSUPP,
					 "this kernel's transitions would be held up by a return probe there");
		number++;
	}
	choose_end_of_load(skeleton, kernel);
	number = 0;
	bpf_object__for_each_program(program, skeleton->obj) {
		if (*choice_of(number)->reason)
			bpf_program__set_autoload(program, false);
		number++;
	}
}
