/* SPDX-License-Identifier: Apache-2.0 */
/* Messages: what one side writes the other reads, and nothing else. */
#include <config.h>

#include "format/message.h"

#include "base/mem.h"
#include "tap.h"

#define CID "0123456789abcdef0123456789abcdef"
#define OID "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"

static struct error err;

static struct oid oid_of(const char *hex)
{
	struct oid id;

	need(oid_parse(hex, strlen(hex), &id), "an id");
	return id;
}

static void test_hello(void)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;
	CLEANUP(hello) struct hello back = { .protocol = 0 }, none = { .protocol = 0 };
	struct hello h = { 1, (char[]){ "mreg 1" }, (char[]){ CID }, (char[]){ "registry" }, true, 7, oid_of(OID) };

	hello_write(&out, &h, true);
	is_str(out.buf, "{\"kind\":\"registry\",\"program\":\"mreg 1\",\"protocol\":1,\"read_only\":true,\"registry\":\"" CID "\",\"seq\":7,\"sum\":\"" OID "\"}",
		"what a server says of itself");
	ok(hello_parse(out.buf, out.len, &back, true, &err) == 0 && back.protocol == 1 && back.seq == 7 && back.is_read_only &&
			oid_equal(&back.sum, &h.sum) && !strcmp(back.registry, CID) && !strcmp(back.kind, "registry"),
		"is read");
	ok(hello_parse("{\"program\":\"x\",\"protocol\":1,\"later\":[{}]}", 41, &none, false, &err) == 0, "an unknown member is passed over");
	ok(hello_parse("{\"program\":\"x\",\"protocol\":1}", 28, &back, true, &err) < 0 && err.code == ERR_REMOTE, "a server that says too little is not");
}

static void test_list(void)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;
	CLEANUP(list_request) struct list_request r = { .has_since = true, .seq = 9, .sum = oid_of(OID) }, back = { .seq = 0 };

	strvec_push(&r.patterns, "a*");
	strvec_push(&r.patterns, "b");
	list_request_write(&out, &r);
	is_str(out.buf, "{\"collections\":[],\"patterns\":[\"a*\",\"b\"],\"since\":{\"seq\":9,\"sum\":\"" OID "\"}}", "what is asked for");
	ok(list_request_parse(out.buf, out.len, &back, &err) == 0 && back.patterns.count == 2 && !back.collections.count && back.has_since &&
			back.seq == 9,
		"is read");
}

static void test_scope(void)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;
	CLEANUP(scope) struct scope s = { NULL, 0, 0 }, back = { NULL, 0, 0 };

	scope_add(&s, CID, "m", true);
	scope_add(&s, CID, "p/n", false);
	scope_write(&out, &s);
	ok(scope_parse(out.buf, out.len, &back, &err) == 0 && scope_parse(out.buf, out.len, &back, &err) == 0 && back.count == 4,
		"collections are added to those that were read before");
	ok(!strcmp(back.v[3].name, "p/n") && !back.v[3].is_shallow && back.v[2].is_shallow && !strcmp(back.v[0].cid, CID), "each as it was written");
}

static void test_end(void)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;
	struct end e = { 5, oid_of(OID), 12, true }, back;

	end_write(&out, &e);
	ok(end_parse(out.buf, out.len, &back, &err) == 0 && back.seq == 5 && back.changes == 12 && back.was_since && oid_equal(&back.sum, &e.sum),
		"the end of a listing");
}

static struct change change_of(const char *key, const char *value)
{
	struct change c = { .key = xstrdup(key), .value = xstrdup(value), .user = xstrdup("u"), .host = xstrdup("h"), .verb = xstrdup("put"),
		.why = xstrdup(""), .run = xstrdup("") };

	need(change_seal(&c, NULL, &err) == 0, "a change");
	return c;
}

static int read_changes(const char *text, size_t len)
{
	CLEANUP(changes) struct changes got = CHANGES_INIT;

	return changes_parse(text, len, &got, &err) < 0 && err.code == ERR_REMOTE ? -1 : (int)got.count;
}

