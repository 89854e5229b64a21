/* SPDX-License-Identifier: Apache-2.0 */
/* Objects and numbers that are compared. */
#include <config.h>

#include "registry/diff.h"

#include "base/mem.h"
#include "tap.h"

static json_t *parse(const char *text)
{
	struct error err = ERROR_INIT;
	json_t *doc = json_parse(text, strlen(text), "text", &err);

	need(doc != NULL, err.text);
	return doc;
}

static void add_value(struct strbuf *out, const json_t *value)
{
	if (value)
		json_canonical(out, value);
	else
		strbuf_addc(out, '-');
}

static void differ(const char *before, const char *after, const char *want)
{
	CLEANUP(json) json_t *a = parse(before);
	CLEANUP(json) json_t *b = parse(after);
	struct diff_values values = { NULL, 0, 0 };
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

	diff_objects(a, b, &values);
	for (size_t i = 0; i < values.count; i++) {
		strbuf_addf(&out, "%s%s ", i ? "; " : "", values.v[i].key);
		add_value(&out, values.v[i].before);
		strbuf_addc(&out, ' ');
		add_value(&out, values.v[i].after);
	}
	is_str(out.buf, want, before);
	diff_values_cleanup(&values);
}

static void test_objects(void)
{
	differ("{}", "{}", "");
	differ("{\"a\":1,\"b\":[1,{\"c\":2}]}", "{\"b\":[1,{\"c\":2}],\"a\":1}", "");
	differ("{\"b\":1,\"a\":1}", "{\"c\":2,\"a\":2}", "a 1 2; b 1 -; c - 2");
	differ("{\"a\":{\"b\":{\"c\":1,\"d\":2}}}", "{\"a\":{\"b\":{\"c\":1,\"d\":3}}}", "a.b.d 2 3");
	differ("{\"a\":{\"b\":1}}", "{}", "a.b 1 -");
	differ("{\"a\":{\"b\":1}}", "{\"a\":5}", "a {\"b\":1} 5");
	differ("{\"a\":{}}", "{}", "a {} -");
	differ("{\"a\":{}}", "{\"a\":{\"b\":1}}", "a {} {\"b\":1}");
	differ("{\"a\":null}", "{}", "a null -");
	differ("{\"a\":1,\"b\":9007199254740993,\"c\":\"1\"}", "{\"a\":1.0,\"b\":9007199254740992,\"c\":1}",
		"b 9007199254740993 9007199254740992; c \"1\" 1");
}

static void number(json_t *(*of)(const json_t *, const json_t *), const char *before, const char *after, const char *want)
{
	CLEANUP(json) json_t *a = parse(before);
	CLEANUP(json) json_t *b = parse(after);
	CLEANUP(json) json_t *got = of(a, b);
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

	add_value(&out, got);
	is_str(out.buf, want, want);
}

static void test_numbers(void)
{
	number(diff_delta, "1", "4", "3");
	number(diff_delta, "0.5", "2", "1.5");
	number(diff_delta, "9223372036854775807", "-2", "-9.223372036854776e+18");
	number(diff_delta, "1e308", "-1e308", "-");
	number(diff_delta, "\"nan\"", "1", "-");
	number(diff_percent, "2", "3", "50.0");
	number(diff_percent, "-2", "-3", "-50.0");
	number(diff_percent, "0", "3", "-");
	number(diff_percent, "1e-320", "1e300", "-");
	ok(!diff_delta(NULL, NULL) && !diff_percent(NULL, NULL), "of nothing there is no difference");
}

int main(void)
{
	test_objects();
	test_numbers();
	return tap_done();
}
