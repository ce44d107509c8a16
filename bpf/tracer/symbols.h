/* SPDX-License-Identifier: MIT */
#ifndef KLPSCOPE_SYMBOLS_H
#define KLPSCOPE_SYMBOLS_H

/* How often /proc/kallsyms has a name. */
struct symbol_count {
	const char *name;
	unsigned int functions; /* of the types t, T, w, W */
	unsigned int all;
};

/* Counts all of them in one pass. 0 or a negative errno. */
int symbols_count(struct symbol_count *wanted, unsigned int count);

#endif
