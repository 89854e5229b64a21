/* SPDX-License-Identifier: Apache-2.0 */
/* stderr: one write a message, so that lines of several threads and processes stay whole. */
#include <config.h>

#include "ui/message.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"
#include "format/json.h"
#include "ui/meter.h"

static struct message_options options;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void write_stderr(const struct strbuf *text)
{
	size_t done = 0;
	ssize_t n;

	while (done < text->len) {
		n = write(STDERR_FILENO, text->buf + done, text->len - done);
		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			return; /* nobody is left to tell */
	}
}

/* The meter's line goes first. */
static void show(const char *text, size_t len)
{
	CLEANUP(strbuf) struct strbuf all = STRBUF_INIT;

	pthread_mutex_lock(&mutex);
	meter_clear(&all);
	strbuf_add(&all, text, len);
	write_stderr(&all);
	pthread_mutex_unlock(&mutex);
}

static void add_label(struct strbuf *out, const char *label, const char *sgr)
{
	if (options.color)
		strbuf_addf(out, "\033[%sm%s\033[m ", sgr, label);
	else
		strbuf_addf(out, "%s ", label);
}

static void add_line(struct strbuf *out, const char *label, const char *sgr, const char *text, size_t len)
{
	add_label(out, label, sgr);
	utf8_add_visible(out, text, len);
	strbuf_addc(out, '\n');
}

static void on_note(struct report *r, const char *text)
{
	CLEANUP(strbuf) struct strbuf line = STRBUF_INIT;

	(void)r;
	if (options.quiet)
		return;
	add_line(&line, "note:", "36", text, strlen(text));
	show(line.buf, line.len);
}

static void on_warning(struct report *r, const char *text)
{
	CLEANUP(strbuf) struct strbuf line = STRBUF_INIT;

	(void)r;
	add_line(&line, "warning:", "33", text, strlen(text));
	show(line.buf, line.len);
}

static void on_progress(struct report *r, const char *what, uint64_t done, uint64_t total)
{
	(void)r;
	if (!options.progress || options.quiet)
		return;
	pthread_mutex_lock(&mutex);
	meter_update(what, done, total);
	pthread_mutex_unlock(&mutex);
}

void message_init(const struct message_options *wanted)
{
	options = *wanted;
}

struct report *message_report(void)
{
	static struct report report = { on_note, on_warning, on_progress };

	return &report;
}

/* Lines of the hint stay lines. */
static json_t *json_text(const char *text)
{
	CLEANUP(strbuf) struct strbuf safe = STRBUF_INIT;
	size_t n;

	for (const char *p = text; *p; p += n) {
		n = strcspn(p, "\n");
		utf8_add_visible(&safe, p, n);
		if (p[n] == '\n') {
			strbuf_addc(&safe, '\n');
			n++;
		}
	}
	return json_stringn(safe.buf, safe.len);
}

static void add_error_json(struct strbuf *out, const struct error *err)
{
	CLEANUP(json) json_t *doc = json_object();
	json_t *inner = json_object();

	json_object_set_new(doc, "format", json_integer(1));
	json_object_set_new(doc, "error", inner);
	json_object_set_new(inner, "code", json_string(error_code_name(err->code)));
	json_object_set_new(inner, "status", json_integer(error_status(err->code)));
	json_object_set_new(inner, "message", json_text(err->text));
	json_object_set_new(inner, "hint", *err->hint ? json_text(err->hint) : json_null());
	json_print(out, doc);
	strbuf_addc(out, '\n');
}

static void add_error_text(struct strbuf *out, const struct error *err)
{
	size_t n;

	add_line(out, "mreg:", "31", err->text, strlen(err->text));
	for (const char *p = err->hint; *p; p += n + (p[n] == '\n')) {
		n = strcspn(p, "\n");
		add_line(out, "hint:", "36", p, n);
	}
}

void message_error(const struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	if (err->code == ERR_NONE || err->code == ERR_QUIET || !*err->text) {
		message_meter_clear();
		return;
	}
	if (options.json)
		add_error_json(&text, err);
	else
		add_error_text(&text, err);
	show(text.buf, text.len);
}

void message_text(const char *text)
{
	if (!options.json)
		show(text, strlen(text));
}

void message_meter_clear(void)
{
	show("", 0);
}
