/* SPDX-License-Identifier: Apache-2.0 */
/* Changes: the canonical text, its id, and what is refused. */
#include <config.h>

#include "format/change.h"

#include "base/clock.h"
#include "base/mem.h"
#include "tap.h"

static struct change make(const char *key, const char *value)
{
	return (struct change){ .key = xstrdup(key),
		.value = xstrdup(value),
		.time = NS_PER_S,
		.user = xstrdup("u"),
		.host = xstrdup("h"),
		.verb = xstrdup("alias"),
		.why = xstrdup(""),
		.run = xstrdup("") };
}

static void test_text(void)
{
	CLEANUP(change) struct change c = make("alias/C/best", " { \"b\" : 1, \"a\" : 2 } ");
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct error err = ERROR_INIT;
	struct oid id;

	ok(change_seal(&c, &text, &err) == 0, "a change is sealed");
	is_str(text.buf,
		"{\"host\":\"h\",\"key\":\"alias/C/best\",\"parents\":[],\"time\":\"1970-01-01T00:00:01Z\",\"user\":\"u\",\"value\":{\"a\":2,\"b\":1},"
		"\"verb\":\"alias\"}",
		"its text leaves out an empty reason and run");
	is_str(c.value, "{\"a\":2,\"b\":1}", "its value is made canonical");
	sha256_bytes(text.buf, text.len, &id);
	ok(oid_equal(&id, &c.id), "its id is the SHA-256 of the text");
	free(c.why);
	free(c.run);
	c.why = xstrdup("better");
	c.run = xstrdup("r-1");
	strbuf_reset(&text);
	ok(change_seal(&c, &text, &err) == 0 && strstr(text.buf, "\"run\":\"r-1\",\"time\"") && strstr(text.buf, ",\"why\":\"better\"}"),
		"a reason and a run are in it");
	ok(!oid_equal(&id, &c.id) && change_seal(&c, NULL, &err) == 0, "another text, another id; the text need not be wanted");
}

static void test_parents(void)
{
	CLEANUP(change) struct change c = make("a/b", "null");
	struct error err = ERROR_INIT;

	c.parents = xcalloc(100, sizeof *c.parents);
	for (size_t i = 0; i < 5; i++)
		c.parents[i].raw[0] = (uint8_t)(i == 3 ? 9 : 9 - i);
	c.parent_count = 5;
	ok(change_seal(&c, NULL, &err) == 0 && c.parent_count == 4 && c.parents[0].raw[0] == 5 && c.parents[3].raw[0] == 9,
		"parents are sorted, each once");
	for (size_t i = 0; i < 100; i++)
		c.parents[i].raw[1] = (uint8_t)i;
	c.parent_count = CHANGE_MAX_PARENTS;
	is_int(change_seal(&c, NULL, &err), 0, "64 parents are legal");
	c.parent_count = CHANGE_MAX_PARENTS + 1;
	ok(change_seal(&c, NULL, &err) == -1 && err.code == ERR_INVALID, "65 are not");
}

static void test_keys(void)
{
	static const char *const right[] = { "a", "alias/C/best", "tag/C/a:b=c d", "title/\xc3\xa9" };
	static const char *const wrong[] = { "", "/a", "a/", "a//b", "a\nb", "a\x7f", "a/\xc2\x9b", "\xff", "a/\xc3" };
	struct error err = ERROR_INIT;
	char long_key[CHANGE_KEY_MAX + 2];

	memset(long_key, 'x', sizeof long_key);
	long_key[CHANGE_KEY_MAX + 1] = '\0';
	for (size_t i = 0; i < COUNT_OF(right); i++) {
		CLEANUP(change) struct change c = make(right[i], "1");

		is_int(change_seal(&c, NULL, &err), 0, right[i]);
	}
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		CLEANUP(change) struct change c = make(wrong[i], "1");

		ok(change_seal(&c, NULL, &err) == -1 && err.code == ERR_INVALID, "an illegal key: %zu", i);
	}
	for (size_t cut = 0; cut < 2; cut++) {
		CLEANUP(change) struct change c = make(long_key + cut, "1");

		is_int(change_seal(&c, NULL, &err), cut ? 0 : -1, cut ? "a key of 400 bytes" : "a key of 401 bytes is refused");
	}
}

static void test_values(void)
{
	static const char *const wrong[] = { "", "x", "{", "NaN", "1 2", "{\"a\":1,\"a\":2}" };
	CLEANUP(strbuf) struct strbuf deep = STRBUF_INIT;
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		CLEANUP(change) struct change c = make("a", wrong[i]);

		ok(change_seal(&c, NULL, &err) == -1 && err.code == ERR_INVALID, "an illegal value: %zu", i);
	}
	for (int i = 0; i < 62; i++)
		strbuf_insert(&deep, deep.len / 2, "[]", 2);
	CLEANUP(change) struct change c = make("a", deep.buf), other = make("a", "1");

	ok(change_seal(&c, NULL, &err) == -1 && err.code == ERR_INVALID, "a value nested so deep that no line could hold it");
	other.user[0] = '\xff';
	ok(change_seal(&other, NULL, &err) == -1 && err.code == ERR_INVALID, "a user that is not UTF-8");
}

