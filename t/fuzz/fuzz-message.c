/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte is the type of a frame, the rest its payload: refused, or written again in a way that is read and written the same. */
#include <config.h>

#include "base/utf8.h"
#include "format/frame.h"
#include "format/message.h"
#include "fuzz.h"

#define HELD_COUNT 2

static struct error err;

/* Parses one message and writes what was understood; false when it was refused. */
typedef bool (*again_fn)(const void *data, size_t len, struct strbuf *out);

static bool again_hello(const void *data, size_t len, struct strbuf *out)
{
	CLEANUP(hello) struct hello h = { .protocol = 0 };
	bool of_server = len && memchr(data, 'k', len); /* a client's has no member that is called so */

	if (hello_parse(data, len, &h, of_server, &err) < 0)
		return false;
	hello_write(out, &h, of_server);
	return true;
}

static bool again_list(const void *data, size_t len, struct strbuf *out)
{
	CLEANUP(list_request) struct list_request r = { .seq = 0 };

	if (list_request_parse(data, len, &r, &err) < 0)
		return false;
	must(!r.patterns.count || !r.collections.count);
	list_request_write(out, &r);
	return true;
}

static bool again_scope(const void *data, size_t len, struct strbuf *out)
{
	CLEANUP(scope) struct scope s = { NULL, 0, 0 };

	if (scope_parse(data, len, &s, &err) < 0)
		return false;
	must(s.count <= MESSAGE_COLLECTIONS_MAX);
	scope_write(out, &s);
	return true;
}

static bool again_end(const void *data, size_t len, struct strbuf *out)
{
	struct end e;

	if (end_parse(data, len, &e, &err) < 0)
		return false;
	end_write(out, &e);
	return true;
}

static bool again_changes(const void *data, size_t len, struct strbuf *out)
{
	CLEANUP(changes) struct changes c = CHANGES_INIT;

	if (changes_parse(data, len, &c, &err) < 0)
		return false;
	for (size_t i = 0; i < c.count; i++)
		changes_write(out, &c.v[i]);
	must(out->len == len && (!len || memcmp(out->buf, data, len) == 0));
	return true;
}

static bool again_compare(const void *data, size_t len, struct strbuf *out)
{
	CLEANUP(key_heads_list) struct key_heads_list list = KEY_HEADS_LIST_INIT;

	if (compare_parse(data, len, &list, &err) < 0)
		return false;
	compare_write(out, &list);
	return true;
}

static bool again_heads(const void *data, size_t len, struct strbuf *out)
{
	CLEANUP(key_heads_list) struct key_heads_list list = KEY_HEADS_LIST_INIT;

	if (heads_message_parse(data, len, &list, &err) < 0)
		return false;
	heads_message_write(out, &list);
	return true;
}

static bool again_push(const void *data, size_t len, struct strbuf *out)
{
	CLEANUP(push) struct push p = { .why = NULL };

	if (push_parse(data, len, &p, &err) < 0)
		return false;
	push_write(out, &p);
	return true;
}

static bool again_result(const void *data, size_t len, struct strbuf *out)
{
	CLEANUP(push_result) struct push_result r = { .seq = 0 };

	if (push_result_parse(data, len, &r, &err) < 0)
		return false;
	push_result_write(out, &r);
	return true;
}

static bool again_hold(const void *data, size_t len, struct strbuf *out)
{
	CLEANUP(strvec) struct strvec versions = STRVEC_INIT;

	if (hold_parse(data, len, &versions, &err) < 0)
		return false;
	hold_write(out, &versions);
	return true;
}

static bool again_held(const void *data, size_t len, struct strbuf *out)
{
	bool complete[HELD_COUNT] = { false };

	if (held_parse(data, len, complete, HELD_COUNT, &err) < 0)
		return false;
	held_write(out, complete, HELD_COUNT);
	return true;
}

/* What is shown to people has nothing in it that a terminal would obey. */
static void must_be_visible(const char *text)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	utf8_add_visible(&shown, text, strlen(text));
	must(strcmp(shown.buf, text) == 0);
}

static bool again_error(const void *data, size_t len, struct strbuf *out)
{
	struct error told = ERROR_INIT;

	if (error_message_parse(data, len, &told, &err) < 0)
		return false;
	must(error_status(told.code) >= 2 && error_status(told.code) <= 8);
	must_be_visible(told.text);
	must_be_visible(told.hint);
	error_message_write(out, &told);
	return true;
}

static bool again_note(const void *data, size_t len, struct strbuf *out)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	bool is_warning;

	if (note_message_parse(data, len, &is_warning, &text, &err) < 0)
		return false;
	must_be_visible(text.buf);
	note_message_write(out, is_warning, text.buf);
	return true;
}

static const struct {
	enum frame_type type;
	again_fn again;
} messages[] = {
	{ FRAME_HELLO, again_hello }, { FRAME_LIST, again_list }, { FRAME_SCOPE, again_scope }, { FRAME_END, again_end },
	{ FRAME_CHANGES, again_changes }, { FRAME_COMPARE, again_compare }, { FRAME_HEADS, again_heads }, { FRAME_PUSH, again_push },
	{ FRAME_RESULT, again_result }, { FRAME_HOLD, again_hold }, { FRAME_HELD, again_held }, { FRAME_ERROR, again_error },
	{ FRAME_NOTE, again_note },
};

static void try_message(again_fn again, const uint8_t *data, size_t len)
{
	CLEANUP(strbuf) struct strbuf first = STRBUF_INIT, second = STRBUF_INIT;

	error_clear(&err);
	if (!again(data, len, &first)) {
		must(err.code == ERR_REMOTE);
		must_be_visible(err.text);
		return;
	}
	must(again(first.buf, first.len, &second));
	must(first.len == second.len && memcmp(first.buf, second.buf, first.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (size_t i = 0; size && i < sizeof messages / sizeof *messages; i++)
		if ((uint8_t)messages[i].type == data[0])
			try_message(messages[i].again, data + 1, size - 1);
	return 0;
}
