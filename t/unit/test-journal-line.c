/* SPDX-License-Identifier: Apache-2.0 */
/* Journal lines: sums, sizes, damage. */
#include <config.h>

#include "format/journal-line.h"

#include "base/clock.h"
#include "base/mem.h"
#include "tap.h"

static struct change make_change(const char *key, const char *value)
{
	struct change c = { .key = xstrdup(key),
		.value = xstrdup(value),
		.time = NS_PER_S,
		.user = xstrdup("u"),
		.host = xstrdup("h"),
		.verb = xstrdup("put"),
		.why = xstrdup(""),
		.run = xstrdup("") };
	struct error err = ERROR_INIT;

	need(change_seal(&c, NULL, &err) == 0, err.text);
	return c;
}

static struct journal_line make_line(size_t changes)
{
	struct journal_line line = { .seq = 7, .time = NS_PER_S, .by = xstrdup("") };

	line.prev.raw[0] = 0xab;
	ARRAY_GROW(line.changes, changes, line.change_cap);
	for (size_t i = 0; i < changes; i++)
		line.changes[line.change_count++] = make_change(i % 2 ? "a/b" : "c/d", i % 2 ? "null" : "{\"n\":1}");
	return line;
}

static void test_text(void)
{
	CLEANUP(journal_line) struct journal_line line = make_line(0), back = { .seq = 0 };
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct error err = ERROR_INIT;
	struct oid sum;
	static const char body[] =
		"{\"by\":\"\",\"changes\":[],\"more\":false,\"offered\":[],\"prev\":\"ab00000000000000000000000000000000000000000000000000"
		"000000000000\",\"seq\":7,\"time\":\"1970-01-01T00:00:01Z\",\"withdrawn\":[]}";
	CLEANUP(strbuf) struct strbuf want = STRBUF_INIT;

	sha256_bytes(body, strlen(body), &sum);
	strbuf_add(&want, body, strlen(body) - 1);
	strbuf_addf(&want, ",\"sum\":\"%s\"}\n", oid_hex(&sum).text);
	ok(journal_line_write(&text, &line, &err) == 0, "a line is written");
	is_str(text.buf, want.buf, "its sum stands last and is of the text without it");
	ok(oid_equal(&sum, &line.sum), "the sum is handed out");
	ok(journal_line_parse(text.buf, text.len, &back, &err) == 0 && back.seq == 7 && oid_equal(&back.sum, &sum) &&
			oid_equal(&back.prev, &line.prev),
		"it is read back");
	journal_line_cleanup(&back);
	ok(journal_line_parse(text.buf, text.len - 1, &back, &err) == 0, "without its newline too");
}

static void test_round_trip(void)
{
	CLEANUP(journal_line) struct journal_line line = make_line(5), back = { .seq = 0 };
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT, again = STRBUF_INIT;
	struct error err = ERROR_INIT;

	line.more = true;
	line.withdrawn = xcalloc(2, sizeof *line.withdrawn);
	line.withdrawn_count = 2;
	line.offered = xcalloc(1, sizeof *line.offered);
	line.offered_count = 1;
	line.offered[0] = (struct journal_offer){ .collection = "00112233445566778899aabbccddeeff", .through = 7 };
	free(line.by);
	line.by = xstrdup("\xc3\xa9va");
	need(journal_line_write(&text, &line, &err) == 0, err.text);
	ok(journal_line_parse(text.buf, text.len, &back, &err) == 0, "a full line is read: %s", err.text);
	ok(back.offered_count == 1 && !strcmp(back.offered[0].collection, line.offered[0].collection) && back.offered[0].through == 7,
		"also what was handed out");
	ok(back.more && back.change_count == 5 && back.withdrawn_count == 2 && back.offered_count == 1 && strcmp(back.by, line.by) == 0,
		"with all that is in it");
	for (size_t i = 0; i < 5; i++)
		if (!oid_equal(&back.changes[i].id, &line.changes[i].id))
			ok(false, "change %zu lost its id", i);
	ok(journal_line_write(&again, &back, &err) == 0 && strcmp(again.buf, text.buf) == 0, "and written again it is the same");
}

static enum error_code parse_code(const char *text, size_t len)
{
	CLEANUP(journal_line) struct journal_line line = { .seq = 0 };
	struct error err = ERROR_INIT;

	return journal_line_parse(text, len, &line, &err) == 0 ? ERR_NONE : err.code;
}

static void test_damage(void)
{
	CLEANUP(journal_line) struct journal_line line = make_line(3);
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct error err = ERROR_INIT;
	size_t missed = 0;

	need(journal_line_write(&text, &line, &err) == 0, err.text);
	for (size_t i = 0; i < text.len - 1; i++) {
		text.buf[i] ^= 1;
		missed += parse_code(text.buf, text.len) != ERR_INTEGRITY;
		text.buf[i] ^= 1;
	}
	is_int((intmax_t)missed, 0, "every flipped bit is found");
	for (size_t i = 0; i < text.len - 1; i++)
		missed += parse_code(text.buf, i) != ERR_INTEGRITY;
	is_int((intmax_t)missed, 0, "every cut is found");
	strbuf_addc(&text, '\n');
	is_int(parse_code(text.buf, text.len), ERR_INTEGRITY, "two newlines");
}

