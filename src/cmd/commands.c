/* SPDX-License-Identifier: Apache-2.0 */
/* All verbs, and how one is found by what a user types. */
#include <config.h>

#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "base/suggest.h"
#include "cmd/cmd.h"

#define COMMAND(identifier, name) &cmd_##identifier,
const struct command *const commands[] = {
#include "cmd/commands.def"
};
#undef COMMAND
const size_t command_count = COUNT_OF(commands);

/* What others call what we do. */
static const struct {
	const char *theirs, *ours;
} words[] = {
	{ "add", "put" },
	{ "annotate", "note" },
	{ "checkout", "get" },
	{ "clean", "prune" },
	{ "commit", "put" },
	{ "compare", "diff" },
	{ "copy", "link" },
	{ "cp", "link" },
	{ "delete", "rm" },
	{ "deploy", "promote" },
	{ "download", "get" },
	{ "fetch", "pull --dry-run" },
	{ "find", "search" },
	{ "grep", "search" },
	{ "info", "show" },
	{ "inspect", "show" },
	{ "label", "tag" },
	{ "list", "ls" },
	{ "mv", "rename" },
	{ "publish", "put" },
	{ "reflog", "history" },
	{ "register", "link" },
	{ "remove", "rm" },
	{ "reset", "rollback" },
	{ "rev-parse", "resolve" },
	{ "revert", "rollback" },
	{ "save", "put" },
	{ "switch", "get" },
	{ "transition", "promote" },
	{ "undelete", "restore" },
	{ "upload", "put" },
};

static const struct {
	const char *name, *title;
} groups[] = {
	[GROUP_START] = { "start", "Start a registry" },
	[GROUP_STORE] = { "store", "Store and fetch" },
	[GROUP_LOOK] = { "look", "Look" },
	[GROUP_CURATE] = { "curate", "Curate" },
	[GROUP_TRACE] = { "trace", "Trace" },
	[GROUP_SHARE] = { "share", "Share" },
	[GROUP_KEEP] = { "keep", "Keep" },
	[GROUP_OTHER] = { "other", "Other" },
};

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < command_count; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

const char *command_group_name(enum command_group group)
{
	return groups[group].name;
}

static void add_group(struct strbuf *out, enum command_group group)
{
	bool is_first = true;

	for (size_t i = 0; i < command_count; i++) {
		if (commands[i]->group != group)
			continue;
		if (is_first)
			strbuf_addf(out, "\n%s:\n", groups[group].title);
		is_first = false;
		strbuf_addf(out, "  %-12s%s\n", commands[i]->name, commands[i]->summary);
	}
}

void command_overview(struct strbuf *out)
{
	strbuf_adds(out, "usage: mreg [-C DIR] [-c key=value] [options] VERB [operands]\n");
	for (size_t i = 0; i < COUNT_OF(groups); i++)
		add_group(out, (enum command_group)i);
	strbuf_adds(out, "\n'mreg help VERB' explains a verb, 'mreg VERB -h' lists its options.\n"
			"'mreg help references' tells how versions are named, 'mreg help query' how they are searched.\n");
}

static const char *our_word(const char *theirs)
{
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (!strcmp(words[i].theirs, theirs))
			return words[i].ours;
	return NULL;
}

static bool is_ours(const char *words_of_ours)
{
	CLEANUP(ptr) char *verb = xstrndup(words_of_ours, strcspn(words_of_ours, " "));

	return command_find(verb) != NULL;
}

int command_unknown(const char *name, struct error *err)
{
	const char *names[COUNT_OF(commands)], *ours = our_word(name);
	long nearest;

	error_set(err, ERR_USAGE, "unknown verb '%s'", name);
	if (ours && is_ours(ours))
		return error_hint(err, "mreg says '%s': mreg %s", ours, ours);
	if (ours)
		return error_hint(err, "mreg says '%s', which this version does not have yet", ours);
	for (size_t i = 0; i < command_count; i++)
		names[i] = commands[i]->name;
	nearest = suggest_nearest(name, names, command_count);
	if (nearest >= 0)
		return error_hint(err, "Did you mean 'mreg %s'?", names[nearest]);
	return error_hint(err, "'mreg help' lists the verbs.");
}
