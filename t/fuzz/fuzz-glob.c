/* SPDX-License-Identifier: Apache-2.0 */
/* A pattern, a newline, a path, a newline, ignore rules: matching ends and agrees with a plain recursive matcher. */
#include <config.h>

#include <stdbool.h>

#include "format/glob.h"
#include "fuzz.h"

#define PLAIN_MAX 12

/* Only for patterns without classes and backslashes: short enough to be seen to be right, and too slow for anything long. */
static bool plain_match(const char *start, const char *p, const char *t)
{
	size_t stars = strspn(p, "*");
	bool alone = (p == start || p[-1] == '/') && (p[stars] == '\0' || p[stars] == '/');
	bool crosses = stars >= 2 && alone;

	if (*p == '\0')
		return *t == '\0';
	if (stars == 0)
		return *t && (*p == '?' ? *t != '/' : *p == *t) && plain_match(start, p + 1, t + 1);
	if (crosses && p[stars] == '/' && plain_match(start, p + stars + 1, t))
		return true;
	for (;; t++) {
		if (plain_match(start, p + stars, t))
			return true;
		if (*t == '\0' || (*t == '/' && !crosses))
			return false;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(ignore_rules) struct ignore_rules rules = IGNORE_RULES_INIT;
	char *pattern = fuzz_string(data, size), *end = strchrnul(pattern, '\n'), *path = *end ? end + 1 : end, *text;
	bool matches;

	*end = '\0';
	end = strchrnul(path, '\n');
	text = *end ? end + 1 : end;
	*end = '\0';
	matches = glob_match(pattern, path);
	if (strlen(pattern) <= PLAIN_MAX && strlen(path) <= 2 * PLAIN_MAX && !strpbrk(pattern, "[\\"))
		must(matches == plain_match(pattern, pattern, path));
	if (matches && *path && *path != '/' && *pattern != '/' && pattern[strlen(pattern) - 1] != '/')
		must(glob_match_path(pattern, path));
	glob_match_path(pattern, path);
	ignore_rules_add(&rules, "", text, strlen(text));
	ignore_rules_add(&rules, "sub", text, strlen(text));
	ignore_rules_match(&rules, path, false);
	ignore_rules_match(&rules, path, true);
	ignore_rules_truncate(&rules, rules.count / 2);
	free(pattern);
	return 0;
}
