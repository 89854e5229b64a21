/* SPDX-License-Identifier: Apache-2.0 */
/* INI text as git writes it: parsing, and edits that keep comments and order. */
#ifndef MREG_FORMAT_CONFIG_FILE_H
#define MREG_FORMAT_CONFIG_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strbuf.h"

/*
 * [section] / [section "sub.Section"] headers, key = value lines, # and ; comments, "quoted" values with \" \\ \n \t, a backslash at the
 * end of a line continues it, a key without = is "true".  Calls fn with the full key "section.key" or "section.sub.Section.key"
 * (section and key folded to lower case, the subsection as written), in file order.  fn non-zero stops with that value.
 * -1 with ERR_INVALID "NAME:LINE: what is wrong".
 */
int config_file_parse(const char *text, size_t len, const char *name, int (*fn)(const char *key, const char *value, void *arg), void *arg,
		      struct error *err) MUST_CHECK;
/*
 * Sets key to value (NULL removes every one) in the text: the last occurrence is replaced where it stands, else the line is added at the end of
 * its section, which is made if absent.  All else stays byte for byte.  -1 when the text does not parse.
 */
int config_file_set(struct strbuf *text, const char *name, const char *key, const char *value, struct error *err) MUST_CHECK;
/* Adds the line even where the key stands already: for keys that may have several values. */
int config_file_add(struct strbuf *text, const char *name, const char *key, const char *value, struct error *err) MUST_CHECK;
/* Removes every part of a section ("section" or "section.sub") with all that stands in it, up to the next header.  How many there were; -1. */
int config_file_remove_section(struct strbuf *text, const char *name, const char *section, struct error *err) MUST_CHECK;
/* "section.key" or "section.sub.key": letters, digits and '-' in section and key, the subsection has no newline or NUL; ERR_INVALID. */
int config_key_check(const char *key, struct error *err) MUST_CHECK;
/* Folds section and key as parse does. */
void config_key_fold(struct strbuf *out, const char *key);

#endif
