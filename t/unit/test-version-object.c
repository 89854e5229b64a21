/* SPDX-License-Identifier: Apache-2.0 */
/* Version objects: one text for one object, and nothing else is read. */
#include <config.h>

#include "format/version-object.h"

#include "base/clock.h"
#include "base/mem.h"
#include "tap.h"

static const char minimal[] =
	"{\"collection\":\"m\",\"description\":\"\",\"format\":1,\"host\":\"h\",\"manifest\":"
	"\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\",\"metadata\":{},\"metrics\":{},\"nonce\":"
	"\"000102030405060708090a0b0c0d0e0f\",\"run\":\"\",\"time\":\"1970-01-01T00:00:01Z\",\"type\":\"model\",\"user\":\"u\"}";

static json_t *json_of(const char *text)
{
	struct error err = ERROR_INIT;
	json_t *doc = json_parse(text, strlen(text), "it", &err);

	need(doc != NULL, err.text);
	return doc;
}

static struct version_object make(void)
{
	struct version_object v = { .time = NS_PER_S,
		.type = xstrdup("model"),
		.collection = xstrdup("m"),
		.description = xstrdup(""),
		.user = xstrdup("u"),
		.host = xstrdup("h"),
		.run = xstrdup(""),
		.metadata = json_object(),
		.metrics = json_object() };

	sha256_bytes("", 0, &v.manifest);
	for (uint8_t i = 0; i < VERSION_NONCE_LEN; i++)
		v.nonce[i] = i;
	return v;
}

static void test_minimal(void)
{
	CLEANUP(version_object) struct version_object v = make(), back = { .time = 0 };
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct error err = ERROR_INIT;
	struct oid id, want;

	ok(version_object_write(&text, &v, &id, &err) == 0, "an object is written");
	is_str(text.buf, minimal, "as canonical JSON");
	sha256_bytes(text.buf, text.len, &want);
	ok(oid_equal(&id, &want), "its id is the SHA-256 of its text");
	ok(version_object_parse(text.buf, text.len, &back, &err) == 0 && back.time == v.time && strcmp(back.type, "model") == 0 &&
			oid_equal(&back.manifest, &v.manifest) && memcmp(back.nonce, v.nonce, sizeof v.nonce) == 0,
		"and it is read back");
}

static void test_full(void)
{
	CLEANUP(version_object) struct version_object v = make(), back = { .time = 0 };
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT, again = STRBUF_INIT;
	struct error err = ERROR_INIT;
	struct oid id, id_again;

	json_decref(v.metadata);
	json_decref(v.metrics);
	v.metadata = json_of("{\"z\":[1,{\"y\":null}],\"n\":9223372036854775807,\"\":0.1}");
	v.metrics = json_of("{\"loss\":\"nan\",\"up\":\"inf\",\"down\":\"-inf\",\"acc\":0.97,\"step\":100}");
	free(v.description);
	v.description = xstrdup("two\nlines \"quoted\" \xc3\xa9");
	v.time = INT64_C(1795231992123456000);
	ok(version_object_write(&text, &v, &id, &err) == 0 && version_object_parse(text.buf, text.len, &back, &err) == 0 &&
			version_object_write(&again, &back, &id_again, &err) == 0 && oid_equal(&id, &id_again),
		"all members survive: %s", err.text);
	is_str(back.description, v.description, "a description of two lines");
	is_int(back.time, v.time, "microseconds");
	ok(json_equal(back.metadata, v.metadata) && json_equal(back.metrics, v.metrics), "metadata and metrics");
}

static enum error_code write_code(struct version_object *v)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct error err = ERROR_INIT;
	struct oid id;

	return version_object_write(&text, v, &id, &err) == 0 ? ERR_NONE : text.len ? ERR_CODE_COUNT : err.code;
}

