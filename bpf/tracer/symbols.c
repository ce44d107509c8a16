// SPDX-License-Identifier: MIT
#include "symbols.h"
#include <errno.h>
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

int symbols_count(struct symbol_count *wanted, unsigned int count)
{
	FILE *file = fopen("/proc/kallsyms", "r");
	char line[1024], name[512], type;

	if (!file)
		return -errno;
	for (unsigned int i = 0; i < count; i++)
		wanted[i].functions = wanted[i].variables = 0;
	qsort(wanted, count, sizeof(*wanted), by_name);
	while (fgets(line, sizeof(line), file)) {
		struct symbol_count *found;

		if (sscanf(line, "%*s %c %511s", &type, name) != 2)
			continue;
		found = find(wanted, count, name);
		if (!found)
			continue;
		if (strchr("tTwW", type))
			found->functions++;
		else
			found->variables++;
	}
	fclose(file);
	for (unsigned int i = 1; i < count; i++) {
		if (strcmp(wanted[i].name, wanted[i - 1].name) == 0) {
			wanted[i].functions = wanted[i - 1].functions;
			wanted[i].variables = wanted[i - 1].variables;
		}
	}
	return 0;
}
