/* SPDX-License-Identifier: Apache-2.0 */
/* mreg status: which registry this is, or which version a directory is. */
#include <config.h>

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "cmd/cmd.h"
#include "cmd/fields.h"
#include "format/remote-url.h"
#include "registry/identify.h"
#include "registry/remote-lag.h"
#include "registry/run.h"
#include "ui/record.h"

/* ---- the registry ---- */

struct count {
	struct view *view;
	uint64_t artifacts, models, versions;
	struct run run; /* that of MREG_RUN, if there is one */
};

static void count_cleanup(struct count *count)
{
	run_cleanup(&count->run);
}

static int count_collection(const struct collection *c, void *arg, struct error *err)
{
	struct count *count = arg;
	struct collection_count of;

	*(c->is_model ? &count->models : &count->artifacts) += 1;
	if (c->is_model)
		return 0;
	if (collection_count(count->view, c, &of, err) < 0)
		return -1;
	count->versions += of.live;
	return 0;
}

static int add_draft(const struct draft_info *info, void *arg, struct error *err)
{
	(void)err;
	json_array_append_new(arg, fields_draft(info));
	return 0;
}

static int show_drafts(struct session *s, const json_t *drafts, struct error *err)
{
	size_t i;
	json_t *draft;

	json_array_foreach(drafts, i, draft) {
		const char *base = json_string_value(json_object_get(draft, "base"));
		CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

		strbuf_addf(&text, "%s, %s %s by %s", json_string_value(json_object_get(draft, "id")), base ? "from" : "of",
			    base ? base : json_string_value(json_object_get(draft, "name")), json_string_value(json_object_get(draft, "user")));
		if (out_field(s->out, "draft", text.buf, err) < 0)
			return -1;
	}
	return 0;
}

static json_t *lag_record(const struct remote *r, const struct remote_lag *lag)
{
	json_t *record = json_object(), *lacks = json_object();

	json_object_set_new(lacks, "changes", json_u64(lag->changes));
	json_object_set_new(lacks, "versions", json_u64(lag->versions));
	json_object_set_new(lacks, "more", json_boolean(lag->has_more));
	json_object_set_new(record, "name", json_string(r->name));
	json_object_set_new(record, "url", record_string(r->written));
	json_object_set_new(record, "seen", lag->is_known ? json_time(lag->seen) : json_null());
	json_object_set(record, "lacks", lag->is_known ? lacks : json_null());
	json_object_set_new(record, "ahead", lag->is_known ? json_boolean(lag->is_ahead) : json_null());
	json_decref(lacks);
	return record;
}

/* "origin (hub:models), seen 2h ago, lacks 12 changes, 3 of them versions, has changes that were not pulled" */
static int show_lag(struct session *s, const struct remote *r, const struct remote_lag *lag, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	strbuf_addf(&text, "%s (", r->name);
	remote_url_show(&text, r->written);
	strbuf_adds(&text, lag->is_known ? "), seen " : "), never asked");
	if (!lag->is_known)
		return out_field(s->out, "remote", text.buf, err);
	clock_format_age(&text, lag->seen);
	if (lag->changes)
		strbuf_addf(&text, ", lacks %s%" PRIu64 " change%s", lag->has_more ? "more than " : "", lag->changes, lag->changes == 1 ? "" : "s");
	else
		strbuf_adds(&text, ", lacks nothing");
	if (lag->versions)
		strbuf_addf(&text, ", %s%" PRIu64 " of them version%s", lag->has_more ? "at least " : "", lag->versions, lag->versions == 1 ? "" : "s");
	if (lag->is_ahead)
		strbuf_adds(&text, ", has changes that were not pulled");
	return out_field(s->out, "remote", text.buf, err);
}

/* To the list, and for people at once. */
static int add_remotes(struct session *s, json_t *list, struct error *err)
{
	CLEANUP(remotes) struct remotes remotes = REMOTES_INIT;
	struct remote_lag lag;

	if (remote_list(&s->config, &remotes, err) < 0)
		return -1;
	for (size_t i = 0; i < remotes.count; i++) {
		if (remote_lag_read(s->registry, &remotes.v[i], &lag, err) < 0)
			return error_wrap(err, "remote '%s'", remotes.v[i].name);
		json_array_append_new(list, lag_record(&remotes.v[i], &lag));
		if (out_mode(s->out) == OUT_HUMAN && show_lag(s, &remotes.v[i], &lag, err) < 0)
			return -1;
	}
	return 0;
}

/* "r-4k2j9x0a1b (train 'sweep-3')" */
static int show_run(struct session *s, const struct run *run, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	strbuf_addf(&text, "%s (%s", run->id.text, run->job_type);
	if (*run->label)
		strbuf_addf(&text, " '%s'", run->label);
	strbuf_addc(&text, ')');
	return out_field(s->out, "run", text.buf, err);
}