static void test_illegal(void)
{
	CLEANUP(version_object) struct version_object v = make();
	CLEANUP(ptr) char *long_text = xmalloc(VERSION_OBJECT_MAX_BYTES + 1);
	json_t *deep = json_object();

	memset(long_text, 'x', VERSION_OBJECT_MAX_BYTES);
	long_text[VERSION_OBJECT_MAX_BYTES] = '\0';
	json_object_set_new(v.metrics, "a", json_string("many"));
	is_int(write_code(&v), ERR_INVALID, "a metric that is no number");
	json_object_clear(v.metrics);
	json_object_set_new(v.metadata, "a", json_string(long_text));
	is_int(write_code(&v), ERR_INVALID, "over 1 MiB");
	json_object_clear(v.metadata);
	for (int i = 0; i < 64; i++) {
		json_t *outer = json_object();

		json_object_set_new(outer, "a", deep);
		deep = outer;
	}
	json_object_set_new(v.metadata, "a", deep);
	is_int(write_code(&v), ERR_INVALID, "metadata nested too deep");
	json_object_clear(v.metadata);
	v.user[0] = '\xff';
	is_int(write_code(&v), ERR_INVALID, "a user that is not UTF-8");
	v.user[0] = 'u';
	v.type[0] = '/';
	is_int(write_code(&v), ERR_INVALID, "an illegal type");
	v.type[0] = 'm';
	is_int(write_code(&v), ERR_NONE, "else it is fine");
}

static enum error_code parse_code(const char *text)
{
	CLEANUP(version_object) struct version_object v = { .time = 0 };
	struct error err = ERROR_INIT;

	return version_object_parse(text, strlen(text), &v, &err) == 0 ? ERR_NONE : err.code;
}

/* minimal with its first `from` replaced. */
static enum error_code changed_code(const char *from, const char *to)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	const char *at = strstr(minimal, from);

	need(at != NULL, "nothing to replace");
	strbuf_add(&text, minimal, (size_t)(at - minimal));
	strbuf_adds(&text, to);
	strbuf_adds(&text, at + strlen(from));
	return parse_code(text.buf);
}

static void test_foreign_text(void)
{
	static const char *const members[] = { "collection", "description", "format", "host", "manifest", "metadata", "metrics", "nonce",
		"run", "time", "type", "user" };

	is_int(parse_code(minimal), ERR_NONE, "the text itself");
	for (size_t i = 0; i < COUNT_OF(members); i++)
		is_int(changed_code(members[i], "other"), ERR_INTEGRITY, members[i]);
	is_int(changed_code("\"user\":\"u\"", "\"user\":\"u\",\"zebra\":1"), ERR_INTEGRITY, "an unknown member");
	is_int(changed_code(":1,", ":2,"), ERR_INTEGRITY, "another format");
	is_int(changed_code(":1,", ": 1,"), ERR_INTEGRITY, "a blank");
	is_int(changed_code("e3b0", "E3B0"), ERR_INTEGRITY, "upper-case hex");
	is_int(changed_code("\"h\"", "\"\\u0068\""), ERR_INTEGRITY, "a needless escape");
	is_int(changed_code("\"h\"", "\"\\u0000\""), ERR_INTEGRITY, "a NUL");
	is_int(changed_code("01Z", "01.0Z"), ERR_INTEGRITY, "a time written otherwise");
	is_int(changed_code("\"metrics\":{}", "\"metrics\":{\"a\":null}"), ERR_INTEGRITY, "a metric of null");
	is_int(changed_code("\"metrics\":{}", "\"metrics\":[]"), ERR_INTEGRITY, "metrics that are a list");
	is_int(changed_code("\"metadata\":{}", "\"metadata\":{\"a\":1.50}"), ERR_INTEGRITY, "a number written otherwise");
	is_int(changed_code("\"m\"", "\"../m\""), ERR_INTEGRITY, "an illegal collection");
	is_int(changed_code("\"m\"", "\"e/p/m\""), ERR_NONE, "a collection of a project");
	is_int(changed_code("\"m\"", "\"e/p/m/x\""), ERR_INTEGRITY, "a collection of too many parts");
	is_int(parse_code(""), ERR_INTEGRITY, "nothing");
	is_int(parse_code("[]"), ERR_INTEGRITY, "a list");
	is_int(parse_code("null"), ERR_INTEGRITY, "null");
}

int main(void)
{
	test_minimal();
	test_full();
	test_illegal();
	test_foreign_text();
	return tap_done();
}
