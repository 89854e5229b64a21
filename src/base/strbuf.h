/* SPDX-License-Identifier: Apache-2.0 */
/* Growable bytes: .buf is never NULL and always ends in NUL, so it can be read as a string. */
#ifndef MREG_BASE_STRBUF_H
#define MREG_BASE_STRBUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/cleanup.h"

struct strbuf {
	size_t len; /* without the NUL */
	size_t cap;
	char *buf;
};

extern char strbuf_empty[1];
#define STRBUF_INIT { 0, 0, strbuf_empty }

void strbuf_init(struct strbuf *sb);
void strbuf_release(struct strbuf *sb); /* frees; usable again */
void strbuf_cleanup(struct strbuf *sb);
void strbuf_reset(struct strbuf *sb);   /* length 0, keeps the memory */
void strbuf_grow(struct strbuf *sb, size_t more);
void strbuf_set_len(struct strbuf *sb, size_t len); /* shortens, or lengthens within what strbuf_grow() reserved */
char *strbuf_detach(struct strbuf *sb); /* caller frees; sb is empty again */

void strbuf_add(struct strbuf *sb, const void *data, size_t len);
void strbuf_adds(struct strbuf *sb, const char *s);
void strbuf_addc(struct strbuf *sb, char c);
void strbuf_addf(struct strbuf *sb, const char *fmt, ...) PRINTF_LIKE(2, 3);
void strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);
void strbuf_insert(struct strbuf *sb, size_t at, const void *data, size_t len);
void strbuf_trim_end(struct strbuf *sb); /* blanks and newlines at the end */

/* Its bytes as they are now. */
static inline struct span strbuf_span(const struct strbuf *sb)
{
	return (struct span){ (const uint8_t *)sb->buf, sb->len };
}

#endif
