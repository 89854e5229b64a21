/* SPDX-License-Identifier: Apache-2.0 */
/* Growable list of strings, NULL-terminated so that it can be an argv. */
#ifndef MREG_BASE_STRVEC_H
#define MREG_BASE_STRVEC_H

#include <stdbool.h>
#include <stddef.h>

struct strvec {
	char **v; /* v[count] is NULL; never NULL itself after the first push */
	size_t count, cap;
};

#define STRVEC_INIT { NULL, 0, 0 }

void strvec_push(struct strvec *sv, const char *s);      /* copies */
void strvec_push_own(struct strvec *sv, char *s);        /* takes */
void strvec_release(struct strvec *sv);
void strvec_cleanup(struct strvec *sv);
void strvec_sort(struct strvec *sv);                     /* by bytes */
bool strvec_has(const struct strvec *sv, const char *s);
bool strvec_equal(const struct strvec *a, const struct strvec *b); /* the same strings in the same order */

#endif
