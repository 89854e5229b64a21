/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns and ignore rules; the tables follow what git does. */
#include <config.h>

#include "format/glob.h"

#include "base/mem.h"
#include "tap.h"

struct match_case {
	bool matches;
	const char *pattern, *path;
};

static void test_patterns(void)
{
	static const struct match_case cases[] = {
		{ 1, "foo", "foo" },
		{ 0, "bar", "foo" },
		{ 1, "", "" },
		{ 0, "", "a" },
		{ 1, "???", "foo" },
		{ 0, "??", "foo" },
		{ 1, "*", "foo" },
		{ 1, "f*", "foo" },
		{ 0, "*f", "foo" },
		{ 1, "*foo*", "foo" },
		{ 1, "*ob*a*r*", "foobar" },
		{ 1, "*ab", "aaaaaaabababab" },
		{ 1, "foo\\*", "foo*" },
		{ 0, "foo\\*bar", "foobar" },
		{ 1, "f\\\\oo", "f\\oo" },
		{ 1, "*[al]?", "ball" },
		{ 0, "[ten]", "ten" },
		{ 1, "t[a-g]n", "ten" },
		{ 0, "t[!a-g]n", "ten" },
		{ 1, "t[!a-g]n", "ton" },
		{ 1, "t[^a-g]n", "ton" },
		{ 1, "a[]]b", "a]b" },
		{ 1, "a[]-]b", "a-b" },
		{ 1, "a[]-]b", "a]b" },
		{ 0, "a[]-]b", "aab" },
		{ 1, "a[]a-]b", "aab" },
		{ 1, "]", "]" },
		{ 0, "foo*bar", "foo/baz/bar" },
		{ 0, "foo**bar", "foo/baz/bar" },
		{ 1, "foo**bar", "foobazbar" },
		{ 1, "foo/**/bar", "foo/baz/bar" },
		{ 1, "foo/**/**/bar", "foo/baz/bar" },
		{ 1, "foo/**/bar", "foo/b/a/z/bar" },
		{ 1, "foo/**/**/bar", "foo/b/a/z/bar" },
		{ 1, "foo/**/bar", "foo/bar" },
		{ 1, "foo/**/**/bar", "foo/bar" },
		{ 0, "foo?bar", "foo/bar" },
		{ 0, "foo[/]bar", "foo/bar" },
		{ 0, "foo[^a-z]bar", "foo/bar" },
		{ 0, "f[^eiu][^eiu][^eiu][^eiu][^eiu]r", "foo/bar" },
		{ 1, "f[^eiu][^eiu][^eiu][^eiu][^eiu]r", "foo-bar" },
		{ 1, "**/foo", "foo" },
		{ 1, "**/foo", "YYY/foo" },
		{ 1, "**/foo", "bar/baz/foo" },
		{ 0, "*/foo", "bar/baz/foo" },
		{ 0, "**/bar*", "foo/bar/baz" },
		{ 1, "**/bar/*", "deep/foo/bar/baz" },
		{ 0, "**/bar/*", "deep/foo/bar/baz/" },
		{ 1, "**/bar/**", "deep/foo/bar/baz/" },
		{ 0, "**/bar/*", "deep/foo/bar" },
		{ 1, "**/bar/**", "deep/foo/bar/" },
		{ 0, "**/bar**", "foo/bar/baz" },
		{ 1, "*/bar/**", "foo/bar/baz/x" },
		{ 0, "*/bar/**", "deep/foo/bar/baz/x" },
		{ 1, "**/bar/*/*", "deep/foo/bar/baz/x" },
		{ 0, "[!]a-]", "]" },
		{ 0, "a/**/b", "a/xb" },
		{ 0, "**/foo", "xfoo" },
		{ 1, "**", "a/b/c" },
		{ 1, "a/**", "a/b" },
		{ 0, "a/**", "a" },
		{ 1, "[[:alpha:]][[:digit:]][[:upper:]]", "a1B" },
		{ 0, "[[:digit:][:upper:][:space:]]", "a" },
		{ 1, "[[:digit:][:upper:][:space:]]", "A" },
		{ 0, "[[:digit:][:upper:][:spaci:]]", "1" },
		{ 1, "[a-c[:digit:]x-z]", "5" },
		{ 0, "[a-c[:digit:]x-z]", "d" },
		{ 1, "[\\-^]", "-" },
		{ 1, "[\\]-a]", "]" },
		{ 0, "[", "[" },
		{ 0, "a[b", "a[b" },
		{ 0, "a[", "a" },
		{ 0, "[]", "]" },
		{ 0, "[!", "ab" },
		{ 0, "[-", "-" },
		{ 1, "[-]", "-" },
		{ 1, "[a-]", "-" },
		{ 0, "[!a-]", "-" },
		{ 1, "[,-.]", "-" },
		{ 0, "\\", "\\" },
		{ 0, "a\\", "a" },
		{ 1, "-*-*-*-*-*-*-12-*-*-*-m-*-*-*", "-adobe-courier-bold-o-normal--12-120-75-75-m-70-iso8859-1" },
		{ 0, "-*-*-*-*-*-*-12-*-*-*-m-*-*-*", "-adobe-courier-bold-o-normal--12-120-75-75-X-70-iso8859-1" },
		{ 1, "**/*a*b*g*n*t", "abcd/abcdefg/abcdefghijk/abcdefghijklmnop.txt" },
		{ 0, "*/*/*", "foo/bar" },
		{ 1, "*/*/*", "foo/bb/aa" },
		{ 0, "*X*i", "abcXdefXghi/x" },
		{ 1, "**/**/**", "foo/bb/aa/rr" },
		{ 0, "*a", "caf\xc3\xa9" },
		{ 1, "caf*", "caf\xc3\xa9" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		ok(glob_match(cases[i].pattern, cases[i].path) == cases[i].matches, "'%s' %s '%s'", cases[i].pattern,
			cases[i].matches ? "matches" : "does not match", cases[i].path);
}

static void test_hostile(void)
{
	CLEANUP(strbuf) struct strbuf pattern = STRBUF_INIT, path = STRBUF_INIT;

	for (int i = 0; i < 400; i++) {
		strbuf_adds(&pattern, i % 2 ? "*a" : "**/");
		strbuf_adds(&path, "aaa/");
	}
	strbuf_adds(&pattern, "b");
	ok(!glob_match(pattern.buf, path.buf), "400 stars end soon");
	strbuf_reset(&pattern);
	for (int i = 0; i < 100000; i++)
		strbuf_adds(&pattern, "**/");
	ok(!glob_match(pattern.buf, "a"), "100,000 of them need no stack");
}

static void test_paths(void)
{
	static const struct match_case cases[] = {
		{ 1, "*.bin", "w.bin" },
		{ 1, "*.bin", "a/b/w.bin" },
		{ 0, "*.bin", "w.bin.txt" },
		{ 1, "cache", "a/cache/x" },
		{ 1, "*che", "cache/x/y" },
		{ 1, "a/b", "a/b" },
		{ 1, "a/b", "a/b/c" },
		{ 0, "a/b", "a/bc" },
		{ 0, "a/b", "x/a/b" },
		{ 1, "**/b", "x/a/b" },
		{ 1, "a/*", "a/x/y" },
		{ 1, "cache/", "cache/x" },
		{ 0, "cache/", "a/cache" },
		{ 1, "/a", "a/b" },
		{ 0, "/a", "b/a" },
		{ 1, "a/b/", "a/b/c" },
		{ 0, "a/b/", "a/b" },
		{ 0, "", "a" },
		{ 0, "/", "a" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		ok(glob_match_path(cases[i].pattern, cases[i].path) == cases[i].matches, "--include '%s' %s '%s'", cases[i].pattern,
			cases[i].matches ? "takes" : "leaves", cases[i].path);
}

static bool ignored(const char *base, const char *text, const char *path, bool is_dir)
{
	CLEANUP(ignore_rules) struct ignore_rules rules = IGNORE_RULES_INIT;

	ignore_rules_add(&rules, base, text, strlen(text));
	return ignore_rules_match(&rules, path, is_dir);
}

static void test_rules(void)
{
	ok(ignored("", "*.o\n", "a.o", false) && ignored("", "*.o\n", "d/a.o", false), "a rule without slash holds at every depth");
	ok(ignored("", "/a\n", "a", false) && !ignored("", "/a\n", "d/a", false), "a slash in front anchors");
	ok(ignored("", "d/a\n", "d/a", false) && !ignored("", "d/a\n", "x/d/a", false), "one in the middle too");
	ok(ignored("", "build/\n", "build", true) && !ignored("", "build/\n", "build", false), "one at the end takes directories only");
	ok(ignored("", "build/\n", "x/build", true), "and does not anchor");
	ok(!ignored("", "*.o\n!keep.o\n", "keep.o", false) && ignored("", "!keep.o\n*.o\n", "keep.o", false), "the last rule decides");
	ok(!ignored("", "# *.o\n\n", "a.o", false), "comments and blank lines");
	ok(ignored("", "\\#a\n", "#a", false) && ignored("", "\\!a\n", "!a", false), "# and ! behind a backslash are themselves");
	ok(ignored("", "a  \n", "a", false) && ignored("", "a\\ \n", "a ", false) && !ignored("", "a\\ \n", "a", false),
		"blanks at the end");
	ok(ignored("", "a\r\nb", "a", false) && ignored("", "a\r\nb", "b", false), "CR LF, and no newline at the end");
	ok(ignored("",
		   "\xef\xbb\xbf"
		   "a\n",
		   "a", false),
		"a byte order mark");
	ok(ignored("", "**/x/**\n", "a/x/b/c", false) && ignored("", "a/**/z\n", "a/z", false), "two stars");
	ok(!ignored("", "!\n/\n!/\n   \n\r\n", "a", true), "rules of nothing");
	ok(ignored("sub", "/a\n", "sub/a", false) && !ignored("sub", "/a\n", "a", false) && !ignored("sub", "a\n", "subx/a", false),
		"the rules of a folder hold below it");
}

static void test_truncate(void)
{
	CLEANUP(ignore_rules) struct ignore_rules rules = IGNORE_RULES_INIT;

	ignore_rules_add(&rules, "", "*.o\n", 4);
	ignore_rules_add(&rules, "sub", "!a.o\n", 5);
	ok(!ignore_rules_match(&rules, "sub/a.o", false), "a folder's rules override those above");
	ignore_rules_truncate(&rules, 1);
	ok(ignore_rules_match(&rules, "sub/a.o", false), "until it is left");
}

int main(void)
{
	test_patterns();
	test_hostile();
	test_paths();
	test_rules();
	test_truncate();
	return tap_done();
}
