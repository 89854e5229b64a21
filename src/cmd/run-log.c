/* SPDX-License-Identifier: Apache-2.0 */
/* mreg run log: points of metrics, from the command line or from lines of JSON. */
#include <config.h>

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/number.h"
#include "cmd/run.h"
#include "registry/metadata.h"
#include "registry/run-points.h"

#define READ_BYTES 65536
#define LINE_MAX_BYTES (1u << 20)
#define WARNINGS_MAX 10
#define EXACT_MAX 9007199254740992.0 /* 2^53: whole numbers above are not told apart */

struct value {
	const char *name;
	size_t len;
	double value;
};
struct logging {
	struct session *s;
	struct run_log *log; /* NULL: a dry run */
	uint64_t step;       /* --step, or UINT64_MAX */
	uint64_t points, lines, wrong;
	struct value *values; /* of one line */
	size_t count, cap;
	uint64_t line_step;
};

static void logging_cleanup(struct logging *l)
{
	run_log_close(l->log);
	ptr_cleanup(&l->values);
}

static void push(struct logging *l, const char *name, size_t len, double value)
{
	ARRAY_GROW(l->values, l->count + 1, l->cap);
	l->values[l->count++] = (struct value){ name, len, value };
}

/* All of a line or nothing of it. */
static int add_values(struct logging *l, struct error *err)
{
	struct point p = { .time = clock_now(), .step = l->line_step };

	for (size_t i = 0; i < l->count; i++)
		if (point_check_name(l->values[i].name, l->values[i].len, err) < 0)
			return -1;
	for (size_t i = 0; i < l->count; i++) {
		p.name = l->values[i].name;
		p.name_len = l->values[i].len;
		p.value = l->values[i].value;
		l->points++;
		if (l->log && run_log_add(l->log, &p, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- a line of JSON, most often: one object of numbers, without escapes ---- */

struct scan {
	const char *p, *end;
};

static void skip_blanks(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\r'))
		s->p++;
}

static bool take(struct scan *s, char c)
{
	skip_blanks(s);
	if (s->p == s->end || *s->p != c)
		return false;
	s->p++;
	return true;
}

static bool take_string(struct scan *s, const char **text, size_t *len)
{
	if (!take(s, '"'))
		return false;
	*text = s->p;
	while (s->p < s->end && *s->p != '"')
		if (*s->p++ == '\\')
			return false;
	*len = (size_t)(s->p - *text);
	return take(s, '"');
}

static bool read_word(const char *text, size_t len, double *out)
{
	static const struct {
		const char *word;
		double value;
	} words[] = { { "nan", NAN }, { "NaN", NAN }, { "inf", INFINITY }, { "-inf", -INFINITY }, { "Infinity", INFINITY },
		{ "-Infinity", -INFINITY } };

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strlen(words[i].word) == len && memcmp(text, words[i].word, len) == 0) {
			*out = words[i].value;
			return true;
		}
	return false;
}

static bool take_number(struct scan *s, double *out)
{
	const char *from;
	size_t len;

	if (take_string(s, &from, &len))
		return read_word(from, len, out);
	skip_blanks(s);
	from = s->p;
	while (s->p < s->end &&
		(strchr("+-.", *s->p) || (*s->p >= '0' && *s->p <= '9') || (*s->p >= 'A' && *s->p <= 'Z') ||
			(*s->p >= 'a' && *s->p <= 'z')))
		s->p++;
	len = (size_t)(s->p - from);
	if (len == 0)
		return false;
	return *from >= '0' && *from <= '9' ? real_parse(from, len, out)
					    : read_word(from, len, out) || (*from == '-' && real_parse(from, len, out));
}

static bool is_step(const char *name, size_t len)
{
	return len == 4 && memcmp(name, "step", 4) == 0;
}

static bool set_step(struct logging *l, double value)
{
	if (!(value >= 0 && value <= EXACT_MAX) || value != (double)(uint64_t)value)
		return false;
	l->line_step = (uint64_t)value;
	return true;
}

/* False: it is not so simple, or wrong. */
static bool read_simple(struct logging *l, const char *line, size_t len)
{
	struct scan s = { line, line + len };
	const char *name;
	size_t name_len;
	double value;

	if (!take(&s, '{'))
		return false;
	do {
		if (!take_string(&s, &name, &name_len) || !take(&s, ':') || !take_number(&s, &value))
			return false;
		if (!is_step(name, name_len))
			push(l, name, name_len, value);
		else if (!set_step(l, value))
			return false;
	} while (take(&s, ','));
	if (!take(&s, '}'))
		return false;
	skip_blanks(&s);
	return s.p == s.end;
}

static int read_member(struct logging *l, const char *name, const json_t *value, struct error *err)
{
	const char *word = json_string_value(value);
	double number;

	if (json_is_number(value))
		number = json_number_value(value);
	else if (!word || !read_word(word, strlen(word), &number))
		return error_set(err, ERR_INVALID, "'%s' is not a number", name);
	if (!is_step(name, strlen(name)))
		push(l, name, strlen(name), number);
	else if (!set_step(l, number))
		return error_set(err, ERR_INVALID, "the step is not a whole number from 0 on");
	return 0;
}

static int read_any(struct logging *l, json_t *doc, struct error *err)
{
	const char *name;
	json_t *value;

	if (!json_is_object(doc))
		return error_set(err, ERR_INVALID, "it is not a JSON object");
	json_object_foreach(doc, name, value)
		if (read_member(l, name, value, err) < 0)
			return -1;
	return 0;
}

static int log_line(struct logging *l, const char *line, size_t len, struct error *err)
{
	CLEANUP(json) json_t *doc = NULL; /* holds the names */

	l->count = 0;
	l->line_step = l->step;
	if (!read_simple(l, line, len)) {
		l->count = 0;
		l->line_step = l->step;
		doc = json_parse(line, len, "it", err);
		if (!doc || read_any(l, doc, err) < 0)
			return -1;
	}
	return add_values(l, err);
}

/* ---- the stream ---- */

/* What writes to us may be a training of days: one wrong line must not break its pipe. */
static int take_line(struct logging *l, const char *line, size_t len, struct error *err)
{
	l->lines++;
	while (len && strchr(" \t\r", line[len - 1]))
		len--;
	if (!len || log_line(l, line, len, err) == 0)
		return 0;
	if (err->code != ERR_INVALID)
		return -1;
	if (++l->wrong <= WARNINGS_MAX)
		report_warning(l->s->report, "line %llu is not logged: %s", (unsigned long long)l->lines, err->text);
	error_clear(err);
	return 0;
}

static int take_lines(struct logging *l, struct strbuf *text, bool is_end, struct error *err)
{
	size_t at = 0;
	const char *newline;

	while ((newline = memchr(text->buf + at, '\n', text->len - at))) {
		size_t len = (size_t)(newline - text->buf) - at;

		if (take_line(l, text->buf + at, len, err) < 0)
			return -1;
		at += len + 1;
	}
	if (is_end && at < text->len) {
		if (take_line(l, text->buf + at, text->len - at, err) < 0)
			return -1;
		at = text->len;
	}
	if (text->len - at > LINE_MAX_BYTES)
		return error_set(err, ERR_INVALID, "line %llu has more than %u bytes", (unsigned long long)l->lines + 1, LINE_MAX_BYTES);
	memmove(text->buf, text->buf + at, text->len - at);
	strbuf_set_len(text, text->len - at);
	return 0;
}

/* Nothing is held back while there is nothing more to read. */
static int await(struct logging *l, struct error *err)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };

	if (poll(&in, 1, 0) == 0 && l->log && run_log_flush(l->log, err) < 0)
		return -1;
	return interrupt_wait_input(STDIN_FILENO, err);
}

static int log_stream(struct logging *l, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	ssize_t got = 1;

	while (got > 0) {
		if (await(l, err) < 0)
			return -1;
		strbuf_grow(&text, READ_BYTES);
		got = read(STDIN_FILENO, text.buf + text.len, READ_BYTES);
		if (got < 0 && errno == EINTR) {
			got = 1;
			continue;
		}
		if (got < 0)
			return error_set_errno(err, "cannot read standard input");
		strbuf_set_len(&text, text.len + (size_t)got);
		if (take_lines(l, &text, got == 0, err) < 0)
			return -1;
	}
	return 0;
}

/* What was read before an interrupt is logged. */
static int log_stdin(struct logging *l, struct error *err)
{
	struct error ignored = ERROR_INIT;
	int rc = log_stream(l, err);

	if (l->log && run_log_flush(l->log, rc < 0 ? &ignored : err) < 0)
		rc = -1;
	if (rc == 0 && l->wrong)
		rc = error_set(
			err, ERR_INVALID, "%llu of %llu lines were not logged", (unsigned long long)l->wrong, (unsigned long long)l->lines);
	return rc;
}

/* ---- the verb ---- */

/* In a line of JSON "step" is the step, and so it would be read back by whoever writes one. */
static int check_word(const char *word, struct error *err)
{
	if (*word == '=')
		return error_set(err, ERR_INVALID, "the name of a metric is empty");
	if (strncmp(word, "step=", 5) != 0)
		return 0;
	error_set(err, ERR_USAGE, "'step' is no metric");
	return error_hint(err, "The step of what is logged is --step %.40s.", word + 5);
}

static int log_words(struct logging *l, const char *const *words, size_t count, struct error *err)
{
	CLEANUP(json) json_t *doc = json_object();
	const char *name;
	json_t *value;
	double number = NAN;

	for (size_t i = 0; i < count; i++)
		if (check_word(words[i], err) < 0 || metadata_add_metric(doc, words[i], err) < 0)
			return *err->hint ? -1 : error_hint(err, "For example: loss=0.31");
	l->line_step = l->step;
	json_object_foreach(doc, name, value) {
		metadata_metric_value(value, &number);
		push(l, name, strlen(name), number);
	}
	if (add_values(l, err) < 0)
		return -1;
	return l->log ? run_log_flush(l->log, err) : 0;
}

static int print(struct logging *l, const struct run *run, bool dry_run, struct error *err)
{
	json_t *doc;

	if (dry_run)
		report_note(l->s->report, "dry run: nothing was logged");
	if (out_mode(l->s->out) != OUT_JSON)
		return 0;
	doc = json_object();
	json_object_set_new(doc, "id", json_string(run->id.text));
	json_object_set_new(doc, "points", json_u64(l->points));
	return out_result(l->s->out, doc, "id", err);
}

int run_log_verb(struct session *s, const struct run_args *a, struct error *err)
{
	CLEANUP(run) struct run run = RUN_INIT;
	CLEANUP(logging) struct logging l = { .s = s, .step = a->step };
	const char *const *words = a->operands.v;
	size_t count = a->operands.count;
	const char *name = NULL;

	if (a->step != UINT64_MAX && a->step > POINT_STEP_MAX)
		return error_set(err, ERR_USAGE, "--step %llu is too large", (unsigned long long)a->step);
	if (count && strcmp(words[0], "-") != 0 && !strchr(words[0], '=')) {
		name = *words++;
		count--;
	}
	if (count == 0)
		return error_set(err, ERR_USAGE, "nothing to log: NAME=VALUE, or - for JSON Lines on standard input");
	if (count > 1 && strcmp(words[0], "-") == 0)
		return error_set(err, ERR_USAGE, "'-' stands alone: '%s' is one too many", words[1]);
	if (run_start_get(s, name, &run, err) < 0 || (!a->dry_run && !(l.log = run_log_open(s->registry, &run, err))))
		return -1;
	if ((strcmp(words[0], "-") == 0 ? log_stdin(&l, err) : log_words(&l, words, count, err)) < 0)
		return -1;
	return print(&l, &run, a->dry_run, err);
}
