/* SPDX-License-Identifier: Apache-2.0 */
/* mreg remote: names for other registries. */
#include <config.h>

#include "registry/remote.h"

#include <string.h>

#include "cmd/cmd.h"
#include "ui/record.h"

static json_t *record_of(const char *name, const char *url)
{
	json_t *record = json_object();

	json_object_set_new(record, "name", json_string(name));
	json_object_set_new(record, "url", url ? record_string(url) : json_null());
	return record;
}

static int list_one(struct session *s, const struct remote *r, struct error *err)
{
	CLEANUP(remote_state) struct remote_state state = REMOTE_STATE_INIT;
	json_t *record;
	int known = remote_state_read(s->registry, r, &state, err);

	if (known < 0)
		return -1;
	record = record_of(r->name, r->written);
	json_object_set_new(record, "seen", known ? json_time(state.seen) : json_null());
	json_object_set_new(record, "registry", state.registry ? json_string(state.registry) : json_null());
	json_object_set_new(record, "location", record_string(r->url));
	json_object_set_new(record, "origin", record_string(r->origin));
	return out_list_row(s->out, record, err);
}

static int list(struct session *s, struct error *err)
{
	static const struct column columns[] = {
		{ "name", NULL, COLUMN_TEXT, false },    { "seen", NULL, COLUMN_AGE, false },    { "url", NULL, COLUMN_TEXT, false },
		{ "registry", NULL, COLUMN_TEXT, true }, { "location", NULL, COLUMN_TEXT, true }, { "origin", NULL, COLUMN_TEXT, true },
		{ NULL, NULL, COLUMN_TEXT, false },
	};
	CLEANUP(remotes) struct remotes remotes = REMOTES_INIT;

	if (remote_list(&s->config, &remotes, err) < 0 || out_list_begin(s->out, columns, NULL, "name", err) < 0)
		return -1;
	for (size_t i = 0; i < remotes.count; i++)
		if (list_one(s, &remotes.v[i], err) < 0)
			return -1;
	return out_list_end(s->out, err);
}

static int add(struct session *s, const char *name, const char *url, bool dry_run, struct error *err)
{
	if (dry_run ? remote_check_add(&s->config, name, url, err) < 0 : remote_add(s->registry, name, url, err) < 0)
		return -1;
	return out_result(s->out, record_of(name, url), NULL, err);
}

static int set_url(struct session *s, const char *name, const char *url, bool dry_run, struct error *err)
{
	if (dry_run ? remote_check_set_url(&s->config, name, url, err) < 0 : remote_set_url(s->registry, name, url, err) < 0)
		return -1;
	return out_result(s->out, record_of(name, url), NULL, err);
}

static int remove_remote(struct session *s, const char *name, bool dry_run, struct error *err)
{
	CLEANUP(remote) struct remote found = { .name = NULL };

	if (remote_check_remove(s->registry, name, &found, err) < 0 || (!dry_run && remote_remove(s->registry, name, err) < 0))
		return -1;
	return out_result(s->out, record_of(name, NULL), NULL, err);
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	bool dry_run = false;
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	const struct opt opts[] = {
		OPT_DRY_RUN(&dry_run),
		OPT_END,
	};
	const char *what;

	if (session_parse(s, opts, argc, argv, 0, 3, &operands, err) < 0)
		return -1;
	what = operands.count ? operands.v[0] : "ls";
	if (strcmp(what, "ls") == 0 && operands.count <= 1)
		return list(s, err);
	if (strcmp(what, "add") == 0 && operands.count == 3)
		return add(s, operands.v[1], operands.v[2], dry_run, err);
	if (strcmp(what, "set-url") == 0 && operands.count == 3)
		return set_url(s, operands.v[1], operands.v[2], dry_run, err);
	if (strcmp(what, "rm") == 0 && operands.count == 2)
		return remove_remote(s, operands.v[1], dry_run, err);
	if (strcmp(what, "ls") == 0 || strcmp(what, "add") == 0 || strcmp(what, "set-url") == 0 || strcmp(what, "rm") == 0)
		error_set(err, ERR_USAGE, "'remote %s' takes other operands", what);
	else
		error_set(err, ERR_USAGE, "there is no 'remote %s'", what);
	return error_hint(err, "usage: mreg remote [ls] | add NAME URL | set-url NAME URL | rm NAME");
}

const struct command cmd_remote = {
	.name = "remote", .synopsis = "[options] [ls] | add NAME URL | set-url NAME URL | rm NAME", .summary = "name other registries",
	.group = GROUP_SHARE, .needs = NEEDS_REGISTRY, .run = run,
};
