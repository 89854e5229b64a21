/* SPDX-License-Identifier: Apache-2.0 */
/* Frames over two descriptors that do not block: buffered, with a limit on silence, and with reasons when the other side is gone. */
#include <config.h>

#include "transport/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "transport/peer.h"

#define OUT_MAX (256u << 10)
#define READ_AT_ONCE (256u << 10)
#define KEEP_MAX (4u << 20)      /* of an input buffer that a large frame has made large */
#define ALIVE_NS 10000000000ll
#define HOLD_MS 2000             /* what a process says is held back so long: it may wait for its user */
#define GONE_MS 1000             /* how long to wait for the reason why it is gone */
#define LAST_WORDS_MS 2000       /* how long to wait for them when it takes nothing any more */
#define CLOSE_MS 5000
#define NOTES_MAX 200            /* that are told of one connection */

struct connection {
	int in, out;
	int in_flags, out_flags; /* as they were, for descriptors that others have too */
	char *name;
	int idle_ms;
	struct report *report;
	struct peer peer;
	uint8_t *buf; /* buf[at..end) was read and not looked at */
	size_t at, end, cap;
	struct strbuf pending;
	uint64_t received, sent;
	int64_t last_sent; /* ns */
	unsigned notes;
	bool is_gone;      /* nothing can be sent any more */
};

static int stop_blocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags >= 0 && !(flags & O_NONBLOCK))
		fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	return flags;
}

static int ms_of(unsigned idle_s)
{
	return idle_s == 0 || idle_s > INT32_MAX / 1000 ? -1 : (int)(idle_s * 1000);
}

struct connection *connection_new(int in, int out, const char *name, unsigned idle_s, struct report *report)
{
	static const struct peer none = PEER_INIT;
	struct connection *c = xcalloc(1, sizeof *c);

	*c = (struct connection){ .in = in, .out = out, .name = xstrdup(name), .idle_ms = ms_of(idle_s), .report = report, .pending = STRBUF_INIT };
	c->peer = none;
	c->in_flags = stop_blocking(in);
	c->out_flags = in == out ? c->in_flags : stop_blocking(out);
	c->last_sent = clock_monotonic();
	return c;
}

void connection_set_process(struct connection *c, pid_t pid, int errors, bool is_server)
{
	c->peer.pid = pid;
	c->peer.is_server = is_server;
	c->peer.errors = errors;
	c->peer.is_holding = true;
	stop_blocking(errors);
}

static void close_both(struct connection *c)
{
	if (c->in_flags >= 0)
		fcntl(c->in, F_SETFL, c->in_flags);
	if (c->out_flags >= 0)
		fcntl(c->out, F_SETFL, c->out_flags);
	if (c->out != c->in)
		close(c->out);
	close(c->in);
}

void connection_close(struct connection *c)
{
	close_both(c);
	peer_end(&c->peer, CLOSE_MS);
	strbuf_release(&c->pending);
	free(c->buf);
	free(c->name);
	free(c);
}

void connection_cleanup(struct connection **c)
{
	int saved = errno;

	if (*c)
		connection_close(*c);
	*c = NULL;
	errno = saved;
}

const char *connection_name(const struct connection *c)
{
	return c->name;
}

uint64_t connection_received(const struct connection *c)
{
	return c->received;
}

uint64_t connection_sent(const struct connection *c)
{
	return c->sent;
}

static int set_gone(struct connection *c, struct error *err)
{
	const char *line;

	c->is_gone = true;
	if (peer_await(&c->peer, GONE_MS) && (line = peer_last_line(&c->peer)))
		return error_set(err, ERR_REMOTE, "%s has ended the connection: %s", c->name, line);
	return error_set(err, ERR_REMOTE, "%s has ended the connection", c->name);
}

/* Who takes nothing any more has only last words to say. */
static int time_left(const struct connection *c, int left)
{
	return c->is_gone && (left < 0 || left > LAST_WORDS_MS) ? LAST_WORDS_MS : left;
}

/* Until fd is ready for that; whatever the process says meanwhile is heard, and so is that the other side reads no more: both would wait for each other. */
static int await(struct connection *c, int fd, short events, struct error *err)
{
	int left = time_left(c, c->idle_ms);

	for (;;) {
		struct pollfd wanted[] = {
			{ .fd = fd, .events = events },
			{ .fd = c->peer.errors, .events = POLLIN },
			{ .fd = fd == c->out || c->is_gone ? -1 : c->out },
		};
		bool is_short = c->peer.untold && (left < 0 || left > HOLD_MS);
		int ready = interrupt_poll(wanted, COUNT_OF(wanted), is_short ? HOLD_MS : left, err);

		if (ready < 0)
			return -1;
		if (wanted[1].revents)
			peer_listen(&c->peer, c->name, c->report);
		if (wanted[0].revents)
			return 0;
		if (wanted[2].revents) {
			c->is_gone = true;
			left = time_left(c, left);
		}
		if (ready)
			continue;
		if (!is_short && c->is_gone)
			return set_gone(c, err);
		if (!is_short)
			return error_set(err, ERR_REMOTE, "%s has been silent for %d s", c->name, c->idle_ms / 1000);
		peer_release(&c->peer, c->name, c->report);
		c->peer.is_holding = true;
		left = left < 0 ? left : left - HOLD_MS;
	}
}

