/* SPDX-License-Identifier: Apache-2.0 */
/* Results on stdout: the buffer, and who renders what. */
#include <config.h>

#include "ui/out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "ui/message.h"
#include "ui/out-internal.h"
#include "ui/record.h"

#define LABEL_WIDTH 14 /* of a card's fields */
#define FIELD_MIN 10   /* columns for a value; on a narrower terminal nothing is broken */
#define LABEL_COLOR "\033[36m"
#define ACCENT_COLOR "\033[1;32m"

int out_stdout(const void *data, size_t len, struct error *err)
{
	size_t done = 0;
	ssize_t n;

	message_meter_clear(); /* on a terminal both are on one line */
	while (done < len) {
		n = write(STDOUT_FILENO, (const char *)data + done, len - done);
		if (n >= 0)
			done += (size_t)n;
		else if (errno == EPIPE)
			return error_set(err, ERR_QUIET, "the reader of standard output went away");
		else if (errno != EINTR)
			return error_set_errno(err, "cannot write to standard output");
		else if (interrupt_check(err) < 0)
			return -1;
	}
	return 0;
}

struct out *out_new(const struct out_options *options, struct error *err)
{
	struct out *o = xmalloc(sizeof *o);

	o->options = *options;
	o->template = (struct template)TEMPLATE_INIT;
	o->table = (struct out_table){ 0 };
	o->primary = NULL;
	o->used = 0;
	if (options->mode != OUT_TEMPLATE || template_parse(options->template, &o->template, err) == 0)
		return o;
	out_free(o);
	return NULL;
}

void out_free(struct out *o)
{
	if (!o)
		return;
	out_human_list_close(o);
	template_cleanup(&o->template);
	free(o->primary);
	free(o);
}

enum out_mode out_mode(const struct out *o)
{
	return o->options.mode;
}

size_t out_width(const struct out *o)
{
	return o->options.width;
}

static int empty_buffer(struct out *o, struct error *err)
{
	size_t len = o->used;

	o->used = 0; /* what failed once is not tried again by the next flush */
	return out_stdout(o->buffer, len, err);
}

int out_put(struct out *o, const void *data, size_t len, struct error *err)
{
	if (len > sizeof o->buffer - o->used && empty_buffer(o, err) < 0)
		return -1;
	if (len >= sizeof o->buffer)
		return out_stdout(data, len, err);
	memcpy(o->buffer + o->used, data, len);
	o->used += len;
	return 0;
}

int out_flush(struct out *o, struct error *err)
{
	if (out_human_list_settle(o, err) < 0)
		return -1;
	return empty_buffer(o, err);
}

int out_bytes(struct out *o, const void *data, size_t len, struct error *err)
{
	return out_put(o, data, len, err);
}

/* One record of -q or a template.  On a terminal a value must not act as an escape sequence; in a pipe it is exact. */
static int put_line(struct out *o, const json_t *record, const char *primary, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT, line = STRBUF_INIT;
	bool visible = o->options.width != 0;

	if (o->options.mode == OUT_TEMPLATE) {
		template_expand(&line, &o->template, record, visible);
	} else if (primary) {
		record_add_text(&text, record_find(record, primary), ",");
		if (visible)
			utf8_add_visible(&line, text.buf, text.len);
		else if (!record_add_exact(&line, record, primary))
			strbuf_add(&line, text.buf, text.len);
	} else {
		return 0;
	}
	strbuf_addc(&line, o->options.zero ? '\0' : '\n');
	return out_put(o, line.buf, line.len, err);
}

static int put_primary(struct out *o, const json_t *record, const char *primary, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	if (!primary)
		return 0;
	out_human_cell(&text, record_find(record, primary), COLUMN_TEXT);
	strbuf_addc(&text, '\n');
	return out_put(o, text.buf, text.len, err);
}

int out_result(struct out *o, json_t *record, const char *primary, struct error *err)
{
	CLEANUP(json) json_t *owned = record;

	switch (o->options.mode) {
	case OUT_HUMAN:
		return put_primary(o, owned, primary, err);
	case OUT_JSON:
		return out_json_record(o, owned, err);
	case OUT_LINES:
	case OUT_TEMPLATE:
		break;
	}
	return put_line(o, owned, primary, err);
}

int out_list_begin(struct out *o, const struct column *columns, const char *chosen, const char *primary, struct error *err)
{
	free(o->primary);
	o->primary = primary ? xstrdup(primary) : NULL;
	return out_human_list_begin(o, columns, chosen, err);
}

/* "metadata.lr" is shown out of "metadata". */
static bool is_part_of(const char *shown, const char *name)
{
	size_t len = strlen(name);

	return strncmp(shown, name, len) == 0 && (shown[len] == '\0' || shown[len] == '.');
}

bool out_list_wants(const struct out *o, const char *name)
{
	if (o->options.mode == OUT_LINES)
		return o->primary && is_part_of(o->primary, name);
	for (size_t i = 0; i < o->table.count; i++)
		if (is_part_of(o->table.columns[i].name, name))
			return true;
	return o->options.mode != OUT_HUMAN;
}

int out_list_row(struct out *o, json_t *record, struct error *err)
{
	CLEANUP(json) json_t *owned = record;

	if (!o->table.is_open)
		BUG("a row outside of a list");
	if (o->options.mode == OUT_HUMAN)
		return out_human_list_row(o, owned, err);
	if (o->options.mode == OUT_JSON)
		return out_json_record(o, owned, err);
	return put_line(o, owned, o->primary, err);
}

