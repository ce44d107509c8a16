// SPDX-License-Identifier: MIT
/* The first frames: what the records look like, taken from the object's own BTF. */
#include "frames.h"
#include "hello.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

struct text {
	char at[FRAME_MAX - sizeof(struct frame_header)];
	size_t bytes;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
	va_list arguments;
	size_t room = sizeof(text->at) - text->bytes;
	int wanted;

	va_start(arguments, format);
	wanted = vsnprintf(text->at + text->bytes, room, format, arguments);
	va_end(arguments);
	if (wanted > 0)
		text->bytes += (size_t)wanted < room ? (size_t)wanted : room - 1;
}

/* As a JSON string; what is not printable ASCII becomes a question mark. */
static void add_string(struct text *text, const char *string)
{
	add(text, "\"");
	for (; *string; string++) {
		if (*string == '"' || *string == '\\')
			add(text, "\\%c", *string);
		else
			add(text, "%c", *string >= ' ' && *string <= '~' ? *string : '?');
	}
	add(text, "\"");
}

static void put(enum frame_type type, const struct text *text)
{
	frames_put(type, text->at, text->bytes);
}

static const struct btf_type *resolve(const struct btf *btf, __u32 id)
{
	return btf__type_by_id(btf, btf__resolve_type(btf, id));
}

/* ["name", offset, bytes of one, how many, "u" | "s" | "c"]: unsigned, signed, characters. */
static void add_scalar(struct text *text, const char *name, __u32 offset, const struct btf_type *type, __u32 count)
{
	const char *sort = "u";

	if (btf_is_int(type) && (btf_int_encoding(type) & BTF_INT_SIGNED))
		sort = type->size == 1 ? "c" : "s";
	add(text, "%s[\"%s\",%u,%u,%u,\"%s\"]", text->at[text->bytes - 1] == '[' ? "" : ",", name, offset, type->size,
	    count, sort);
}

static void add_fields(struct text *text, const struct btf *btf, const struct btf_type *type, const char *prefix,
		       __u32 base)
{
	const struct btf_member *member = btf_members(type);

	for (int i = 0; i < btf_vlen(type); i++, member++) {
		const char *own = btf__name_by_offset(btf, member->name_off);
		const struct btf_type *of = resolve(btf, member->type);
		__u32 offset = base + btf_member_bit_offset(type, i) / 8;
		char name[128];

		if (strcmp(own, "pad") == 0)
			continue;
		snprintf(name, sizeof(name), "%s%s%s", prefix, *prefix ? "." : "", own);
		if (btf_is_composite(of))
			add_fields(text, btf, of, name, offset);
		else if (btf_is_array(of))
			add_scalar(text, name, offset, resolve(btf, btf_array(of)->type), btf_array(of)->nelems);
		else
			add_scalar(text, name, offset, of, 1);
	}
}

static void put_layout(const struct btf *btf, int kind, const struct btf_member *member)
{
	const struct btf_type *type = resolve(btf, member->type);
	struct text text = { .bytes = 0 };

	add(&text, "{\"kind\":%d,\"name\":\"%s\",\"bytes\":%u,\"fields\":[", kind,
	    btf__name_by_offset(btf, member->name_off), type->size);
	add_fields(&text, btf, type, "", 0);
	add(&text, "]}");
	put(FRAME_LAYOUT, &text);
}

static void put_enum(const struct btf *btf, const struct btf_member *member)
{
	const struct btf_type *type = resolve(btf, member->type);
	const struct btf_enum *value = btf_enum(type);
	struct text text = { .bytes = 0 };

	add(&text, "{\"name\":\"%s\",\"values\":{", btf__name_by_offset(btf, member->name_off));
	for (int i = 0; i < btf_vlen(type); i++)
		add(&text, "%s\"%s\":%d", i ? "," : "", btf__name_by_offset(btf, value[i].name_off), value[i].val);
	add(&text, "}}");
	put(FRAME_ENUM, &text);
}

static const struct btf_type *named(const struct btf *btf, const char *name, __u32 kind)
{
	__s32 id = btf__find_by_name_kind(btf, name, kind);

	return id > 0 ? btf__type_by_id(btf, id) : NULL;
}

bool hello_put(const struct btf *btf)
{
	const struct btf_type *records = named(btf, "any_record", BTF_KIND_UNION);
	const struct btf_type *enums = named(btf, "any_enum", BTF_KIND_STRUCT);
	struct text text = { .bytes = 0 };
	struct utsname host;

	if (!records || !enums || uname(&host))
		return false;
	add(&text, "{\"program\":\"klpscope-tracer\",\"kernel\":");
	add_string(&text, host.release);
	add(&text, ",\"machine\":");
	add_string(&text, host.machine);
	add(&text, ",\"cpus\":%ld,\"pid\":%d,\"monoNs\":\"%llu\",\"kinds\":%u}", sysconf(_SC_NPROCESSORS_CONF), getpid(),
	    (unsigned long long)mono_ns(), btf_vlen(records));
	put(FRAME_HELLO, &text);
	for (int i = 0; i < btf_vlen(records); i++)
		put_layout(btf, i + 1, &btf_members(records)[i]);
	for (int i = 0; i < btf_vlen(enums); i++)
		put_enum(btf, &btf_members(enums)[i]);
	return true;
}

void hello_put_probe(const char *program, const char *subject, const char *reason, int error)
{
	struct text text = { .bytes = 0 };

	add(&text, "{\"program\":");
	add_string(&text, program);
	add(&text, ",\"subject\":");
	add_string(&text, subject);
	add(&text, ",\"attached\":%s", reason ? "false,\"reason\":" : "true");
	if (reason)
		add_string(&text, reason);
	add(&text, ",\"errno\":%d}", -error);
	put(FRAME_PROBE, &text);
}

void hello_put_ready(unsigned int attached, unsigned int lacking, __u64 load_ns, __u64 attach_ns)
{
	struct text text = { .bytes = 0 };

	add(&text, "{\"attached\":%u,\"lacking\":%u,\"loadMs\":%llu,\"attachMs\":%llu}", attached, lacking,
	    (unsigned long long)load_ns / 1000000, (unsigned long long)attach_ns / 1000000);
	put(FRAME_READY, &text);
}
