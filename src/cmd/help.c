/* SPDX-License-Identifier: Apache-2.0 */
/* mreg help: the verbs, or the page of one, or of what verbs share. */
#include <config.h>

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/strbuf.h"
#include "cmd/cmd.h"
#include "ui/terminal.h"

static json_t *command_record(const struct command *c)
{
	json_t *record = json_object();

	json_object_set_new(record, "verb", json_string(c->name));
	json_object_set_new(record, "group", json_string(command_group_name(c->group)));
	json_object_set_new(record, "synopsis", json_string(c->synopsis));
	json_object_set_new(record, "summary", json_string(c->summary));
	return record;
}

static int list_verbs(struct session *s, struct error *err)
{
	static const struct column columns[] = {
		{ "verb", NULL, COLUMN_TEXT, false }, { "summary", NULL, COLUMN_TEXT, false }, { NULL, NULL, COLUMN_TEXT, false },
	};

	if (out_list_begin(s->out, columns, NULL, "verb", err) < 0)
		return -1;
	for (size_t i = 0; i < command_count; i++)
		if (out_list_row(s->out, command_record(commands[i]), err) < 0)
			return -1;
	return out_list_end(s->out, err);
}

/* For completion: no heading, nothing beside the names. */
static int list_names(struct session *s, struct error *err)
{
	for (size_t i = 0; i < command_count; i++)
		if (out_text(s->out, err, "%s\n", commands[i]->name) < 0)
			return -1;
	return 0;
}

static int show_overview(struct session *s, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	command_overview(&text);
	if (session_pager(s, err) < 0)
		return -1;
	return out_text(s->out, err, "%s", text.buf);
}

static int run_man(const char *flag, const char *page, int output, struct error *err)
{
	const char *argv[] = { "man", flag ? flag : page, flag ? page : NULL, NULL };
	pid_t pid;
	int status;

	if (process_spawn(argv, -1, output, output, &pid, err) < 0 || process_wait(pid, &status, err) < 0)
		return -1;
	return status;
}

/* Whether man(1) has shown the page: it may be missing, or our pages not installed. */
static bool show_page(const char *verb)
{
	CLEANUP(strbuf) struct strbuf page = STRBUF_INIT;
	struct error ignored = ERROR_INIT;
	CLEANUP(fd) int null = file_open("/dev/null", O_WRONLY, 0, &ignored);

	strbuf_addf(&page, "mreg-%s", verb);
	if (!terminal_is_stdout() || null < 0 || run_man("-w", page.buf, null, &ignored) != 0)
		return false;
	return run_man(NULL, page.buf, -1, &ignored) == 0;
}

/* The verb prints its own usage, as with -h. */
static int show_usage(struct session *s, const struct command *c, struct error *err)
{
	static char flag[] = "-h";
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;
	char *argv[] = { NULL, flag, NULL };

	strbuf_adds(&name, c->name);
	argv[0] = name.buf;
	s->command = c;
	return c->run(s, 2, argv, err);
}

/* Pages that are of no verb. */
static const struct topic {
	const char *name;
	int section;
} topics[] = {
	{ "hooks", 5 }, { "journal", 5 }, { "json", 5 }, { "manifest", 5 }, { "protocol", 5 }, { "query", 7 }, { "references", 7 }, { "registry", 5 },
};

static const struct topic *find_topic(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(topics); i++)
		if (strcmp(topics[i].name, name) == 0)
			return &topics[i];
	return NULL;
}

static int show_topic(struct session *s, const struct topic *t, struct error *err)
{
	if (show_page(t->name))
		return 0;
	return out_text(s->out, err, "mreg-%s(%d) is a manual page: man mreg-%s, or man ./man/mreg-%s.%d in the sources\n", t->name, t->section,
			t->name, t->name, t->section);
}

static int show_verb(struct session *s, const char *name, struct error *err)
{
	const struct command *c = command_find(name);
	const struct topic *topic = c || out_mode(s->out) != OUT_HUMAN ? NULL : find_topic(name);

	if (topic)
		return show_topic(s, topic, err);
	if (!c)
		return command_unknown(name, err);
	if (out_mode(s->out) != OUT_HUMAN)
		return out_result(s->out, command_record(c), "verb", err);
	return show_page(c->name) ? 0 : show_usage(s, c, err);
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	bool list = false;
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	const struct opt opts[] = {
		OPT_FLAG('\0', "list", &list, "print the names of the verbs, one a line"),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 0, 1, &operands, err) < 0)
		return -1;
	if (list && operands.count)
		return error_set(err, ERR_USAGE, "'--list' takes no verb");
	if (operands.count)
		return show_verb(s, operands.v[0], err);
	if (out_mode(s->out) != OUT_HUMAN)
		return list_verbs(s, err);
	return list ? list_names(s, err) : show_overview(s, err);
}

const struct command cmd_help = {
	.name = "help", .synopsis = "[VERB | TOPIC | --list]", .summary = "explain a verb, or list them all",
	.group = GROUP_OTHER, .needs = NEEDS_NOTHING, .run = run,
};