static enum error_code parse_code(const char *text)
{
	struct error err = ERROR_INIT;
	CLEANUP(json) json_t *doc = json_parse(text, strlen(text), "it", &err);
	CLEANUP(change) struct change c = { .time = 0 };

	need(doc != NULL, err.text);
	return change_parse(doc, &c, &err) == 0 ? ERR_NONE : err.code;
}

static void test_reading(void)
{
	static const char *const wrong[] = {
		"[]",
		"{}",
		"1",
		"{\"host\":\"h\",\"key\":\"a\",\"parents\":[],\"time\":\"1970-01-01T00:00:01Z\",\"user\":\"u\",\"verb\":\"v\"}",
		"{\"host\":\"h\",\"key\":\"a\",\"parents\":[],\"time\":\"1970-01-01T00:00:01Z\",\"user\":\"u\",\"value\":1,\"verb\":\"v\",\"x\":1}",
		"{\"host\":\"h\",\"key\":\"a\",\"parents\":[],\"time\":\"1970-01-01T00:00:01Z\",\"user\":\"u\",\"value\":1,\"verb\":\"v\",\"why\":\"\"}",
		"{\"host\":\"h\",\"key\":\"a\",\"parents\":[],\"time\":\"1970-01-01T00:00:01Z\",\"user\":\"u\",\"value\":1,\"verb\":\"v\",\"run\":1}",
		"{\"host\":\"h\",\"key\":\"a/\",\"parents\":[],\"time\":\"1970-01-01T00:00:01Z\",\"user\":\"u\",\"value\":1,\"verb\":\"v\"}",
		"{\"host\":\"h\",\"key\":\"a\",\"parents\":{},\"time\":\"1970-01-01T00:00:01Z\",\"user\":\"u\",\"value\":1,\"verb\":\"v\"}",
		"{\"host\":\"h\",\"key\":\"a\",\"parents\":[1],\"time\":\"1970-01-01T00:00:01Z\",\"user\":\"u\",\"value\":1,\"verb\":\"v\"}",
		"{\"host\":\"h\",\"key\":\"a\",\"parents\":[\"e3\"],\"time\":\"1970-01-01T00:00:01Z\",\"user\":\"u\",\"value\":1,\"verb\":\"v\"}",
		"{\"host\":\"h\",\"key\":\"a\",\"parents\":[],\"time\":1,\"user\":\"u\",\"value\":1,\"verb\":\"v\"}",
		"{\"host\":\"h\",\"key\":\"a\",\"parents\":[],\"time\":\"1970-01-01T00:00:01+00:00\",\"user\":\"u\",\"value\":1,\"verb\":\"v\"}",
		"{\"host\":\"h\",\"key\":\"a\",\"parents\":[\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\","
		"\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"],\"time\":\"1970-01-01T00:00:01Z\",\"user\":\"u\",\"value\":1,"
		"\"verb\":\"v\"}",
	};

	is_int(parse_code(
		       "{\"host\":\"\",\"key\":\"a\",\"parents\":[],\"time\":\"1970-01-01T00:00:01Z\",\"user\":\"\",\"value\":null,\"verb\":\"v\"}"),
		ERR_NONE, "a legal change");
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		is_int(parse_code(wrong[i]), ERR_INTEGRITY, "no legal change");
}

static void test_round_trip(void)
{
	CLEANUP(change) struct change c = make("a/b", "[1,2.5,\"x\"]"), back = { .time = 0 };
	struct error err = ERROR_INIT;
	CLEANUP(json) json_t *doc = NULL;

	c.parents = xcalloc(2, sizeof *c.parents);
	c.parents[0].raw[0] = 7;
	c.parent_count = 2;
	free(c.why);
	c.why = xstrdup("a\nb");
	need(change_seal(&c, NULL, &err) == 0, err.text);
	doc = change_json(&c);
	ok(change_parse(doc, &back, &err) == 0 && oid_equal(&back.id, &c.id), "what is written is read with the same id");
	ok(back.parent_count == 2 && back.parents[1].raw[0] == 7 && strcmp(back.why, "a\nb") == 0 && strcmp(back.value, c.value) == 0 &&
			strcmp(back.run, "") == 0 && back.time == c.time,
		"and the same members");
}

int main(void)
{
	test_text();
	test_parents();
	test_keys();
	test_values();
	test_reading();
	test_round_trip();
	return tap_done();
}
