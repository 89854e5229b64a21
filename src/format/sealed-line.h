/* SPDX-License-Identifier: Apache-2.0 */
/* A line of JSON that shows by itself whether it is whole: how journal and drafts are kept. */
#ifndef MREG_FORMAT_SEALED_LINE_H
#define MREG_FORMAT_SEALED_LINE_H

#include <stddef.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "format/json.h"

/* Appends canonical JSON, whose closing brace is replaced by ,"sum":"HEX64"}, and LF: HEX64 is the SHA-256 of the JSON as it was with its
 * brace.  obj is an object with at least one member. */
void sealed_line_write(struct strbuf *out, const json_t *obj, struct oid *sum);
/* text without its LF; the object without its sum.  NULL with err, ERR_INTEGRITY or ERR_INVALID: the sum is wrong, it is no JSON, or not
 * canonical. */
json_t *sealed_line_parse(const char *text, size_t len, struct oid *sum, struct error *err) MUST_CHECK;

#endif
