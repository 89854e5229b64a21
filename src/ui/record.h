/* SPDX-License-Identifier: Apache-2.0 */
/* Members of a record by their dotted path, and values as text. */
#ifndef MREG_UI_RECORD_H
#define MREG_UI_RECORD_H

#include <stdbool.h>

#include "base/strbuf.h"
#include "format/json.h"

/* "metadata.lr"; a member whose own name has dots is found too ("metadata.a.b").  Borrowed; NULL if there is none. */
const json_t *record_find(const json_t *record, const char *path);
/* A string as it is, numbers and booleans as in JSON, null and NULL as nothing, strings and numbers of an array with `between` between them, all else as JSON. */
void record_add_text(struct strbuf *out, const json_t *value, const char *between);
/* A real as people read it: whole, or to six digits; false, and nothing, of all else. */
bool record_add_rounded(struct strbuf *out, const json_t *value);
/* A string of any text: as it is when it is UTF-8, else json_escaped(). */
json_t *record_string(const char *text);
/* Sets `name` to record_string(path), and where that is not exact also "NAME_base64", which is. */
void record_set_path(json_t *record, const char *name, const char *path);
/* Appends what record_set_path() was given, when the member itself is not exact; else false. */
bool record_add_exact(struct strbuf *out, const json_t *record, const char *name);

#endif
