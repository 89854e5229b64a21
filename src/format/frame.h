/* SPDX-License-Identifier: Apache-2.0 */
/* Frames: what two registries send each other, one after the other, in both directions (mreg-protocol(5)).  Pure. */
#ifndef MREG_FORMAT_FRAME_H
#define MREG_FORMAT_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"

/*
 * frame = u32 length of the payload, little-endian | u8 type | 3 bytes 0 | payload
 *
 * The server begins with a line of text, "mreg-protocol MIN MAX\n" (decimal, at most PROTOCOL_LINE_MAX bytes with its newline), so
 * that whatever else a far shell prints is told from it.  All else is frames.
 */
#define PROTOCOL_VERSION 1
#define PROTOCOL_LINE_MAX 64
#define FRAME_HEAD_LEN 8
#define FRAME_MAX (8u << 20)                    /* payload of any frame but FRAME_OBJECT */
#define FRAME_OBJECT_MAX ((64u << 20) + 4096u)  /* a record of a pack, head and payload */
#define FRAME_WANT_MAX 900                      /* ids in a FRAME_WANT: two of them fit into a pipe's 64 KiB */
#define FRAME_WANT_ID_LEN 33                    /* kind, id */

enum frame_type {
	/* client to server */
	FRAME_HELLO = 'H',   /* JSON; first frame of either side */
	FRAME_LIST = 'L',    /* JSON: which changes; answered by SCOPE… CHANGES… END */
	FRAME_COMPARE = 'K', /* JSON: keys with the client's heads; answered by HEADS */
	FRAME_PUSH = 'P',    /* JSON; CHANGES… END follow; then the server asks WANT…, and ends with RESULT */
	FRAME_HOLD = 'V',    /* JSON: versions that the server is to verify now; answered by HELD */
	/* server to client */
	FRAME_SCOPE = 'S',   /* JSON: collections */
	FRAME_HEADS = 'h',   /* JSON */
	FRAME_RESULT = 'R',  /* JSON */
	FRAME_HELD = 'v',    /* JSON */
	FRAME_NOTE = 'T',    /* JSON: a warning or note for people */
	FRAME_ERROR = 'X',   /* JSON: ends the connection */
	/* either way */
	FRAME_CHANGES = 'C', /* changes as canonical JSON, one a line, each with its LF */
	FRAME_END = 'E',     /* JSON: nothing more of what was begun */
	FRAME_WANT = 'W',    /* kind and id, FRAME_WANT_ID_LEN bytes each; answered by an OBJECT or LACK each, in this order */
	FRAME_OBJECT = 'O',  /* a record as it stands in a pack: head (64, recipes 96) and payload */
	FRAME_LACK = 'N',    /* kind, id */
	FRAME_ALIVE = 'Z',   /* empty: something is being done that takes its time */
};

/* "hello", "list", …; "frame 'q'" or "frame 0x1b" for one that is none, good until this thread's next call. */
const char *frame_type_name(enum frame_type type);
/* May a frame of this type have so many bytes? */
bool frame_len_is_legal(enum frame_type type, uint64_t len);
/* A length that is not legal is a BUG: whoever writes has asked before. */
void frame_head_write(uint8_t out[FRAME_HEAD_LEN], enum frame_type type, size_t len);
/* ERR_REMOTE: a type that is none, a length over its limit, bytes that are not 0. */
int frame_head_parse(const uint8_t data[FRAME_HEAD_LEN], enum frame_type *type, uint32_t *len, struct error *err) MUST_CHECK;
/* Appends a whole frame. */
void frame_write(struct strbuf *out, enum frame_type type, const void *payload, size_t len);

/* The first line of a server.  ERR_REMOTE unless it is exactly that; min <= max. */
void protocol_line_write(struct strbuf *out, unsigned min, unsigned max);
int protocol_line_parse(const char *line, size_t len, unsigned *min, unsigned *max, struct error *err) MUST_CHECK;

#endif
