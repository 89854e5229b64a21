/* SPDX-License-Identifier: Apache-2.0 */
/* The journal: what is appended is read, what is torn is cut, what is damaged is said. */
#include <config.h>

#include "store/journal.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/file.h"
#include "base/mem.h"
#include "tap.h"

#define LINES 5

static struct error err;
static const struct stamp stamp = { .id = { 1, 2, 3 } };
static char journal_path[4200];
static char warning[1024];

static void keep_warning(struct report *r, const char *text)
{
	(void)r;
	snprintf(warning, sizeof warning, "%s", text);
}

static struct report listener = { .warning = keep_warning };

static void open_journal(struct journal *j)
{
	error_clear(&err);
	need(!journal_open(j, tap_dir(), &stamp, &err), "cannot open the journal");
}

static void compose(struct strbuf *out, struct journal_position *at, const char *value, bool more)
{
	struct journal_line line = { .seq = at->seq + 1, .prev = at->sum, .by = xstrdup(""), .more = more };
	size_t before = out->len;

	line.changes = xcalloc(1, sizeof *line.changes);
	line.change_count = line.change_cap = 1;
	line.changes[0] = (struct change){ .key = xstrdup("alias/00000000000000000000000000000001/best"),
		.value = xstrdup(value),
		.time = 1000,
		.user = xstrdup("u"),
		.host = xstrdup("h"),
		.verb = xstrdup("alias"),
		.why = xstrdup(""),
		.run = xstrdup("") };
	need(!change_seal(line.changes, NULL, &err) && !journal_line_write(out, &line, &err), "cannot compose a line");
	*at = (struct journal_position){ at->offset + out->len - before, line.seq, line.sum };
	journal_line_cleanup(&line);
}

/* A journal of LINES lines with their positions in at[], at[0] being the start. */
static void make_journal(struct journal *j, struct journal_position at[LINES + 1], unsigned more_mask)
{
	unlink(journal_path);
	open_journal(j);
	journal_start(j, &at[0]);
	for (unsigned i = 0; i < LINES; i++) {
		CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

		at[i + 1] = at[i];
		compose(&text, &at[i + 1], "1", more_mask & 1u << i);
		need(!journal_append(j, &at[i], text.buf, text.len, &err), "cannot append");
	}
}

static uint64_t sum_of_seqs, handed_out, stop_at;

static int count_line(struct journal_line *line, uint64_t offset, void *arg, struct error *e)
{
	(void)offset;
	(void)arg;
	sum_of_seqs += line->seq;
	handed_out++;
	return stop_at && line->seq == stop_at ? error_set(e, ERR_NO, "stopped") : 0;
}

static int read_from(struct journal *j, const struct journal_position *from, struct journal_position *end, enum journal_tail *tail)
{
	sum_of_seqs = handed_out = 0;
	error_clear(&err);
	return journal_read(j, from, count_line, NULL, end, tail, &err);
}

static bool same_position(const struct journal_position *a, const struct journal_position *b)
{
	return a->offset == b->offset && a->seq == b->seq && oid_equal(&a->sum, &b->sum);
}

static void set_byte(uint64_t offset, char c)
{
	CLEANUP(fd) int fd = open(journal_path, O_WRONLY | O_CLOEXEC);

	need(fd >= 0 && pwrite(fd, &c, 1, (off_t)offset) == 1, "cannot damage the journal");
}

static void test_append_and_read(void)
{
	struct journal j = JOURNAL_INIT;
	struct journal_position at[LINES + 1], end, start = { 0, 0, { { 0 } } };
	enum journal_tail tail;
	struct journal_line line = { 0 };

	make_journal(&j, at, 0);
	is_int(read_from(&j, &start, &end, &tail), 0, "a journal is read from its start");
	ok(handed_out == LINES && sum_of_seqs == 15 && tail == JOURNAL_CLEAN && same_position(&end, &at[LINES]),
		"every line is handed out, to the end");
	is_int(read_from(&j, &at[3], &end, &tail), 0, "and from any line on");
	ok(handed_out == 2 && sum_of_seqs == 9, "only what follows is handed out");
	stop_at = 2;
	is_int(read_from(&j, &start, &end, &tail), -1, "a reader may stop it");
	ok(err.code == ERR_NO && same_position(&end, &at[1]), "with its own reason, before the line it refused");
	stop_at = 0;
	is_int(journal_read_at(&j, at[2].offset, &line, &err), 0, "one line is read by its offset");
	is_int((intmax_t)line.seq, 3, "and is the right one");
	journal_line_cleanup(&line);
	is_int(journal_read_at(&j, at[2].offset + 1, &line, &err), -1, "where no line begins there is none");
	is_int(err.code, ERR_INTEGRITY, "which is damage");
	is_int(journal_read_at(&j, at[LINES].offset, &line, &err), -1, "nor is there one at the end");
	journal_close(&j);
}