static int show_registry_human(struct session *s, const struct count *count, const json_t *drafts, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	strbuf_addf(&text, "%" PRIu64 " in %" PRIu64 " artifact%s", count->versions, count->artifacts, count->artifacts == 1 ? "" : "s");
	if (count->models)
		strbuf_addf(&text, " and %" PRIu64 " registered model%s", count->models, count->models == 1 ? "" : "s");
	if (out_field(s->out, "registry", s->mreg_dir, err) < 0 || out_field(s->out, "user", s->registry->user, err) < 0 ||
	    out_field(s->out, "versions", text.buf, err) < 0 || (count->run.job_type && show_run(s, &count->run, err) < 0))
		return -1;
	return show_drafts(s, drafts, err);
}

static int show_registry_record(struct session *s, const struct count *count, json_t *drafts, json_t *remotes, struct error *err)
{
	json_t *record = json_object();

	record_set_path(record, "registry", s->mreg_dir);
	json_object_set_new(record, "user", json_string(s->registry->user));
	json_object_set_new(record, "host", json_string(s->registry->host));
	json_object_set_new(record, "artifacts", json_u64(count->artifacts));
	json_object_set_new(record, "models", json_u64(count->models));
	json_object_set_new(record, "versions", json_u64(count->versions));
	json_object_set_new(record, "run", count->run.job_type ? fields_run(&count->run) : json_null());
	json_object_set(record, "drafts", drafts);
	json_object_set(record, "remotes", remotes);
	return out_result(s->out, record, "registry", err);
}

static int show_registry(struct session *s, struct error *err)
{
	CLEANUP(json) json_t *drafts = json_array(), *remotes = json_array();
	struct registry *reg = s->registry;
	CLEANUP(count) struct count count = { .view = registry_view(reg, err), .run = RUN_INIT };
	size_t damaged;

	registry_name_user(reg);
	if (!count.view || run_current(count.view, NULL, &count.run, err) < 0 || collection_each(count.view, count_collection, &count, err) < 0 ||
	    draft_each(reg, false, add_draft, drafts, &damaged, err) < 0)
		return -1;
	if (out_mode(s->out) == OUT_HUMAN && show_registry_human(s, &count, drafts, err) < 0)
		return -1;
	if (out_mode(s->out) != OUT_LINES && add_remotes(s, remotes, err) < 0)
		return -1;
	return out_mode(s->out) == OUT_HUMAN ? 0 : show_registry_record(s, &count, drafts, remotes, err);
}

/* ---- a directory ---- */

static json_t *directory_record(const char *dir, const struct identity *id)
{
	json_t *record = json_object();

	record_set_path(record, "dir", dir);
	json_object_set_new(record, "digest", json_oid(&id->digest));
	json_object_set_new(record, "ref", id->refs.count ? json_string(id->refs.v[0]) : json_null());
	json_object_set_new(record, "refs", fields_strings(&id->refs));
	json_object_set_new(record, "nearest", id->has_nearest ? fields_ref(id->nearest.collection.name, id->nearest.row.number) : json_null());
	json_object_set_new(record, "changes", fields_differences(&id->changes));
	return record;
}

static int show_differences(struct session *s, const char *dir, const struct identity *id, struct error *err)
{
	if (!id->has_nearest)
		return out_text(s->out, err, "%s is in no version, and shares no file with a recent one\n", dir);
	if (out_text(s->out, err, "%s is in no version; nearest is %s:v%" PRIu64 ", with these changes:\n", dir, id->nearest.collection.name,
		     id->nearest.row.number) < 0)
		return -1;
	for (size_t i = 0; i < id->changes.count; i++) {
		const struct difference *d = &id->changes.v[i];
		const char *path = d->after ? d->after->path : d->before->path;
		CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

		utf8_add_visible(&shown, path, strlen(path));
		if (out_text(s->out, err, "    %-8s  %s\n", difference_name(d->kind), shown.buf) < 0)
			return -1;
	}
	return 0;
}

static int show_directory(struct session *s, const char *dir, struct error *err)
{
	struct identity id = { .refs = STRVEC_INIT };
	int rc = identify_directory(s->registry, dir, &id, err);
	bool known = id.refs.count > 0;

	if (rc == 0 && out_mode(s->out) == OUT_HUMAN) {
		for (size_t i = 0; rc == 0 && i < id.refs.count; i++)
			rc = out_text(s->out, err, "%s\n", id.refs.v[i]);
		if (rc == 0 && !known)
			rc = show_differences(s, dir, &id, err);
	} else if (rc == 0 && (known || out_mode(s->out) != OUT_LINES)) {
		rc = out_result(s->out, directory_record(dir, &id), "ref", err);
	}
	identity_cleanup(&id);
	return rc < 0 || known ? rc : error_set(err, ERR_NO, "'%s' is in no version", dir);
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	CLEANUP(operands) struct operands operands = { NULL, 0 };
	const struct opt opts[] = { OPT_END };

	if (session_parse(s, opts, argc, argv, 0, 1, &operands, err) < 0)
		return -1;
	return operands.count ? show_directory(s, operands.v[0], err) : show_registry(s, err);
}

const struct command cmd_status = {
	.name = "status", .synopsis = "[options] [DIR]", .summary = "tell which registry this is, or which version a directory is",
	.group = GROUP_START, .needs = NEEDS_REGISTRY, .run = run,
};
