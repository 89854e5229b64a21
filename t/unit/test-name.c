/* SPDX-License-Identifier: Apache-2.0 */
/* Legal and illegal names. */
#include <config.h>

#include "format/name.h"

#include "base/mem.h"
#include "tap.h"

static const char *check(enum name_kind kind, const char *name)
{
	static struct error err;

	error_clear(&err);
	if (name_check(kind, name, strlen(name), &err) == 0)
		return "legal";
	return err.code == ERR_INVALID ? err.text : "wrong code";
}

static void test_legal(void)
{
	static const char *const all[] = { "a", "A-b_c.9", "0", "_x", "v3a", "v", "latest2" };
	char longest[NAME_MAX_LEN + 1];

	memset(longest, 'x', NAME_MAX_LEN);
	longest[NAME_MAX_LEN] = '\0';
	for (size_t i = 0; i < COUNT_OF(all); i++)
		for (int kind = NAME_COLLECTION; kind <= NAME_TAG; kind++)
			is_str(check((enum name_kind)kind, all[i]), "legal", all[i]);
	is_str(check(NAME_COLLECTION, longest), "legal", "128 bytes are legal");
	is_str(check(NAME_TAG, "team:vision=1"), "legal", "tags have : and =");
	is_str(check(NAME_COLLECTION, "v3"), "legal", "a collection may be called v3");
	is_str(check(NAME_TYPE, "latest"), "legal", "a type may be called latest");
	is_str(check(NAME_ALIAS, "r-best"), "legal", "an alias may begin with r-");
}

static void test_illegal(void)
{
	static const char *const everywhere[] = { "", ".a", "-a", "..", "a/b", "a b", "a@b", "a\nb", "\xc3\xa9", "a\x7f", "*" };
	static const char *const aliases[] = { "latest", "LATEST", "Latest", "v0", "v12", "v007", "V3", "v99999999999999999999999" };
	char too_long[NAME_MAX_LEN + 2];

	memset(too_long, 'x', NAME_MAX_LEN + 1);
	too_long[NAME_MAX_LEN + 1] = '\0';
	for (size_t i = 0; i < COUNT_OF(everywhere); i++)
		for (int kind = NAME_COLLECTION; kind <= NAME_TAG; kind++)
			ok(strstr(check((enum name_kind)kind, everywhere[i]), "is not a legal") != NULL, "illegal everywhere: %zu as %d", i,
				kind);
	for (size_t i = 0; i < COUNT_OF(aliases); i++)
		ok(strstr(check(NAME_ALIAS, aliases[i]), "reserved") != NULL, "no alias: %s", aliases[i]);
	ok(strstr(check(NAME_TAG, too_long), "longer than 128 bytes") != NULL, "129 bytes are too many");
	ok(strlen(check(NAME_TAG, too_long)) < 200, "a name that is too long is not shown in full");
	ok(strstr(check(NAME_COLLECTION, "a:b"), "only letters") != NULL, "only tags have ':'");
	is_str(check(NAME_COLLECTION, "r-abc"), "'r-abc' is not a legal name: 'r-' is reserved for runs", "run ids are no names");
	is_str(check(NAME_COLLECTION, "a\x1b[2Jb"), "'a\\x1b[2Jb' is not a legal name: only letters, digits and . _ - may stand in it",
		"control bytes are shown escaped");
}

static void test_versions(void)
{
	unsigned long long n = 99;

	ok(name_is_version("v0", 2, &n) && n == 0, "v0");
	ok(name_is_version("v12", 3, &n) && n == 12, "v12");
	ok(name_is_version("v9007199254740992", 17, &n) && n == 1ull << 53, "the largest number");
	ok(!name_is_version("v9007199254740993", 17, &n), "one more is none");
	ok(!name_is_version("v", 1, &n) && !name_is_version("", 0, &n) && !name_is_version("v01", 3, &n) && !name_is_version("V1", 2, &n) &&
			!name_is_version("v1a", 3, &n) && !name_is_version("v-1", 3, &n),
		"what is no version");
	ok(name_is_latest("latest", 6) && name_is_latest("LateST", 6) && !name_is_latest("latest2", 7) && !name_is_latest("late", 4),
		"latest");
}

static const char *check_full(const char *name)
{
	static struct error err;

	error_clear(&err);
	if (name_check_full(name, strlen(name), &err) == 0)
		return "legal";
	return err.code == ERR_INVALID ? err.text : "wrong code";
}

