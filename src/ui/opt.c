/* SPDX-License-Identifier: Apache-2.0 */
/* The parser of option tables. */
#include <config.h>

#include "ui/opt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/strbuf.h"
#include "base/suggest.h"
#include "ui/opt-help.h"
#include "ui/out.h"

#define GLOBALS_MAX 16
#define TABLES 2
#define SYNOPSIS_BEFORE_VERB "[options] VERB [operands]"

/* One command line being read.  The verb's table is asked first. */
struct parse {
	const struct opt *tables[TABLES];
	struct opt globals[GLOBALS_MAX];
	const char *synopsis;
	int argc, at; /* at: the word to read next */
	char **argv;
	struct operands *operands; /* NULL: stop at the first */
};

void operands_cleanup(struct operands *o)
{
	int saved = errno;

	free(o->v);
	*o = (struct operands)OPERANDS_INIT;
	errno = saved;
}

void operands_from(const struct operands *o, size_t first, struct strvec *out)
{
	for (size_t i = first; i < o->count; i++)
		strvec_push(out, o->v[i]);
}

static void set_up(struct parse *p, struct globals *g, const struct opt *opts, int argc, char **argv)
{
	const struct opt globals[] = {
		OPT_STRING('\0', "registry", &g->registry, "DIR", "use the registry in DIR (or MREG_DIR)"),
		OPT_FLAG('\0', "json", &g->json, "print JSON: lists as JSON Lines, all else as one object"),
		OPT_FLAG('q', "quiet", &g->quiet, "no notes, no progress; print bare references, paths or ids"),
		OPT_STRING('\0', "template", &g->template, "TEXT", "print each record as TEXT, such as '{ref}\\t{digest}'"),
		OPT_FLAG('z', "zero", &g->zero, "end each record with NUL instead of a newline"),
		OPT_STRING('\0', "color", &g->color, "WHEN", "colour: auto, always or never"),
		OPT_FLAG('\0', "no-pager", &g->no_pager, "print long output straight to the terminal"),
		OPT_FLAG('\0', "progress", &g->progress, "show progress even where stderr is no terminal"),
		OPT_FLAG('\0', "no-progress", &g->no_progress, "show no progress"),
		OPT_FLAG('h', "help", &g->help, "print this help"),
		OPT_FLAG('\0', "list-options", &g->list_options, NULL),
		OPT_END,
	};

	_Static_assert(COUNT_OF(globals) <= GLOBALS_MAX, "no room for all global options");
	memcpy(p->globals, globals, sizeof globals);
	p->tables[0] = opts;
	p->tables[1] = p->globals;
	p->argc = argc;
	p->argv = argv;
	p->at = 1;
}

static int wrong_usage(const struct parse *p, struct error *err)
{
	return error_hint(err, "usage: mreg %s", p->synopsis);
}

static const struct opt *find_long(const struct parse *p, const char *name, size_t len)
{
	for (size_t t = 0; t < TABLES; t++)
		for (const struct opt *o = p->tables[t]; o->type != OPT_END_; o++)
			if (o->name && strlen(o->name) == len && !memcmp(o->name, name, len))
				return o;
	return NULL;
}

static const struct opt *find_short(const struct parse *p, char name)
{
	for (size_t t = 0; t < TABLES; t++)
		for (const struct opt *o = p->tables[t]; o->type != OPT_END_; o++)
			if (o->short_name == name)
				return o;
	return NULL;
}

static int unknown_option(const struct parse *p, const char *word, size_t name_len, struct error *err)
{
	CLEANUP(strvec) struct strvec names = STRVEC_INIT;
	CLEANUP(ptr) char *name = xstrndup(word, name_len);
	long nearest;

	for (size_t t = 0; t < TABLES; t++)
		for (const struct opt *o = p->tables[t]; o->type != OPT_END_; o++)
			if (o->name && o->help)
				strvec_push(&names, o->name);
	nearest = suggest_nearest(name, (const char *const *)names.v, names.count);
	error_set(err, ERR_USAGE, "unknown option '--%s'", name);
	if (nearest < 0)
		return wrong_usage(p, err);
	return error_hint(err, "Did you mean '--%s'?\nusage: mreg %s", names.v[nearest], p->synopsis);
}

