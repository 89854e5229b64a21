/* SPDX-License-Identifier: Apache-2.0 */
/* What is a legal name of an artifact, a model, an alias, a type (SPEC: names and references). */
#ifndef MREG_FORMAT_NAME_H
#define MREG_FORMAT_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define NAME_MAX_LEN 128

enum name_kind { NAME_COLLECTION, NAME_ALIAS, NAME_TYPE, NAME_TAG };

/*
 * [A-Za-z0-9._-] (tags also : and =), 1–128 bytes, not starting with . or -; as an alias not "latest" (any case) nor v<digits>;
 * as a collection not r-….  -1 with ERR_INVALID, which shows the name escaped and says which rule it breaks.
 */
int name_check(enum name_kind kind, const char *name, size_t len, struct error *err) MUST_CHECK;
/* "v12": 12.  No leading zeros, 64 bits, at most 2^53. */
bool name_is_version(const char *text, size_t len, unsigned long long *number);
bool name_is_latest(const char *text, size_t len); /* any case */

#endif
