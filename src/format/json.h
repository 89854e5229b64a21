/* SPDX-License-Identifier: Apache-2.0 */
/* JSON by jansson: this pair is its one includer; everyone else says "format/json.h" and may use json_t and jansson's calls. */
#ifndef MREG_FORMAT_JSON_H
#define MREG_FORMAT_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/strbuf.h"

#define JSON_MAX_DEPTH 64 /* of objects and arrays inside one another */

/* CLEANUP(json) json_t *doc = NULL; drops the reference. */
void json_cleanup(json_t **doc);

/*
 * One JSON value and nothing after it.  Refused: duplicate keys, NUL, invalid UTF-8, nesting over 64, integers that do not fit 64
 * bits.  `what` names the text in messages.  NULL with err (ERR_INVALID, "WHAT is not JSON: REASON at column N", or
 * "... at line L, column N" when it is not in the first line).
 */
json_t *json_parse(const char *text, size_t len, const char *what, struct error *err) MUST_CHECK;
/* One JSON value at the start of a text, whatever follows it; *used: how far it goes.  NULL: what json_parse() refuses. */
json_t *json_parse_first(const char *text, size_t len, size_t *used) MUST_CHECK;
/* 0 for a number or string, 1 for [] and {}, 2 for [[]] … */
size_t json_depth(const json_t *value);
/*
 * The form that ids are taken of: no blanks, keys sorted by their bytes, UTF-8 as it is; in strings only \" \\ \b \f \n \r \t and, for
 * every other byte below 0x20, \u00xx (lower case).  Reals: the fewest digits (1 to 17, correctly rounded) that read back as the same double,
 * as 0.0001 … 9999999999999998.0 with at least one digit on both sides of the point, outside that range as 1.5e-05 or 1e+16 (exponent of
 * two digits or more); so it is what Python's json.dumps(…, sort_keys=True, ensure_ascii=False, separators=(',', ':')) writes.
 * A NaN or infinity in it is a BUG.
 */
void json_canonical(struct strbuf *out, const json_t *value);
/* Compact, keys in the order they were set, every control character (C0, DEL, C1) escaped: the form that is printed. */
void json_print(struct strbuf *out, const json_t *value);

/* A JSON string of any bytes: what is not UTF-8 or is a control byte becomes \xNN as in utf8_add_escaped(). */
json_t *json_escaped(const char *text, size_t len);
/* The SHA-256 as 64 hex digits. */
json_t *json_oid(const struct oid *id);
json_t *json_u64(uint64_t value); /* over INT64_MAX: a BUG */
/* clock_format_utc() as a string. */
json_t *json_time(int64_t ns);
json_t *json_seconds(int64_t ns); /* of a length of time: a whole number of them as an integer */
/* What is NULL, an empty text or the time 0 is not known: null. */
json_t *json_text_or_null(const char *text); /* valid UTF-8 */
json_t *json_time_or_null(int64_t ns);
json_t *json_copy_or_null(const json_t *value); /* deep */

/* Members of an object; false when absent or of another type (a negative integer is no u64). Borrowed. */
bool json_get_string(const json_t *obj, const char *key, const char **out);
bool json_get_u64(const json_t *obj, const char *key, uint64_t *out);
bool json_get_bool(const json_t *obj, const char *key, bool *out);
bool json_get_oid(const json_t *obj, const char *key, struct oid *out);
bool json_get_time(const json_t *obj, const char *key, int64_t *out);
/* Every key of obj stands in the NULL-terminated list. */
bool json_only_keys(const json_t *obj, const char *const *keys);

#endif
