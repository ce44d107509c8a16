// SPDX-License-Identifier: MIT
#include "symbol-names.h"
#include "known-addresses.h"
#include "links.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Number, name, offset, size and module. */
#define LINE_BYTES (SYMBOL_BYTES + MODULE_BYTES + 64)
/* Room for the records of one batch. */
#define BATCH_FRAMES (SYMBOL_BATCH * (sizeof(struct symbol) + sizeof(struct frame_header)) / FRAME_MAX + 1)

static struct klpscope_bpf *skeleton;
/* The addresses of a batch as they are told; the program is asked for those behind them, of functions. */
static __u64 told[SYMBOL_BATCH];
static bool answered[SYMBOL_BATCH];

void symbol_names_begin(struct klpscope_bpf *of)
{
	skeleton = of;
}

static void take(__u64 address, bool returned_to, bool held)
{
	struct known_address *known = address ? address_take(address, returned_to) : NULL;

	if (known && held)
		known->held = true;
}

static void see_object(const struct inventory_object *object)
{
	take(object->pre_patch, false, true);
	take(object->post_patch, false, true);
	take(object->pre_unpatch, false, true);
	take(object->post_unpatch, false, true);
}

static void see_stack(const struct waited_for_row *row)
{
	for (int i = 0; i < STACK_FRAMES && i < row->frames / (int)sizeof(*row->address); i++)
		take(row->address[i], true, false);
}

static void see_func(const struct inventory_func *func)
{
	take(func->old_func, false, true);
	take(func->new_func, false, true);
}

void symbol_names_see(const struct record_header *record, struct walk_step step)
{
	if (step.first)
		addresses_let_go();
	/* It held all that patches hold. */
	if (step.whole)
		addresses_forget(false);
	switch (record->kind) {
	case RECORD_INVENTORY_OBJECT:
		see_object((const void *)record);
		break;
	case RECORD_INVENTORY_FUNC:
		see_func((const void *)record);
		break;
	case RECORD_PATCH_LOADING:
	case RECORD_PATCH_RELEASED:
	case RECORD_MODULE_COMING:
	case RECORD_MODULE_GONE:
		addresses_forget(true);
		break;
	case RECORD_SHADOW_USER:
		take(((const struct shadow_user *)record)->caller, true, false);
		break;
	case RECORD_SHADOW_FREED_ALL:
		take(((const struct shadow_freed_all *)record)->caller, true, false);
		break;
	case RECORD_TASK_WAITED_FOR:
		see_stack((const void *)record);
		break;
	}
}

/* `name+0xoffset/0xsize`, then perhaps ` [module]`. Names may hold nearly anything, so from the right. */
static bool parse(char *text, __u64 asked, struct symbol *symbol)
{
	char *module = strrchr(text, ' ');
	char *plus;

	if (module && module[1] == '[' && text[strlen(text) - 1] == ']') {
		text[strlen(text) - 1] = 0;
		*module = 0;
		snprintf(symbol->module, sizeof(symbol->module), "%s", module + 2);
	}
	plus = strrchr(text, '+');
	if (!plus || plus == text || strncmp(plus, "+0x", 3) || !strchr(plus, '/')) {
		*symbol->module = 0;
		return false;
	}
	*plus = 0;
	symbol->start = asked - strtoull(plus + 1, NULL, 16);
	snprintf(symbol->name, sizeof(symbol->name), "%s", text);
	return true;
}

static void tell(__u32 number, char *text)
{
	struct symbol symbol = { .address = told[number] };

	answered[number] = true;
	parse(text, skeleton->bss->symbols_wanted[number], &symbol);
	if (!strncmp(symbol.name, "bpf_trampoline_", strlen("bpf_trampoline_")))
		links_want();
	frames_put_own(RECORD_SYMBOL, &symbol, sizeof(symbol));
}

static void tell_lines(char *text)
{
	char *line, *rest = text;

	while ((line = strsep(&rest, "\n")) && rest) {
		char *end;
		unsigned long number = strtoul(line, &end, 10);

		if (end != line && *end == ' ' && number < skeleton->bss->symbols_asked)
			tell(number, end + 1);
	}
}

/* Whoever waits for a name waits for all of them. */
static void tell_nameless(__u32 asked)
{
	for (__u32 number = 0; number < asked; number++) {
		struct symbol symbol = { .address = told[number] };

		if (!answered[number])
			frames_put_own(RECORD_SYMBOL, &symbol, sizeof(symbol));
	}
}

/* What the program says of the addresses that are set. Without it, or when it fails, they have no names. */
static bool read_lines(char *text, size_t bytes)
{
	const struct bpf_link *link = skeleton->links.name_addresses;
	int fd = link ? bpf_iter_create(bpf_link__fd(link)) : -1;
	size_t have = 0;
	ssize_t got = fd < 0 ? -1 : 1;

	while (got > 0 && have < bytes - 1) {
		got = read(fd, text + have, bytes - 1 - have);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			have += got;
	}
	text[have] = 0;
	if (fd >= 0)
		close(fd);
	return have;
}

bool symbol_names_go_on(void)
{
	static char text[SYMBOL_BATCH * LINE_BYTES];
	const struct known_address *known;
	__u32 asked = 0;

	if (!frames_room(BATCH_FRAMES))
		return false;
	while (asked < SYMBOL_BATCH && (known = address_to_name())) {
		told[asked] = known->address;
		skeleton->bss->symbols_wanted[asked++] = known->address + !known->returned_to;
	}
	if (!asked)
		return false;
	skeleton->bss->symbols_asked = asked;
	memset(answered, 0, sizeof(answered));
	if (read_lines(text, sizeof(text)))
		tell_lines(text);
	tell_nameless(asked);
	return asked == SYMBOL_BATCH;
}