/* ---- sending ---- */

/* The other side takes nothing any more: it may have said why.  It may as well wait for us. */
static int explain_gone(struct connection *c, struct error *err)
{
	struct frame ignored;
	int result;

	c->is_gone = true;
	strbuf_reset(&c->pending);
	do {
		result = connection_read(c, &ignored, err);
	} while (result == 0);
	return -1;
}

static int write_all(struct connection *c, struct iovec *v, int count, struct error *err)
{
	while (count) {
		ssize_t n;

		if (!v->iov_len) {
			v++;
			count--;
			continue;
		}
		n = writev(c->out, v, count);
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			if ((errno == EINTR ? interrupt_check(err) : await(c, c->out, POLLOUT, err)) < 0)
				return -1;
			continue;
		}
		if (n < 0)
			return explain_gone(c, err);
		c->sent += (uint64_t)n;
		for (int i = 0; n > 0; i++) {
			size_t part = (size_t)n < v[i].iov_len ? (size_t)n : v[i].iov_len;

			v[i].iov_base = (char *)v[i].iov_base + part;
			v[i].iov_len -= part;
			n -= (ssize_t)part;
		}
	}
	c->last_sent = clock_monotonic();
	return 0;
}

static struct iovec piece(const void *data, size_t len)
{
	struct iovec v = { .iov_len = len };

	memcpy(&v.iov_base, &data, sizeof data); /* it is only read */
	return v;
}

/* What was buffered, and these two behind it. */
static int write_out(struct connection *c, const void *a, size_t a_len, const void *b, size_t b_len, struct error *err)
{
	struct iovec v[3] = { piece(c->pending.buf, c->pending.len), piece(a, a_len), piece(b, b_len) };
	int result = write_all(c, v, 3, err);

	strbuf_reset(&c->pending);
	return result;
}

int connection_flush(struct connection *c, struct error *err)
{
	if (c->is_gone)
		return set_gone(c, err);
	return c->pending.len ? write_out(c, NULL, 0, NULL, 0, err) : 0;
}

int connection_send_pair(struct connection *c, enum frame_type type, const void *a, size_t a_len, const void *b, size_t b_len, struct error *err)
{
	uint8_t head[FRAME_HEAD_LEN];

	if (!frame_len_is_legal(type, (uint64_t)a_len + b_len))
		return error_set(err, ERR_REMOTE, "%s cannot be sent a message '%s' of %zu bytes", c->name, frame_type_name(type), a_len + b_len);
	if (c->is_gone)
		return set_gone(c, err);
	frame_head_write(head, type, a_len + b_len);
	strbuf_add(&c->pending, head, sizeof head);
	if (c->pending.len + a_len + b_len > OUT_MAX)
		return write_out(c, a, a_len, b, b_len, err);
	strbuf_add(&c->pending, a, a_len);
	strbuf_add(&c->pending, b, b_len);
	return 0;
}

int connection_send(struct connection *c, enum frame_type type, const void *payload, size_t len, struct error *err)
{
	return connection_send_pair(c, type, payload, len, "", 0, err);
}

void connection_send_text(struct connection *c, const char *text, size_t len)
{
	strbuf_add(&c->pending, text, len);
}

void connection_tell_alive(struct connection *c)
{
	uint8_t head[FRAME_HEAD_LEN];
	ssize_t n;

	peer_listen(&c->peer, c->name, c->report);
	if (c->is_gone || clock_monotonic() - c->last_sent < ALIVE_NS)
		return;
	if (!c->pending.len) {
		frame_head_write(head, FRAME_ALIVE, 0);
		strbuf_add(&c->pending, head, sizeof head);
	}
	c->last_sent = clock_monotonic();
	n = write(c->out, c->pending.buf, c->pending.len);
	if (n <= 0)
		return;
	c->sent += (uint64_t)n;
	memmove(c->pending.buf, c->pending.buf + n, c->pending.len - (size_t)n);
	strbuf_set_len(&c->pending, c->pending.len - (size_t)n);
}

/* ---- reading ---- */

/* Room for `need` bytes from buf[at] on, but no more than twice what has arrived: a length alone takes no memory. */
static void make_room(struct connection *c, size_t need)
{
	size_t have = c->end - c->at, cap = 2 * have > READ_AT_ONCE ? 2 * have : READ_AT_ONCE;

	if (c->at && (c->cap - c->at < need || c->cap - c->end < c->cap / 4)) {
		memmove(c->buf, c->buf + c->at, have);
		c->at = 0;
		c->end = have;
	}
	if (c->end < c->cap)
		return;
	c->cap = cap < need ? cap : need > READ_AT_ONCE ? need : READ_AT_ONCE;
	c->buf = xrealloc(c->buf, c->cap);
}

