/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of option tables. */
#include <config.h>

#include "ui/opt.h"

#include "base/mem.h"
#include "base/strbuf.h"
#include "tap.h"
#include "ui/opt-help.h"

#define WORDS_MAX 16

static struct globals globals;
static bool force, keep;
static const char *type;
static struct strvec aliases;
static uint64_t count, age;
static struct strbuf seen;
static struct operands operands;
static struct error err;

static int on_as(void *arg, const char *value, size_t operands_before, struct error *e)
{
	(void)e;
	strbuf_addf(arg, "%s@%zu ", value, operands_before);
	return strcmp(value, "bad") ? 0 : error_set(e, ERR_INVALID, "bad value");
}

static const struct opt opts[] = {
	OPT_FLAG('f', "force", &force, "overwrite"),
	OPT_FLAG('k', "keep", &keep, "keep"),
	OPT_STRING('t', "type", &type, "TYPE", "its type"),
	OPT_STRVEC('a', "alias", &aliases, "ALIAS", "an alias"),
	OPT_U64('n', "limit", &count, "N", "at most N"),
	OPT_DURATION('\0', "wait", &age, "T", "wait"),
	OPT_CALLBACK('\0', "as", on_as, &seen, "PATH", "name it"),
	OPT_END,
};

/* words: separated by blanks. */
static int parse(const char *words, size_t min, size_t max)
{
	static char text[256], *argv[WORDS_MAX + 1];
	int argc = 0;

	globals = (struct globals){ 0 };
	force = keep = false;
	type = NULL;
	count = age = 0;
	strvec_release(&aliases);
	strbuf_reset(&seen);
	error_clear(&err);
	snprintf(text, sizeof text, "%s", words);
	for (char *word = strtok(text, " "); word && argc < WORDS_MAX; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	return opt_parse(&globals, opts, "put NAME PATH…", argc, argv, min, max, &operands, &err);
}

static void reads(void)
{
	ok(!parse("put m -f --type=a w", 1, 2) && force && !strcmp(type, "a") && operands.count == 2, "options and operands may be mixed");
	is_str(operands.v[1], "w", "operands keep their order");
	ok(!operands.v[2], "operands end in NULL");
	ok(!parse("put -fk m", 1, 1) && force && keep, "short flags may be bundled");
	ok(!parse("put -ft x m", 1, 1) && force && !strcmp(type, "x"), "the last of a bundle may take a value");
	ok(!parse("put -tx m", 1, 1) && !strcmp(type, "x"), "a short option's value may be glued to it");
	ok(!parse("put --type -x m", 1, 1) && !strcmp(type, "-x"), "a value may begin with a dash");
	ok(!parse("put --type= m", 1, 1) && !*type, "a value may be empty");
	ok(!parse("put -t a -t b m", 1, 1) && !strcmp(type, "b"), "the last value wins");
	ok(!parse("put -a x --alias y m", 1, 1) && aliases.count == 2 && !strcmp(aliases.v[1], "y"),
	   "an option may be given again where that means more");
	ok(!parse("put -f --no-force m", 1, 1) && !force, "--no- takes a flag back");
	ok(!parse("put -n 12 --wait 2h m", 1, 1) && count == 12 && age == 7200, "numbers and durations are read");
	ok(!parse("put -- -f", 1, 1) && !force && !strcmp(operands.v[0], "-f"), "-- ends the options");
	ok(!parse("put m -", 2, 2) && !strcmp(operands.v[1], "-"), "- is an operand");
	ok(!parse("put m a --as x b --as y", 1, 9), "callbacks run in order");
	is_str(seen.buf, "x@2 y@3 ", "and know how many operands stood before");
	ok(!parse("put m -q --json --registry d", 1, 1) && globals.quiet && globals.json && !strcmp(globals.registry, "d"),
	   "global options may follow the verb");
	ok(!parse("put --progress --no-progress m", 1, 1) && !globals.progress && globals.no_progress, "of two opposite flags the last wins");
	ok(!parse("put --no-progress --progress m", 1, 1) && globals.progress && !globals.no_progress, "whichever that is");
}

static void refuses(const char *words, const char *text, const char *hint)
{
	ok(parse(words, 1, 2) < 0 && err.code == ERR_USAGE, "'%s' is refused", words);
	is_str(err.text, text, "its message");
	is_str(err.hint, hint, "its hint");
}

static void fails(void)
{
	static const char usage[] = "usage: mreg put NAME PATH…";

	refuses("put --frce m", "unknown option '--frce'", "Did you mean '--force'?\nusage: mreg put NAME PATH…");
	refuses("put --forc=1 m", "unknown option '--forc'", "Did you mean '--force'?\nusage: mreg put NAME PATH…");
	refuses("put --xyzzy", "unknown option '--xyzzy'", usage);
	refuses("put -fx m", "unknown option '-x'", usage);
	refuses("put m --type", "option '--type' needs a value: TYPE", usage);
	refuses("put m -t", "option '-t' needs a value: TYPE", usage);
	refuses("put m --force=yes", "option '--force' takes no value", usage);
	refuses("put m -n x", "option '-n' needs a whole number, 0 or more, not 'x'", usage);
	refuses("put m -n -1", "option '-n' needs a whole number, 0 or more, not '-1'", usage);
	refuses("put m --wait 5", "option '--wait' needs a duration such as 90s, 15m, 12h, 30d or 8w, not '5'", usage);
	refuses("put", "an operand is missing after 'put'", usage);
	refuses("put a b c", "unexpected operand 'c'", usage);
	refuses("put --no-type m", "unknown option '--no-type'", usage);
	refuses("put m --color red", "option '--color' needs auto, always or never, not 'red'", usage);
	refuses("put m --json --template x", "options '--json' and '--template' exclude each other", usage);
	ok(parse("put --as bad", 0, 1) < 0 && err.code == ERR_INVALID, "a callback may refuse");
}

static void before_verb(void)
{
	bool version = false;
	const struct opt more[] = { OPT_FLAG('\0', "version", &version, "print it"), OPT_END };
	static char a[] = "mreg", b[] = "-q", c[] = "--version", d[] = "ls", e[] = "--bogus";
	char *argv[] = { a, b, c, d, e, NULL };
	int used = 0;

	globals = (struct globals){ 0 };
	ok(!opt_parse_globals(&globals, more, 5, argv, &used, &err) && globals.quiet && version, "options before the verb are read");
	is_int(used, 3, "up to the verb");
	ok(!opt_parse_globals(&globals, more, 3, argv, &used, &err) && used == 3, "or to the end");
}

static void helps(void)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT, list = STRBUF_INIT;
	bool hidden;
	const char *x;
	const struct opt own[] = {
		OPT_FLAG('f', "force", &hidden, "overwrite"), OPT_STRING('x', NULL, &x, "X", "short only"),
		OPT_STRING('\0', "with-a-rather-long-name", &x, "AND-VALUE", "long"), OPT_FLAG('\0', "hidden", &hidden, NULL), OPT_END,
	};
	const struct opt none[] = { OPT_END };

	opt_help_text(&text, "put NAME", own, none);
	is_str(text.buf,
	       "usage: mreg put NAME\n\nOptions:\n  -f, --force  overwrite\n  -x X         short only\n"
	       "      --with-a-rather-long-name AND-VALUE\n               long\n",
	       "help is aligned, and silent about hidden options");
	opt_help_list(&list, own, none);
	is_str(list.buf, "-f\n--force\n-x\n--with-a-rather-long-name\n", "options are listed one a line");
}

int main(void)
{
	strbuf_init(&seen);
	reads();
	fails();
	before_verb();
	helps();
	operands_cleanup(&operands);
	strvec_release(&aliases);
	strbuf_release(&seen);
	return tap_done();
}
