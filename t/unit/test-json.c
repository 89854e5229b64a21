/* SPDX-License-Identifier: Apache-2.0 */
/* JSON: what is refused, the canonical text, the printed text, members. */
#include <config.h>

#include "format/json.h"

#include <locale.h>

#include "base/mem.h"
#include "tap.h"

static void is_canonical(const char *text, const char *want)
{
	struct error err = ERROR_INIT;
	CLEANUP(json) json_t *doc = json_parse(text, strlen(text), "it", &err);
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

	if (doc)
		json_canonical(&out, doc);
	is_str(doc ? out.buf : err.text, want, text);
}

static void is_refused(const char *text, size_t len, const char *name)
{
	struct error err = ERROR_INIT;
	CLEANUP(json) json_t *doc = json_parse(text, len, "the file 'x'", &err);

	ok(!doc && err.code == ERR_INVALID && strncmp(err.text, "the file 'x' is not JSON: ", 26) == 0, "refused: %s (%s)", name, err.text);
}

static void test_canonical(void)
{
	is_canonical(" { \"b\" : 1 , \"a\" : [ true , false , null ] } ", "{\"a\":[true,false,null],\"b\":1}");
	is_canonical("{\"aa\":1,\"a\":2,\"A\":3,\"\":4,\"\xc3\xa9\":5}", "{\"\":4,\"A\":3,\"a\":2,\"aa\":1,\"\xc3\xa9\":5}");
	is_canonical("\"\\u00e9 \\/ \\\" \\\\ \\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\"",
		"\"\xc3\xa9 / \\\" \\\\ \\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"");
	is_canonical("[9223372036854775807,-9223372036854775808,-0,0]", "[9223372036854775807,-9223372036854775808,0,0]");
	is_canonical("[0.1,1.0,-0.0,1e0,1E5,100.0,0.5,123.456]", "[0.1,1.0,-0.0,1.0,100000.0,100.0,0.5,123.456]");
	is_canonical("[1e15,1e16,1.5e16,1e-4,1e-5,1.5e-5,1e100,1e-300]",
		"[1000000000000000.0,1e+16,1.5e+16,0.0001,1e-05,1.5e-05,1e+100,1e-300]");
	is_canonical("[5e-324,1.7976931348623157e308,0.30000000000000004,9999999999999998.0]",
		"[5e-324,1.7976931348623157e+308,0.30000000000000004,9999999999999998.0]");
	is_canonical("7", "7");
	is_canonical("[]", "[]");
	is_canonical("{}", "{}");
	if (setlocale(LC_NUMERIC, "de_DE.UTF-8"))
		is_canonical("[1.5]", "[1.5]");
	setlocale(LC_NUMERIC, "C");
}

static void test_refusals(void)
{
	struct error err = ERROR_INIT;

	is_refused("", 0, "nothing");
	is_refused("{", 1, "an open object");
	is_refused("{} x", 4, "something after the value");
	is_refused("{\"a\":1,\"a\":2}", 13, "a key twice");
	is_refused("\"\\u0000\"", 8, "an escaped NUL");
	is_refused("\"a\0b\"", 5, "a raw NUL");
	is_refused("\"\xff\"", 3, "a byte that is not UTF-8");
	is_refused("\"\xed\xa0\x80\"", 5, "a surrogate");
	is_refused("9223372036854775808", 19, "an integer over 64 bits");
	is_refused("-9223372036854775809", 20, "a negative integer over 64 bits");
	is_refused("1e999", 5, "a number over all bounds");
	is_refused("NaN", 3, "NaN");
	is_refused("[1,]", 4, "a comma too many");
	ok(!json_parse("[1,x]", 5, "it", &err) && strstr(err.text, "at column "), "the column is named: %s", err.text);
	ok(!json_parse("[1,\n\nx]", 7, "it", &err) && strstr(err.text, "at line 3, column "), "the line too when there are several: %s",
		err.text);
}

static void test_depth(void)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct error err = ERROR_INIT;
	json_t *doc;

	for (int i = 0; i < 64; i++)
		strbuf_insert(&text, text.len / 2, "[]", 2);
	doc = json_parse(text.buf, text.len, "it", &err);
	ok(doc && json_depth(doc) == 64, "64 levels are read");
	json_cleanup(&doc);
	strbuf_insert(&text, text.len / 2, "{}", 2);
	is_refused(text.buf, text.len, "65 levels");
	strbuf_reset(&text);
	for (int i = 0; i < 100000; i++)
		strbuf_addc(&text, '[');
	is_refused(text.buf, text.len, "100,000 brackets");
	strbuf_reset(&text);
	strbuf_adds(&text, "\"");
	for (int i = 0; i < 100; i++)
		strbuf_adds(&text, "\\\"[");
	strbuf_adds(&text, "\"");
	doc = json_parse(text.buf, text.len, "it", &err);
	ok(doc != NULL, "brackets within a string are no levels");
	json_cleanup(&doc);
}

