/* SPDX-License-Identifier: Apache-2.0 */
/* mreg show: the card of a collection or a version. */
#include <config.h>

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "base/utf8.h"
#include "cmd/cmd.h"
#include "cmd/fields.h"
#include "registry/history.h"
#include "registry/resolve.h"

/* ---- one version ---- */

static int show_metadata(struct out *out, json_t *metadata, struct error *err)
{
	const char *key;
	json_t *value;

	json_object_foreach(metadata, key, value) {
		CLEANUP(strbuf) struct strbuf label = STRBUF_INIT, text = STRBUF_INIT;

		strbuf_addf(&label, "  %s", key);
		if (json_is_string(value))
			strbuf_adds(&text, json_string_value(value));
		else
			json_print(&text, value);
		if (out_field(out, label.buf, text.buf, err) < 0)
			return -1;
	}
	return 0;
}

static void add_aliases(struct strbuf *out, const struct alias_rows *rows, uint64_t number, bool latest)
{
	for (size_t i = 0; i < rows->count; i++)
		if (rows->v[i].number == number)
			strbuf_addf(out, "%s%s", out->len ? ", " : "", rows->v[i].alias);
	if (latest)
		strbuf_addf(out, "%slatest", out->len ? ", " : "");
}

static int show_version_human(struct out *out, const struct resolved *v, const struct alias_rows *rows, const struct version_info *info, bool latest,
			      struct error *err)
{
	CLEANUP(strbuf) struct strbuf ref = STRBUF_INIT, aliases = STRBUF_INIT, size = STRBUF_INIT, time = STRBUF_INIT;

	resolved_name(&ref, v);
	add_aliases(&aliases, rows, v->row.number, latest);
	size_format(&size, v->row.size);
	strbuf_addf(&size, " in %" PRIu64 " file%s", v->row.files, v->row.files == 1 ? "" : "s");
	clock_format_local(&time, info->object.time);
	strbuf_addf(&time, " by %s@%s", info->object.user, info->object.host);
	if (out_heading(out, ref.buf, err) < 0 || out_field(out, "type", v->collection.type, err) < 0 ||
	    out_field(out, "digest", oid_hex(&v->row.digest).text, err) < 0 || out_field(out, "size", size.buf, err) < 0 ||
	    (aliases.len && out_field(out, "aliases", aliases.buf, err) < 0) || out_field(out, "created", time.buf, err) < 0 ||
	    (*info->description && out_field(out, "description", info->description, err) < 0))
		return -1;
	if (json_object_size(info->metadata) == 0)
		return 0;
	return out_text(out, err, "metadata\n") < 0 ? -1 : show_metadata(out, info->metadata, err);
}

static int show_version(struct session *s, const struct resolved *version, struct error *err)
{
	CLEANUP(version_info) struct version_info info = VERSION_INFO_INIT;
	CLEANUP(alias_rows) struct alias_rows rows = ALIAS_ROWS_INIT;
	struct view *v = registry_view(s->registry, err);
	struct version_row latest;
	json_t *record;
	bool is_latest;

	if (!v || version_info_read(s->registry, v, &version->row, &info, err) < 0 || alias_rows_read(v, &version->collection, &rows, err) < 0 ||
	    view_latest(v, &version->collection.cid, &latest, err) < 0)
		return -1;
	is_latest = latest.number == version->row.number;
	if (out_mode(s->out) == OUT_HUMAN)
		return show_version_human(s->out, version, &rows, &info, is_latest, err);
	record = fields_version(&version->collection, &version->row, &rows, &info);
	json_object_set_new(record, "name", json_string(version->collection.name));
	json_object_set_new(record, "kind", json_string("version"));
	json_object_set_new(record, "type", json_string(version->collection.type));
	json_object_set_new(record, "version", json_oid(&version->row.version));
	json_object_set_new(record, "latest", json_boolean(is_latest));
	return out_result(s->out, record, "ref", err);
}