/* --progress takes back --no-progress and the other way round, where a table has both. */
static void clear_opposite(const struct parse *p, const struct opt *o)
{
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;
	const struct opt *other;

	if (!o->name)
		return;
	if (strncmp(o->name, "no-", 3))
		strbuf_addf(&name, "no-%s", o->name);
	else
		strbuf_adds(&name, o->name + 3);
	other = find_long(p, name.buf, name.len);
	if (other && other->type == OPT_FLAG_)
		*other->to.flag = false;
}

static int wrong_value(const struct parse *p, const char *label, const char *value, const char *what, struct error *err)
{
	error_set(err, ERR_USAGE, "option '%s' needs %s, not '%s'", label, what, value);
	return wrong_usage(p, err);
}

/* label: the option as it was written. */
static int take_value(struct parse *p, const struct opt *o, const char *label, const char *value, struct error *err)
{
	switch (o->type) {
	case OPT_STRING_:
		*o->to.string = value;
		return 0;
	case OPT_STRVEC_:
		strvec_push(o->to.strvec, value);
		return 0;
	case OPT_U64_:
		if (number_parse_u64(value, strlen(value), o->to.u64))
			return 0;
		return wrong_value(p, label, value, "a whole number, 0 or more", err);
	case OPT_DURATION_:
		if (duration_parse(value, o->to.u64))
			return 0;
		return wrong_value(p, label, value, "a duration such as 90s, 15m, 12h, 30d or 8w", err);
	case OPT_CALLBACK_:
		return o->fn(o->to.arg, value, p->operands ? p->operands->count : 0, err);
	case OPT_FLAG_:
	case OPT_END_:
		break;
	}
	BUG("option '%s' takes no value", label);
}

/* The value is the next word. */
static int take_next(struct parse *p, const struct opt *o, const char *label, struct error *err)
{
	if (p->at < p->argc)
		return take_value(p, o, label, p->argv[p->at++], err);
	error_set(err, ERR_USAGE, "option '%s' needs a value: %s", label, o->arg_name);
	return wrong_usage(p, err);
}

static void set_flag(const struct parse *p, const struct opt *o)
{
	*o->to.flag = true;
	clear_opposite(p, o);
}

/* word: behind the two dashes. */
static int parse_long(struct parse *p, const char *word, struct error *err)
{
	CLEANUP(strbuf) struct strbuf label = STRBUF_INIT;
	size_t len = strcspn(word, "=");
	const char *value = word[len] ? word + len + 1 : NULL;
	const struct opt *o = find_long(p, word, len);
	bool negated = false;

	if (!o && len > 3 && !memcmp(word, "no-", 3)) {
		o = find_long(p, word + 3, len - 3);
		negated = o && o->type == OPT_FLAG_;
		o = negated ? o : NULL;
	}
	if (!o)
		return unknown_option(p, word, len, err);
	strbuf_adds(&label, "--");
	strbuf_add(&label, word, len);
	if (o->type != OPT_FLAG_)
		return value ? take_value(p, o, label.buf, value, err) : take_next(p, o, label.buf, err);
	if (value) {
		error_set(err, ERR_USAGE, "option '%s' takes no value", label.buf);
		return wrong_usage(p, err);
	}
	if (negated)
		*o->to.flag = false;
	else
		set_flag(p, o);
	return 0;
}

