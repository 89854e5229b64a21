/* SPDX-License-Identifier: Apache-2.0 */
/* Growable list of strings. */
#include <config.h>

#include "base/strvec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void strvec_push(struct strvec *sv, const char *s)
{
	strvec_push_own(sv, xstrdup(s));
}

void strvec_push_own(struct strvec *sv, char *s)
{
	ARRAY_GROW(sv->v, sv->count + 2, sv->cap);
	sv->v[sv->count++] = s;
	sv->v[sv->count] = NULL;
}

void strvec_release(struct strvec *sv)
{
	for (size_t i = 0; i < sv->count; i++)
		free(sv->v[i]);
	free(sv->v);
	*sv = (struct strvec)STRVEC_INIT;
}

void strvec_cleanup(struct strvec *sv)
{
	int saved = errno;

	strvec_release(sv);
	errno = saved;
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void strvec_sort(struct strvec *sv)
{
	if (sv->count > 1)
		qsort(sv->v, sv->count, sizeof *sv->v, compare_strings);
}

bool strvec_has(const struct strvec *sv, const char *s)
{
	for (size_t i = 0; i < sv->count; i++)
		if (!strcmp(sv->v[i], s))
			return true;
	return false;
}

bool strvec_equal(const struct strvec *a, const struct strvec *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->v[i], b->v[i]) != 0)
			return false;
	return true;
}
