/* SPDX-License-Identifier: MIT */
/* Lines that the kernel writes as text, passed on byte by byte: FRAME_TEXT. */
#ifndef KLPSCOPE_TEXT_H
#define KLPSCOPE_TEXT_H

#include "frames.h"

enum text_source {
	TEXT_KERNEL_LOG = 1,	    /* a record of /dev/kmsg, as it is read there */
	TEXT_ENABLED_FUNCTIONS,	    /* a line of tracefs' enabled_functions */
	TEXT_ENABLED_FUNCTIONS_END, /* all lines since the last of these are one list */
};

enum text_flag {
	TEXT_CUT = 1 << 0,	  /* longer than a frame: the rest is left out */
	TEXT_UNREADABLE = 1 << 1, /* it cannot be read, or not any more: there is no text */
	TEXT_INCOMPLETE = 1 << 2, /* of an end: the list took too long, or changed its mind */
	TEXT_LOST = 1 << 3,	  /* the text is a number: so many records were overwritten before they were read */
	TEXT_EARLIER = 1 << 4,	  /* was in the log already when the tracer began to read it */
};

/* What stands before the bytes. */
struct text_header {
	__u32 source; /* enum text_source */
	__u32 flags;  /* enum text_flag */
	__u64 mono_ns; /* when it was read */
};

#define TEXT_MAX (FRAME_MAX - sizeof(struct frame_header) - sizeof(struct text_header))

/* False: there was no room. */
bool text_put(enum text_source source, __u32 flags, const char *bytes, size_t count);

#endif
