/* SPDX-License-Identifier: Apache-2.0 */
/* HTML of text that may be anything: written so that a browser shows it and nothing in it acts. */
#ifndef MREG_UI_HTML_H
#define MREG_UI_HTML_H

#include <stddef.h>

#include "base/strbuf.h"

/*
 * Any bytes, as text of an element or inside a quoted attribute: & < > " ' as entities; what is no character of a text is spelled out: control characters
 * but newline and tab, and bytes that are not UTF-8, as \x1b, and those that turn the direction of writing around or are otherwise not seen as \u202e.
 */
void html_text(struct strbuf *out, const char *text);
void html_text_len(struct strbuf *out, const char *text, size_t len);
/* ` NAME="TEXT"`, with the blank; name is a constant. */
void html_attribute(struct strbuf *out, const char *name, const char *text);
/* ` href="#TEXT"` that leads to the element with html_attribute(out, "id", text). */
void html_link(struct strbuf *out, const char *id);

#endif
