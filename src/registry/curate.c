/* SPDX-License-Identifier: Apache-2.0 */
/* Makes collections without a version, and renames them. */
#include <config.h>

#include "registry/curate.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "registry/annotation.h"
#include "registry/commit.h"
#include "registry/resolve.h"

struct creation {
	const struct curate_create *create;
	const char *typed; /* a name or a title, in full */
	const char *name;  /* in full */
	const char *title; /* NULL: none */
	struct collection *out;
	bool *created;
};

static const char *kind_word(bool is_model)
{
	return is_model ? "registered model" : "artifact";
}

/* A collection that has this name, or this title, in any case; c becomes it: 1, 0, -1. */
static int find_taken(struct view *v, const char *name, struct collection *c, struct error *err)
{
	bool other_case = false;
	int found = collection_find(v, name, c, &other_case, err);

	return found == 0 ? other_case : found;
}

/* Both names, when a name was made of a title: whoever has the title is the one that is meant. */
static int find_existing(struct view *v, const struct creation *c, struct error *err)
{
	int found = find_taken(v, c->typed, c->out, err);

	return found == 0 && strcmp(c->typed, c->name) != 0 ? find_taken(v, c->name, c->out, err) : found;
}

static int accept_existing(const struct creation *c, struct error *err)
{
	const struct curate_create *create = c->create;
	const struct collection *have = c->out;

	if (strcmp(have->name, c->name) != 0 && strcasecmp(have->name, c->name) == 0)
		return error_set(err, ERR_CONFLICT, "there is a collection '%s', whose name differs only in case", have->name);
	if (have->is_model == create->is_artifact)
		return error_set(err, ERR_CONFLICT, "'%s' is there already, and it is %s %s", have->name, have->is_model ? "a" : "an",
				 kind_word(have->is_model));
	if (create->type && strcmp(create->type, have->type) != 0)
		return error_set(err, ERR_CONFLICT, "'%s' is there already, of type '%s'", have->name, have->type);
	if (create->if_absent)
		return 0;
	error_set(err, ERR_CONFLICT, "'%s' is there already", have->name);
	return error_hint(err, "--if-absent takes it as it is.");
}

static int decide_create(struct txn *txn, void *arg, struct error *err)
{
	const struct creation *c = arg;
	const struct curate_create *create = c->create;
	struct subject subject;
	int found = find_existing(txn_view(txn), c, err);

	*c->created = found == 0;
	if (found != 0)
		return found < 0 ? -1 : accept_existing(c, err);
	collection_cleanup(c->out);
	c->out->is_model = !create->is_artifact;
	c->out->name = xstrdup(c->name);
	c->out->type = xstrdup(create->type ? create->type : "model");
	if (collection_create(txn, c->out, err) < 0 || (c->title && collection_set_title(txn, c->out, c->title, err) < 0))
		return -1;
	subject = subject_of_collection(&c->out->cid);
	for (size_t i = 0; create->tags && i < create->tags->count; i++)
		if (annotation_set_tag(txn, &subject, create->tags->v[i], true, err) < 0)
			return -1;
	return create->note && *create->note ? annotation_set_note(txn, &subject, create->note, err) : 0;
}

/* "PROJECT/Some Title" → "PROJECT/Some-Title" */
static int name_for(const char *typed, struct strbuf *out, const char **title, struct error *err)
{
	const char *last = name_last_part(typed);
	struct error title_error = ERROR_INIT;

	if (name_check_full(typed, strlen(typed), err) == 0) {
		strbuf_adds(out, typed);
		return 0;
	}
	if (name_check_title(last, strlen(last), &title_error) < 0) {
		if (strchr(last, ' ')) /* nobody takes that for a name */
			*err = title_error;
		return -1;
	}
	error_clear(err);
	strbuf_add(out, typed, (size_t)(last - typed));
	name_of_title(out, last);
	if (!*title)
		*title = last;
	if (out->len == (size_t)(last - typed)) {
		error_set(err, ERR_INVALID, "nothing of the title '%s' can stand in a name", last);
		return error_hint(err, "Say 'mreg create NAME --title '%s''.", last);
	}
	return name_check_full(out->buf, out->len, err);
}

