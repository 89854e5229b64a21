/* SPDX-License-Identifier: Apache-2.0 */
/* What is a legal name of an artifact, a model, an alias, a type (SPEC: names and references). */
#ifndef MREG_FORMAT_NAME_H
#define MREG_FORMAT_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strbuf.h"

#define NAME_MAX_LEN 128
#define NAME_FULL_MAX (3 * NAME_MAX_LEN + 2) /* ENTITY/PROJECT/NAME */
#define TITLE_MAX_LEN 200

enum name_kind { NAME_COLLECTION, NAME_ALIAS, NAME_TYPE, NAME_TAG };

/*
 * [A-Za-z0-9._-] (tags also : and =), 1–128 bytes, not starting with . or -; as an alias not "latest" (any case) nor v<digits>;
 * as a collection not r-….  -1 with ERR_INVALID, which shows the name escaped and says which rule it breaks.
 */
int name_check(enum name_kind kind, const char *name, size_t len, struct error *err) MUST_CHECK;
/* [[ENTITY/]PROJECT/]NAME: each part is a legal NAME_COLLECTION. */
int name_check_full(const char *name, size_t len, struct error *err) MUST_CHECK;
/* UTF-8 without / : @ and control bytes, 1–200 bytes, no blank at either end, not starting with . or - or r-. */
int name_check_title(const char *title, size_t len, struct error *err) MUST_CHECK;
/* What a run may be called: by the rules of a title. */
int name_check_label(const char *label, size_t len, struct error *err) MUST_CHECK;
/* Where its last part begins. */
const char *name_last_part(const char *name);

/* What a short name is completed with; either may be NULL or "". */
struct name_scope {
	const char *entity, *project;
};
/* NAME → PROJECT/NAME and PROJECT/NAME → ENTITY/PROJECT/NAME as far as the scope (may be NULL) says. */
void name_complete(struct strbuf *out, const char *name, const struct name_scope *scope);
/* Appends a name made of a title: "MNIST Grayscale 28x28" → "MNIST-Grayscale-28x28", at most 128 bytes; nothing when nothing of it can stand in a name. */
void name_of_title(struct strbuf *out, const char *title);

/* "v12": 12.  No leading zeros, 64 bits, at most 2^53. */
bool name_is_version(const char *text, size_t len, unsigned long long *number);
bool name_is_latest(const char *text, size_t len); /* any case */

#endif
