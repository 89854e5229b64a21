/* SPDX-License-Identifier: Apache-2.0 */
/* Finds what may stand at the cursor of a command line, from the synopses and option tables of the verbs. */
#include <config.h>

#include "cmd/complete.h"

#include <ctype.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/strvec.h"
#include "base/utf8.h"

#define MEANING_MAX 80

/* What the words before the cursor say. */
struct line {
	const struct command *command; /* NULL: none yet */
	struct strbuf options;         /* opt_help_described() */
	struct strvec operands;
	const char *word;    /* at the cursor */
	char *wants;         /* what the value is of the option just before it, or NULL */
	bool is_behind_dash; /* -- stands before */
	bool is_lost;        /* there is no such verb */
};

static void line_cleanup(struct line *l)
{
	strbuf_release(&l->options);
	strvec_release(&l->operands);
	ptr_cleanup(&l->wants);
}

void complete_add(struct strbuf *out, const char *word, const char *candidate, const char *meaning)
{
	if (strncmp(candidate, word, strlen(word)) != 0)
		return;
	strbuf_adds(out, candidate);
	if (meaning && *meaning) {
		strbuf_addc(out, '\t');
		utf8_add_escaped(out, meaning, strnlen(meaning, MEANING_MAX));
	}
	strbuf_addc(out, '\n');
}

/* ---- sub-verbs ---- */

static bool is_literal(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!islower((unsigned char)text[i]) && text[i] != '-')
			return false;
	return len > 0 && text[0] != '-';
}

/* Whether the synopsis spells it out where operands begin. */
static bool is_sub_verb(const struct command *command, const char *text, size_t len)
{
	const char *at = command->synopsis;

	if (!is_literal(text, len))
		return false;
	for (at += strncmp(at, "[options] ", 10) == 0 ? 10 : 0; at; at = strstr(at, " | ") ? strstr(at, " | ") + 3 : NULL)
		if (strncmp(at, text, len) == 0 && (at[len] == ' ' || !at[len]))
			return true;
	return false;
}

/* How much of a help text, "start, exec: a name", says which sub-verbs take the option; 0: all do. */
static size_t sub_verbs_len(const struct command *command, const char *help)
{
	size_t len = strcspn(help, ":"), n;

	if (!help[len])
		return 0;
	for (size_t at = 0; at < len; at += n + 2) {
		n = strcspn(help + at, ",:");
		if (!is_sub_verb(command, help + at, n))
			return 0;
	}
	return len;
}

static bool has_word(const char *list, size_t len, const char *word)
{
	for (size_t at = 0, n; at < len; at += n + 2) {
		n = strcspn(list + at, ",:");
		if (strlen(word) == n && memcmp(list + at, word, n) == 0)
			return true;
	}
	return false;
}

/* ---- reading the line ---- */

/* The options of a verb, or with NULL those that stand before one. */
static void read_options(struct line *l)
{
	static char list[] = "--list-options", none[] = "";
	/* behind a sub-verb: some have a table of their own */
	char *behind = l->operands.count ? l->operands.v[0] : list;
	char *argv[] = { none, behind, l->operands.count ? list : NULL, NULL };
	struct session asked = { .command = l->command ? l->command : &cmd_completion, .globals = { .described = &l->options } };
	struct error ignored = ERROR_INIT;

	strbuf_reset(&l->options);
	if (!l->command)
		strbuf_adds(&l->options, "-C\tDIR\tchange to DIR first\n-c\tKEY=VALUE\tset a configuration key for this command\n"
					 "--version\t\tprint the version\n");
	if (asked.command->run(&asked, l->operands.count ? 3 : 2, argv, &ignored) == 0)
		BUG("'%s' ran in place of telling its options", asked.command->name);
	session_close(&asked);
}

/* What the value of an option is, or NULL when it takes none or there is no such option.  The caller's. */
static char *value_of(const struct line *l, const char *option)
{
	size_t len = strlen(option), n;

	for (const char *at = l->options.buf; *at; at += strcspn(at, "\n") + 1) {
		if (strncmp(at, option, len) != 0 || at[len] != '\t')
			continue;
		n = strcspn(at + len + 1, "\t");
		return n ? xstrndup(at + len + 1, n) : NULL;
	}
	return NULL;
}