static void shrink(struct connection *c)
{
	if (c->at != c->end)
		return;
	c->at = c->end = 0;
	if (c->cap > KEEP_MAX) {
		ptr_cleanup(&c->buf);
		c->buf = NULL;
		c->cap = 0;
	}
}

/* Until `need` bytes are there: 1; 0 at the end of all; -1. */
static int fill(struct connection *c, size_t need, struct error *err)
{
	while (c->end - c->at < need) {
		ssize_t n;

		/* who never stops to send must not keep us from stopping */
		if (interrupt_check(err) < 0)
			return -1;
		make_room(c, need);
		n = read(c->in, c->buf + c->end, c->cap - c->end);
		if (!n)
			return 0;
		if (n > 0) {
			c->end += (size_t)n;
			c->received += (uint64_t)n;
		} else if (errno == EAGAIN) {
			if (await(c, c->in, POLLIN, err) < 0)
				return -1;
		} else if (errno != EINTR) {
			return 0; /* a connection that was reset has ended */
		}
	}
	return 1;
}

static int tell_note(struct connection *c, const struct frame *f, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	bool is_warning;

	if (note_message_parse(f->data, f->len, &is_warning, &text, err) < 0)
		return error_wrap(err, "%s", c->name);
	if (c->notes++ >= NOTES_MAX)
		return 0;
	if (is_warning)
		report_warning(c->report, "%s: %s", c->name, text.buf);
	else
		report_note(c->report, "%s: %s", c->name, text.buf);
	return 0;
}

static int take_error(struct connection *c, const struct frame *f, struct error *err)
{
	struct error told = ERROR_INIT;

	c->is_gone = true;
	if (error_message_parse(f->data, f->len, &told, err) < 0)
		return error_wrap(err, "%s", c->name);
	*err = told;
	return error_wrap(err, "%s", c->name);
}

/* 1, 0 at the end between two frames, -1. */
static int read_frame(struct connection *c, struct frame *out, struct error *err)
{
	uint32_t len;
	int got;

	shrink(c);
	got = fill(c, FRAME_HEAD_LEN, err);
	if (got == 0 && c->end > c->at)
		return set_gone(c, err);
	if (got <= 0)
		return got;
	if (frame_head_parse(c->buf + c->at, &out->type, &len, err) < 0)
		return error_wrap(err, "%s has sent %s", c->name, "what is not of the protocol");
	c->at += FRAME_HEAD_LEN;
	got = fill(c, len, err);
	if (got <= 0)
		return got < 0 ? -1 : set_gone(c, err);
	out->data = len ? c->buf + c->at : (const uint8_t *)"";
	out->len = len;
	c->at += len;
	return 1;
}

int connection_read_request(struct connection *c, struct frame *out, struct error *err)
{
	int got;

	if (!c->is_gone && connection_flush(c, err) < 0)
		return -1;
	for (;;) {
		got = read_frame(c, out, err);
		if (got <= 0)
			return got;
		if (out->type == FRAME_ERROR)
			return take_error(c, out, err);
		if (out->type == FRAME_NOTE && tell_note(c, out, err) < 0)
			return -1;
		if (out->type != FRAME_ALIVE && out->type != FRAME_NOTE)
			return 1;
	}
}

int connection_read(struct connection *c, struct frame *out, struct error *err)
{
	int got = connection_read_request(c, out, err);

	if (got == 0)
		return set_gone(c, err);
	return got < 0 ? -1 : 0;
}

int connection_expect(struct connection *c, enum frame_type type, struct frame *out, struct error *err)
{
	if (connection_read(c, out, err) < 0)
		return -1;
	if (out->type == type)
		return 0;
	error_set(err, ERR_REMOTE, "%s has sent '%s'", c->name, frame_type_name(out->type));
	return error_wrap(err, "'%s' was to come", frame_type_name(type));
}

int connection_is_readable(struct connection *c)
{
	struct pollfd wanted = { .fd = c->in, .events = POLLIN };

	return c->at < c->end || poll(&wanted, 1, 0) > 0;
}

/* ---- before the first frame ---- */

int connection_read_line(struct connection *c, size_t max, struct strbuf *out, struct error *err)
{
	int got = connection_flush(c, err) < 0 ? -1 : 1;

	while (got > 0 && out->len < max && (!out->len || out->buf[out->len - 1] != '\n')) {
		got = fill(c, 1, err);
		if (got > 0)
			strbuf_addc(out, (char)c->buf[c->at++]);
	}
	return got < 0 ? -1 : 0;
}

void connection_begin(struct connection *c, unsigned idle_s)
{
	c->idle_ms = ms_of(idle_s);
	peer_release(&c->peer, c->name, c->report);
}

const struct peer *connection_peer(struct connection *c)
{
	peer_listen(&c->peer, c->name, c->report);
	peer_await(&c->peer, GONE_MS);
	return c->peer.pid > 0 ? &c->peer : NULL;
}
