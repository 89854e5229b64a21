/* SPDX-License-Identifier: Apache-2.0 */
/* The journal file: whole transactions out of it in bounded memory, appended lines made durable or cut off again. */
#include <config.h>

#include "store/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/crash.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strbuf.h"

#define READ_AT_ONCE (256u << 10)
#define COPY_AT_ONCE (1u << 20)
#define FIRST_READ 4096   /* most lines are shorter */
#define EMBEDDED_TRIES 16 /* line beginnings tried within one damaged stretch */
#define TORN_NAMES 1000
#define LINE_BEGIN "{\"by\":" /* the first member of every line (mreg-journal(5)) */
#define LINE_END_LEN (sizeof ",\"sum\":\"" - 1 + OID_HEX_LEN + sizeof "\"}\n" - 1)

int journal_open(struct journal *j, const char *mreg_dir, const struct stamp *stamp, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	char id[2 * REGISTRY_ID_LEN + 1];
	bool was_there;

	*j = (struct journal)JOURNAL_INIT;
	path_join(&path, mreg_dir, "journal");
	was_there = file_exists(path.buf);
	j->fd = file_open(path.buf, O_RDWR | O_NOFOLLOW | (was_there ? 0 : O_CREAT), 0666, err);
	j->writable = j->fd >= 0;
	if (j->fd < 0) {
		if (errno != EACCES && errno != EPERM && errno != EROFS)
			return -1;
		error_clear(err);
		if (was_there && (j->fd = file_open(path.buf, O_RDONLY | O_NOFOLLOW, 0, err)) < 0)
			return -1;
	}
	j->path = strbuf_detach(&path);
	hex_encode(stamp->id, REGISTRY_ID_LEN, id);
	sha256_bytes(id, strlen(id), &j->first_prev);
	if (!was_there && j->writable && file_sync_dir(mreg_dir, err) < 0) {
		journal_close(j);
		return -1;
	}
	return 0;
}

void journal_close(struct journal *j)
{
	fd_cleanup(&j->fd);
	free(j->path);
	*j = (struct journal)JOURNAL_INIT;
}

void journal_start(const struct journal *j, struct journal_position *out)
{
	*out = (struct journal_position){ .sum = j->first_prev };
}

int journal_size(const struct journal *j, uint64_t *size, struct error *err)
{
	struct stat st;

	*size = 0;
	if (j->fd < 0)
		return 0;
	if (fstat(j->fd, &st))
		return error_set_errno(err, "cannot read '%s'", j->path);
	*size = (uint64_t)st.st_size;
	return 0;
}

/* A window on the file from `offset` on, up to the size it had when reading began. */
struct reader {
	const struct journal *j;
	struct strbuf buf;
	size_t used; /* bytes of buf before the window */
	uint64_t offset, size;
};

static int reader_begin(struct reader *r, const struct journal *j, uint64_t offset, struct error *err)
{
	*r = (struct reader){ .j = j, .buf = STRBUF_INIT, .offset = offset };
	return journal_size(j, &r->size, err);
}

static void reader_cleanup(struct reader *r)
{
	strbuf_cleanup(&r->buf);
}

static void reader_seek(struct reader *r, uint64_t offset)
{
	strbuf_reset(&r->buf);
	r->used = 0;
	r->offset = offset;
}

static void reader_skip(struct reader *r, size_t len)
{
	r->used += len;
	r->offset += len;
}

static int reader_fill(struct reader *r, struct error *err)
{
	size_t have = r->buf.len - r->used;
	ssize_t n;

	if (r->used) {
		memmove(r->buf.buf, r->buf.buf + r->used, have);
		strbuf_set_len(&r->buf, have);
		r->used = 0;
	}
	strbuf_grow(&r->buf, READ_AT_ONCE);
	n = file_pread(r->j->fd, r->buf.buf + have, READ_AT_ONCE, r->offset + have, r->j->path, err);
	if (n < 0)
		return -1;
	strbuf_set_len(&r->buf, have + (size_t)n);
	if (!n)
		r->size = r->offset + have;
	return 0;
}

enum piece {
	PIECE_FAILED = -1,
	PIECE_END,
	PIECE_LINE,    /* up to and with its newline */
	PIECE_PARTIAL, /* the file ends before a newline came */
	PIECE_LONG,    /* JOURNAL_LINE_MAX bytes without one */
};

/* What the window begins with; the caller skips it. */
static enum piece reader_piece(struct reader *r, struct span *out, struct error *err)
{
	size_t have, seen = 0;
	const char *newline;