static void test_changes(void)
{
	CLEANUP(change) struct change a = change_of("alias/x/best", "\"v\""), b = change_of("coll/x", "{\"kind\":\"artifact\"}");
	CLEANUP(changes) struct changes got = CHANGES_INIT;
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

	changes_write(&out, &a);
	changes_write(&out, &b);
	ok(changes_parse(out.buf, out.len, &got, &err) == 0 && got.count == 2, "changes are read line by line");
	ok(oid_equal(&got.v[0].id, &a.id) && oid_equal(&got.v[1].id, &b.id), "with their ids");
	is_int((intmax_t)got.bytes, (intmax_t)out.len - 2, "and counted");
	is_int(read_changes("", 0), 0, "no changes are none");
	is_int(read_changes(out.buf, out.len - 1), -1, "a line without its end is refused");
	strbuf_insert(&out, 1, " ", 1);
	is_int(read_changes(out.buf, out.len), -1, "a blank too much is refused");
	is_int(read_changes("\n", 1), -1, "an empty line is refused");
	is_int(read_changes("{}\n", 3), -1, "an object that is no change is refused");
}

static void test_compare(void)
{
	CLEANUP(strbuf) struct strbuf question = STRBUF_INIT, answer = STRBUF_INIT;
	CLEANUP(key_heads_list) struct key_heads_list list = KEY_HEADS_LIST_INIT, asked = KEY_HEADS_LIST_INIT, told = KEY_HEADS_LIST_INIT;
	struct key_heads *k = key_heads_add(&list, "alias/x/best");
	struct oid ids[2] = { oid_of(ZERO), oid_of(OID) };

	k->heads = xmemdup(ids, sizeof ids);
	k->count = 2;
	key_heads_add(&list, "alias/x/none");
	compare_write(&question, &list);
	ok(compare_parse(question.buf, question.len, &asked, &err) == 0 && asked.count == 2 && asked.v[0].count == 2 && !asked.v[0].values &&
			!asked.v[1].count && oid_equal(&asked.v[0].heads[1], &ids[1]),
		"keys and their heads are compared");
	k = &list.v[0];
	k->values = xcalloc(2, sizeof *k->values);
	k->values[0] = xstrdup("null");
	k->values[1] = xstrdup("{\"a\":\"\\u001b\"}");
	k->known = xcalloc(3, sizeof *k->known);
	k->known[1] = true;
	k->known_count = 3;
	heads_message_write(&answer, &list);
	ok(heads_message_parse(answer.buf, answer.len, &told, &err) == 0 && told.count == 2 && told.v[0].known_count == 3 && told.v[0].known[1] &&
			!told.v[0].known[2],
		"the answer is read");
	is_str(told.v[0].values[1], "{\"a\":\"\\u001b\"}", "with its values as they are");
}

static void test_push(void)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT, result = STRBUF_INIT;
	CLEANUP(push) struct push p = { .dry_run = true, .why = xstrdup("so\nthat"), .user = xstrdup("me\033") }, back = { .why = NULL };
	CLEANUP(push_result) struct push_result r = { .seq = 3, .sum = oid_of(OID), .has_changed = true }, told = { .seq = 0 };

	strvec_push(&p.absent, OID);
	strvec_push(&p.shallow, CID);
	push_write(&out, &p);
	ok(push_parse(out.buf, out.len, &back, &err) == 0 && back.dry_run && !back.override && back.absent.count == 1 && back.shallow.count == 1, "a push");
	is_str(back.why, "so\nthat", "with its reason");
	is_str(back.user, "me\\x1b", "and a user whose name is safe to print");
	strvec_push(&r.diverged, "alias/x/best");
	push_result_write(&result, &r);
	ok(push_result_parse(result.buf, result.len, &told, &err) == 0 && told.seq == 3 && told.has_changed && told.diverged.count == 1, "its result");
}

static void test_hold(void)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT, answer = STRBUF_INIT;
	CLEANUP(strvec) struct strvec ids = STRVEC_INIT, back = STRVEC_INIT;
	bool complete[2] = { true, false }, told[2] = { false, true };

	strvec_push(&ids, OID);
	strvec_push(&ids, ZERO);
	hold_write(&out, &ids);
	ok(hold_parse(out.buf, out.len, &back, &err) == 0 && back.count == 2 && !strcmp(back.v[1], ZERO), "versions to be held");
	held_write(&answer, complete, 2);
	ok(held_parse(answer.buf, answer.len, told, 2, &err) == 0 && told[0] && !told[1], "and whether they are");
	ok(held_parse(answer.buf, answer.len, told, 1, &err) < 0 && held_parse(answer.buf, answer.len, told, 3, &err) < 0, "one answer for each, no other number");
}