static void test_position(void)
{
	struct journal j = JOURNAL_INIT;
	struct journal_position at[LINES + 1], end, beyond;
	enum journal_tail tail;

	make_journal(&j, at, 0);
	beyond = at[LINES];
	beyond.offset += 100;
	is_int(read_from(&j, &beyond, &end, &tail), -1, "a position beyond the file is refused");
	is_int(err.code, ERR_INTEGRITY, "as damage");
	beyond = at[3];
	beyond.sum.raw[0] ^= 1;
	is_int(read_from(&j, &beyond, &end, &tail), -1, "so is one after another line");
	beyond = at[3];
	beyond.offset = 10;
	is_int(read_from(&j, &beyond, &end, &tail), -1, "so is one where no line can end");
	is_int(journal_check(&j, &at[3], &err), 0, "a true one passes");
	journal_close(&j);
}

/* Every length of a torn last line is found, set aside and cut, and the next line fits. */
static void test_torn(void)
{
	struct journal j = JOURNAL_INIT;
	struct journal_position at[LINES + 1], end;
	CLEANUP(strbuf) struct strbuf torn = STRBUF_INIT, text = STRBUF_INIT, kept = STRBUF_INIT;
	enum journal_tail tail;
	uint64_t size, bad = 0, wrong_copy = 0;

	make_journal(&j, at, 0);
	strbuf_addf(&torn, "%s.torn-%d", journal_path, LINES);
	need(!file_slurp(journal_path, &text, 1 << 20, NULL, &err), "cannot read the journal");
	for (uint64_t len = at[LINES - 1].offset + 1; len < at[LINES].offset; len++) {
		need(!file_replace(journal_path, text.buf, len, 0600, &err), "cannot write the journal");
		journal_close(&j);
		open_journal(&j);
		bad += read_from(&j, &at[0], &end, &tail) < 0 || tail != JOURNAL_TORN || !same_position(&end, &at[LINES - 1]);
		bad += journal_cut_torn(&j, &end, &listener, &err) < 0 || journal_size(&j, &size, &err) < 0 || size != end.offset;
		strbuf_reset(&kept);
		wrong_copy += file_slurp(torn.buf, &kept, 1 << 20, NULL, &err) < 0 || kept.len != len - end.offset ||
			memcmp(kept.buf, text.buf + end.offset, kept.len) != 0;
		unlink(torn.buf);
	}
	is_int((intmax_t)bad, 0, "a last line torn at any length is cut back");
	is_int((intmax_t)wrong_copy, 0, "and kept beside the journal");
	ok(strstr(warning, "journal.torn-5") != NULL, "and said: %s", warning);
	is_int(journal_append(&j, &end, text.buf + end.offset, text.len - end.offset, &err), 0, "the next line fits where it was");
	ok(!read_from(&j, &at[0], &end, &tail) && tail == JOURNAL_CLEAN && handed_out == LINES, "and all is whole again");
	journal_close(&j);
}

static void test_torn_twice(void)
{
	struct journal j = JOURNAL_INIT;
	struct journal_position at[LINES + 1];
	CLEANUP(strbuf) struct strbuf first = STRBUF_INIT, second = STRBUF_INIT;

	make_journal(&j, at, 0);
	strbuf_addf(&first, "%s.torn-%d", journal_path, LINES);
	strbuf_addf(&second, "%s.torn-%d.2", journal_path, LINES);
	for (int i = 0; i < 2; i++) {
		need(!pwrite(j.fd, "", 0, 0) && pwrite(j.fd, "garbage", 7, (off_t)at[LINES - 1].offset) == 7, "cannot write");
		is_int(journal_cut_torn(&j, &at[LINES - 1], NULL, &err), 0, "a torn tail is cut, listener or none");
	}
	ok(file_exists(first.buf) && file_exists(second.buf), "a second one of the same number does not replace the first");
	is_int(journal_cut_torn(&j, &at[LINES - 1], NULL, &err), 0, "where nothing is torn nothing is cut");
	unlink(first.buf);
	unlink(second.buf);
	journal_close(&j);
}