	for (;;) {
		have = r->buf.len - r->used;
		if (have > JOURNAL_LINE_MAX)
			have = JOURNAL_LINE_MAX;
		*out = (struct span){ (const uint8_t *)r->buf.buf + r->used, have };
		newline = memchr(out->data + seen, '\n', have - seen);
		if (newline) {
			out->len = (size_t)((const uint8_t *)newline - out->data) + 1;
			return PIECE_LINE;
		}
		if (have == JOURNAL_LINE_MAX)
			return PIECE_LONG;
		if (r->offset + have >= r->size)
			return have ? PIECE_PARTIAL : PIECE_END;
		seen = have;
		if (reader_fill(r, err) < 0)
			return PIECE_FAILED;
	}
}

static bool is_line(const char *text, size_t len)
{
	struct journal_line line = { 0 };
	struct error ignored = ERROR_INIT;
	bool valid = !journal_line_parse(text, len, &line, &ignored);

	journal_line_cleanup(&line);
	return valid;
}

/* Text that ends in a newline and is not itself a line may end in one, when the newline before it was hit. */
static bool ends_in_line(const char *text, size_t len)
{
	int tries = EMBEDDED_TRIES;

	for (size_t at = len; at-- > 1 && tries;) {
		if (text[at] != '{' || len - at < sizeof LINE_BEGIN || memcmp(text + at, LINE_BEGIN, sizeof LINE_BEGIN - 1) != 0)
			continue;
		if (is_line(text + at, len - at))
			return true;
		tries--;
	}
	return false;
}

/* The window begins with something bad.  1: a good line stands somewhere after, so this is no torn tail; 0; -1. */
static int line_follows(struct reader *r, struct error *err)
{
	struct span piece;
	enum piece kind;
	bool first = true;

	for (;; first = false) {
		kind = reader_piece(r, &piece, err);
		if (kind == PIECE_FAILED)
			return -1;
		if (kind == PIECE_END || kind == PIECE_PARTIAL)
			return 0;
		if (kind == PIECE_LINE &&
			((!first && is_line((const char *)piece.data, piece.len)) || ends_in_line((const char *)piece.data, piece.len)))
			return 1;
		reader_skip(r, piece.len);
	}
}

static int damaged(const struct journal *j, uint64_t seq, uint64_t offset, const char *why, struct error *err)
{
	return error_set(
		err, ERR_INTEGRITY, "journal '%s' is damaged: line %" PRIu64 " at offset %" PRIu64 ": %s", j->path, seq, offset, why);
}

enum take { TAKE_FAILED = -1, TAKE_END, TAKE_LINE, TAKE_TORN };

/* The line after `at`, which moves behind it; *line is the caller's to clean up. */
static enum take take_line(struct reader *r, struct journal_position *at, struct journal_line *line, struct error *err)
{
	struct error why = ERROR_INIT;
	struct span piece;
	enum piece kind = reader_piece(r, &piece, err);
	int follows;

	if (kind == PIECE_FAILED)
		return TAKE_FAILED;
	if (kind == PIECE_END)
		return TAKE_END;
	if (kind != PIECE_LINE || journal_line_parse((const char *)piece.data, piece.len, line, &why) < 0) {
		follows = line_follows(r, err);
		if (follows > 0)
			damaged(r->j, at->seq + 1, at->offset, kind == PIECE_LONG ? "it is too long" : why.text, err);
		return follows ? TAKE_FAILED : TAKE_TORN;
	}
	if (line->seq != at->seq + 1 || !oid_equal(&line->prev, &at->sum)) {
		damaged(r->j, at->seq + 1, at->offset,
			line->seq != at->seq + 1 ? "it has another number" : "it does not follow the line before", err);
		return TAKE_FAILED;
	}
	reader_skip(r, piece.len);
	*at = (struct journal_position){ r->offset, line->seq, line->sum };
	return TAKE_LINE;
}

struct consumer {
	journal_line_fn fn;
	void *arg;
};

static enum take hand_out(const struct consumer *to, struct journal_line *line, uint64_t offset, struct error *err)
{
	return to->fn(line, offset, to->arg, err) ? TAKE_FAILED : TAKE_LINE;
}

/* From `from` to `to`, all of which was read before and found good. */
static enum take hand_out_again(struct reader *r, const struct journal_position *from, const struct journal_position *to,
	const struct consumer *consumer, struct error *err)
{
	struct journal_position at = *from, begin;
	enum take got = TAKE_LINE;

	reader_seek(r, from->offset);
	while (at.seq < to->seq && got == TAKE_LINE) {
		struct journal_line line = { 0 };

		begin = at;
		got = take_line(r, &at, &line, err);
		if (got == TAKE_LINE)
			got = hand_out(consumer, &line, begin.offset, err);
		else if (got != TAKE_FAILED)
			got = damaged(r->j, at.seq + 1, at.offset, "it changed while it was read", err) < 0 ? TAKE_FAILED : got;
		journal_line_cleanup(&line);
	}
	return got;
}