static void test_print(void)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;
	CLEANUP(json) json_t *doc = json_object();

	json_object_set_new(doc, "z", json_string("\x1b[31m\x7f\xc2\x9b\xc2\xa0\xc3\xa9"));
	json_object_set_new(doc, "a", json_escaped("\xff\n", 2));
	json_object_set_new(doc, "n", json_u64(INT64_MAX));
	json_object_set_new(doc, "t", json_time(INT64_C(1500000000)));
	json_print(&out, doc);
	is_str(out.buf,
		"{\"z\":\"\\u001b[31m\\u007f\\u009b\xc2\xa0\xc3\xa9\",\"a\":\"\\\\xff\\\\n\",\"n\":9223372036854775807,\"t\":\"1970-01-01T00:00:01.500000Z\"}",
		"printed in the order set, with control characters escaped");
}

static void test_members(void)
{
	static const char *const keys[] = { "s", "n", "neg", "b", "oid", "t", NULL };
	static const char text[] =
		"{\"s\":\"x\",\"n\":5,\"neg\":-5,\"b\":true,"
		"\"oid\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\",\"t\":\"1970-01-01T00:00:01Z\"}";
	struct error err = ERROR_INIT;
	CLEANUP(json) json_t *doc = json_parse(text, strlen(text), "it", &err);
	const char *s = NULL;
	uint64_t n = 0;
	bool b = false;
	struct oid id, empty;
	int64_t t = 0;

	sha256_bytes("", 0, &empty);
	ok(json_get_string(doc, "s", &s) && strcmp(s, "x") == 0, "a string");
	ok(json_get_u64(doc, "n", &n) && n == 5, "a number");
	ok(!json_get_u64(doc, "neg", &n) && !json_get_u64(doc, "s", &n) && !json_get_u64(doc, "absent", &n), "no number");
	ok(json_get_bool(doc, "b", &b) && b && !json_get_bool(doc, "n", &b), "a truth value");
	ok(json_get_oid(doc, "oid", &id) && oid_equal(&id, &empty) && !json_get_oid(doc, "s", &id), "an id");
	ok(json_get_time(doc, "t", &t) && t == 1000000000 && !json_get_time(doc, "s", &t), "a time");
	ok(json_only_keys(doc, keys) && !json_only_keys(doc, keys + 1), "a stranger among the keys is found");
}

static void reads_first(const char *text, const char *want, size_t want_used)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;
	size_t used = 99;
	CLEANUP(json) json_t *value = json_parse_first(text, strlen(text), &used);

	if (value)
		json_canonical(&out, value);
	ok(strcmp(value ? out.buf : "refused", want) == 0 && used == want_used, "the first value of %.20s is %s", text, want);
}

static void test_first(void)
{
	CLEANUP(strbuf) struct strbuf deep = STRBUF_INIT;

	reads_first("{\"a\": [1]}, \"b\": 2", "{\"a\":[1]}", 10);
	reads_first("  \"\xc3\xa9\": {", "\"\xc3\xa9\"", 6);
	reads_first("[] ]", "[]", 2);
	reads_first("{\"a\":1,\"a\":2}", "refused", 0);
	reads_first("{\"a\":", "refused", 0);
	reads_first("}", "refused", 0);
	reads_first("", "refused", 0);
	strbuf_adds(&deep, "{}");
	for (int i = 0; i < 100; i++)
		strbuf_adds(&deep, "[");
	reads_first(deep.buf, "{}", 2);
	reads_first(deep.buf + 2, "refused", 0);
}

int main(void)
{
	test_canonical();
	test_refusals();
	test_first();
	test_depth();
	test_print();
	test_members();
	return tap_done();
}
