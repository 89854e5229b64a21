/* SPDX-License-Identifier: Apache-2.0 */
/* Text as a word of a shell script. */
#ifndef MREG_BASE_SHELL_WORD_H
#define MREG_BASE_SHELL_WORD_H

#include <stddef.h>

#include "base/strbuf.h"

/*
 * Appends a word that sh reads as exactly these bytes, whatever they are but NUL: as it is when nothing in it means anything to a shell, else in single quotes.
 * Control characters but newline, and what is not UTF-8, are written as $(printf '\ooo'), so that nothing of it reaches a terminal.
 */
void shell_word_add(struct strbuf *out, const char *text, size_t len);

#endif