static void test_want(void)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;
	struct want got[FRAME_WANT_MAX];
	size_t count;

	want_add(&out, &(struct want){ OBJECT_CHUNK, oid_of(OID) });
	want_add(&out, &(struct want){ OBJECT_FILE, oid_of(ZERO) });
	ok(want_parse(out.buf, out.len, got, &count, &err) == 0 && count == 2 && got[0].kind == OBJECT_CHUNK && got[1].kind == OBJECT_FILE, "wanted ids");
	ok(want_parse(out.buf, out.len - 1, got, &count, &err) < 0, "half an id is none");
	out.buf[0] = 0;
	ok(want_parse(out.buf, out.len, got, &count, &err) < 0, "there is no kind 0");
	out.buf[0] = 7;
	ok(want_parse(out.buf, out.len, got, &count, &err) < 0, "nor 7");
	ok(want_parse(out.buf, 0, got, &count, &err) < 0, "nothing is not asked for");
}

static enum error_code code_there(enum error_code here)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;
	struct error why = ERROR_INIT, got = ERROR_INIT;

	error_set(&why, here, "what \033[31m is wrong\nhere");
	error_hint(&why, "Do it.");
	error_message_write(&out, &why);
	if (error_message_parse(out.buf, out.len, &got, &err) < 0 || strcmp(got.text, "what \\x1b[31m is wrong\\nhere") || strcmp(got.hint, "Do it."))
		return ERR_NONE;
	return got.code;
}

static void test_error(void)
{
	static const enum error_code same[] = { ERR_USAGE, ERR_INVALID, ERR_NO_COLLECTION, ERR_NO_PATH, ERR_NO_REFERENCE, ERR_CONFLICT, ERR_POLICY };
	static const enum error_code other[] = { ERR_NO, ERR_INTEGRITY, ERR_REMOTE, ERR_LOCK_TIMEOUT, ERR_NO_REGISTRY, ERR_LOCAL, ERR_DISK_FULL,
		ERR_INTERRUPTED, ERR_QUIET, ERR_FORMAT };
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT, text = STRBUF_INIT, expected = STRBUF_INIT;
	bool is_warning = false;

	for (size_t i = 0; i < COUNT_OF(same); i++)
		is_int(code_there(same[i]), same[i], error_code_name(same[i]));
	for (size_t i = 0; i < COUNT_OF(other); i++)
		is_int(code_there(other[i]), ERR_REMOTE, error_code_name(other[i]));
	for (size_t i = 0; i < 600; i++)
		strbuf_adds(&text, "ä");
	note_message_write(&out, true, text.buf);
	strbuf_reset(&text);
	ok(note_message_parse(out.buf, out.len, &is_warning, &text, &err) == 0 && is_warning, "a note that is a warning");
	for (size_t i = 0; i < 512; i++)
		strbuf_adds(&expected, "ä");
	is_str(text.buf, expected.buf, "a long one is cut between characters");
}

enum which { HELLO, LIST, SCOPE, END, COMPARE, HEADS, PUSH, RESULT, HOLD, HELD, ERROR, NOTE };

static int parse_any(enum which which, const char *text, size_t len)
{
	CLEANUP(hello) struct hello hello = { .protocol = 0 };
	CLEANUP(list_request) struct list_request list = { .seq = 0 };
	CLEANUP(scope) struct scope scope = { NULL, 0, 0 };
	CLEANUP(key_heads_list) struct key_heads_list keys = KEY_HEADS_LIST_INIT;
	CLEANUP(push) struct push push = { .why = NULL };
	CLEANUP(push_result) struct push_result result = { .seq = 0 };
	CLEANUP(strvec) struct strvec ids = STRVEC_INIT;
	CLEANUP(strbuf) struct strbuf note = STRBUF_INIT;
	struct error told;
	struct end end;
	bool flags[4];

	switch (which) {
	case HELLO:
		return hello_parse(text, len, &hello, true, &err);
	case LIST:
		return list_request_parse(text, len, &list, &err);
	case SCOPE:
		return scope_parse(text, len, &scope, &err);
	case END:
		return end_parse(text, len, &end, &err);
	case COMPARE:
		return compare_parse(text, len, &keys, &err);
	case HEADS:
		return heads_message_parse(text, len, &keys, &err);
	case PUSH:
		return push_parse(text, len, &push, &err);
	case RESULT:
		return push_result_parse(text, len, &result, &err);
	case HOLD:
		return hold_parse(text, len, &ids, &err);
	case HELD:
		return held_parse(text, len, flags, 1, &err);
	case ERROR:
		return error_message_parse(text, len, &told, &err);
	case NOTE:
		return note_message_parse(text, len, flags, &note, &err);
	}
	return 0;
}

