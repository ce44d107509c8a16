// SPDX-License-Identifier: MIT
#include "text.h"
#include <string.h>

bool text_put(enum text_source source, __u32 flags, const char *bytes, size_t count)
{
	struct {
		struct text_header header;
		char bytes[TEXT_MAX];
	} text = { .header = { .source = source, .flags = flags, .mono_ns = mono_ns() } };

	if (count > TEXT_MAX) {
		count = TEXT_MAX;
		text.header.flags |= TEXT_CUT;
	}
	memcpy(text.bytes, bytes, count);
	return frames_put(FRAME_TEXT, &text, sizeof(text.header) + count);
}
