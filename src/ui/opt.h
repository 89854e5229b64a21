/* SPDX-License-Identifier: Apache-2.0 */
/* Option tables: one table gives parsing, -h and --list-options.  No abbreviations; -- ends options; --no-X for flags. */
#ifndef MREG_UI_OPT_H
#define MREG_UI_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "base/strvec.h"

enum opt_type { OPT_END_, OPT_FLAG_, OPT_STRING_, OPT_STRVEC_, OPT_U64_, OPT_DURATION_, OPT_CALLBACK_ };

/* value, and how many operands stood before it on the command line. */
typedef int (*opt_fn)(void *arg, const char *value, size_t operands_before, struct error *err);

struct opt {
	enum opt_type type;
	char short_name; /* 0: none */
	const char *name;
	union {
		bool *flag;
		const char **string;
		struct strvec *strvec;
		uint64_t *u64;
		void *arg;
	} to;
	opt_fn fn;
	const char *arg_name; /* "ALIAS"; NULL for flags */
	const char *help;     /* NULL: not shown; lower case, no full stop, one line */
};

#define OPT_FLAG(c, n, ptr, h) { OPT_FLAG_, c, n, { .flag = (ptr) }, NULL, NULL, h }
#define OPT_STRING(c, n, ptr, a, h) { OPT_STRING_, c, n, { .string = (ptr) }, NULL, a, h }
#define OPT_STRVEC(c, n, ptr, a, h) { OPT_STRVEC_, c, n, { .strvec = (ptr) }, NULL, a, h } /* may be given again */
#define OPT_U64(c, n, ptr, a, h) { OPT_U64_, c, n, { .u64 = (ptr) }, NULL, a, h }
#define OPT_DURATION(c, n, ptr, a, h) { OPT_DURATION_, c, n, { .u64 = (ptr) }, NULL, a, h }
#define OPT_CALLBACK(c, n, f, p, a, h) { OPT_CALLBACK_, c, n, { .arg = (p) }, f, a, h }
#define OPT_END { OPT_END_, 0, NULL, { NULL }, NULL, NULL, NULL }

struct operands {
	const char **v; /* borrowed from argv; v[count] is NULL */
	size_t count;
};
#define OPERANDS_INIT { NULL, 0 }
void operands_cleanup(struct operands *o);
/* Adds those from `first` on. */
void operands_from(const struct operands *o, size_t first, struct strvec *out);

/* Global options (see session.h), which every verb takes after its name, too. */
struct globals {
	const char *registry;  /* --registry DIR */
	bool json, quiet, zero, no_pager, help, list_options;
	bool progress, no_progress; /* --progress, --no-progress */
	const char *template;  /* --template */
	const char *color;     /* --color[=]auto|always|never */
	struct strbuf *described; /* with list_options: they are not printed but put here, see opt_help_described() */
};

/*
 * argv[0] is the verb.  usage: "put NAME PATH…" without "mreg ".  Fills what the options point to, and the operands, min to max of them (max SIZE_MAX: any).
 * With -h or --list-options (hidden: for completion; one option a line) it prints them to stdout and returns -1 with err->code ERR_NONE: main then
 * ends with 0.  Everything else wrong is ERR_USAGE: names the word, suggests the nearest option, and its hint shows the usage.
 * A short flag may be bundled (-qn); a short option's value is glued or follows; a long one's is =VALUE or follows.
 */
int opt_parse(struct globals *globals, const struct opt *opts, const char *synopsis, int argc, char **argv, size_t min, size_t max,
	      struct operands *operands, struct error *err) MUST_CHECK;
/* The options before the verb: globals and -C, -c (callback fn), --version.  Stops at the first operand; *used is its index. */
int opt_parse_globals(struct globals *globals, const struct opt *more, int argc, char **argv, int *used, struct error *err) MUST_CHECK;

#endif
