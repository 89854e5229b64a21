/* SPDX-License-Identifier: Apache-2.0 */
/* Frames over a pair of descriptors: one side of a conversation (mreg-protocol(5)). */
#ifndef MREG_TRANSPORT_CONNECTION_H
#define MREG_TRANSPORT_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/report.h"
#include "base/strbuf.h"
#include "format/frame.h"
#include "format/message.h"

struct connection;

/* A frame that was read: data is good until the next read. */
struct frame {
	enum frame_type type;
	const uint8_t *data;
	size_t len;
};

/*
 * Takes over the descriptors, which do not block from here on.  name is for messages ("'origin'", "the client"); idle_s: how long to wait
 * for the other side to send or take anything (0: for ever), ERR_REMOTE then.
 */
struct connection *connection_new(int in, int out, const char *name, unsigned idle_s, struct report *report);
/* The process at the other end and its standard error, both taken over.  What it says there is held back until connection_begin().  is_server: it is the
 * other side itself, which may have something to finish when all is said, and no mere way to it. */
void connection_set_process(struct connection *c, pid_t pid, int errors, bool is_server);
/* Closes it, without waiting for what was not sent; waits some seconds for the process, and stops one that is only the way to the other side. */
void connection_close(struct connection *c);
void connection_cleanup(struct connection **c);
const char *connection_name(const struct connection *c);
uint64_t connection_received(const struct connection *c); /* bytes so far */
uint64_t connection_sent(const struct connection *c);

/*
 * Sending is buffered (up to 256 KiB); reading flushes first.  Both can be interrupted.  Large payloads are written from where they are.  All return
 * ERR_REMOTE when the other side is gone, with what its process left as a status or on its stderr when that says why.
 */
int connection_send(struct connection *c, enum frame_type type, const void *payload, size_t len, struct error *err) MUST_CHECK;
/* A payload in two pieces. */
int connection_send_pair(struct connection *c, enum frame_type type, const void *a, size_t a_len, const void *b, size_t b_len, struct error *err) MUST_CHECK;
int connection_flush(struct connection *c, struct error *err) MUST_CHECK;
/*
 * The next frame.  FRAME_ALIVE is passed over; FRAME_NOTE is told through the report ("NAME: text") and passed over; FRAME_ERROR is returned as an
 * error: its text wrapped with the name, its code as error_message_parse() lets it through.  Memory grows with what has arrived, never with what a
 * length promises.
 */
int connection_read(struct connection *c, struct frame *out, struct error *err) MUST_CHECK;
/* The same; ERR_REMOTE unless it is of this type. */
int connection_expect(struct connection *c, enum frame_type type, struct frame *out, struct error *err) MUST_CHECK;
/* The same as connection_read(), by whoever is asked: 1; 0 when the other side has closed the connection between two frames; -1. */
int connection_read_request(struct connection *c, struct frame *out, struct error *err) MUST_CHECK;
/* 1 when a read would find at least a byte, or the end, without waiting; 0. */
int connection_is_readable(struct connection *c);
/* Sends FRAME_ALIVE when nothing was sent for ten seconds: to be called now and then by whoever works long.  Errors show at the next real send. */
void connection_tell_alive(struct connection *c);

/* ---- before the first frame ---- */

/* Appends text to what is sent, as it is. */
void connection_send_text(struct connection *c, const char *text, size_t len);
/* Appends the first line with its newline; or what there is of it when it is longer than max bytes, or the other side is gone. */
int connection_read_line(struct connection *c, size_t max, struct strbuf *out, struct error *err) MUST_CHECK;
/* The other side is what it should be, and has so many seconds for each word from here on; what its process has said is told. */
void connection_begin(struct connection *c, unsigned idle_s);
/* The process at the other end, waited for if it is about to end; NULL when there is none. */
struct peer;
const struct peer *connection_peer(struct connection *c);

#endif