/* As sha256sum writes it: a name with a newline or backslash is escaped and the line begins with a backslash. */
static int show_checksums(struct session *s, const struct resolved *version, struct error *err)
{
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;

	if (version_manifest(s->registry, &version->row.digest, &m, err) < 0)
		return -1;
	for (size_t i = 0; i < m.count; i++) {
		const struct entry *e = &m.entries[i];
		CLEANUP(strbuf) struct strbuf line = STRBUF_INIT, path = STRBUF_INIT;

		if (!e->has_digest)
			continue;
		for (const char *p = e->path; *p; p++)
			strbuf_adds(&path, *p == '\n' ? "\\n" : *p == '\r' ? "\\r" : *p == '\\' ? "\\\\" : (char[]){ *p, '\0' });
		strbuf_addf(&line, "%s%s  %s\n", path.len == strlen(e->path) ? "" : "\\", oid_hex(&e->digest).text, path.buf);
		if (out_bytes(s->out, line.buf, line.len, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- one collection ---- */

static int count_live(const struct version_row *row, void *arg, struct error *err)
{
	(void)err;
	*(uint64_t *)arg += !row->removed;
	return 0;
}

static int first_change(const struct history_row *row, void *arg, struct error *err)
{
	struct history_row *out = arg;

	(void)err;
	out->time = row->time;
	strbuf_init(&out->user);
	strbuf_adds(&out->user, row->user.buf);
	return 1;
}

static json_t *collection_record(const struct collection *c, uint64_t live, const struct version_row *latest, const struct alias_rows *rows,
				 const struct history_row *created)
{
	json_t *record = json_object(), *aliases = json_object();

	for (size_t i = 0; i < rows->count; i++)
		json_object_set_new(aliases, rows->v[i].alias, fields_ref(c->name, rows->v[i].number));
	json_object_set_new(record, "ref", json_string(c->name));
	json_object_set_new(record, "name", json_string(c->name));
	json_object_set_new(record, "kind", json_string(c->is_model ? "model" : "artifact"));
	json_object_set_new(record, "type", json_string(c->type));
	json_object_set_new(record, "versions", json_u64(live));
	json_object_set_new(record, "latest", latest ? fields_ref(c->name, latest->number) : json_null());
	json_object_set_new(record, "aliases", aliases);
	json_object_set_new(record, "created", json_time(created->time));
	json_object_set_new(record, "user", json_string(created->user.buf));
	return record;
}

static int collection_human(struct out *out, const struct collection *c, uint64_t live, const struct version_row *latest,
			    const struct alias_rows *rows, const struct history_row *created, struct error *err)
{
	CLEANUP(strbuf) struct strbuf versions = STRBUF_INIT, time = STRBUF_INIT;

	strbuf_addf(&versions, "%" PRIu64, live);
	if (latest)
		strbuf_addf(&versions, ", the latest v%" PRIu64, latest->number);
	clock_format_local(&time, created->time);
	strbuf_addf(&time, " by %s", created->user.buf);
	if (out_heading(out, c->name, err) < 0 || out_field(out, "kind", c->is_model ? "registered model" : "artifact", err) < 0 ||
	    out_field(out, "type", c->type, err) < 0 || out_field(out, "versions", versions.buf, err) < 0 ||
	    out_field(out, "created", time.buf, err) < 0 || (rows->count && out_text(out, err, "aliases\n") < 0))
		return -1;
	for (size_t i = 0; i < rows->count; i++) {
		CLEANUP(strbuf) struct strbuf label = STRBUF_INIT, value = STRBUF_INIT;

		strbuf_addf(&label, "  %s", rows->v[i].alias);
		strbuf_addf(&value, "v%" PRIu64, rows->v[i].number);
		if (out_field(out, label.buf, value.buf, err) < 0)
			return -1;
	}
	return 0;
}

static int show_collection(struct session *s, const char *name, struct error *err)
{
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	CLEANUP(alias_rows) struct alias_rows rows = ALIAS_ROWS_INIT;
	CLEANUP(history_row) struct history_row created = HISTORY_ROW_INIT;
	struct view *v = registry_view(s->registry, err);
	struct version_row latest;
	uint64_t live = 0;
	int has_latest;

	if (!v || collection_get(v, name, &c, err) < 0 || alias_rows_read(v, &c, &rows, err) < 0 ||
	    view_each_version(v, &c.cid, false, count_live, &live, err) < 0 ||
	    history_each(v, &c, false, first_change, &created, err) < 0)
		return -1;
	has_latest = view_latest(v, &c.cid, &latest, err);
	if (has_latest < 0)
		return -1;
	if (out_mode(s->out) == OUT_HUMAN)
		return collection_human(s->out, &c, live, has_latest ? &latest : NULL, &rows, &created, err);
	return out_result(s->out, collection_record(&c, live, has_latest ? &latest : NULL, &rows, &created), "ref", err);
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	bool checksums = false;
	struct reference ref;
	struct view *v;
	CLEANUP(resolved) struct resolved version = RESOLVED_INIT;
	CLEANUP(operands) struct operands operands = { NULL, 0 };
	const struct opt opts[] = {
		OPT_FLAG(0, "checksums", &checksums, "print the files' digests, for sha256sum -c"),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 1, 1, &operands, err) < 0 || reference_parse(operands.v[0], &ref, err) < 0)
		return -1;
	if (checksums && out_mode(s->out) == OUT_JSON)
		return error_set(err, ERR_USAGE, "--checksums has a form of its own: 'mreg ls --json' gives the digests as JSON");
	if (ref.kind == REFERENCE_BARE && !checksums)
		return show_collection(s, ref.name, err);
	if (!(v = registry_view(s->registry, err)) || resolve_reference(v, &ref, &version, err) < 0)
		return -1;
	return checksums ? show_checksums(s, &version, err) : show_version(s, &version, err);
}

const struct command cmd_show = {
	.name = "show", .synopsis = "[options] REF", .summary = "show all about a collection or a version", .group = GROUP_LOOK,
	.needs = NEEDS_REGISTRY, .run = run,
};