static void test_group(void)
{
	struct journal j = JOURNAL_INIT;
	struct journal_position at[LINES + 1], end;
	CLEANUP(strbuf) struct strbuf torn = STRBUF_INIT;
	enum journal_tail tail;

	make_journal(&j, at, 1u << 1 | 1u << 2);
	ok(!read_from(&j, &at[0], &end, &tail) && handed_out == LINES && sum_of_seqs == 15 && tail == JOURNAL_CLEAN,
		"a whole group is handed out");
	need(!truncate(journal_path, (off_t)at[3].offset), "cannot truncate");
	ok(!read_from(&j, &at[0], &end, &tail) && handed_out == 1 && tail == JOURNAL_TORN && same_position(&end, &at[1]),
		"a group without its last line is torn, and none of it is handed out");
	need(!truncate(journal_path, (off_t)at[3].offset + 20), "cannot truncate");
	ok(!read_from(&j, &at[0], &end, &tail) && handed_out == 1 && tail == JOURNAL_TORN && same_position(&end, &at[1]),
		"so is one that ends in a torn line");
	is_int(journal_cut_torn(&j, &end, &listener, &err), 0, "it is cut as a whole");
	ok(!read_from(&j, &at[0], &end, &tail) && handed_out == 1 && tail == JOURNAL_CLEAN, "and the journal is clean");
	strbuf_addf(&torn, "%s.torn-2", journal_path);
	ok(file_exists(torn.buf), "the tail is named for the first line that is gone");
	unlink(torn.buf);
	journal_close(&j);
	make_journal(&j, at, 1u << (LINES - 1));
	ok(!read_from(&j, &at[0], &end, &tail) && handed_out == LINES - 1 && tail == JOURNAL_TORN,
		"a last line that promises more is torn");
	journal_close(&j);
}

static void test_damage(void)
{
	struct journal j = JOURNAL_INIT;
	struct journal_position at[LINES + 1], end;
	enum journal_tail tail;
	char text[64], said[sizeof err.text] = "";
	uint64_t bad = 0;

	for (uint64_t i = 0;; i++) {
		make_journal(&j, at, 0);
		if (i == at[3].offset - at[2].offset) {
			journal_close(&j);
			break;
		}
		set_byte(at[2].offset + i, '\x01');
		bad += read_from(&j, &at[0], &end, &tail) == 0 || err.code != ERR_INTEGRITY || handed_out != 2 ||
			!same_position(&end, &at[2]);
		memcpy(said, err.text, sizeof said);
		journal_close(&j);
	}
	is_int((intmax_t)bad, 0, "any byte of a line in the middle, its newline too, is damage, and the lines before it were handed out");
	snprintf(text, sizeof text, "line 3 at offset %ju", (uintmax_t)at[2].offset);
	ok(strstr(said, text) != NULL, "the message names line and offset: %s", said);
	make_journal(&j, at, 0);
	set_byte(at[LINES].offset - 80, '\x01');
	ok(!read_from(&j, &at[0], &end, &tail) && tail == JOURNAL_TORN, "in the last line it is a torn tail");
	journal_close(&j);
	make_journal(&j, at, 1u << 1 | 1u << 2);
	set_byte(at[2].offset + 9, '\x01');
	ok(read_from(&j, &at[0], &end, &tail) < 0 && err.code == ERR_INTEGRITY && handed_out == 1,
		"within a group it is damage when the group goes on");
	journal_close(&j);
}

static void test_chain(void)
{
	struct journal j = JOURNAL_INIT;
	struct journal_position at[LINES + 1], end, next;
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	enum journal_tail tail;

	make_journal(&j, at, 0);
	next = at[LINES];
	next.sum.raw[5] ^= 1;
	compose(&text, &next, "2", false);
	need(!journal_append(&j, &at[LINES], text.buf, text.len, &err), "cannot append");
	ok(read_from(&j, &at[0], &end, &tail) < 0 && err.code == ERR_INTEGRITY && strstr(err.text, "does not follow"),
		"a line of another chain is damage: %s", err.text);
	journal_close(&j);
	make_journal(&j, at, 0);
	next = at[LINES];
	next.seq++;
	strbuf_reset(&text);
	compose(&text, &next, "2", false);
	need(!journal_append(&j, &at[LINES], text.buf, text.len, &err), "cannot append");
	ok(read_from(&j, &at[0], &end, &tail) < 0 && err.code == ERR_INTEGRITY, "so is a line that is missing");
	j.first_prev.raw[0] ^= 1;
	ok(read_from(&j, &at[0], &end, &tail) < 0 && err.code == ERR_INTEGRITY && !handed_out, "so is the journal of another registry");
	journal_close(&j);
}