int out_list_end(struct out *o, struct error *err)
{
	int failed = out_human_list_settle(o, err);

	out_human_list_close(o);
	return failed;
}

static void for_people_only(const struct out *o)
{
	if (o->options.mode != OUT_HUMAN)
		BUG("text for people in another mode");
}

/* Breaks a line at the last blank that lets it fit, and where there is none in the midst of a word.  room 0: nothing is broken. */
static void add_wrapped(struct strbuf *out, const char *text, size_t len, size_t indent, size_t room)
{
	while (room && utf8_width(text, len) > room) {
		size_t cut = utf8_prefix(text, len, room), next;

		while (cut && text[cut] != ' ')
			cut--;
		if (!cut)
			cut = utf8_prefix(text, len, room);
		for (next = cut; next < len && text[next] == ' ';)
			next++;
		while (cut && text[cut - 1] == ' ')
			cut--;
		if (!next || next == len)
			break;
		strbuf_add(out, text, cut);
		strbuf_addf(out, "\n%*s", (int)indent, "");
		text += next;
		len -= next;
	}
	strbuf_add(out, text, len);
}

/* Lines stay lines, each after the first `indent` columns in; all else that a terminal would act on is shown. */
static void add_prose(struct strbuf *out, const char *text, size_t indent, size_t room)
{
	size_t n;

	for (const char *p = text; *p; p += n) {
		CLEANUP(strbuf) struct strbuf line = STRBUF_INIT;

		n = strcspn(p, "\n");
		utf8_add_visible(&line, p, n);
		add_wrapped(out, line.buf, line.len, indent, room);
		if (!p[n])
			break;
		strbuf_addc(out, '\n');
		n++;
		if (p[n] && p[n] != '\n')
			strbuf_addf(out, "%*s", (int)indent, "");
	}
}

int out_heading(struct out *o, const char *text, struct error *err)
{
	CLEANUP(strbuf) struct strbuf line = STRBUF_INIT;

	for_people_only(o);
	if (o->options.color)
		strbuf_adds(&line, "\033[1m");
	utf8_add_visible(&line, text, strlen(text));
	strbuf_adds(&line, o->options.color ? "\033[m\n" : "\n");
	return out_put(o, line.buf, line.len, err);
}

int out_field(struct out *o, const char *label, const char *value, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT, name = STRBUF_INIT, first = STRBUF_INIT;
	size_t width, room = o->options.width > LABEL_WIDTH + FIELD_MIN ? o->options.width - LABEL_WIDTH : 0;

	for_people_only(o);
	utf8_add_visible(&name, label, strlen(label));
	strbuf_addc(&name, ':');
	width = utf8_width(name.buf, name.len);
	strbuf_addf(&text, "%s%s%s", o->options.color ? LABEL_COLOR : "", name.buf, o->options.color ? "\033[m" : "");
	if (*value) {
		strbuf_addf(&text, "%*s", width < LABEL_WIDTH ? (int)(LABEL_WIDTH - width) : 1, "");
		/* a long label takes from the room of its first line: the value then begins on the next */
		utf8_add_visible(&first, value, strcspn(value, "\n"));
		if (width >= LABEL_WIDTH && room && width + 1 + utf8_width(first.buf, first.len) > o->options.width)
			strbuf_addf(&text, "\n%*s", LABEL_WIDTH, "");
		add_prose(&text, value, LABEL_WIDTH, room);
		strbuf_trim_end(&text);
	}
	strbuf_addc(&text, '\n');
	return out_put(o, text.buf, text.len, err);
}

int out_section(struct out *o, const char *name, struct error *err)
{
	CLEANUP(strbuf) struct strbuf line = STRBUF_INIT;

	for_people_only(o);
	strbuf_addf(&line, "%s%s%s\n", o->options.color ? LABEL_COLOR : "", name, o->options.color ? "\033[m" : "");
	return out_put(o, line.buf, line.len, err);
}

int out_emphasis(struct out *o, const char *text, struct error *err)
{
	CLEANUP(strbuf) struct strbuf line = STRBUF_INIT;

	for_people_only(o);
	if (o->options.color)
		strbuf_adds(&line, ACCENT_COLOR);
	utf8_add_visible(&line, text, strlen(text));
	if (o->options.color)
		strbuf_adds(&line, "\033[m");
	return out_put(o, line.buf, line.len, err);
}

int out_text(struct out *o, struct error *err, const char *fmt, ...)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT, safe = STRBUF_INIT;
	va_list ap;

	for_people_only(o);
	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	add_prose(&safe, text.buf, 0, 0);
	return out_put(o, safe.buf, safe.len, err);
}

int out_prose(struct out *o, size_t indent, const char *text, struct error *err)
{
	CLEANUP(strbuf) struct strbuf broken = STRBUF_INIT;
	size_t room = o->options.width > indent + FIELD_MIN ? o->options.width - indent : 0;

	for_people_only(o);
	if (!*text)
		return 0;
	strbuf_addf(&broken, "%*s", (int)indent, "");
	add_prose(&broken, text, indent, room);
	strbuf_trim_end(&broken);
	strbuf_addc(&broken, '\n');
	return out_put(o, broken.buf, broken.len, err);
}
