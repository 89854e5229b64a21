/* SPDX-License-Identifier: Apache-2.0 */
/* Growable bytes that are always a string too. */
#include <config.h>

#include "base/strbuf.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

/* Shared by all empty buffers, so it is never written to. */
char strbuf_empty[1];

void strbuf_init(struct strbuf *sb)
{
	*sb = (struct strbuf)STRBUF_INIT;
}

void strbuf_release(struct strbuf *sb)
{
	if (sb->cap)
		free(sb->buf);
	strbuf_init(sb);
}

void strbuf_cleanup(struct strbuf *sb)
{
	int saved = errno;

	strbuf_release(sb);
	errno = saved;
}

void strbuf_reset(struct strbuf *sb)
{
	strbuf_set_len(sb, 0);
}

void strbuf_grow(struct strbuf *sb, size_t more)
{
	size_t need;
	char *old = sb->cap ? sb->buf : NULL;

	if (__builtin_add_overflow(sb->len, more, &need) || __builtin_add_overflow(need, 1, &need))
		need = SIZE_MAX; /* which no allocator grants */
	if (need <= sb->cap)
		return;
	sb->buf = mem_grow(old, need, &sb->cap, 1);
	sb->buf[sb->len] = '\0';
}

void strbuf_set_len(struct strbuf *sb, size_t len)
{
	if (len > (sb->cap ? sb->cap - 1 : 0))
		BUG("strbuf_set_len: %zu is beyond the %zu reserved", len, sb->cap);
	sb->len = len;
	if (sb->cap)
		sb->buf[len] = '\0';
}

char *strbuf_detach(struct strbuf *sb)
{
	char *taken;

	strbuf_grow(sb, 0);
	taken = sb->buf;
	strbuf_init(sb);
	return taken;
}

void strbuf_add(struct strbuf *sb, const void *data, size_t len)
{
	if (!len)
		return;
	strbuf_grow(sb, len);
	memcpy(sb->buf + sb->len, data, len);
	strbuf_set_len(sb, sb->len + len);
}

void strbuf_adds(struct strbuf *sb, const char *s)
{
	strbuf_add(sb, s, strlen(s));
}

void strbuf_addc(struct strbuf *sb, char c)
{
	strbuf_grow(sb, 1);
	sb->buf[sb->len] = c;
	strbuf_set_len(sb, sb->len + 1);
}

void strbuf_addf(struct strbuf *sb, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(sb, fmt, ap);
	va_end(ap);
}

void strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	strbuf_grow(sb, 64);
	va_copy(again, ap);
	n = vsnprintf(sb->buf + sb->len, sb->cap - sb->len, fmt, again);
	va_end(again);
	if (n < 0)
		BUG("cannot format '%s'", fmt);
	if ((size_t)n >= sb->cap - sb->len) {
		strbuf_grow(sb, (size_t)n);
		vsnprintf(sb->buf + sb->len, sb->cap - sb->len, fmt, ap);
	}
	strbuf_set_len(sb, sb->len + (size_t)n);
}

void strbuf_insert(struct strbuf *sb, size_t at, const void *data, size_t len)
{
	if (at > sb->len)
		BUG("strbuf_insert: %zu is beyond the end, %zu", at, sb->len);
	if (!len)
		return;
	strbuf_grow(sb, len);
	memmove(sb->buf + at + len, sb->buf + at, sb->len - at);
	memcpy(sb->buf + at, data, len);
	strbuf_set_len(sb, sb->len + len);
}

void strbuf_trim_end(struct strbuf *sb)
{
	size_t len = sb->len;

	while (len && strchr(" \t\r\n\v\f", sb->buf[len - 1]) && sb->buf[len - 1])
		len--;
	strbuf_set_len(sb, len);
}