static void test_refused(void)
{
	static const struct {
		enum which which;
		const char *text;
	} cases[] = {
		{ LIST, "{\"patterns\":[\"a\\u001b\"]}" },
		{ LIST, "{\"patterns\":[\"\"]}" },
		{ LIST, "{\"patterns\":[1]}" },
		{ LIST, "{\"patterns\":\"a\"}" },
		{ LIST, "{\"collections\":[\"../x\"]}" },
		{ LIST, "{\"collections\":[\"" CID "\"],\"patterns\":[\"a\"]}" },
		{ LIST, "{\"since\":{\"seq\":-1,\"sum\":\"" OID "\"}}" },
		{ LIST, "{\"since\":{\"seq\":1}}" },
		{ LIST, "{\"since\":1}" },
		{ SCOPE, "{\"collections\":[{\"cid\":\"" CID "\",\"name\":\"\\u009b31m\",\"shallow\":false}]}" },
		{ SCOPE, "{\"collections\":[{\"cid\":\"" OID "\",\"name\":\"m\",\"shallow\":false}]}" },
		{ SCOPE, "{\"collections\":[[]]}" },
		{ SCOPE, "{\"collections\":{}}" },
		{ END, "{\"changes\":1,\"seq\":9223372036854775808,\"sum\":\"" OID "\",\"was_since\":true}" },
		{ END, "{\"changes\":1,\"seq\":1.5,\"sum\":\"" OID "\",\"was_since\":true}" },
		{ COMPARE, "{\"keys\":[{\"key\":\"a\\n\",\"heads\":[]}]}" },
		{ COMPARE, "{\"keys\":[{\"key\":\"a\",\"heads\":[\"" OID "\",\"" ZERO "\"]}]}" },
		{ COMPARE, "{\"keys\":[{\"key\":\"a\",\"heads\":[\"" OID "\",\"" OID "\"]}]}" },
		{ HEADS, "{\"keys\":[{\"key\":\"a\",\"heads\":[\"" OID "\"],\"values\":[],\"known\":[]}]}" },
		{ HEADS, "{\"keys\":[{\"key\":\"a\",\"heads\":[\"" OID "\"],\"values\":[\"{\"],\"known\":[]}]}" },
		{ HEADS, "{\"keys\":[{\"key\":\"a\",\"heads\":[\"" OID "\"],\"values\":[\" 1\"],\"known\":[]}]}" },
		{ HEADS, "{\"keys\":[{\"key\":\"a\",\"heads\":[\"" OID "\"],\"values\":[\"1\"],\"known\":[1]}]}" },
		{ PUSH, "{\"dry_run\":false,\"override\":false,\"user\":\"\\u001b\",\"why\":\"\"}" },
		{ PUSH, "{\"dry_run\":false,\"override\":false,\"user\":\"u\",\"why\":\"\",\"absent\":[\"x\"]}" },
		{ PUSH, "{\"dry_run\":0,\"override\":false,\"user\":\"u\",\"why\":\"\"}" },
		{ RESULT, "{\"changed\":true,\"seq\":1,\"sum\":\"x\"}" },
		{ HOLD, "{\"versions\":[\"" CID "\"]}" },
		{ HELD, "{\"complete\":[1]}" },
		{ ERROR, "{\"code\":\"x\",\"hint\":\"\",\"message\":\"\\u001b[2J\"}" },
		{ NOTE, "{\"message\":\"\\u007f\",\"warning\":false}" },
		{ NOTE, "{\"message\":\"\\u0000\",\"warning\":false}" },
	};
	static const char *const never[] = { "", "x", "[]", "1", "null", "{", "{}{}", "{\"a\":1,\"a\":2}", "{\"a\":\"\xff\"}" };

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		ok(parse_any(cases[i].which, cases[i].text, strlen(cases[i].text)) < 0 && err.code == ERR_REMOTE, "%s", cases[i].text);
	for (size_t i = 0; i < COUNT_OF(never); i++)
		for (int which = HELLO; which <= NOTE; which++)
			if (!ok(parse_any((enum which)which, never[i], strlen(never[i])) < 0 && err.code == ERR_REMOTE, "message %d: no object %zu", which, i))
				return;
}

static void test_bomb(void)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	strbuf_adds(&text, "{\"later\":[");
	for (size_t i = 0; i < 2000000; i++)
		strbuf_adds(&text, "[],");
	strbuf_adds(&text, "1],\"versions\":[]}");
	ok(parse_any(HOLD, text.buf, text.len) < 0 && strstr(err.text, "too large"), "millions of small values are not even parsed");
}

int main(void)
{
	test_hello();
	test_list();
	test_scope();
	test_end();
	test_changes();
	test_compare();
	test_push();
	test_hold();
	test_want();
	test_error();
	test_refused();
	test_bomb();
	return tap_done();
}