static void test_full(void)
{
	static const char *const illegal[] = { "", "/", "/a", "a/", "a//b", "a/b/", "a/../b", "a/r-b", "r-a/b", "a b/c", "a/-b" };
	char longest[NAME_FULL_MAX + 2];

	memset(longest, 'x', NAME_FULL_MAX);
	longest[NAME_MAX_LEN] = longest[2 * NAME_MAX_LEN + 1] = '/';
	longest[NAME_FULL_MAX] = '\0';
	is_str(check_full("m"), "legal", "a name");
	is_str(check_full("p/m"), "legal", "in a project");
	is_str(check_full("e/p/m"), "legal", "of an entity");
	is_str(check_full(longest), "legal", "three parts of 128 bytes");
	for (size_t i = 0; i < COUNT_OF(illegal); i++)
		ok(strstr(check_full(illegal[i]), "is not a legal name") != NULL, "no name in full: '%s'", illegal[i]);
	ok(strstr(check_full("a/b/c/d"), "more parts") != NULL, "four parts are too many");
	is_str(name_last_part("e/p/m"), "m", "the last part");
	is_str(name_last_part("m"), "m", "the only part");
}

static const char *complete(const char *name, const char *entity, const char *project)
{
	static struct strbuf out = STRBUF_INIT;
	const struct name_scope scope = { entity, project };

	strbuf_reset(&out);
	name_complete(&out, name, &scope);
	return out.buf;
}

static void test_complete(void)
{
	is_str(complete("m", NULL, NULL), "m", "nothing is added where nothing is configured");
	is_str(complete("m", "", "p"), "p/m", "a project is");
	is_str(complete("m", "e", "p"), "e/p/m", "and an entity");
	is_str(complete("m", "e", NULL), "m", "an entity without a project is not");
	is_str(complete("q/m", "e", "p"), "e/q/m", "a project that is given stays");
	is_str(complete("q/m", NULL, "p"), "q/m", "and nothing is added before it");
	is_str(complete("d/q/m", "e", "p"), "d/q/m", "a whole name stays");
}

static const char *check_title(const char *title, size_t len)
{
	static struct error err;

	error_clear(&err);
	if (name_check_title(title, len, &err) == 0)
		return "legal";
	return err.code == ERR_INVALID ? err.text : "wrong code";
}

static void test_titles(void)
{
	static const char *const legal[] = { "MNIST Grayscale 28x28", "x", "\xc3\x9c" "bergr\xc3\xb6\xc3\x9f" "e", "a (b) [c] #1!", "a 'b' \"c\"", "v3" };
	static const char *const illegal[] = { "", "a/b", "a:b", "a@b", "a\tb", "a\x7f", "\xff", ".a b", "-a b", " a", "a ", "r-a b" };
	char longest[TITLE_MAX_LEN + 2];

	memset(longest, 'x', TITLE_MAX_LEN + 1);
	longest[TITLE_MAX_LEN + 1] = '\0';
	for (size_t i = 0; i < COUNT_OF(legal); i++)
		is_str(check_title(legal[i], strlen(legal[i])), "legal", legal[i]);
	for (size_t i = 0; i < COUNT_OF(illegal); i++)
		ok(strstr(check_title(illegal[i], strlen(illegal[i])), "is not a legal title") != NULL, "no title: %zu", i);
	is_str(check_title(longest, TITLE_MAX_LEN), "legal", "200 bytes");
	ok(strstr(check_title(longest, TITLE_MAX_LEN + 1), "longer than 200 bytes") != NULL, "201 bytes are too many");
	ok(strstr(check_title("a\0b", 3), "control") != NULL, "a NUL");
}

static const char *name_of(const char *title)
{
	static struct strbuf out = STRBUF_INIT;

	strbuf_reset(&out);
	strbuf_adds(&out, "p/");
	name_of_title(&out, title);
	return out.buf + 2;
}

static void test_names_of_titles(void)
{
	char title[TITLE_MAX_LEN + 1];

	is_str(name_of("MNIST Grayscale 28x28"), "MNIST-Grayscale-28x28", "blanks become dashes");
	is_str(name_of("A - (b)  c!"), "A-b-c", "a run of them becomes one, and none is left at the end");
	is_str(name_of("(.hidden)"), "hidden", "a name does not begin with a full stop");
	is_str(name_of("x.y_z"), "x.y_z", "what can stand in a name stays");
	is_str(name_of("\xe6\x97\xa5\xe6\x9c\xac"), "", "nothing may be left");
	memset(title, 'x', sizeof title - 1);
	title[sizeof title - 1] = '\0';
	is_str(check(NAME_COLLECTION, name_of(title)), "legal", "a long title makes a legal name");
	for (size_t i = 1; i < sizeof title - 1; i += 2)
		title[i] = '!';
	is_str(check(NAME_COLLECTION, name_of(title)), "legal", "so does one of many gaps");
}

int main(void)
{
	test_full();
	test_complete();
	test_titles();
	test_names_of_titles();
	test_legal();
	test_illegal();
	test_versions();
	return tap_done();
}
