/* SPDX-License-Identifier: Apache-2.0 */
/* Reads rows of CSV. */
#include <config.h>

#include "format/csv.h"

#include <string.h>

#include "base/strbuf.h"

struct cursor {
	const char *p, *end;
	char separator;
};

/* Length of the end of line here: 0 when this is none. */
static size_t line_end(const struct cursor *c)
{
	if (c->p < c->end && *c->p == '\n')
		return 1;
	return c->end - c->p >= 2 && c->p[0] == '\r' && c->p[1] == '\n' ? 2 : 0;
}

/* Behind the opening quote; up to behind the closing one. */
static int read_quoted(struct cursor *c, struct strbuf *out, struct error *err)
{
	while (c->p < c->end) {
		const char *quote = memchr(c->p, '"', (size_t)(c->end - c->p));

		if (!quote)
			break;
		strbuf_add(out, c->p, (size_t)(quote - c->p));
		c->p = quote + 1;
		if (c->p == c->end || *c->p != '"')
			return 0;
		strbuf_addc(out, *c->p++);
	}
	return error_set(err, ERR_INVALID, "a quote is not closed");
}

static void read_plain(struct cursor *c, struct strbuf *out)
{
	const char *from = c->p;

	while (c->p < c->end && *c->p != c->separator && !line_end(c))
		c->p++;
	strbuf_add(out, from, (size_t)(c->p - from));
}

static int read_field(struct cursor *c, struct strvec *fields, struct error *err)
{
	CLEANUP(strbuf) struct strbuf field = STRBUF_INIT;

	if (c->p < c->end && *c->p == '"') {
		c->p++;
		if (read_quoted(c, &field, err) < 0)
			return -1;
		if (c->p < c->end && *c->p != c->separator && !line_end(c))
			return error_set(err, ERR_INVALID, "there is text after a quoted field");
	} else {
		read_plain(c, &field);
	}
	if (memchr(field.buf, '\0', field.len))
		return error_set(err, ERR_INVALID, "there is a NUL byte");
	strvec_push_own(fields, strbuf_detach(&field));
	return 0;
}

int csv_read_row(const char *text, size_t len, char separator, struct strvec *fields, size_t *used, struct error *err)
{
	struct cursor c = { text, text + len, separator };

	*used = 0;
	if (!len)
		return 0;
	for (size_t count = 1;; count++) {
		if (count > CSV_MAX_FIELDS)
			return error_set(err, ERR_INVALID, "there are more than %d fields", CSV_MAX_FIELDS);
		if (read_field(&c, fields, err) < 0)
			return -1;
		if (c.p == c.end || *c.p != separator)
			break;
		c.p++;
	}
	c.p += line_end(&c);
	*used = (size_t)(c.p - text);
	return 1;
}
