/* SPDX-License-Identifier: Apache-2.0 */
/* Growable bytes, and the list of strings. */
#include <config.h>

#include "base/strbuf.h"

#include "base/strvec.h"
#include "tap.h"

static void test_text(void)
{
	CLEANUP(strbuf) struct strbuf sb = STRBUF_INIT;

	is_str(sb.buf, "", "an empty buffer reads as an empty string");
	strbuf_addf(&sb, "%s-%d", "v", 3);
	strbuf_addc(&sb, '!');
	is_str(sb.buf, "v-3!", "text is appended");
	strbuf_insert(&sb, 0, "<", 1);
	strbuf_insert(&sb, sb.len, ">", 1);
	is_str(sb.buf, "<v-3!>", "text is inserted at the start and at the end");
	strbuf_set_len(&sb, 2);
	is_str(sb.buf, "<v", "a buffer can be shortened");
	strbuf_adds(&sb, " \t\n\n");
	strbuf_trim_end(&sb);
	is_str(sb.buf, "<v", "blanks and newlines at the end are trimmed");
	strbuf_reset(&sb);
	is_int((int)sb.len, 0, "a reset buffer is empty");
	strbuf_adds(&sb, "   ");
	strbuf_trim_end(&sb);
	is_str(sb.buf, "", "a buffer of blanks is trimmed to nothing");
}

static void test_growth(void)
{
	CLEANUP(strbuf) struct strbuf sb = STRBUF_INIT;
	bool same = true;

	for (int i = 0; i < 100000; i++)
		strbuf_addc(&sb, (char)('a' + i % 26));
	for (int i = 0; i < 100000; i++)
		same = same && sb.buf[i] == (char)('a' + i % 26);
	ok(same && sb.len == 100000 && !sb.buf[sb.len], "a buffer grows by bytes without loss");
	strbuf_reset(&sb);
	strbuf_addf(&sb, "%5000d", 7);
	is_int((int)sb.len, 5000, "formatted text longer than the buffer fits");
	strbuf_reset(&sb);
	strbuf_add(&sb, "a\0b", 3);
	ok(sb.len == 3 && !memcmp(sb.buf, "a\0b", 4), "NUL bytes are kept");
}

static void test_detach(void)
{
	struct strbuf sb = STRBUF_INIT;
	char *taken = strbuf_detach(&sb);

	is_str(taken, "", "an empty buffer detaches as an empty string of its own");
	free(taken);
	strbuf_adds(&sb, "x");
	taken = strbuf_detach(&sb);
	is_str(taken, "x", "the text is handed over");
	is_str(sb.buf, "", "and the buffer is empty again");
	free(taken);
	strbuf_release(&sb);
}

static void test_list(void)
{
	struct strvec sv = STRVEC_INIT;
	bool terminated = true;
	char text[16];

	for (int i = 0; i < 100; i++) {
		snprintf(text, sizeof text, "%02d", 99 - i);
		strvec_push(&sv, text);
		terminated = terminated && !sv.v[sv.count];
	}
	ok(terminated, "a list always ends in NULL");
	strvec_sort(&sv);
	is_str(sv.v[0], "00", "a list is sorted by bytes");
	ok(strvec_has(&sv, "42") && !strvec_has(&sv, "4"), "a list tells what it has");
	strvec_release(&sv);
	is_int((int)sv.count, 0, "a released list is empty");
}

int main(void)
{
	test_text();
	test_growth();
	test_detach();
	test_list();
	return tap_done();
}
