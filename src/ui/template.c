/* SPDX-License-Identifier: Apache-2.0 */
/* Templates: parsed once, expanded for each record. */
#include <config.h>

#include "ui/template.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "ui/record.h"

static void add_part(struct template *t, struct strbuf *text, bool is_member)
{
	size_t len = text->len;

	if (!len)
		return;
	ARRAY_GROW(t->parts, t->count + 1, t->cap);
	t->parts[t->count++] = (struct template_part){ .text = strbuf_detach(text), .len = len, .is_member = is_member };
}

static int wrong(const char *text, const char *at, const char *what, struct error *err)
{
	error_set(err, ERR_USAGE, "template '%s': %s at column %zu", text, what, (size_t)(at - text) + 1);
	return error_hint(err, "{member} is a member, {{ and }} are braces, \\t \\n \\0 \\\\ are escapes.");
}

/* *p stands on the backslash and is moved behind the escape. */
static int take_escape(const char *text, const char **p, struct strbuf *plain, struct error *err)
{
	static const char names[] = "tn0\\", bytes[] = "\t\n\0\\";
	const char *found = (*p)[1] ? strchr(names, (*p)[1]) : NULL;

	if (!found)
		return wrong(text, *p, "unknown escape", err);
	strbuf_addc(plain, bytes[found - names]);
	*p += 2;
	return 0;
}

/* *p stands on the brace and is moved behind the closing one. */
static int take_member(const char *text, const char **p, struct template *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	size_t len = strcspn(*p + 1, "{}");

	if ((*p)[1 + len] != '}')
		return wrong(text, *p, "a brace is not closed", err);
	if (!len)
		return wrong(text, *p, "no member is named", err);
	strbuf_add(&path, *p + 1, len);
	add_part(out, &path, true);
	*p += len + 2;
	return 0;
}

int template_parse(const char *text, struct template *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf plain = STRBUF_INIT;
	const char *p = text;

	while (*p) {
		if (*p == '\\') {
			if (take_escape(text, &p, &plain, err) < 0)
				return -1;
		} else if ((*p == '{' || *p == '}') && p[1] == *p) {
			strbuf_addc(&plain, *p);
			p += 2;
		} else if (*p == '{') {
			add_part(out, &plain, false);
			if (take_member(text, &p, out, err) < 0)
				return -1;
		} else if (*p == '}') {
			return wrong(text, p, "a brace is closed that was not opened", err);
		} else {
			strbuf_addc(&plain, *p++);
		}
	}
	add_part(out, &plain, false);
	return 0;
}

void template_expand(struct strbuf *out, const struct template *t, const json_t *record, bool visible)
{
	CLEANUP(strbuf) struct strbuf value = STRBUF_INIT;

	for (size_t i = 0; i < t->count; i++) {
		if (!t->parts[i].is_member) {
			strbuf_add(out, t->parts[i].text, t->parts[i].len);
			continue;
		}
		strbuf_reset(&value);
		record_add_text(&value, record_find(record, t->parts[i].text), ",");
		if (visible)
			utf8_add_visible(out, value.buf, value.len);
		else
			strbuf_add(out, value.buf, value.len);
	}
}

void template_cleanup(struct template *t)
{
	int saved = errno;

	for (size_t i = 0; i < t->count; i++)
		free(t->parts[i].text);
	free(t->parts);
	*t = (struct template)TEMPLATE_INIT;
	errno = saved;
}