/* Reads on to the last line of the group whose first line was just taken: its memory is the same however many lines it has. */
static enum take take_rest_of_group(struct reader *r, struct journal_position *at, struct error *err)
{
	enum take got;
	bool more;

	do {
		struct journal_line line = { 0 };

		got = take_line(r, at, &line, err);
		more = line.more;
		journal_line_cleanup(&line);
	} while (got == TAKE_LINE && more);
	return got == TAKE_END ? TAKE_TORN : got;
}

/* One whole transaction; `at` moves behind it, or stays. */
static enum take take_transaction(struct reader *r, struct journal_position *at, const struct consumer *consumer, struct error *err)
{
	struct journal_position after = *at;
	struct journal_line line = { 0 };
	enum take got = take_line(r, &after, &line, err);
	bool more = line.more;

	if (got == TAKE_LINE && !more)
		got = hand_out(consumer, &line, at->offset, err);
	journal_line_cleanup(&line);
	if (got == TAKE_LINE && more) {
		got = take_rest_of_group(r, &after, err);
		if (got == TAKE_LINE)
			got = hand_out_again(r, at, &after, consumer, err);
	}
	if (got == TAKE_LINE)
		*at = after;
	return got;
}

int journal_check(const struct journal *j, const struct journal_position *at, struct error *err)
{
	char text[LINE_END_LEN + 1], want[LINE_END_LEN + 1];
	uint64_t size;
	ssize_t n;

	if (journal_size(j, &size, err) < 0)
		return -1;
	if (!at->seq && !at->offset)
		return 0;
	if (at->offset > size)
		return error_set(err, ERR_INTEGRITY,
			"journal '%s' is damaged: it ends at offset %" PRIu64 ", line %" PRIu64 " ended at %" PRIu64, j->path, size,
			at->seq, at->offset);
	if (at->offset < LINE_END_LEN)
		return damaged(j, at->seq, at->offset, "no line ends here", err);
	n = file_pread(j->fd, text, LINE_END_LEN, at->offset - LINE_END_LEN, j->path, err);
	if (n < 0)
		return -1;
	snprintf(want, sizeof want, ",\"sum\":\"%s\"}\n", oid_hex(&at->sum).text);
	if ((size_t)n != LINE_END_LEN || memcmp(text, want, LINE_END_LEN) != 0)
		return error_set(err, ERR_INTEGRITY, "journal '%s' is damaged: another line %" PRIu64 " ended at offset %" PRIu64 " before",
			j->path, at->seq, at->offset);
	return 0;
}

int journal_read(const struct journal *j, const struct journal_position *from, journal_line_fn fn, void *arg, struct journal_position *end,
	enum journal_tail *tail, struct error *err)
{
	CLEANUP(reader) struct reader r = { .buf = STRBUF_INIT };
	struct consumer consumer = { fn, arg };
	enum take got;

	*end = *from;
	*tail = JOURNAL_CLEAN;
	if (!from->seq)
		journal_start(j, end);
	if (journal_check(j, end, err) < 0 || reader_begin(&r, j, end->offset, err) < 0)
		return -1;
	do {
		got = take_transaction(&r, end, &consumer, err);
	} while (got == TAKE_LINE);
	if (got == TAKE_TORN)
		*tail = JOURNAL_TORN;
	return got == TAKE_FAILED ? -1 : 0;
}

int journal_read_text(const struct journal *j, uint64_t offset, struct strbuf *text, struct error *err)
{
	char *newline = NULL;
	size_t want = FIRST_READ;
	ssize_t n = 0;

	if (j->fd < 0)
		return error_set(err, ERR_INTEGRITY, "journal '%s' is missing", j->path);
	while (!newline && text->len < JOURNAL_LINE_MAX) {
		strbuf_grow(text, want);
		n = file_pread(j->fd, text->buf + text->len, want, offset + text->len, j->path, err);
		if (n <= 0)
			break;
		newline = memchr(text->buf + text->len, '\n', (size_t)n);
		strbuf_set_len(text, text->len + (size_t)n);
		want = JOURNAL_LINE_MAX - text->len;
	}
	if (n < 0)
		return -1;
	if (!newline)
		return error_set(err, ERR_INTEGRITY, "journal '%s' is damaged: no line at offset %" PRIu64, j->path, offset);
	strbuf_set_len(text, (size_t)(newline - text->buf) + 1);
	return 0;
}

int journal_read_at(const struct journal *j, uint64_t offset, struct journal_line *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	if (journal_read_text(j, offset, &text, err) < 0)
		return -1;
	if (journal_line_parse(text.buf, text.len, out, err) < 0)
		return error_wrap(err, "journal '%s' is damaged: line at offset %" PRIu64, j->path, offset);
	return 0;
}