/* As the command itself would find them: that a directory is not there is said by that, later. */
static void heed_global(struct session *s, const char *option, const char *value)
{
	if (strcmp(option, "-C") == 0 && *value && chdir(value) < 0)
		return;
	if (strcmp(option, "--registry") == 0)
		s->globals.registry = value;
}

/* An option before the cursor; its value is the next word, if that is before the cursor, too.  How many words it takes. */
static size_t take_option(struct session *s, struct line *l, const char *const *words, size_t left)
{
	CLEANUP(ptr) char *wants = value_of(l, words[0]);

	if (strncmp(words[0], "--registry=", 11) == 0)
		heed_global(s, "--registry", words[0] + 11);
	if (!wants)
		return 1;
	if (left > 1) {
		heed_global(s, words[0], words[1]);
		return 2;
	}
	l->wants = STEAL(wants);
	return 1;
}

static void read_line(struct session *s, struct line *l, const char *const *words, size_t count)
{
	size_t before = count - 1;

	read_options(l);
	l->word = words[before];
	for (size_t i = 0; i < before;) {
		if (!l->is_behind_dash && strcmp(words[i], "--") == 0) {
			l->is_behind_dash = true;
			i++;
		} else if (!l->is_behind_dash && words[i][0] == '-' && words[i][1]) {
			i += take_option(s, l, words + i, before - i);
		} else if (l->command) {
			strvec_push(&l->operands, words[i++]);
			if (l->operands.count == 1 && is_sub_verb(l->command, words[i - 1], strlen(words[i - 1])))
				read_options(l);
		} else {
			l->command = command_find(words[i++]);
			l->is_lost = !l->command;
			if (l->is_lost)
				return;
			read_options(l);
		}
	}
}

/* ---- what a synopsis says of the word at the cursor ---- */

/* One alternative: the operand words of it, "|" between those that may stand in one place. */
static void read_alternative(const char *text, size_t len, struct strvec *places)
{
	for (size_t at = 0, n; at < len; at += n + 1) {
		n = strcspn(text + at, " ");
		n = n < len - at ? n : len - at;
		if (n && text[at] != '-' && !(n == 7 && memcmp(text + at, "options", 7) == 0)) {
			CLEANUP(ptr) char *place = xstrndup(text + at, n);

			strvec_push(places, place);
		}
	}
}

/* Without brackets, and " | " only between alternatives of the whole: within brackets it is "|". */
static void flatten(const char *synopsis, struct strbuf *out)
{
	int depth = 0;

	for (const char *p = synopsis; *p; p++) {
		if (*p == '[')
			depth++;
		else if (*p == ']')
			depth--;
		else if (depth && strncmp(p, " | ", 3) == 0)
			strbuf_addc(out, '|'), p += 2;
		else
			strbuf_addc(out, *p);
	}
}

/* Whether an operand may stand there: one that a synopsis spells out has to be that. */
static bool fits(const char *place, const char *operand)
{
	size_t len = strlen(place);

	return !is_literal(place, len) || strcmp(place, operand) == 0;
}

/* The place of the next operand, NULL when there is none. */
static const char *next_place(const struct strvec *places, const struct strvec *operands)
{
	const char *last = places->count ? places->v[places->count - 1] : "";
	bool repeats = strlen(last) > 3 && strcmp(last + strlen(last) - 3, "...") == 0;

	for (size_t i = 0; i < operands->count && i < places->count; i++)
		if (!fits(places->v[i], operands->v[i]))
			return NULL;
	if (operands->count < places->count)
		return places->v[operands->count];
	return repeats ? last : NULL;
}