/* word: behind the dash, not empty. */
static int parse_short(struct parse *p, const char *word, struct error *err)
{
	const struct opt *o;
	char label[3] = "-";

	for (; *word; word++) {
		o = find_short(p, *word);
		label[1] = *word;
		if (!o) {
			/* a letter of UTF-8 is shown with all that follows it */
			error_set(err, ERR_USAGE, "unknown option '-%.*s'", *word & 0x80 ? (int)strlen(word) : 1, word);
			return wrong_usage(p, err);
		}
		if (o->type == OPT_FLAG_)
			set_flag(p, o);
		else if (word[1])
			return take_value(p, o, label, word + 1, err);
		else
			return take_next(p, o, label, err);
	}
	return 0;
}

static void take_rest(struct parse *p)
{
	while (p->operands && p->at < p->argc)
		p->operands->v[p->operands->count++] = p->argv[p->at++];
}

static int parse_words(struct parse *p, struct error *err)
{
	const char *word;

	while (p->at < p->argc) {
		word = p->argv[p->at];
		if (word[0] != '-' || !word[1]) {
			if (!p->operands)
				return 0;
			p->operands->v[p->operands->count++] = word;
			p->at++;
			continue;
		}
		p->at++;
		if (!strcmp(word, "--")) {
			take_rest(p);
			return 0;
		}
		if ((word[1] == '-' ? parse_long(p, word + 2, err) : parse_short(p, word + 1, err)) < 0)
			return -1;
	}
	return 0;
}

/* Always -1: the caller has done what was asked; err says whether it worked. */
static int print_help(const struct parse *p, const struct globals *g, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	int failed;

	error_clear(err);
	if (g->described) {
		opt_help_described(g->described, p->tables[0], p->tables[1]);
		return -1;
	}
	if (g->list_options)
		opt_help_list(&text, p->tables[0], p->tables[1]);
	else
		opt_help_text(&text, p->synopsis, p->tables[0], p->tables[1]);
	failed = out_stdout(text.buf, text.len, err);
	return failed < 0 ? failed : -1;
}

static int check_operands(const struct parse *p, size_t min, size_t max, struct error *err)
{
	size_t count = p->operands->count;

	if (count < min)
		error_set(err, ERR_USAGE, "an operand is missing after '%s'", count ? p->operands->v[count - 1] : p->argv[0]);
	else if (count > max)
		error_set(err, ERR_USAGE, "unexpected operand '%s'", p->operands->v[max]);
	else
		return 0;
	return wrong_usage(p, err);
}

static int check_globals(const struct parse *p, const struct globals *g, struct error *err)
{
	if (g->color && strcmp(g->color, "auto") && strcmp(g->color, "always") && strcmp(g->color, "never"))
		return wrong_value(p, "--color", g->color, "auto, always or never", err);
	if (g->json && g->template)
		error_set(err, ERR_USAGE, "options '--json' and '--template' exclude each other");
	else if (g->json && g->zero)
		error_set(err, ERR_USAGE, "options '--json' and '-z' exclude each other");
	else
		return 0;
	return wrong_usage(p, err);
}

int opt_parse(struct globals *globals, const struct opt *opts, const char *synopsis, int argc, char **argv, size_t min, size_t max,
	      struct operands *operands, struct error *err)
{
	struct parse p = { .synopsis = synopsis, .operands = operands };

	set_up(&p, globals, opts, argc, argv);
	operands_cleanup(operands);
	operands->v = xcalloc((size_t)argc + 1, sizeof *operands->v);
	if (parse_words(&p, err) < 0)
		return -1;
	if (globals->help || globals->list_options)
		return print_help(&p, globals, err);
	if (check_globals(&p, globals, err) < 0)
		return -1;
	return check_operands(&p, min, max, err);
}

int opt_parse_globals(struct globals *globals, const struct opt *more, int argc, char **argv, int *used, struct error *err)
{
	struct parse p = { .synopsis = SYNOPSIS_BEFORE_VERB };

	set_up(&p, globals, more, argc, argv);
	if (parse_words(&p, err) < 0)
		return -1;
	*used = p.at;
	if (globals->list_options)
		return print_help(&p, globals, err);
	return check_globals(&p, globals, err);
}