int journal_skip(const struct journal *j, uint64_t offset, uint64_t *end, struct oid *sum, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	const char *hex;

	if (journal_read_text(j, offset, &text, err) < 0)
		return -1;
	hex = text.len < LINE_END_LEN ? "" : text.buf + text.len - LINE_END_LEN + strlen(",\"sum\":\"");
	if (!*hex || !oid_parse(hex, OID_HEX_LEN, sum))
		return error_set(err, ERR_INTEGRITY, "journal '%s' is damaged: line at offset %" PRIu64 " has no sum", j->path, offset);
	*end = offset + text.len;
	return 0;
}

/* A second tail torn at the same number gets a name of its own. */
static int create_torn_file(const struct journal *j, uint64_t seq, struct strbuf *path, struct error *err)
{
	int fd = -1;

	for (int i = 1; fd < 0 && i <= TORN_NAMES; i++) {
		strbuf_reset(path);
		strbuf_addf(path, "%s.torn-%" PRIu64, j->path, seq);
		if (i > 1)
			strbuf_addf(path, ".%d", i);
		fd = file_open(path->buf, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0666, err);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	if (fd >= 0)
		error_clear(err);
	return fd;
}

static int copy_tail(const struct journal *j, uint64_t offset, uint64_t size, int to, const char *name, struct error *err)
{
	CLEANUP(ptr) char *buf = xmalloc(COPY_AT_ONCE);
	ssize_t n;

	for (; offset < size; offset += (uint64_t)n) {
		n = file_pread(j->fd, buf, size - offset < COPY_AT_ONCE ? (size_t)(size - offset) : COPY_AT_ONCE, offset, j->path, err);
		if (n < 0 || file_write(to, buf, (size_t)n, name, err) < 0)
			return -1;
		if (!n)
			return error_set(err, ERR_LOCAL, "cannot read '%s': it was cut while it was read", j->path);
	}
	return file_sync(to, name, err);
}

static int cut_to(const struct journal *j, uint64_t size, struct error *err)
{
	int failed;

	do {
		failed = ftruncate(j->fd, (off_t)size);
	} while (failed && errno == EINTR);
	if (failed)
		return error_set_errno(err, "cannot cut '%s' to %" PRIu64 " bytes", j->path, size);
	return file_sync(j->fd, j->path, err);
}

int journal_cut_torn(struct journal *j, const struct journal_position *at, struct report *report, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT, dir = STRBUF_INIT;
	CLEANUP(fd) int fd = -1;
	uint64_t size;

	if (journal_size(j, &size, err) < 0)
		return -1;
	if (size <= at->offset)
		return 0;
	fd = create_torn_file(j, at->seq + 1, &path, err);
	if (fd < 0)
		return error_wrap(err, "cannot set the torn end of '%s' aside", j->path);
	path_dir(&dir, path.buf);
	if (copy_tail(j, at->offset, size, fd, path.buf, err) < 0 || file_sync_dir(dir.buf, err) < 0) {
		unlink(path.buf);
		return error_wrap(err, "cannot set the torn end of '%s' aside", j->path);
	}
	if (cut_to(j, at->offset, err) < 0)
		return -1;
	report_warning(report, "the last transaction in '%s' was not finished; its %" PRIu64 " bytes were moved to '%s'", j->path,
		size - at->offset, path.buf);
	return 0;
}

/* Two writes, so that a test can stop between them. */
static int write_lines(const struct journal *j, uint64_t offset, const uint8_t *text, size_t len, struct error *err)
{
	if (file_pwrite(j->fd, text, len / 2, offset, j->path, err) < 0)
		return -1;
	crash_point("journal-half-line");
	if (file_pwrite(j->fd, text + len / 2, len - len / 2, offset + len / 2, j->path, err) < 0)
		return -1;
	crash_point("journal-before-sync");
	if (file_sync_data(j->fd, j->path, err) < 0)
		return -1;
	crash_point("journal-after-sync");
	return 0;
}

int journal_append(struct journal *j, const struct journal_position *at, const void *text, size_t len, struct error *err)
{
	struct error second = ERROR_INIT;
	uint64_t size;

	if (!j->writable)
		return error_set(err, ERR_READ_ONLY, "cannot write '%s': the registry is read-only", j->path);
	if (journal_size(j, &size, err) < 0)
		return -1;
	if (size != at->offset)
		return error_set(err, ERR_INTEGRITY, "cannot append to '%s': it has %" PRIu64 " bytes where %" PRIu64 " were read", j->path,
			size, at->offset);
	if (!write_lines(j, at->offset, text, len, err))
		return 0;
	if (cut_to(j, at->offset, &second) < 0)
		error_hint(err, "The unfinished line could not be taken back (%s): run 'mreg fsck' before the next change.", second.text);
	return -1;
}

int journal_sync(struct journal *j, struct error *err)
{
	return j->fd < 0 ? 0 : file_sync_data(j->fd, j->path, err);
}
