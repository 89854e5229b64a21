/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of results on stdout: what each mode prints of the same records. */
#include <config.h>

#include "ui/out.h"

#include <fcntl.h>
#include <signal.h>

#include "base/clock.h"
#include "base/file.h"
#include "tap.h"

static const struct column columns[] = {
	{ "ref", NULL, COLUMN_TEXT, false },
	{ "size", NULL, COLUMN_SIZE, false },
	{ "digest", NULL, COLUMN_DIGEST, false },
	{ "aliases", NULL, COLUMN_LIST, false },
	{ "time", "WHEN", COLUMN_AGE, true },
	{ "note", NULL, COLUMN_TEXT, false },
	{ NULL, NULL, COLUMN_TEXT, false },
};
static const char *const rows[] = {
	"{\"ref\":\"m:v0\",\"size\":1536,\"digest\":\"0123456789abcdef\",\"aliases\":[],"
	"\"note\":null,\"time\":\"2026-11-21T03:33:12Z\",\"metrics\":{\"acc\":0.5}}",
	"{\"ref\":\"model:v12\",\"size\":3,\"digest\":\"ffffffffffffffff\",\"aliases\":[\"a\",\"best\"],"
	"\"note\":\"first \\u001b[31m line\",\"metrics\":{\"acc\":12}}",
};
static struct error err;
static struct strbuf got;

static json_t *parse(const char *text)
{
	json_t *doc = json_parse(text, strlen(text), "row", &err);

	need(doc != NULL, err.text);
	return doc;
}

/* What stdout was before, while a file stands in for it. */
static int begin_capture(void)
{
	int real = dup(STDOUT_FILENO), fd;

	fflush(stdout);
	fd = open(tap_dir(), O_RDWR | O_TMPFILE, 0600);
	need(real >= 0 && fd >= 0 && dup2(fd, STDOUT_FILENO) >= 0, "stdout cannot be caught");
	close(fd);
	return real;
}

static void end_capture(int real)
{
	char text[4096];
	ssize_t n;

	need(lseek(STDOUT_FILENO, 0, SEEK_SET) == 0, "lseek");
	strbuf_reset(&got);
	while ((n = read(STDOUT_FILENO, text, sizeof text)) > 0)
		strbuf_add(&got, text, (size_t)n);
	dup2(real, STDOUT_FILENO);
	close(real);
}

static struct out *open_out(enum out_mode mode, const char *template, bool zero, bool color, size_t width)
{
	const struct out_options options = { .mode = mode, .template = template, .zero = zero, .color = color, .width = width };
	struct out *o = out_new(&options, &err);

	need(o != NULL, err.text);
	return o;
}

static void list(struct out *o, const char *chosen)
{
	int real = begin_capture();
	bool fine = !out_list_begin(o, columns, chosen, "ref", &err) && !out_list_row(o, parse(rows[0]), &err) &&
		    !out_list_row(o, parse(rows[1]), &err) && !out_list_end(o, &err) && !out_flush(o, &err);

	end_capture(real);
	need(fine, err.text);
	out_free(o);
}

static void result(struct out *o, const char *record, const char *primary)
{
	int real = begin_capture();
	bool fine = !out_result(o, parse(record), primary, &err) && !out_flush(o, &err);

	end_capture(real);
	need(fine, err.text);
	out_free(o);
}

static void test_lists(void)
{
	list(open_out(OUT_HUMAN, NULL, false, false, 0), NULL);
	is_str(got.buf,
	       "REF           SIZE  DIGEST        ALIASES  NOTE\n"
	       "m:v0       1.5 KiB  0123456789ab\n"
	       "model:v12      3 B  ffffffffffff  a, best  first \\x1b[31m line\n",
	       "people get aligned columns without blanks at the end, and no escape sequences of others");
	list(open_out(OUT_HUMAN, NULL, false, false, 58), NULL);
	ok(strstr(got.buf, "a, best  first \\x1b[31m\xe2\x80\xa6\n") != NULL, "the last column is cut to the terminal");
	list(open_out(OUT_HUMAN, NULL, false, true, 0), "ref");
	is_str(got.buf, "\033[1mREF\033[m\nm:v0\nmodel:v12\n", "headings are bold where there are colours");
	list(open_out(OUT_HUMAN, NULL, false, false, 0), "ref,time,metrics.acc,nothing");
	is_str(got.buf, "REF        TIME              METRICS.ACC  NOTHING\nm:v0       2026-11-21 03:33          0.5\nmodel:v12                             12\n",
	       "columns may be chosen, any member of a record among them, and a time is then not an age");
	list(open_out(OUT_JSON, NULL, false, false, 0), "ref");
	ok(!strncmp(got.buf, "{\"format\":1,\"ref\":\"m:v0\",\"size\":1536,", 37) && strchr(got.buf, '\n')[1] == '{',
	   "JSON has the whole record on a line of its own");
	list(open_out(OUT_LINES, NULL, false, false, 0), NULL);
	is_str(got.buf, "m:v0\nmodel:v12\n", "-q prints the primary member alone");
	list(open_out(OUT_LINES, NULL, true, false, 0), NULL);
	ok(got.len == 15 && !memcmp(got.buf, "m:v0\0model:v12\0", 15), "-z ends records with NUL");
	list(open_out(OUT_TEMPLATE, "{ref} {aliases}", false, false, 0), NULL);
	is_str(got.buf, "m:v0 \nmodel:v12 a,best\n", "a template is filled in for each record");
}