static void with_sum(struct strbuf *out, const char *body)
{
	struct oid sum;

	strbuf_reset(out);
	sha256_bytes(body, strlen(body), &sum);
	strbuf_add(out, body, strlen(body) - 1);
	strbuf_addf(out, ",\"sum\":\"%s\"}\n", oid_hex(&sum).text);
}

static void test_forged(void)
{
#define PREV "\"ab00000000000000000000000000000000000000000000000000000000000000\""
#define TIME "\"1970-01-01T00:00:01Z\""
	static const struct {
		const char *body, *name;
	} bodies[] = {
		{ "{\"by\":\"\",\"changes\":[],\"more\":false,\"offered\":[],\"prev\":" PREV ",\"seq\":0,\"time\":" TIME
		  ",\"withdrawn\":[]}",
			"number 0" },
		{ "{\"by\":\"\",\"changes\":[],\"more\":false,\"offered\":[],\"prev\":" PREV ",\"seq\":-1,\"time\":" TIME
		  ",\"withdrawn\":[]}",
			"number -1" },
		{ "{\"by\":\"\", \"changes\":[],\"more\":false,\"offered\":[],\"prev\":" PREV ",\"seq\":1,\"time\":" TIME
		  ",\"withdrawn\":[]}",
			"a blank" },
		{ "{\"changes\":[],\"by\":\"\",\"more\":false,\"offered\":[],\"prev\":" PREV ",\"seq\":1,\"time\":" TIME
		  ",\"withdrawn\":[]}",
			"another order" },
		{ "{\"by\":\"\",\"changes\":[],\"extra\":1,\"more\":false,\"offered\":[],\"prev\":" PREV ",\"seq\":1,\"time\":" TIME
		  ",\"withdrawn\":[]}",
			"an unknown member" },
		{ "{\"by\":\"\",\"changes\":[],\"offered\":[],\"prev\":" PREV ",\"seq\":1,\"time\":" TIME ",\"withdrawn\":[]}",
			"a missing member" },
		{ "{\"by\":\"\",\"changes\":[{}],\"more\":false,\"offered\":[],\"prev\":" PREV ",\"seq\":1,\"time\":" TIME
		  ",\"withdrawn\":[]}",
			"an empty change" },
		{ "{\"by\":\"\",\"changes\":[],\"more\":false,\"offered\":[\"x\"],\"prev\":" PREV ",\"seq\":1,\"time\":" TIME
		  ",\"withdrawn\":[]}",
			"no offer" },
		{ "{\"by\":\"\",\"changes\":[],\"more\":false,\"offered\":[{\"collection\":\"00\",\"through\":1}],\"prev\":" PREV ",\"seq\":1,\"time\":" TIME
		  ",\"withdrawn\":[]}",
			"an offer of half a collection" },
		{ "{\"by\":\"\",\"changes\":[],\"more\":false,\"offered\":[{\"collection\":\"\",\"through\":0}],\"prev\":" PREV ",\"seq\":1,\"time\":" TIME
		  ",\"withdrawn\":[]}",
			"an offer of no line" },
		{ "{\"by\":\"\",\"changes\":[],\"more\":false,\"offered\":[],\"prev\":" PREV ",\"seq\":1,\"time\":" TIME
		  ",\"withdrawn\":{}}",
			"no list" },
		{ "{}", "nothing" },
		{ "[]", "a list" },
	};
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	with_sum(&text,
		"{\"by\":\"\",\"changes\":[],\"more\":false,\"offered\":[],\"prev\":" PREV ",\"seq\":1,\"time\":" TIME
		",\"withdrawn\":[]}");
	is_int(parse_code(text.buf, text.len), ERR_NONE, "a right sum over a right line");
	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		with_sum(&text, bodies[i].body);
		is_int(parse_code(text.buf, text.len), ERR_INTEGRITY, bodies[i].name);
	}
}

static void test_sizes(void)
{
	CLEANUP(journal_line) struct journal_line line = make_line(1), back = { .seq = 0 };
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT, fill = STRBUF_INIT;
	struct error err = ERROR_INIT;

	need(journal_line_write(&text, &line, &err) == 0, err.text);
	for (size_t i = 0; i < JOURNAL_LINE_MAX - text.len; i++)
		strbuf_addc(&fill, 'x');
	free(line.by);
	line.by = xstrdup(fill.buf);
	strbuf_reset(&text);
	ok(journal_line_write(&text, &line, &err) == 0 && text.len == JOURNAL_LINE_MAX &&
			journal_line_parse(text.buf, text.len, &back, &err) == 0,
		"a line of 1 MiB is the longest");
	free(line.by);
	strbuf_addc(&fill, 'x');
	line.by = xstrdup(fill.buf);
	strbuf_reset(&text);
	ok(journal_line_write(&text, &line, &err) == -1 && err.code == ERR_INVALID && text.len == 0, "one byte more is refused");
	strbuf_grow(&text, 2 * JOURNAL_LINE_MAX);
	memset(text.buf, ' ', 2 * JOURNAL_LINE_MAX);
	is_int(parse_code(text.buf, 2 * JOURNAL_LINE_MAX), ERR_INTEGRITY, "and not read");
}

int main(void)
{
	test_text();
	test_round_trip();
	test_damage();
	test_forged();
	test_sizes();
	return tap_done();
}
