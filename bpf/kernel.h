/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The kernel's structures, only the fields that are read: CO-RE finds each by name in the running kernel's BTF, so
 * that one object serves every kernel. A field that some kernel lacks is asked for with bpf_core_field_exists().
 */
#ifndef KLPSCOPE_KERNEL_H
#define KLPSCOPE_KERNEL_H

#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <stdbool.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct list_head {
	struct list_head *next, *prev;
};

struct hlist_node {
	struct hlist_node *next;
};

struct kobject {
	const char *name;
	struct kobject *parent;
};

/* include/linux/sched.h */
struct thread_info {
	__u32 cpu;
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int __state;
	unsigned int flags;
	int on_cpu;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	__u64 start_boottime;
	char comm[16];
	int patch_state;
};

/* Before 5.16. */
struct task_struct___cpu {
	unsigned int cpu;
};

/* Before 5.14. */
struct task_struct___state {
	long state;
};

/* kernel/sched/sched.h */
struct rq {
	struct task_struct *idle;
};

struct module {
	char name[56];
	const char *version;
};

/* include/linux/livepatch.h */
struct klp_state {
	unsigned long id;
	unsigned int version;
};

struct klp_callbacks {
	void *pre_patch, *post_patch, *pre_unpatch, *post_unpatch;
	bool post_unpatch_enabled;
};

struct klp_func {
	const char *old_name;
	void *new_func;
	unsigned long old_sympos;
	void *old_func;
	struct list_head node;
	struct list_head stack_node;
	unsigned long old_size, new_size;
	bool nop, patched, transition;
};

struct klp_object {
	const char *name;
	struct klp_func *funcs;
	struct klp_callbacks callbacks;
	struct kobject kobj;
	struct list_head func_list;
	struct list_head node;
	struct module *mod;
	bool dynamic, patched;
};

struct klp_patch {
	struct module *mod;
	struct klp_object *objs;
	struct klp_state *states;
	bool replace;
	struct list_head list;
	struct list_head obj_list;
	bool enabled, forced;
};

/* kernel/livepatch/shadow.c */
struct klp_shadow {
	struct hlist_node node;
	void *obj;
	unsigned long id;
	char data[];
};

struct seq_file {
	unsigned long count;
};

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

/* include/linux/bpf.h */
struct bpf_prog_aux {
	__u32 id;
	char name[16];
};

struct bpf_prog {
	enum bpf_attach_type expected_attach_type;
	struct bpf_prog_aux *aux;
};

struct bpf_link {
	__u32 id;
	enum bpf_link_type type;
	struct bpf_prog *prog;
};

struct bpf_trampoline {
	__u64 key;
};

/* Begins with a struct bpf_link. */
struct bpf_tracing_link {
	struct bpf_trampoline *trampoline;
};

/* include/linux/fs.h */
struct file {
	const void *f_op;
	void *private_data;
};

struct bpf_iter__bpf_link {
	struct bpf_iter_meta *meta;
	struct bpf_link *link;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	struct file *file;
};

struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	void *key;
};

#pragma clang attribute pop

/* include/linux/livepatch.h: values of klp_target_state and task_struct.patch_state. */
enum {
	KLP_UNDEFINED = -1,
	KLP_UNPATCHED = 0,
	KLP_PATCHED = 1,
};

/* What the kernel's functions answer, include/uapi/asm-generic/errno*.h. */
enum {
	EEXIST = 17,
	EADDRINUSE = 98,
};

#endif
