/* SPDX-License-Identifier: MIT */
/*
 * The stream that the tracer writes: frames, one after the other, to standard output.
 *
 * A frame is a header and `bytes` of payload. No frame is larger than FRAME_MAX, and only whole frames are written at
 * once: a pipe takes up to PIPE_BUF bytes whole or not at all, so that a tracer that is killed leaves no half frame.
 * The first frames say what the later ones hold: HELLO, LAYOUT per kind of record, ENUM per enumeration, PROBE per
 * program, READY; then RECORD after RECORD, and TEXT (text.h) of lines that the kernel writes. The others are JSON.
 * PROBE of every program and READY come again when what can fire has changed.
 */
#ifndef KLPSCOPE_FRAMES_H
#define KLPSCOPE_FRAMES_H

#include "../records.h"
#include <stdbool.h>
#include <stddef.h>

/* Read as 256 it tells the reader that the bytes are in the other order. */
#define FRAME_VERSION 1
#define FRAME_MAX 4096 /* PIPE_BUF of Linux */

enum frame_type {
	FRAME_HELLO = 1,
	FRAME_LAYOUT,
	FRAME_ENUM,
	FRAME_PROBE,
	FRAME_READY,
	FRAME_RECORD,
	FRAME_TEXT,
};

struct frame_header {
	__u32 bytes; /* of the payload */
	__u16 type;  /* enum frame_type */
	__u16 version;
};

/* Never blocks from here on; standard output has to be a pipe, a socket or a file. */
void frames_begin(void);
/* Is there room for so many frames of any size? */
bool frames_room(unsigned int frames);
/* Nothing waits to be written. */
bool frames_empty(void);
/* What waits is somebody else's to write: of a process that has forked. */
void frames_forget(void);
/* False: there was no room, nothing was taken. */
bool frames_put(enum frame_type type, const void *payload, size_t bytes);
/* A record of a probe as it is; counted as written. */
bool frames_put_record(const void *record, size_t bytes);
/* A record that the tracer makes: fills in its header; counted as unwritten when there is no room. */
bool frames_put_own(enum record_kind kind, void *record, size_t bytes);
/* Writes what the reader takes now. False: there is no reader any more. */
bool frames_flush(void);
/* BUSY, at once. */
void frames_put_busy(void);
/* ACCOUNT of every kind whose numbers have changed; `emitted` is of the object. */
struct record_account;
void frames_put_accounts(const struct record_account *emitted);

__u64 mono_ns(void);

#endif
