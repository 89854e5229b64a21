/* SPDX-License-Identifier: Apache-2.0 */
/* Quotes text for sh. */
#include <config.h>

#include "base/shell-word.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

#define PLAIN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789%+,-./:@_"

/* At most four bytes that are one character; 1 for what is none. */
static size_t character(const char *text, size_t len, bool *is_clean)
{
	for (size_t n = 1; n <= 4 && n <= len; n++) {
		if (!utf8_is_valid(text, n))
			continue;
		*is_clean = !utf8_has_control(text, n, "\n");
		return n;
	}
	*is_clean = false;
	return 1;
}

static void add_quoted(struct strbuf *out, const char *text, size_t len)
{
	strbuf_addc(out, '\'');
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\'')
			strbuf_adds(out, "'\\''");
		else
			strbuf_addc(out, text[i]);
	strbuf_addc(out, '\'');
}

/* The shell takes newlines off the end of what printf writes: there are none in these. */
static void add_octal(struct strbuf *out, const char *text, size_t len)
{
	strbuf_adds(out, "\"$(printf '");
	for (size_t i = 0; i < len; i++)
		strbuf_addf(out, "\\%03o", (unsigned)(uint8_t)text[i]);
	strbuf_adds(out, "')\"");
}

/* The first of them that is clean, or is not, as the first one is: how many bytes are alike. */
static size_t alike(const char *text, size_t len, bool *is_clean)
{
	size_t n = character(text, len, is_clean), at = n;
	bool next;

	while (at < len) {
		n = character(text + at, len - at, &next);
		if (next != *is_clean)
			break;
		at += n;
	}
	return at;
}

void shell_word_add(struct strbuf *out, const char *text, size_t len)
{
	bool is_clean;
	size_t n;

	if (len && strspn(text, PLAIN) >= len) {
		strbuf_add(out, text, len);
		return;
	}
	if (!len)
		strbuf_adds(out, "''");
	for (; len; text += n, len -= n) {
		n = alike(text, len, &is_clean);
		if (is_clean)
			add_quoted(out, text, n);
		else
			add_octal(out, text, n);
	}
}
