/* SPDX-License-Identifier: Apache-2.0 */
/* Version objects as bytes that need no parsing. */
#include <config.h>

#include "format/facts.h"

#include "base/mem.h"
#include "tap.h"

static struct error err;

static char text_of[4096];

static int add_text(const struct facts_value *v, void *arg, struct error *e)
{
	size_t at = strlen(text_of);
	char *out = text_of + at;
	size_t room = sizeof text_of - at;

	(void)arg;
	(void)e;
	if (v->kind == FACTS_INTEGER)
		snprintf(out, room, "%lld;", (long long)v->integer);
	else if (v->kind == FACTS_REAL)
		snprintf(out, room, "%g;", v->real);
	else if (v->kind == FACTS_TEXT)
		snprintf(out, room, "%.*s;", (int)v->text.len, (const char *)v->text.data);
	else
		snprintf(out, room, "kind %d;", v->kind);
	return 0;
}

static void encode(struct strbuf *out, const char *json)
{
	CLEANUP(json) json_t *value = json_parse(json, strlen(json), "test", &err);

	need(value != NULL, err.text);
	facts_add(out, value);
}

static struct span span_of(const struct strbuf *sb)
{
	return (struct span){ (const uint8_t *)sb->buf, sb->len };
}

static const char *find(const char *object, const char *above, const char *path)
{
	CLEANUP(strbuf) struct strbuf below = STRBUF_INIT, over = STRBUF_INIT;

	encode(&below, object);
	if (*above)
		encode(&over, above);
	text_of[0] = '\0';
	if (facts_find(span_of(&below), span_of(&over), path, add_text, NULL, &err) < 0)
		return err.text;
	return text_of;
}

static void test_find(void)
{
	is_str(find("{\"a\":1,\"b\":\"x\"}", "", "a"), "1;", "a member");
	is_str(find("{\"a\":{\"b\":{\"c\":2.5}}}", "", "a.b.c"), "2.5;", "a member of a member");
	is_str(find("{\"a.b\":1,\"a\":{\"b\":2}}", "", "a.b"), "2;1;", "a name with a dot, and a member");
	is_str(find("{\"a\":[1,\"x\",true]}", "", "a"), "1;x;kind 2;", "the items of an array");
	is_str(find("{\"a\":{\"b\":1},\"n\":null}", "", "a"), "kind 7;", "an object is there");
	is_str(find("{\"a\":1}", "", "b"), "", "what is not there is not found");
	is_str(find("{\"a\":1}", "", "a.b"), "", "nor what would be below a number");
	is_str(find("{\"a\":1,\"b\":2}", "{\"a\":3}", "a"), "3;", "what lies over it counts");
	is_str(find("{\"a\":1,\"b\":2}", "{\"a\":3}", "b"), "2;", "what is not covered shows");
	is_str(find("{\"a\":{\"b\":1}}", "{\"a\":{\"c\":2}}", "a.b"), "", "a member is covered whole");
	is_str(find("{\"\":{\"\":1}}", "", "."), "1;", "empty names");
}

static void test_round_trip(void)
{
	static const char *const texts[] = { "null", "true", "-9223372036854775808", "1e-05", "\"\"", "[]", "{}",
		"{\"a\":[1,2.5,[{}],\"x\"],\"long\":{\"deep\":[[[[null]]]]}}" };
	bool same = true;

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		CLEANUP(strbuf) struct strbuf bytes = STRBUF_INIT, again = STRBUF_INIT;
		CLEANUP(json) json_t *back = NULL;

		encode(&bytes, texts[i]);
		back = facts_json(span_of(&bytes), &err);
		if (back)
			json_canonical(&again, back);
		same = same && !strcmp(again.buf, texts[i]);
	}
	ok(same, "JSON comes back as it was");
}

static struct version_object object_of(const char *metadata, char *description)
{
	static char user[] = "me", host[] = "here", run[] = "";

	return (struct version_object){ .time = 42,
		.user = user,
		.host = host,
		.run = run,
		.description = description,
		.metrics = json_object(),
		.metadata = json_parse(metadata, strlen(metadata), "test", &err) };
}

static void test_whole(void)
{
	CLEANUP(strbuf) struct strbuf bytes = STRBUF_INIT, large = STRBUF_INIT;
	char text[] = "said";
	struct version_object v = object_of("{\"a\":1}", text);
	struct facts f;

	ok(facts_write(&bytes, &v) && facts_parse(bytes.buf, bytes.len, &f, &err) == 0, "facts are read");
	ok(f.time == 42 && f.user.len == 2 && f.host.len == 4 && !f.run.len && f.has_metrics && f.has_metadata && f.has_description &&
			f.description.len == 4 && !memcmp(f.description.data, "said", 4),
		"as they were written");
	json_decref(v.metadata);
	json_decref(v.metrics);

	for (int i = 0; i < 3000; i++)
		strbuf_addc(&large, 'x');
	v = object_of("{\"a\":1}", large.buf);
	strbuf_reset(&bytes);
	ok(facts_write(&bytes, &v) && bytes.len <= FACTS_MAX_BYTES && facts_parse(bytes.buf, bytes.len, &f, &err) == 0 && f.has_metadata &&
			!f.has_description,
		"what is too long is left out, the rest is there");
	v.user = large.buf;
	strbuf_reset(&bytes);
	ok(!facts_write(&bytes, &v) && !bytes.len, "a name without end makes no facts");
	json_decref(v.metadata);
	json_decref(v.metrics);
}

static void test_damaged(void)
{
	CLEANUP(strbuf) struct strbuf bytes = STRBUF_INIT;
	char text[] = "said";
	struct version_object v = object_of("{\"a\":1}", text);
	struct facts f;
	bool refused = true;

	need(facts_write(&bytes, &v), "no facts");
	for (size_t len = 0; len < bytes.len; len++)
		refused = refused && facts_parse(bytes.buf, len, &f, &err) < 0 && err.code == ERR_INTEGRITY;
	ok(refused, "what is cut is refused");
	ok(facts_find((struct span){ (const uint8_t *)"\x07\x05\x01x", 4 }, (struct span){ NULL, 0 }, "x", add_text, NULL, &err) < 0,
		"a length beyond the end is refused");
	ok(!facts_json((struct span){ (const uint8_t *)"\x05\x01\xff", 3 }, &err), "as is what is not UTF-8");
	json_decref(v.metadata);
	json_decref(v.metrics);
}

int main(void)
{
	test_find();
	test_round_trip();
	test_whole();
	test_damaged();
	return tap_done();
}
