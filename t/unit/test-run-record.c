/* SPDX-License-Identifier: Apache-2.0 */
/* What is recorded of a run, as JSON and back. */
#include <config.h>

#include "format/run-record.h"

#include "base/cleanup.h"
#include "tap.h"

static json_t *parse(const char *text)
{
	struct error err = ERROR_INIT;
	json_t *doc = json_parse(text, strlen(text), "record", &err);

	need(doc != NULL, err.text);
	return doc;
}

static void same(const char *text)
{
	CLEANUP(json) json_t *doc = parse(text), *back = NULL;
	CLEANUP(strbuf) struct strbuf got = STRBUF_INIT;
	struct run_record r;

	run_record_read(doc, &r);
	back = run_record_write(&r);
	json_canonical(&got, back);
	is_str(got.buf, text, "the same again");
}

static void test_round(void)
{
	same("{\"started\":\"2026-01-02T03:04:05Z\"}");
	same("{\"argv\":[\"python\",\"train.py\"],\"code\":{\"branch\":\"main\",\"commit\":\"0123\",\"dirty\":true},\"config\":{\"lr\":0.1},"
	     "\"directory\":\"/w\",\"ended\":\"2026-01-02T03:04:06.500000Z\",\"environment\":{\"CUDA_VISIBLE_DEVICES\":\"0\"},\"exit_status\":143,\"host\":\"h\","
	     "\"pid\":77,\"points\":{\"loss\":{\"count\":2,\"last_step\":1,\"max\":\"inf\",\"min\":0.5}},\"reason\":\"stopped\",\"signal\":15,"
	     "\"started\":\"2026-01-02T03:04:05Z\"}");
	same("{\"exit_status\":0,\"started\":\"2026-01-02T03:04:05Z\"}");
}

static void test_hostile(void)
{
	CLEANUP(json)
	json_t *doc = parse(
		"{\"argv\":[\"a\",1],\"code\":[],\"config\":7,\"directory\":[],\"ended\":\"soon\",\"environment\":\"x\",\"exit_status\":-1,"
		"\"host\":{},\"pid\":-3,\"points\":[1],\"reason\":null,\"signal\":9999,\"started\":12}");
	struct run_record r;

	run_record_read(doc, &r);
	ok(!r.argv && !r.code && !r.config && !r.environment && !r.points, "what is of a wrong type is not there");
	ok(!*r.directory && !*r.host && !*r.reason, "nor is text that is none");
	ok(r.started == 0 && r.ended == 0 && !r.has_status && r.signal == 0 && r.pid == 0, "nor are numbers and times that are none");
	is_str(run_record_code(&r, "commit"), "", "of no code there is no commit");
	run_record_read(NULL, &r);
	ok(r.started == 0 && !r.argv, "of nothing nothing is read");
}

static void test_code(void)
{
	CLEANUP(json) json_t *doc = parse("{\"code\":{\"commit\":\"abc\",\"dirty\":true}}");
	struct run_record r;

	run_record_read(doc, &r);
	is_str(run_record_code(&r, "commit"), "abc", "a member of the code");
	is_str(run_record_code(&r, "dirty"), "", "one that is no text");
	is_str(run_record_code(&r, "remote"), "", "one that is not there");
}

int main(void)
{
	test_round();
	test_hostile();
	test_code();
	return tap_done();
}