int curate_create(struct registry *reg, const struct curate_create *create, struct collection *out, bool *created, struct error *err)
{
	const struct commit commit = { .verb = "create", .dry_run = create->dry_run };
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT, full = STRBUF_INIT, typed = STRBUF_INIT;
	struct creation c = { .create = create, .title = create->title, .out = out, .created = created };

	if (create->type && name_check(NAME_TYPE, create->type, strlen(create->type), err) < 0)
		return -1;
	if (create->note && !utf8_is_valid(create->note, strlen(create->note)))
		return error_set(err, ERR_INVALID, "the message is not UTF-8");
	if (name_for(create->name, &name, &c.title, err) < 0)
		return error_wrap(err, "cannot create '%s'", create->name);
	name_complete(&full, name.buf, &reg->scope);
	name_complete(&typed, create->name, &reg->scope);
	c.name = full.buf;
	c.typed = typed.buf;
	if (commit_run(reg, &commit, decide_create, &c, err) < 0)
		return error_wrap(err, "cannot create '%s'", create->name);
	return 0;
}

/* ---- renaming ---- */

struct renaming {
	const struct curate_rename *rename;
	struct collection *out;
	struct strbuf before; /* what it was called */
};

static int decide_rename(struct txn *txn, void *arg, struct error *err)
{
	struct renaming *r = arg;
	CLEANUP(collection) struct collection taken = COLLECTION_INIT;
	CLEANUP(strbuf) struct strbuf full = STRBUF_INIT, key = STRBUF_INIT;
	CLEANUP(json) json_t *value = NULL;
	int found;

	collection_cleanup(r->out);
	if (resolve_bare(txn_view(txn), r->rename->from, r->out, err) < 0)
		return -1;
	name_complete(&full, r->rename->to, view_scope(txn_view(txn)));
	found = find_taken(txn_view(txn), full.buf, &taken, err);
	if (found < 0)
		return -1;
	if (found && strcmp(taken.cid.hex, r->out->cid.hex) != 0)
		return error_set(err, ERR_CONFLICT, "there is %s %s '%s' already", taken.is_model ? "a" : "an", kind_word(taken.is_model), taken.name);
	strbuf_reset(&r->before);
	strbuf_adds(&r->before, r->out->name);
	free(r->out->name);
	r->out->name = strbuf_detach(&full);
	strbuf_addf(&key, "coll/%s", r->out->cid.hex);
	value = collection_value(r->out);
	return txn_set(txn, key.buf, value, err);
}

static void renaming_cleanup(struct renaming *r)
{
	strbuf_release(&r->before);
}

/* A check is configured by name, and would not run any more without a word. */
static void warn_of_checks(const struct registry *reg, const struct renaming *r)
{
	CLEANUP(strbuf) struct strbuf head = STRBUF_INIT;

	strbuf_addf(&head, "protect.%s:", r->before.buf);
	for (size_t i = 0; strcmp(r->before.buf, r->out->name) != 0 && i < reg->config->count; i++)
		if (strncmp(reg->config->items[i].key, head.buf, head.len) == 0)
			report_warning(reg->report, "'%s' is configured for the old name, and does not run any more", reg->config->items[i].key);
}

int curate_rename(struct registry *reg, const struct curate_rename *rename, struct collection *out, struct error *err)
{
	const struct commit commit = { .verb = "rename", .why = rename->why, .dry_run = rename->dry_run };
	CLEANUP(renaming) struct renaming r = { rename, out, STRBUF_INIT };

	if (name_check_full(rename->to, strlen(rename->to), err) < 0 || commit_run(reg, &commit, decide_rename, &r, err) < 0)
		return error_wrap(err, "cannot rename '%s'", rename->from);
	warn_of_checks(reg, &r);
	return 0;
}
