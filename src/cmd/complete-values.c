/* SPDX-License-Identifier: Apache-2.0 */
/* What may stand for REF, RUN, STAGE and the like at the cursor of a command line: names out of the registry. */
#include <config.h>

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/strvec.h"
#include "base/utf8.h"
#include "cmd/complete.h"
#include "registry/collection.h"
#include "registry/config.h"
#include "registry/draft.h"
#include "registry/hook.h"
#include "registry/registry.h"
#include "registry/remote.h"
#include "registry/remove.h"
#include "registry/run.h"

#define VERSIONS_MAX 500 /* more than that nobody looks through */
#define RUNS_MAX 500

struct offer {
	struct session *s;
	struct view *v;
	const struct complete_place *place;
	const char *word;
	struct strbuf *out;
	const struct collection *collection;
	size_t left;
	bool is_removed; /* what was removed in place of what is there */
};

/* ---- collections and versions ---- */

static int offer_collection(const struct collection *c, void *arg, struct error *err)
{
	struct offer *o = arg;
	CLEANUP(strbuf) struct strbuf meaning = STRBUF_INIT;

	(void)err;
	strbuf_addf(&meaning, "%s, %s", c->is_model ? "model" : "artifact", c->type);
	complete_add(o->out, o->word, c->name, meaning.buf);
	return 0;
}

static int offer_version(const struct version_row *row, void *arg, struct error *err)
{
	struct offer *o = arg;
	CLEANUP(strbuf) struct strbuf ref = STRBUF_INIT;
	size_t before = o->out->len;

	(void)err;
	if ((row->removed != 0) != o->is_removed)
		return 0;
	strbuf_addf(&ref, "%s:v%" PRIu64, o->collection->name, row->number);
	complete_add(o->out, o->word, ref.buf, NULL);
	o->left -= o->out->len > before;
	return o->left == 0;
}

static int offer_aliases(struct offer *o, struct error *err)
{
	CLEANUP(alias_rows) struct alias_rows rows = ALIAS_ROWS_INIT;

	if (alias_rows_read(o->v, o->collection, &rows, err) < 0)
		return -1;
	for (size_t i = 0; i < rows.count; i++) {
		CLEANUP(strbuf) struct strbuf ref = STRBUF_INIT, number = STRBUF_INIT;

		strbuf_addf(&ref, "%s:%s", o->collection->name, rows.v[i].alias);
		strbuf_addf(&number, "v%" PRIu64, rows.v[i].number);
		complete_add(o->out, o->word, ref.buf, number.buf);
	}
	return 0;
}

static int offer_names(struct offer *o, struct error *err)
{
	return collection_each(o->v, offer_collection, o, err);
}

static int add_type(const struct collection *c, void *arg, struct error *err)
{
	struct offer *o = arg;

	(void)err;
	complete_add(o->out, o->word, c->type, NULL);
	return 0;
}

static int offer_types(struct offer *o, struct error *err)
{
	return collection_each(o->v, add_type, o, err);
}

/* ---- runs, references and drafts ---- */

static int offer_run(const struct run *run, void *arg, struct error *err)
{
	struct offer *o = arg;
	CLEANUP(strbuf) struct strbuf meaning = STRBUF_INIT;
	size_t before = o->out->len;

	(void)err;
	strbuf_addf(&meaning, "%s%s%s", run->job_type, *run->label ? ", " : "", run->label);
	complete_add(o->out, o->word, run->id.text, meaning.buf);
	if (*run->label)
		complete_add(o->out, o->word, run->label, run->job_type);
	o->left -= o->out->len > before;
	return o->left == 0;
}

static int offer_runs(struct offer *o, struct error *err)
{
	o->left = RUNS_MAX;
	return run_each(o->v, offer_run, o, err);
}

static int offer_open_run(const struct run *run, void *arg, struct error *err)
{
	struct offer *o = arg;
	struct version_row row = VERSION_ROW_INIT;
	bool is_ended;
	int found = run_row(o->v, run, &row, &is_ended, err);

	return found <= 0 || is_ended ? found < 0 ? -1 : 0 : offer_run(run, o, err);
}

static int offer_open_runs(struct offer *o, struct error *err)
{
	o->left = RUNS_MAX;
	return run_each(o->v, offer_open_run, o, err);
}

