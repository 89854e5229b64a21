/* SPDX-License-Identifier: Apache-2.0 */
/* Finds paths of a manifest that a file system which folds case cannot tell apart. */
#include <config.h>

#include "format/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static unsigned char fold_byte(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* The end of a path sorts first and '/' next, so that the paths of one folder, in whatever case, stand together. */
static unsigned rank_byte(char c)
{
	return c == '/' ? 1 : c ? fold_byte(c) + 1u : 0;
}

static int compare_folded(const void *left, const void *right)
{
	const char *a = *(char *const *)left, *b = *(char *const *)right;
	const char *whole_a = a, *whole_b = b;

	while (*a && rank_byte(*a) == rank_byte(*b)) {
		a++;
		b++;
	}
	if (rank_byte(*a) != rank_byte(*b))
		return rank_byte(*a) < rank_byte(*b) ? -1 : 1;
	return strcmp(whole_a, whole_b);
}

/* Whether some leading components are equal when folded but are not the same bytes. */
static bool pair_clashes(const char *a, const char *b)
{
	bool same = true;

	for (; *a && *b && fold_byte(*a) == fold_byte(*b); a++, b++) {
		if (*a == '/' && !same)
			return true;
		same = same && *a == *b;
	}
	return !same && (!*a || *a == '/') && (!*b || *b == '/');
}

static bool has_upper(const struct manifest *m)
{
	for (size_t i = 0; i < m->count; i++)
		for (const char *c = m->entries[i].path; *c; c++)
			if (*c >= 'A' && *c <= 'Z')
				return true;
	return false;
}

bool manifest_case_clash(const struct manifest *m, const char **a, const char **b)
{
	CLEANUP(ptr) char **paths = NULL;

	if (!has_upper(m))
		return false;
	paths = xreallocarray(NULL, m->count, sizeof *paths);
	for (size_t i = 0; i < m->count; i++)
		paths[i] = m->entries[i].path;
	qsort(paths, m->count, sizeof *paths, compare_folded);
	for (size_t i = 1; i < m->count; i++) {
		if (!pair_clashes(paths[i - 1], paths[i]))
			continue;
		*a = paths[i - 1];
		*b = paths[i];
		return true;
	}
	return false;
}
