// SPDX-License-Identifier: MIT
#include "symbols.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct symbol_count *)a)->name, ((const struct symbol_count *)b)->name);
}

/* `wanted` may hold a name twice: all of a name get the same counts, so the first of them counts for the others. */
static struct symbol_count *find(struct symbol_count *wanted, unsigned int count, const char *name)
{
	struct symbol_count key = { .name = name };
	struct symbol_count *found = bsearch(&key, wanted, count, sizeof(key), by_name);

	while (found && found > wanted && strcmp(found[-1].name, name) == 0)
		found--;
	return found;
}

/* `address type name`, then perhaps `\t[module]`; a hundred thousand lines, so nothing slower than this. */
static struct symbol_count *count_line(struct symbol_count *wanted, unsigned int count, char *line, char *type)
{
	char *space = strchr(line, ' ');

	if (!space || !space[1] || space[2] != ' ')
		return NULL;
	*type = space[1];
	space[3 + strcspn(space + 3, "\t\n")] = 0;
	return find(wanted, count, space + 3);
}

void symbols_count(struct symbol_count *wanted, unsigned int count)
{
	FILE *file = fopen("/proc/kallsyms", "r");
	char line[1024], type;

	for (unsigned int i = 0; i < count; i++)
		wanted[i] = (struct symbol_count){ .name = wanted[i].name };
	qsort(wanted, count, sizeof(*wanted), by_name);
	while (file && fgets(line, sizeof(line), file)) {
		struct symbol_count *found = count_line(wanted, count, line, &type);

		if (!found)
			continue;
		found->all++;
		found->address = strtoull(line, NULL, 16);
		if (strchr("tTwW", type))
			found->functions++;
	}
	if (file)
		fclose(file);
	for (unsigned int i = 1; i < count; i++) {
		if (strcmp(wanted[i].name, wanted[i - 1].name) == 0) {
			wanted[i].functions = wanted[i - 1].functions;
			wanted[i].all = wanted[i - 1].all;
			wanted[i].address = wanted[i - 1].address;
		}
	}
}