static int offer_job_type(const struct run *run, void *arg, struct error *err)
{
	struct offer *o = arg;

	(void)err;
	complete_add(o->out, o->word, run->job_type, NULL);
	return 0;
}

static int offer_job_types(struct offer *o, struct error *err)
{
	return run_each(o->v, offer_job_type, o, err);
}

/* The run that stands behind the sub-verb: 1, 0, -1. */
static int read_run(struct offer *o, struct run_info *out, struct error *err)
{
	const struct strvec *operands = o->place->operands;
	struct run run = RUN_INIT;
	int found = operands->count > 1 ? run_find(o->v, operands->v[1], &run, err) : 0;

	if (found == 1 && run_info_read(o->s->registry, o->v, &run, out, err) < 0)
		found = -1;
	run_cleanup(&run);
	return found;
}

static int offer_run_files(struct offer *o, struct error *err)
{
	CLEANUP(run_info) struct run_info info = RUN_INFO_INIT;
	CLEANUP(manifest) struct manifest files = MANIFEST_INIT;
	int found = read_run(o, &info, err);

	if (found <= 0)
		return found;
	if (run_manifest(o->s->registry, &info, &files, err) < 0)
		return -1;
	for (size_t i = 0; i < files.count; i++)
		if (files.entries[i].kind == ENTRY_FILE && utf8_is_valid(files.entries[i].path, strlen(files.entries[i].path)))
			complete_add(o->out, o->word, files.entries[i].path, NULL);
	return 0;
}

static int offer_run_metrics(struct offer *o, struct error *err)
{
	CLEANUP(run_info) struct run_info info = RUN_INFO_INIT;
	int found = read_run(o, &info, err);
	const char *name;
	json_t *value;

	if (found <= 0)
		return found;
	json_object_foreach(info.metrics, name, value)
		complete_add(o->out, o->word, name, NULL);
	return 0;
}

/* Behind the colon; under the name as it was typed, so that what is offered begins with the word. */
static int offer_references(struct offer *o, struct error *err)
{
	const char *colon = strrchr(o->word, ':');
	CLEANUP(ptr) char *name = colon ? xstrndup(o->word, (size_t)(colon - o->word)) : NULL;
	CLEANUP(collection) struct collection c = COLLECTION_INIT;

	if (run_is_meant(o->word))
		return offer_runs(o, err);
	if (!colon)
		return collection_each(o->v, offer_collection, o, err);
	if (collection_get(o->v, name, &c, err) < 0)
		return -1;
	o->collection = &c;
	o->left = VERSIONS_MAX;
	if (!o->is_removed && offer_aliases(o, err) < 0)
		return -1;
	return view_each_version(o->v, &c.cid, true, offer_version, o, err);
}

/* What can be tagged, noted, measured, asked where it came from: runs by their names, too. */
static int offer_subjects(struct offer *o, struct error *err)
{
	if (offer_references(o, err) < 0)
		return -1;
	return run_is_meant(o->word) || strchr(o->word, ':') || !*o->word ? 0 : offer_runs(o, err);
}

static int offer_removed(struct offer *o, struct error *err)
{
	o->is_removed = true;
	return run_is_meant(o->word) ? 0 : offer_references(o, err);
}

static int offer_removed_collection(const struct collection *c, int64_t time, void *arg, struct error *err)
{
	(void)time;
	return offer_collection(c, arg, err);
}

static int offer_removed_names(struct offer *o, struct error *err)
{
	return remove_each_collection(o->v, offer_removed_collection, o, err);
}

static int offer_draft(const struct draft_info *info, void *arg, struct error *err)
{
	struct offer *o = arg;

	(void)err;
	complete_add(o->out, o->word, info->id, info->name);
	return 0;
}

static int offer_drafts(struct offer *o, struct error *err)
{
	size_t damaged;

	return draft_each(o->s->registry, false, offer_draft, o, &damaged, err);
}

/* ---- what the configuration says ---- */

static int offer_remotes(struct offer *o, struct error *err)
{
	CLEANUP(remotes) struct remotes list = REMOTES_INIT;

	if (remote_list(&o->s->config, &list, err) < 0)
		return -1;
	for (size_t i = 0; i < list.count; i++)
		complete_add(o->out, o->word, list.v[i].name, list.v[i].written);
	return 0;
}

