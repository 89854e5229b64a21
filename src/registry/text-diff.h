/* SPDX-License-Identifier: Apache-2.0 */
/* Two texts line by line, by the program diff. */
#ifndef MREG_REGISTRY_TEXT_DIFF_H
#define MREG_REGISTRY_TEXT_DIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strbuf.h"

#define TEXT_DIFF_MAX_BYTES (64u << 20) /* of each text */

/* No NUL in it. */
bool text_diff_is_text(const struct strbuf *text);
/* What `diff -u` says of them, to fn in pieces; nothing when they are the same.  Labels stand in the first two lines.  ERR_LOCAL when there is no such program. */
typedef int (*text_diff_fn)(const void *data, size_t len, void *arg, struct error *err);
int text_diff_run(const struct strbuf *before, const char *before_label, const struct strbuf *after, const char *after_label,
	text_diff_fn fn, void *arg, struct error *err) MUST_CHECK;

#endif
