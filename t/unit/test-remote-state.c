/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of another registry: written, read back, and cursors by their patterns. */
#include <config.h>

#include "format/remote-state.h"

#include "base/clock.h"
#include "base/mem.h"
#include "tap.h"

#define ID "0123456789abcdef0123456789abcdef"

static struct strvec *patterns(const char *a, const char *b)
{
	static struct strvec list;

	strvec_release(&list);
	if (a)
		strvec_push(&list, a);
	if (b)
		strvec_push(&list, b);
	return &list;
}

static void test_round_trip(void)
{
	CLEANUP(remote_state) struct remote_state s = REMOTE_STATE_INIT, back = REMOTE_STATE_INIT, none = REMOTE_STATE_INIT;
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT, again = STRBUF_INIT;
	struct error err = ERROR_INIT;
	struct remote_cursor *c;

	s.registry = xstrdup(ID);
	s.seen = 1795231992 * NS_PER_S;
	s.far_seq = 41;
	sha256_bytes("/a", 2, &s.url);
	c = remote_state_cursor(&s, patterns("b", "a*"));
	*c = (struct remote_cursor){ .patterns = c->patterns, .seq = 40, .sum = s.url, .sent = 12, .sent_sum = s.url };
	remote_state_cursor(&s, patterns(NULL, NULL))->seq = 7;
	strvec_push(&s.pending, oid_hex(&s.url).text);
	remote_state_to_text(&text, &s);
	ok(remote_state_parse(text.buf, text.len, &back, &err) == 0, "what is written is read: %s", err.text);
	remote_state_to_text(&again, &back);
	is_str(again.buf, text.buf, "and is the same when it is written again");
	ok(back.seen == s.seen && back.far_seq == 41 && back.count == 2 && back.pending.count == 1, "with all that was in it");
	ok(remote_state_cursor(&back, patterns("a*", "b"))->sent == 12, "cursors are found by their patterns in any order");
	text.buf[10] ^= 1;
	ok(remote_state_parse(text.buf, text.len, &none, &err) < 0 && err.code == ERR_INTEGRITY && !none.cursors, "a changed byte is seen");
}

static void test_cursors(void)
{
	CLEANUP(remote_state) struct remote_state s = REMOTE_STATE_INIT;
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	char name[16];

	ok(!remote_state_find(&s, patterns("a", NULL)), "there is none at first");
	ok(remote_state_cursor(&s, patterns("a", NULL)) == remote_state_cursor(&s, patterns("a", "a")) && s.count == 1, "a pattern given twice is one");
	ok(remote_state_cursor(&s, patterns(NULL, NULL))->seq == 0 && s.count == 2, "no pattern is another cursor than any");
	for (int i = 0; i < REMOTE_STATE_CURSORS_MAX; i++) {
		snprintf(name, sizeof name, "p%d", i);
		remote_state_cursor(&s, patterns(name, NULL));
	}
	is_int((int)s.count, REMOTE_STATE_CURSORS_MAX, "there are not more and more of them");
	ok(!remote_state_find(&s, patterns("a", NULL)) && remote_state_find(&s, patterns("p0", NULL)), "the first gives way");
	remote_state_cursor(&s, patterns("\xff", NULL));
	remote_state_to_text(&text, &s);
	ok(!strstr(text.buf, "\xff"), "patterns that are no text are not kept");
}

int main(void)
{
	test_round_trip();
	test_cursors();
	strvec_release(patterns(NULL, NULL));
	return tap_done();
}
