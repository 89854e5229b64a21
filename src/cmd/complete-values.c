/* SPDX-License-Identifier: Apache-2.0 */
/* What may stand for REF, RUN, STAGE and the like at the cursor of a command line: names out of the registry. */
#include <config.h>

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/strvec.h"
#include "cmd/complete.h"
#include "registry/collection.h"
#include "registry/config.h"
#include "registry/draft.h"
#include "registry/hook.h"
#include "registry/registry.h"
#include "registry/remote.h"
#include "registry/run.h"

#define VERSIONS_MAX 500 /* more than that nobody looks through */
#define RUNS_MAX 500

struct offer {
	struct session *s;
	struct view *v;
	const char *verb, *word;
	struct strbuf *out;
	const struct collection *collection;
	size_t left;
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
	if (row->removed)
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
	if (offer_aliases(o, err) < 0)
		return -1;
	return view_each_version(o->v, &c.cid, true, offer_version, o, err);
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

	if (strcmp(kind, "WHEN") == 0) {
		for (size_t i = 0; when[i]; i++)
			complete_add(out, word, when[i], NULL);
		return true;
	}
	if (strcmp(kind, "VERB") != 0)
		return false;
	for (size_t i = 0; i < command_count; i++)
		complete_add(out, word, commands[i]->name, commands[i]->summary);
	return true;
}

typedef int (*offer_fn)(struct offer *o, struct error *err);

/* By the words of synopses and of options; verb NULL: of any. */
static const struct {
	const char *verb, *kind;
	offer_fn offer;
} kinds[] = {
	{ "create", "NAME", NULL }, { "remote", "NAME", offer_remotes }, { "hook", "NAME", offer_hooks }, { "run", "NAME", NULL },
	{ "draft", "ID", offer_drafts }, { NULL, "REMOTE", offer_remotes }, { NULL, "STAGE", offer_stages }, { NULL, "TYPE", offer_types },
	{ NULL, "RUN", offer_runs }, { NULL, "REF", offer_references }, { NULL, "NAME", offer_references }, { NULL, "A", offer_references },
	{ NULL, "B", offer_references }, { NULL, "NAME:REF", offer_references }, { NULL, "NAME:ALIAS", offer_references },
	{ NULL, "NAME:STAGE", offer_references }, { NULL, "NAME:vN", offer_references }, { NULL, "MODEL:REF", offer_references },
	{ NULL, "MODEL", offer_names }, { NULL, "PATTERN", offer_names },
};

void complete_values(struct session *s, const char *verb, const char *kind, const char *word, struct strbuf *out)
{
	struct offer o = { .s = s, .verb = verb, .word = word, .out = out };
	struct error ignored = ERROR_INIT;
	offer_fn fn = NULL;

	if (offer_fixed(kind, word, out))
		return;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		if (strcmp(kinds[i].kind, kind) == 0 && (!kinds[i].verb || strcmp(kinds[i].verb, verb) == 0)) {
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