/* Each of the words of a place: spelt out, or what kind of thing it is. */
static void offer_place(struct session *s, const struct line *l, const char *place, struct strbuf *out)
{
	for (size_t len; *place; place += len + (place[len] == '|')) {
		len = strcspn(place, "|");
		CLEANUP(ptr) char *kind = xstrndup(place, len);
		size_t n = strlen(kind);

		if (n > 3 && strcmp(kind + n - 3, "...") == 0)
			kind[n - 3] = '\0';
		if (is_literal(kind, strlen(kind)))
			complete_add(out, l->word, kind, NULL);
		else
			complete_values(s, &(struct complete_place){ l->command->name, &l->operands, l->word }, kind, out);
	}
}

static void offer_operand(struct session *s, const struct line *l, struct strbuf *out)
{
	CLEANUP(strbuf) struct strbuf flat = STRBUF_INIT;
	CLEANUP(strvec) struct strvec offered = STRVEC_INIT;
	const char *place, *end;

	flatten(l->command->synopsis, &flat);
	for (const char *at = flat.buf; at; at = *end ? end + 3 : NULL) {
		CLEANUP(strvec) struct strvec places = STRVEC_INIT;

		end = strstr(at, " | ");
		end = end ? end : at + strlen(at);
		read_alternative(at, (size_t)(end - at), &places);
		place = next_place(&places, &l->operands);
		if (!place || strvec_has(&offered, place))
			continue;
		strvec_push(&offered, place);
		offer_place(s, l, place, out);
	}
}

/* ---- all of it ---- */

static void offer_verbs(const struct line *l, struct strbuf *out)
{
	for (size_t i = 0; i < command_count; i++)
		complete_add(out, l->word, commands[i]->name, commands[i]->summary);
}

static void offer_options(const struct line *l, struct strbuf *out)
{
	for (const char *at = l->options.buf; *at; at += strcspn(at, "\n") + 1) {
		size_t name = strcspn(at, "\t"), arg = strcspn(at + name + 1, "\t"), help = name + arg + 2;
		CLEANUP(ptr) char *option = xstrndup(at, name), *meaning = xstrndup(at + help, strcspn(at + help, "\n"));

		/* of those that other sub-verbs take nothing is offered */
		const char *behind = l->command && l->operands.count ? l->operands.v[0] : "";
		size_t subs = *behind && is_sub_verb(l->command, behind, strlen(behind)) ? sub_verbs_len(l->command, meaning) : 0;

		if (!subs || has_word(meaning, subs, behind))
			complete_add(out, l->word, option, meaning + (subs ? subs + 2 : 0));
	}
}

/* What is offered for two of the words of a synopsis is one candidate. */
static void drop_repeated(const struct strbuf *in, struct strbuf *out)
{
	CLEANUP(strvec) struct strvec lines = STRVEC_INIT;

	for (const char *at = in->buf; *at;) {
		size_t len = strcspn(at, "\n");
		CLEANUP(ptr) char *copy = xstrndup(at, len);

		strvec_push(&lines, copy);
		at += len + (at[len] == '\n');
	}
	strvec_sort(&lines);
	for (size_t i = 0; i < lines.count; i++)
		if (i == 0 || strcmp(lines.v[i], lines.v[i - 1]) != 0)
			strbuf_addf(out, "%s\n", lines.v[i]);
}

int complete_print(struct session *s, const char *const *words, size_t count, struct error *err)
{
	CLEANUP(line) struct line l = { .options = STRBUF_INIT, .operands = STRVEC_INIT };
	CLEANUP(strbuf) struct strbuf all = STRBUF_INIT, text = STRBUF_INIT;

	read_line(s, &l, words, count);
	if (l.is_lost)
		return 0;
	if (l.wants)
		complete_values(s, &(struct complete_place){ l.command ? l.command->name : "", &l.operands, l.word }, l.wants, &all);
	else if (!l.is_behind_dash && l.word[0] == '-')
		offer_options(&l, &all);
	else if (l.command)
		offer_operand(s, &l, &all);
	else
		offer_verbs(&l, &all);
	drop_repeated(&all, &text);
	return out_bytes(s->out, text.buf, text.len, err);
}
