/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8: validity, display width, ASCII case fold, and making bytes safe for a terminal. */
#ifndef MREG_BASE_UTF8_H
#define MREG_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"

/* Shortest form only, no surrogates, at most U+10FFFF. */
bool utf8_is_valid(const char *text, size_t len);
/* It has control characters (C0, DEL, C1) beside those allowed, a list of ASCII characters.  text must be valid. */
bool utf8_has_control(const char *text, size_t len, const char *allowed);
/* Columns on a terminal (wide characters 2, combining marks 0). text must be valid. */
size_t utf8_width(const char *text, size_t len);
/* Bytes of the longest prefix that is at most `columns` wide. */
size_t utf8_prefix(const char *text, size_t len, size_t columns);
/* Appends text with control bytes (C0, DEL, C1) and invalid bytes written as \xNN, backslash as \\ ; newline as \n. */
void utf8_add_escaped(struct strbuf *out, const char *text, size_t len);
/* What utf8_add_escaped() was given; what it never writes stays as it is. */
void utf8_add_unescaped(struct strbuf *out, const char *text, size_t len);
/* As utf8_add_escaped(), but backslash stays as it is: for messages and prose. */
void utf8_add_visible(struct strbuf *out, const char *text, size_t len);
/* A–Z to a–z, all else unchanged: two names that differ only in this are the same. */
void ascii_fold(struct strbuf *out, const char *text, size_t len);

#endif