static int offer_stages(struct offer *o, struct error *err)
{
	CLEANUP(strvec) struct strvec stages = STRVEC_INIT;

	if (config_stages(&o->s->config, &stages, err) < 0)
		return -1;
	for (size_t i = 0; i < stages.count; i++)
		complete_add(o->out, o->word, stages.v[i], NULL);
	return 0;
}

static int offer_hooks(struct offer *o, struct error *err)
{
	CLEANUP(hooks) struct hooks hooks = HOOKS_INIT;

	(void)err;
	hooks_find(o->s->registry, &hooks);
	for (int when = 0; when < HOOK_WHEN_COUNT; when++)
		for (int kind = 0; kind < EVENT_KIND_COUNT; kind++)
			if (hooks.v[when][kind].is_there)
				complete_add(o->out, o->word, hooks.v[when][kind].name, NULL);
	return 0;
}

/* ---- which of them ---- */

/* Those that need no registry. */
static bool offer_fixed(const char *kind, const char *word, struct strbuf *out)
{
	static const char *const when[] = { "auto", "always", "never", NULL };

	static const char *const states[] = { "running", "finished", "failed", "died", NULL };
	const char *const *words = strcmp(kind, "WHEN") == 0 ? when : strcmp(kind, "STATE") == 0 ? states : NULL;

	if (words) {
		for (; *words; words++)
			complete_add(out, word, *words, NULL);
		return true;
	}
	if (strcmp(kind, "VERB") != 0)
		return false;
	for (size_t i = 0; i < command_count; i++)
		complete_add(out, word, commands[i]->name, commands[i]->summary);
	return true;
}

typedef int (*offer_fn)(struct offer *o, struct error *err);

/* By the words of synopses and of options; verb NULL: of any; "run finish": of that sub-verb. */
static const struct {
	const char *verb, *kind;
	offer_fn offer;
} kinds[] = {
	{ "run finish", "RUN", offer_open_runs }, { "run log", "RUN", offer_open_runs }, { "run cat", "PATH", offer_run_files },
	{ "run show", "METRIC", offer_run_metrics }, { "run", "TYPE", offer_job_types },
	{ "restore", "NAME:vN", offer_removed }, { "restore", "NAME", offer_removed_names }, { "restore", "RUN", NULL },
	{ "tag", "REF", offer_subjects }, { "note", "REF", offer_subjects }, { "meta", "REF", offer_subjects },
	{ "create", "NAME", NULL }, { "remote", "NAME", offer_remotes }, { "hook", "NAME", offer_hooks }, { "run", "NAME", NULL },
	{ "draft", "ID", offer_drafts }, { NULL, "REMOTE", offer_remotes }, { NULL, "STAGE", offer_stages }, { NULL, "TYPE", offer_types },
	{ NULL, "RUN", offer_runs }, { NULL, "REF", offer_references }, { NULL, "NAME", offer_references }, { NULL, "A", offer_references },
	{ NULL, "B", offer_references }, { NULL, "NAME:REF", offer_references }, { NULL, "NAME:ALIAS", offer_references },
	{ NULL, "NAME:STAGE", offer_references }, { NULL, "NAME:vN", offer_references }, { NULL, "MODEL:REF", offer_references },
	{ NULL, "MODEL", offer_names }, { NULL, "PATTERN", offer_names },
};

static bool is_of(const char *verb, const struct complete_place *place)
{
	size_t len = strlen(place->verb);

	if (!verb || strcmp(verb, place->verb) == 0)
		return true;
	return strncmp(verb, place->verb, len) == 0 && verb[len] == ' ' && place->operands->count && strcmp(verb + len + 1, place->operands->v[0]) == 0;
}

void complete_values(struct session *s, const struct complete_place *place, const char *kind, struct strbuf *out)
{
	struct offer o = { .s = s, .place = place, .word = place->word, .out = out };
	struct error ignored = ERROR_INIT;
	offer_fn fn = NULL;

	if (offer_fixed(kind, place->word, out))
		return;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		if (strcmp(kinds[i].kind, kind) == 0 && is_of(kinds[i].verb, place)) {
			fn = kinds[i].offer;
			break;
		}
	}
	if (!fn || (!s->registry && !session_try_registry(s)))
		return;
	o.v = registry_view(s->registry, &ignored);
	if (!o.v || fn(&o, &ignored) < 0)
		error_clear(&ignored); /* there is less to be offered */
}
