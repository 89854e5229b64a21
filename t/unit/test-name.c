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

int main(void)
{
	test_legal();
	test_illegal();
	test_versions();
	return tap_done();
}