static void test_results(void)
{
	result(open_out(OUT_HUMAN, NULL, false, false, 0), "{\"path\":\"a\\u001bb\"}", "path");
	is_str(got.buf, "a\\x1bb\n", "people get the primary member, made visible");
	result(open_out(OUT_LINES, NULL, false, false, 0), "{\"path\":\"a\\u001bb\"}", "path");
	is_str(got.buf, "a\033b\n", "-q is exact in a pipe");
	result(open_out(OUT_LINES, NULL, false, false, 80), "{\"path\":\"a\\u001bb\"}", "path");
	is_str(got.buf, "a\\x1bb\n", "but not on a terminal");
	result(open_out(OUT_JSON, NULL, false, false, 0), "{}", NULL);
	is_str(got.buf, "{\"format\":1}\n", "an empty record is a JSON document");
	result(open_out(OUT_HUMAN, NULL, false, false, 0), "{\"a\":1}", NULL);
	is_str(got.buf, "", "what has no primary member prints nothing");
}

static void test_card(void)
{
	struct out *o = open_out(OUT_HUMAN, NULL, false, false, 0);
	int real = begin_capture();
	bool fine = !out_heading(o, "m:v1", &err) && !out_field(o, "type", "model", &err) && !out_field(o, "note", "one\n\ntwo\n", &err) &&
		    !out_field(o, "a label of some length", "x", &err) && !out_field(o, "empty", "", &err) && !out_text(o, &err, "%d\tfiles\n", 3) &&
		    !out_flush(o, &err);

	end_capture(real);
	need(fine, err.text);
	is_str(got.buf, "m:v1\ntype:         model\nnote:         one\n\n              two\na label of some length: x\nempty:\n3\\x09files\n",
	       "a card's values are aligned, and their lines indented");
	out_free(o);
}

/* More than are measured: later rows follow the widths of the first. */
static void test_streaming(void)
{
	struct out *o = open_out(OUT_HUMAN, NULL, false, false, 0);
	int real = begin_capture();
	bool fine = !out_list_begin(o, columns, "ref,size", "ref", &err);

	for (int i = 0; i < 300 && fine; i++)
		fine = !out_list_row(o, parse(i < 250 ? "{\"ref\":\"a\",\"size\":1}" : "{\"ref\":\"longer\",\"size\":1}"), &err);
	fine = fine && !out_list_end(o, &err) && !out_flush(o, &err);
	end_capture(real);
	need(fine, err.text);
	ok(!strncmp(got.buf, "REF  SIZE\na     1 B\n", 20), "the widths come from the first rows");
	ok(strstr(got.buf, "\nlonger   1 B\n") != NULL, "a longer one later pushes its own row only");
	out_free(o);
}

static void test_failures(void)
{
	struct out *o = open_out(OUT_LINES, NULL, false, false, 0);
	int real = begin_capture(), full = open("/dev/full", O_WRONLY), ends[2];
	bool is_full, is_quiet;

	need(full >= 0 && !pipe(ends), "no /dev/full or pipe");
	dup2(full, STDOUT_FILENO);
	is_full = !out_bytes(o, "x", 1, &err) && out_flush(o, &err) < 0 && err.code == ERR_DISK_FULL;
	close(ends[0]);
	dup2(ends[1], STDOUT_FILENO);
	is_quiet = !out_bytes(o, "x", 1, &err) && out_flush(o, &err) < 0 && err.code == ERR_QUIET;
	dup2(real, STDOUT_FILENO);
	close(real);
	close(full);
	close(ends[1]);
	ok(is_full, "a full disk is an error");
	ok(is_quiet, "a reader that went away is a quiet one");
	ok(!out_list_begin(o, columns, NULL, "ref", &err) && out_list_begin(o, columns, "a,,b", "ref", &err) < 0 && err.code == ERR_USAGE,
	   "a column without a name is refused");
	out_free(o);
}

int main(void)
{
	const struct out_options bad = { .mode = OUT_TEMPLATE, .template = "{" };
	int64_t now;

	signal(SIGPIPE, SIG_IGN);
	need(clock_parse_utc("2026-11-21T03:33:12Z", &now), "clock_parse_utc");
	clock_fix(now);
	strbuf_init(&got);
	test_lists();
	test_results();
	test_card();
	test_streaming();
	test_failures();
	ok(!out_new(&bad, &err) && err.code == ERR_USAGE, "a template that does not parse is refused at once");
	strbuf_release(&got);
	return tap_done();
}
