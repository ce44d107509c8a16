/* SPDX-License-Identifier: MIT */
/* Whether this host is to be watched without probes: because somebody asked for it, or because they are forbidden. */
#ifndef KLPSCOPE_PASSIVE_H
#define KLPSCOPE_PASSIVE_H

#include <stdbool.h>

/* Probes, of whatever kind, are not attached; nothing may be read from the kernel's memory: no program works at all. */
struct passive {
	const char *reason; /* NULL: probes are attached */
	int error;	    /* a negative errno, by which the reader tells the reasons apart */
	bool reads_nothing;
};

/* Kernel functions that only kernels have whose livepatches do not go together with kprobes. */
extern const char *const passive_signs[];
#define PASSIVE_SIGNS 2

void passive_ask(void);
/* `signs`: how many of passive_signs this kernel has. */
struct passive passive_judge(unsigned int signs);

#endif
