/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of CSV. */
#include <config.h>

#include "format/csv.h"

#include "base/mem.h"
#include "base/strbuf.h"
#include "tap.h"

/* The fields of every row between bars, rows between newlines; NULL when it is refused. */
static char *rows(const char *text, size_t len, char separator)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;
	struct error err = ERROR_INIT;
	int got = 1;

	for (size_t at = 0, used; got == 1; at += used) {
		CLEANUP(strvec) struct strvec fields = STRVEC_INIT;

		got = csv_read_row(text + at, len - at, separator, &fields, &used, &err);
		for (size_t i = 0; got == 1 && i < fields.count; i++)
			strbuf_addf(&out, "%s|", fields.v[i]);
		strbuf_adds(&out, got == 1 ? "/" : "");
	}
	return got < 0 ? NULL : strbuf_detach(&out);
}

static void reads(const char *text, const char *want)
{
	char *got = rows(text, strlen(text), ',');

	is_str(got, want, text);
	free(got);
}

static void test_rows(void)
{
	reads("", "");
	reads("a,b\n1,2\n", "a|b|/1|2|/");
	reads("a,b\r\n1,2", "a|b|/1|2|/");
	reads("a,\n,b\n", "a||/|b|/");
	reads("\n\n", "|/|/");
	reads("\"a,b\",\"c\nd\",\"e\"\"f\"\n", "a,b|c\nd|e\"f|/");
	reads("\"\",\"\"\"\"\n", "|\"|/");
	reads("a\"b,c\"\n", "a\"b|c\"|/");
	reads("a\rb,c\r", "a\rb|c\r|/");
	reads(" a , b \n", " a | b |/");
}

static void test_refused(void)
{
	static const char *const wrong[] = { "\"", "\"a", "a,\"b\nc", "\"a\"b", "\"a\" ,b", "\"a\"\"" };
	char *got;

	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		ok(!rows(wrong[i], strlen(wrong[i]), ','), "refused: %zu", i);
	ok(!rows("a\0b", 3, ','), "refused: a NUL");
	got = rows("a,b\tc\n", 6, '\t');
	is_str(got, "a,b|c|/", "tabs may separate");
	free(got);
}

static void test_limit(void)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	char *got;

	for (size_t i = 1; i < CSV_MAX_FIELDS; i++)
		strbuf_addc(&text, ',');
	got = rows(text.buf, text.len, ',');
	ok(got != NULL, "so many fields are read");
	free(got);
	strbuf_addc(&text, ',');
	ok(!rows(text.buf, text.len, ','), "one more is refused");
}

int main(void)
{
	test_rows();
	test_refused();
	test_limit();
	return tap_done();
}
