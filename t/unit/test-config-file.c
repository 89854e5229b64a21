/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration text: reading, and edits that leave all else alone. */
#include <config.h>

#include "format/config-file.h"

#include "base/mem.h"
#include "tap.h"

static int list(const char *key, const char *value, void *arg)
{
	strbuf_addf(arg, "%s=%s|", key, value);
	return strcmp(value, "stop") == 0 ? 7 : 0;
}

static void reads(const char *text, const char *want, const char *name)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;
	struct error err = ERROR_INIT;
	int status = config_file_parse(text, strlen(text), "config", list, &out, &err);

	if (status < 0)
		strbuf_adds(&out, err.code == ERR_INVALID ? err.text : "wrong code");
	is_str(out.buf, want, name);
}

static void test_reading(void)
{
	reads("", "", "nothing");
	reads("[core]\n\tname = x\n", "core.name=x|", "a key");
	reads("[Core]\nName=x", "core.name=x|", "section and key are folded; the last line needs no newline");
	reads("[remote \"My.Origin\"]\nurl = /a/b\n", "remote.My.Origin.url=/a/b|", "a subsection keeps its case");
	reads("[a \"x\\\"y\\\\z\"]\nk=1\n", "a.x\"y\\z.k=1|", "escapes in a subsection");
	reads("# c\n; d\n[a] # e\nk = v # f\nl = w;g\n", "a.k=v|a.l=w|", "comments");
	reads("[a]\nk = \"  v # no \"  \n", "a.k=  v # no |", "quotes keep blanks and signs");
	reads("[a]\nk = a \"b  c\" d\n", "a.k=a b  c d|", "quotes in the middle");
	reads("[a]\nk = \"\\\"\\\\\\n\\t\"\n", "a.k=\"\\\n\t|", "escapes");
	reads("[a]\nk = one \\\n  two\n", "a.k=one   two|", "a backslash at the end of a line continues it");
	reads("[a]\nk\nl =\n", "a.k=true|a.l=|", "a key alone is true, one without a value is empty");
	reads("[a]\r\nk = v\r\nl\r\n", "a.k=v|a.l=true|", "CR LF");
	reads("\xef\xbb\xbf[a]\nk=v\n", "a.k=v|", "a byte order mark");
	reads("[a] k = v\n[b]l=w\n", "a.k=v|b.l=w|", "a key on the line of its section");
	reads("[a]\nk=1\nk=2\n", "a.k=1|a.k=2|", "a key twice");
	reads("[a]\nk=stop\nk=2\n", "a.k=stop|", "the reader may stop");
}

static void test_faults(void)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;
	struct error err = ERROR_INIT;

	reads("k = v\n", "config:1: a key before the first section", "no section");
	reads("\n[a\n", "config:2: expected ']' at the end of the section; its name has letters, digits and '-'", "an open section");
	reads("[]\n", "config:1: a section without a name", "a section without name");
	reads("[a.b]\n", "config:1: expected ']' at the end of the section; its name has letters, digits and '-'", "a point in a section");
	reads("[a \"b\n\"]\n", "config:1: the quoted part of a section is not closed", "a newline in a subsection");
	reads("[a b]\n", "config:1: expected '\"' in the section", "a subsection without quotes");
	reads("[a]\nk = \"v\n", "config:2: a quoted value is not closed", "an open quote");
	reads("[a]\nk = \\x\n", "config:2: a backslash must be followed by \\, \", n, t or the end of the line", "an unknown escape");
	reads("[a]\nk = v\\", "config:2: a backslash must be followed by \\, \", n, t or the end of the line",
		"a backslash as the last byte");
	reads("[a]\nk v\n", "config:2: expected '=' after the key", "two words");
	reads("[a]\n= v\n", "config:2: expected a section, a key or a comment", "no key");
	reads("[a]\nk = one \\\n two\n?\n", "a.k=one  two|config:4: expected a section, a key or a comment",
		"lines are counted through continuations");
	ok(config_file_parse("[a]\nk=\0v\n", 9, "config", list, &out, &err) == -1 && strcmp(err.text, "config:2: there is a NUL byte") == 0,
		"a NUL byte: %s", err.text);
}

static void edits(const char *text, const char *key, const char *value, const char *want, const char *name)
{
	CLEANUP(strbuf) struct strbuf edited = STRBUF_INIT;
	struct error err = ERROR_INIT;

	strbuf_adds(&edited, text);
	is_str(config_file_set(&edited, "config", key, value, &err) < 0 ? err.text : edited.buf, want, name);
}

static void test_adding(void)
{
	CLEANUP(strbuf) struct strbuf edited = STRBUF_INIT;
	struct error err = ERROR_INIT;

	strbuf_adds(&edited, "[a]\nk = 1\n[b]\n");
	is_str(config_file_add(&edited, "config", "A.k", "2", &err) < 0 ? err.text : edited.buf, "[a]\nk = 1\n\tk = 2\n[b]\n", "a second value");
	ok(config_file_add(&edited, "config", "k", "2", &err) == -1, "a key without a section is none");
}

