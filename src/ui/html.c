/* SPDX-License-Identifier: Apache-2.0 */
/* Escapes text for HTML. */
#include <config.h>

#include "ui/html.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

/* The character that stands at text; its bytes in *len, 0 when it is none. */
static uint32_t character_at(const char *text, size_t left, size_t *len)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t want = bytes[0] < 0x80 ? 1 : bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
	uint32_t c = want == 1 ? bytes[0] : bytes[0] & (0xffu >> (want + 1));

	*len = 0;
	if (want > left || !utf8_is_valid(text, want))
		return 0;
	for (size_t i = 1; i < want; i++)
		c = c << 6 | (bytes[i] & 0x3f);
	*len = want;
	return c;
}

/* Marks of direction, separators and others that change how a line reads without being seen; and what HTML does not take as a character. */
static bool is_deceptive(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0x80, 0x9f }, { 0xad, 0xad }, { 0x61c, 0x61c }, { 0x180e, 0x180e }, { 0x200b, 0x200b }, { 0x200e, 0x200f }, { 0x2028, 0x202e },
		{ 0x2060, 0x206f }, { 0xfdd0, 0xfdef }, { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb },
	};

	if ((c & 0xfffe) == 0xfffe)
		return true;
	for (size_t i = 0; i < COUNT_OF(ranges); i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

static const char *entity(uint32_t c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* As it is shown, but not yet as HTML.  Returns the bytes of text that were used. */
static size_t add_visible(struct strbuf *out, const char *text, size_t left)
{
	size_t len;
	uint32_t c = character_at(text, left, &len);

	if (!len || c == 0x7f || (c < 0x20 && c != '\n' && c != '\t')) {
		strbuf_addf(out, "\\x%02x", (unsigned char)*text);
		return 1;
	}
	if (is_deceptive(c))
		strbuf_addf(out, "\\u%04x", (unsigned)c);
	else
		strbuf_add(out, text, len);
	return len;
}

void html_text_len(struct strbuf *out, const char *text, size_t len)
{
	for (size_t at = 0; at < len;) {
		const char *name = entity((unsigned char)text[at]);

		if (name) {
			strbuf_adds(out, name);
			at++;
		} else {
			at += add_visible(out, text + at, len - at);
		}
	}
}

void html_text(struct strbuf *out, const char *text)
{
	html_text_len(out, text, strlen(text));
}

void html_attribute(struct strbuf *out, const char *name, const char *text)
{
	strbuf_addf(out, " %s=\"", name);
	html_text(out, text);
	strbuf_addc(out, '"');
}

/* The id is what a browser reads in the attribute, so what is spelled out there is spelled out here. */
void html_link(struct strbuf *out, const char *id)
{
	CLEANUP(strbuf) struct strbuf visible = STRBUF_INIT;
	size_t len = strlen(id);

	for (size_t at = 0; at < len;)
		at += add_visible(&visible, id + at, len - at);
	strbuf_adds(out, " href=\"#");
	for (size_t i = 0; i < visible.len; i++) {
		unsigned char c = (unsigned char)visible.buf[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~/:@", c)))
			strbuf_addc(out, (char)c);
		else
			strbuf_addf(out, "%%%02X", c);
	}
	strbuf_addc(out, '"');
}