static void test_oversized(void)
{
	struct journal j = JOURNAL_INIT;
	struct journal_position at[LINES + 1], end;
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	enum journal_tail tail;

	make_journal(&j, at, 0);
	strbuf_grow(&text, 3 * JOURNAL_LINE_MAX);
	memset(text.buf, 'x', 3 * JOURNAL_LINE_MAX);
	strbuf_set_len(&text, 3 * JOURNAL_LINE_MAX);
	need(pwrite(j.fd, text.buf, text.len, (off_t)at[LINES].offset) == (ssize_t)text.len, "cannot write");
	ok(!read_from(&j, &at[0], &end, &tail) && tail == JOURNAL_TORN && same_position(&end, &at[LINES]),
		"megabytes without a line are a torn tail");
	strbuf_reset(&text);
	strbuf_addc(&text, '\n');
	end = at[LINES];
	compose(&text, &end, "3", false);
	need(pwrite(j.fd, text.buf, text.len, (off_t)at[LINES].offset + 3 * JOURNAL_LINE_MAX) == (ssize_t)text.len, "cannot write");
	ok(read_from(&j, &at[0], &end, &tail) < 0 && err.code == ERR_INTEGRITY, "but damage when a line follows");
	journal_close(&j);
}

static void test_big_line(void)
{
	struct journal j = JOURNAL_INIT;
	struct journal_position at[LINES + 1], end, next;
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT, value = STRBUF_INIT;
	struct journal_line line = { 0 };
	enum journal_tail tail;

	make_journal(&j, at, 0);
	strbuf_grow(&value, JOURNAL_LINE_MAX);
	memset(value.buf, 'v', JOURNAL_LINE_MAX - 2000);
	strbuf_set_len(&value, JOURNAL_LINE_MAX - 2000);
	value.buf[0] = value.buf[value.len - 1] = '"';
	next = at[LINES];
	compose(&text, &next, value.buf, false);
	need(!journal_append(&j, &at[LINES], text.buf, text.len, &err), "cannot append");
	ok(!read_from(&j, &at[0], &end, &tail) && handed_out == LINES + 1 && same_position(&end, &next),
		"a line of nearly a megabyte is read");
	ok(!journal_read_at(&j, at[LINES].offset, &line, &err) && line.seq == LINES + 1, "also by its offset");
	journal_line_cleanup(&line);
	journal_close(&j);
}

static void test_failed_append(void)
{
	struct journal j = JOURNAL_INIT;
	struct journal_position at[LINES + 1], end, next;
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	enum journal_tail tail;
	struct rlimit old, limit;
	uint64_t size;
	int failed;

	make_journal(&j, at, 0);
	next = at[LINES];
	compose(&text, &next, "2", false);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	limit = old;
	limit.rlim_cur = at[LINES].offset + text.len - 5;
	need(!setrlimit(RLIMIT_FSIZE, &limit), "cannot limit file sizes");
	failed = journal_append(&j, &at[LINES], text.buf, text.len, &err);
	need(!setrlimit(RLIMIT_FSIZE, &old), "cannot lift the limit");
	is_int(failed, -1, "a line that does not fit on the disk fails");
	ok(!journal_size(&j, &size, &err) && size == at[LINES].offset, "and the file has its old length");
	ok(!read_from(&j, &at[0], &end, &tail) && tail == JOURNAL_CLEAN, "and is clean");
	is_int(journal_append(&j, &at[LINES - 1], text.buf, text.len, &err), -1, "nothing is written over what is there");
	journal_close(&j);
}

static void test_absent(void)
{
	struct journal j = JOURNAL_INIT;
	struct journal_position end, start = { 0, 0, { { 0 } } };
	enum journal_tail tail;

	unlink(journal_path);
	open_journal(&j);
	ok(!read_from(&j, &start, &end, &tail) && tail == JOURNAL_CLEAN && !end.seq, "an absent journal is empty");
	ok(file_exists(journal_path), "and is made where one can write");
	journal_close(&j);
}

int main(void)
{
	snprintf(journal_path, sizeof journal_path, "%s/journal", tap_dir());
	test_append_and_read();
	test_position();
	test_torn();
	test_torn_twice();
	test_group();
	test_damage();
	test_chain();
	test_oversized();
	test_big_line();
	test_failed_append();
	test_absent();
	return tap_done();
}