static void test_setting(void)
{
	edits("", "core.name", "x", "[core]\n\tname = x\n", "the first key");
	edits("", "remote.My.Origin.url", "/a", "[remote \"My.Origin\"]\n\turl = /a\n", "a subsection");
	edits("", "a.q\"\\.k", "v", "[a \"q\\\"\\\\\"]\n\tk = v\n", "a subsection of odd signs");
	edits("[a]\n\tk = 1\n", "b.k", "2", "[a]\n\tk = 1\n[b]\n\tk = 2\n", "a new section comes last");
	edits("[a]\n\tk = 1", "b.k", "2", "[a]\n\tk = 1\n[b]\n\tk = 2\n", "also without a newline at the end");
	edits("[a]\nk = 1\\\n", "b.k", "2", "[a]\nk = 1\\\n\n[b]\n\tk = 2\n", "a last line that is continued into nothing is closed first");
	edits("[a] [b]\n", "a.k", "2", "[a]\n\tk = 2\n [b]\n", "two sections on a line");
	edits("# top\n[a]\n\tk = 1\n\n# about b\n[b]\n", "a.l", "2", "# top\n[a]\n\tk = 1\n\tl = 2\n\n# about b\n[b]\n",
		"a new key closes its section");
	edits("[a] # x\n[b]\n", "a.l", "2", "[a] # x\n\tl = 2\n[b]\n", "an empty section");
	edits("[a]", "a.l", "2", "[a]\n\tl = 2\n", "a section without a newline");
	edits("[a]\n  K=1 ; why\n", "A.k", "2", "[a]\n  K=2 ; why\n", "a value is replaced where it stands");
	edits("[a]\nk = 1\nk = 2\n", "a.k", "3", "[a]\nk = 1\nk = 3\n", "the last one counts");
	edits("[a]\nk\n", "a.k", "false", "[a]\nk = false\n", "a key without value");
	edits("[a]\nk = # none\n", "a.k", "x", "[a]\nk = x # none\n", "an empty value before a comment");
	edits("[a]\nk = \"x y\"z \\\n  w # c\n", "a.k", "n", "[a]\nk = n # c\n", "a value over two lines");
	edits("[a] k = 1\n", "a.k", "2", "[a] k = 2\n", "on the line of its section");
	edits("[a]\n", "a.k", " x#\"\\\n\t", "[a]\n\tk = \" x#\\\"\\\\\\n\\t\"\n", "values are quoted as needed");
	edits("[a]\n", "a.k", "", "[a]\n\tk = \"\"\n", "an empty value");
	edits("[x\n", "a.k", "v", "config:1: expected ']' at the end of the section; its name has letters, digits and '-'",
		"bad text stays");
	edits("", "a", "v", "'a' is not a legal key: it is written section.key or section.name.key", "a bad key");
}

static void test_removing(void)
{
	edits("[a]\n\tk = 1\n\tl = 2\n", "a.k", NULL, "[a]\n\tl = 2\n", "a line goes");
	edits("[a]\nk = 1\n# c\nk = 2 ; d\n[b]\nk = 3\n[a]\nk", "a.k", NULL, "[a]\n# c\n[b]\nk = 3\n[a]\n", "every one goes");
	edits("[a] k = 1\nl = 2\n", "a.k", NULL, "[a] \nl = 2\n", "its section stays");
	edits("[a]\nl = 2\n", "a.k", NULL, "[a]\nl = 2\n", "an absent one");
	edits("[a \"B\"]\nk = 2\n", "a.b.k", NULL, "[a \"B\"]\nk = 2\n", "a subsection of other case is another");
}

static void edits_section(const char *text, const char *section, const char *want, int count, const char *name)
{
	CLEANUP(strbuf) struct strbuf sb = STRBUF_INIT;
	struct error err = ERROR_INIT;

	strbuf_adds(&sb, text);
	is_int(config_file_remove_section(&sb, "config", section, &err), count, name);
	is_str(sb.buf, want, name);
}

static void test_removing_sections(void)
{
	edits_section("[a]\nk = 1\n[b \"x.y\"]\n\tk = 1\n# c\n[c]\nk = 1\n", "B.x.y", "[a]\nk = 1\n[c]\nk = 1\n", 1, "up to the next one");
	edits_section("[a]\nk = 1\n[b]\nk = 1\n[a]\nl = \"[b]\"", "a", "[b]\nk = 1\n", 2, "every part of it");
	edits_section("[a \"B\"]\n[a]\n[ab]\n", "a.b", "[a \"B\"]\n[a]\n[ab]\n", 0, "of its very name");
	edits_section("[a] [b] k = 1\n", "a", "[b] k = 1\n", 1, "beside another one");
	edits_section("[a]\n=\n", "a", "[a]\n=\n", -1, "bad text stays");
}

static void test_keys(void)
{
	static const char *const right[] = { "a.b", "A-1.b-2", "a.any thing. at all.b", "a..b" };
	static const char *const wrong[] = { "", "a", ".", "a.", ".b", "a b.c", "a.b c", "a.\n.b", "a_b.c", "a.b_c" };
	CLEANUP(strbuf) struct strbuf folded = STRBUF_INIT;
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < COUNT_OF(right); i++)
		ok(config_key_check(right[i], &err) == 0, "a legal key: %s", right[i]);
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		ok(config_key_check(wrong[i], &err) == -1 && err.code == ERR_INVALID, "an illegal key: %zu", i);
	config_key_fold(&folded, "Remote.My.Origin.URL");
	is_str(folded.buf, "remote.My.Origin.url", "folding spares the subsection");
}

int main(void)
{
	test_reading();
	test_faults();
	test_adding();
	test_setting();
	test_removing();
	test_removing_sections();
	test_keys();
	return tap_done();
}
