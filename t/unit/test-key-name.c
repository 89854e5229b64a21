/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of the journal in their parts, and their values in words. */
#include <config.h>

#include "registry/key-name.h"

#include "base/mem.h"
#include "registry/run-use.h"
#include "tap.h"

#define CID "0123456789abcdef0123456789abcdef"
#define VERSION "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const char *plain(const char *key, const char *value)
{
	static struct strbuf out = STRBUF_INIT;
	struct error err = ERROR_INIT;
	CLEANUP(json) json_t *doc = json_parse(value, strlen(value), "a test", &err);
	struct key_name s;

	need(doc != NULL, value);
	key_name_parse(key, &s);
	strbuf_reset(&out);
	key_name_plain_value(&s, doc, &out);
	return out.buf;
}

static void test_parts(void)
{
	struct key_name s;

	key_name_parse("input/" CID "/" VERSION, &s);
	ok(key_name_is(&s, "input") && !strcmp(s.cid.hex, CID) && !s.is_version && !strcmp(s.rest, VERSION), "an input is of its run");
	key_name_parse("from/" CID, &s);
	ok(key_name_is(&s, "from") && !strcmp(s.cid.hex, CID) && !*s.rest, "a beginning is of its artifact");
	key_name_parse("tag/" VERSION "/keep", &s);
	ok(s.is_version && !*s.cid.hex && !strcmp(s.rest, "keep"), "a tag may be of a version");
	key_name_parse("elsewhere", &s);
	ok(!s.is_version && !*s.cid.hex && !*s.rest, "a key of no known form has no subject");
}

static void test_values(void)
{
	const char *input = "{\"as\":\"train\",\"digest\":\"" VERSION "\",\"ref\":\"data:v3\"}";
	const char *output = "{\"created\":false,\"digest\":\"" VERSION "\",\"ref\":\"m:v7\"}";
	const char *from = "{\"digest\":\"" VERSION "\",\"ref\":\"base:v0\",\"version\":\"" VERSION "\"}";

	is_str(plain("input/" CID "/" VERSION, input), "data:v3 as train", "an input is told as it was called, and as what it was used");
	is_str(plain("output/" CID "/" VERSION, output), "m:v7", "an output is told as it was called");
	is_str(plain("from/" CID, from), "base:v0", "a beginning is told as it was called");
	is_str(plain("input/" CID "/" VERSION, "{}"), "", "an input of which nothing is known is told as nothing");
	is_str(plain("input/" CID "/" VERSION, "[1]"), "", "nor is one of another form");
}

static void test_runs(void)
{
	CLEANUP(json) json_t *run = json_pack("{s:s, s:s, s:s, s:s}", "kind", "run", "label", "sweep-3", "name", "r-0123456789", "type", "train");
	CLEANUP(json) json_t *artifact = json_pack("{s:s, s:s, s:s}", "kind", "artifact", "name", "m", "type", "model");
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

	ok(key_name_is_run("r-0123456789") && !key_name_is_run("r-012345678") && !key_name_is_run("m"), "a run is known by its id");
	key_name_collection_value(artifact, &out);
	is_str(out.buf, "m", "an artifact is told by its name");
	strbuf_reset(&out);
	key_name_collection_value(run, &out);
	is_str(out.buf, "train 'sweep-3'", "a run by what it is of, and what it was called");
}

static void test_given(void)
{
	static const char *const paths[] = { "/", "/a", ".", "..", "./a", "../a", "./a://b" };
	static const char *const uris[] = { "s3://b/k", "file:///x", "a+b-c.d://x" };
	static const char *const references[] = { "m", "m:v1", "p/m:best", "m@0123abcd", ".a", "...", "://x", "a:/b", "MNIST set:v1" };

	for (size_t i = 0; i < COUNT_OF(paths); i++)
		ok(run_use_kind(paths[i]) == RUN_USE_PATH, "'%s' is a path", paths[i]);
	for (size_t i = 0; i < COUNT_OF(uris); i++)
		ok(run_use_kind(uris[i]) == RUN_USE_URI, "'%s' is a URI", uris[i]);
	for (size_t i = 0; i < COUNT_OF(references); i++)
		ok(run_use_kind(references[i]) == RUN_USE_REFERENCE, "'%s' is a reference", references[i]);
}

int main(void)
{
	test_parts();
	test_values();
	test_runs();
	test_given();
	return tap_done();
}
