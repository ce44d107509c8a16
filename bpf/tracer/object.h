/* SPDX-License-Identifier: MIT */
/* The BPF object: opened, fitted to the running kernel, loaded, attached. */
#ifndef KLPSCOPE_OBJECT_H
#define KLPSCOPE_OBJECT_H

#include "frames.h"
#include "../state.h" /* of which the skeleton has variables */
#include "klpscope.skel.h"

/*
 * Writes the first frames, attaches what this kernel has, and says of the rest why not. NULL: nothing could be loaded;
 * `reason` then says why.
 */
struct klpscope_bpf *object_start(__u32 buffer_kb, char *reason, size_t bytes);
/*
 * Only the first frames: what this kernel has to offer, as far as it can be told without loading anything. The verifier
 * and the kernel's refusals to attach may take more away.
 */
bool object_check(char *reason, size_t bytes);
/* PROBE of each program: whether it is attached and can fire, or why not. */
void object_put_probes(const struct klpscope_bpf *skeleton);
bool object_attached(const struct klpscope_bpf *skeleton, const struct bpf_program *program);
/* READY. */
void object_put_ready(void);

/* One BPF_PROG_TEST_RUN of a program that was loaded. False: it was not, or failed. */
bool object_run(const struct bpf_program *program);

#endif
