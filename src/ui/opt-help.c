/* SPDX-License-Identifier: Apache-2.0 */
/* Option tables as text. */
#include <config.h>

#include "ui/opt-help.h"

#include <string.h>

#include "base/utf8.h"

#define HELP_COLUMN_MAX 32 /* longer options have their help on the next line */
#define GAP 2

static void add_option(struct strbuf *out, const struct opt *o)
{
	if (o->short_name)
		strbuf_addf(out, "  -%c%s", o->short_name, o->name ? ", " : "");
	else
		strbuf_adds(out, "      ");
	if (o->name)
		strbuf_addf(out, "--%s", o->name);
	if (o->arg_name)
		strbuf_addf(out, " %s", o->arg_name);
}

static size_t option_width(const struct opt *o)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	add_option(&text, o);
	return utf8_width(text.buf, text.len);
}

static size_t help_column(size_t column, const struct opt *opts)
{
	size_t width;

	for (const struct opt *o = opts; o->type != OPT_END_; o++) {
		width = o->help ? option_width(o) + GAP : 0;
		if (width > column && width <= HELP_COLUMN_MAX)
			column = width;
	}
	return column;
}

static void add_table(struct strbuf *out, const char *heading, const struct opt *opts, size_t column)
{
	size_t width;

	if (opts->type == OPT_END_)
		return;
	strbuf_addf(out, "\n%s:\n", heading);
	for (const struct opt *o = opts; o->type != OPT_END_; o++) {
		if (!o->help)
			continue;
		add_option(out, o);
		width = option_width(o);
		if (width + GAP > column) {
			strbuf_addc(out, '\n');
			width = 0;
		}
		strbuf_addf(out, "%*s%s\n", (int)(column - width), "", o->help);
	}
}

void opt_help_text(struct strbuf *out, const char *synopsis, const struct opt *opts, const struct opt *globals)
{
	size_t column = help_column(help_column(0, opts), globals);

	strbuf_addf(out, "usage: mreg %s\n", synopsis);
	add_table(out, "Options", opts, column);
	add_table(out, "Options of every verb", globals, column);
}

static void add_names(struct strbuf *out, const struct opt *opts)
{
	for (const struct opt *o = opts; o->type != OPT_END_; o++) {
		if (!o->help)
			continue;
		if (o->short_name)
			strbuf_addf(out, "-%c\n", o->short_name);
		if (o->name)
			strbuf_addf(out, "--%s\n", o->name);
	}
}

void opt_help_list(struct strbuf *out, const struct opt *opts, const struct opt *globals)
{
	add_names(out, opts);
	add_names(out, globals);
}

static void describe(struct strbuf *out, const struct opt *opts)
{
	for (const struct opt *o = opts; o->type != OPT_END_; o++) {
		const char *arg = o->arg_name ? o->arg_name : "";

		if (o->help && o->name)
			strbuf_addf(out, "--%s\t%s\t%s\n", o->name, arg, o->help);
		if (o->help && o->short_name)
			strbuf_addf(out, "-%c\t%s\t%s\n", o->short_name, arg, o->help);
	}
}

void opt_help_described(struct strbuf *out, const struct opt *opts, const struct opt *globals)
{
	describe(out, opts);
	describe(out, globals);
}
