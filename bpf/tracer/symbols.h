/* SPDX-License-Identifier: MIT */
#ifndef KLPSCOPE_SYMBOLS_H
#define KLPSCOPE_SYMBOLS_H

#include <linux/types.h>

/* What /proc/kallsyms has of a name. */
struct symbol_count {
	const char *name;
	unsigned int functions; /* of the types t, T, w, W */
	unsigned int all;
	__u64 address; /* of the last of them; 0 where kernel.kptr_restrict hides it */
};

/* Counts all of them in one pass, and sorts them. None is found where it cannot be read. */
void symbols_count(struct symbol_count *wanted, unsigned int count);

#endif
