/* SPDX-License-Identifier: MIT */
/* Which programs this kernel can have, and how large their maps may be: decided before they are loaded. */
#ifndef KLPSCOPE_CHOICE_H
#define KLPSCOPE_CHOICE_H

#include "object.h"
#include <bpf/btf.h>

#define MAX_PROGRAMS 96

/* Why a program is left out; an empty reason: it is not. */
struct choice {
	char reason[REASON_BYTES];
	const char *of; /* the kernel's variable that it lacks, or NULL */
	int error;	/* a negative errno */
	bool spare;	/* left out because another program tells the same, which is no loss */
	const char *silent; /* attached, and why it cannot fire now; NULL: it can */
};

/* By the program's place in the object; the last one's for those beyond MAX_PROGRAMS. */
struct choice *choice_of(unsigned int number);
/* The same for one of the object's programs. */
struct choice *choice_for(const struct klpscope_bpf *skeleton, const struct bpf_program *program);
/* The first reason stays. */
void choice_leave_out(unsigned int number, int error, const char *reason);
/* The kernel function of a kprobe or kretprobe, or NULL. */
const char *choice_function(const struct bpf_program *program);
/* What a program's header names the loss of it by: the kernel's function or variable, or its own name. */
const char *choice_subject(const struct bpf_program *program, const struct choice *choice);
/* Fits an object that is not loaded yet to the running kernel, of which this is the BTF. */
void choose(struct klpscope_bpf *skeleton, const struct btf *kernel);

#endif
