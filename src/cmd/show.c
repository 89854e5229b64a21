/* SPDX-License-Identifier: Apache-2.0 */
/* mreg show: the card of a collection, a version or a run. */
#include <config.h>

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "cmd/cmd.h"
#include "cmd/fields.h"
#include "cmd/run-show.h"
#include "cmd/show-provenance.h"
#include "registry/annotation.h"
#include "registry/history.h"
#include "registry/link.h"
#include "registry/producer.h"
#include "registry/resolve.h"
#include "registry/run-edge.h"

#define CONSUMERS_SHOWN 5

/* ---- runs, and where it began ---- */

/* Of a version: who made it, and who used it. */
struct of_runs {
	json_t *producer;  /* or null */
	json_t *consumers; /* the first of them */
	size_t count;      /* of all consumers */
};

static void of_runs_cleanup(struct of_runs *r)
{
	json_decref(r->producer);
	json_decref(r->consumers);
}

static int take_consumer(const struct run *run, void *arg, struct error *err)
{
	struct of_runs *r = arg;

	(void)err;
	if (r->count++ < CONSUMERS_SHOWN)
		json_array_append_new(r->consumers, fields_run(run));
	return 0;
}

static int read_runs(struct view *v, const struct oid *version, struct of_runs *out, struct error *err)
{
	CLEANUP(run) struct run run = RUN_INIT;
	int found = producer_find(v, version, &run, err);

	out->producer = found == 1 ? fields_run(&run) : json_null();
	out->consumers = json_array();
	if (found < 0)
		return -1;
	return run_edge_each_consumer(v, version, take_consumer, out, err) < 0 ? -1 : 0;
}

/* "NAME:v3" where an artifact began, or null. */
static int read_from(struct view *v, const struct cid *cid, json_t **out, struct error *err)
{
	struct run_edge from = { .ref = NULL };
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;
	bool is_live;
	int found = run_edge_from(v, cid, &from, err);

	if (found == 1)
		found = run_edge_name(v, &from, &name, &is_live, err) < 0 ? -1 : 1;
	run_edge_cleanup(&from);
	*out = found == 1 ? json_string(name.buf) : json_null();
	return found < 0 ? -1 : 0;
}

/* "r-0123456789  train, nightly" */
static void add_run(struct strbuf *out, const json_t *run)
{
	const char *name;

	strbuf_addf(out, "%s%s  %s", out->len ? "\n" : "", json_string_value(json_object_get(run, "id")), json_string_value(json_object_get(run, "job_type")));
	if (json_get_string(run, "name", &name))
		strbuf_addf(out, ", %s", name);
}

static int show_runs(struct out *out, const struct of_runs *r, struct error *err)
{
	CLEANUP(strbuf) struct strbuf producer = STRBUF_INIT, consumers = STRBUF_INIT;
	size_t i, shown = json_array_size(r->consumers);
	const json_t *run;

	if (json_is_object(r->producer))
		add_run(&producer, r->producer);
	json_array_foreach(r->consumers, i, run) add_run(&consumers, run);
	if (r->count > shown)
		strbuf_addf(&consumers, "\nand %zu more", r->count - shown);
	if (producer.len && out_field(out, "made by", producer.buf, err) < 0)
		return -1;
	return consumers.len && out_field(out, "used by", consumers.buf, err) < 0 ? -1 : 0;
}

static int show_from(struct out *out, const json_t *from, struct error *err)
{
	return json_is_string(from) && out_field(out, "began at", json_string_value(from), err) < 0 ? -1 : 0;
}

/* ---- one version ---- */

/* Of one place: "production-models:v3  (production, staging)". */
static int add_place(struct view *v, const struct link_place *place, struct strbuf *text, json_t *list, struct error *err)
{
	CLEANUP(alias_rows) struct alias_rows rows = ALIAS_ROWS_INIT;
	CLEANUP(strbuf) struct strbuf aliases = STRBUF_INIT;
	json_t *record;

	if (alias_rows_read(v, &place->collection, &rows, err) < 0)
		return -1;
	fields_add_aliases(&aliases, &rows, place->number);
	strbuf_addf(text, "%s%s:v%" PRIu64 "%s%s%s", text->len ? "\n" : "", place->collection.name, place->number, aliases.len ? " (" : "",
		    aliases.buf, aliases.len ? ")" : "");
	record = json_object();
	json_object_set_new(record, "ref", fields_ref(place->collection.name, place->number));
	json_object_set_new(record, "aliases", alias_rows_of(&rows, place->number));
	json_array_append_new(list, record);
	return 0;
}

/* All that a card says of a version beside its row. */
struct card {
	struct version_info info;
	struct alias_rows aliases;
	struct link_places places;
	struct strbuf links; /* for people, a line each */
	struct strbuf linked_in; /* of a link: the run that made it; "" for none */
	json_t *absent;      /* where files of it are, or null */
	json_t *link_list, *from;
	struct of_runs runs;
	bool is_latest;
};

static void card_cleanup(struct card *c)
{
	version_info_cleanup(&c->info);
	alias_rows_cleanup(&c->aliases);
	link_places_cleanup(&c->places);
	strbuf_release(&c->links);
	strbuf_release(&c->linked_in);
	json_decref(c->link_list);
	json_decref(c->absent);
	json_decref(c->from);
	of_runs_cleanup(&c->runs);
}

static int read_card(struct session *s, const struct resolved *version, struct card *c, struct error *err)
{
	struct view *v = registry_view(s->registry, err);
	struct version_row latest;

	if (!v || version_info_read(s->registry, v, &version->row, &c->info, err) < 0 ||
	    alias_rows_read(v, &version->collection, &c->aliases, err) < 0 || view_latest(v, &version->collection.cid, &latest, err) < 0 ||
	    link_places_read(v, &version->row.version, &c->places, err) < 0 || fields_absent(v, &version->row.version, &c->absent, err) < 0 ||
	    read_runs(v, &version->row.version, &c->runs, err) < 0 || read_from(v, &version->collection.cid, &c->from, err) < 0 ||
	    (version->collection.is_model && link_made_in(v, version, &c->linked_in, err) < 0))
		return -1;
	c->is_latest = latest.number == version->row.number;
	c->link_list = json_array();
	for (size_t i = 0; i < c->places.count; i++)
		if (add_place(v, &c->places.v[i], &c->links, c->link_list, err) < 0)
			return -1;
	return 0;
}

static int show_objects(struct out *out, const struct card *c, struct error *err)
{
	if (json_object_size(c->info.metadata) &&
	    (out_section(out, "metadata", err) < 0 || fields_show_object(out, c->info.metadata, err) < 0))
		return -1;
	if (json_object_size(c->info.metrics) && (out_section(out, "metrics", err) < 0 || fields_show_object(out, c->info.metrics, err) < 0))
		return -1;
	return 0;
}

/* "272.6 kB in 4 files, which are at 'origin'" */
static void add_size(struct strbuf *out, const struct version_row *row, const json_t *absent)
{
	size_format(out, row->size);
	strbuf_addf(out, " in %" PRIu64 " file%s", row->files, row->files == 1 ? "" : "s");
	if (json_is_string(absent) && json_string_length(absent))
		strbuf_addf(out, ", not here but at '%s'", json_string_value(absent));
	else if (json_is_string(absent))
		strbuf_adds(out, ", not here");
}

static int show_version_human(struct out *out, const struct resolved *v, const struct card *c, struct error *err)
{
	CLEANUP(strbuf) struct strbuf ref = STRBUF_INIT, aliases = STRBUF_INIT, size = STRBUF_INIT, time = STRBUF_INIT, tags = STRBUF_INIT;
	CLEANUP(strbuf) struct strbuf source = STRBUF_INIT;

	resolved_name(&ref, v);
	fields_add_aliases(&aliases, &c->aliases, v->row.number);
	if (c->is_latest)
		strbuf_addf(&aliases, "%slatest", aliases.len ? ", " : "");
	add_size(&size, &v->row, c->absent);
	clock_format_local(&time, c->info.object.time);
	strbuf_addf(&time, " by %s@%s", c->info.object.user, c->info.object.host);
	for (size_t i = 0; i < c->info.tags.count; i++)
		strbuf_addf(&tags, "%s%s", i ? ", " : "", c->info.tags.v[i]);
	if (v->collection.is_model && c->places.artifact.collection.name)
		strbuf_addf(&source, "%s:v%" PRIu64, c->places.artifact.collection.name, c->places.artifact.number);
	if (out_heading(out, ref.buf, err) < 0 || out_field(out, "type", v->collection.type, err) < 0 ||
	    (source.len && out_field(out, "source", source.buf, err) < 0) || out_field(out, "digest", oid_hex(&v->row.digest).text, err) < 0 ||
	    out_field(out, "size", size.buf, err) < 0 || (aliases.len && out_field(out, "aliases", aliases.buf, err) < 0) ||
	    (c->links.len && out_field(out, "models", c->links.buf, err) < 0) || (tags.len && out_field(out, "tags", tags.buf, err) < 0) ||
	    out_field(out, "created", time.buf, err) < 0 ||
	    (c->linked_in.len && out_field(out, "linked in", c->linked_in.buf, err) < 0) || show_runs(out, &c->runs, err) < 0 || show_from(out, c->from, err) < 0 ||
	    (*c->info.description && out_field(out, "description", c->info.description, err) < 0))
		return -1;
	return show_objects(out, c, err);
}

static int show_version(struct session *s, const struct resolved *version, struct error *err)
{
	CLEANUP(card) struct card c = { .info = VERSION_INFO_INIT, .aliases = ALIAS_ROWS_INIT, .places = LINK_PLACES_INIT, .links = STRBUF_INIT,
				      .linked_in = STRBUF_INIT };
	const struct link_place *source = &c.places.artifact;
	json_t *record;

	if (read_card(s, version, &c, err) < 0)
		return -1;
	if (out_mode(s->out) == OUT_HUMAN)
		return show_version_human(s->out, version, &c, err);
	record = fields_version(&version->collection, &version->row, &c.aliases, &c.info);
	json_object_set_new(record, "name", json_string(version->collection.name));
	json_object_set_new(record, "kind", json_string("version"));
	json_object_set_new(record, "type", json_string(version->collection.type));
	json_object_set_new(record, "version", json_oid(&version->row.version));
	json_object_set_new(record, "latest", json_boolean(c.is_latest));
	json_object_set_new(record, "source", source->collection.name ? fields_ref(source->collection.name, source->number) : json_null());
	json_object_set(record, "models", c.link_list);
	json_object_set(record, "absent", c.absent);
	json_object_set(record, "producer", c.runs.producer);
	json_object_set(record, "consumers", c.runs.consumers);
	json_object_set_new(record, "consumer_count", json_u64(c.runs.count));
	json_object_set(record, "from", c.from);
	json_object_set_new(record, "linked_in", json_text_or_null(c.linked_in.buf));
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

static int first_change(const struct history_row *row, void *arg, struct error *err)
{
	struct history_row *out = arg;

	(void)err;
	out->time = row->time;
	strbuf_adds(&out->user, row->user.buf);
	return 1;
}

/* All that a card says of a collection. */
struct summary {
	struct collection c;
	struct alias_rows aliases;
	struct strvec tags;
	struct strbuf title, note;
	json_t *metadata, *metrics, *from;
	struct history_row created;
	struct collection_count count;
};

static void summary_cleanup(struct summary *m)
{
	collection_cleanup(&m->c);
	alias_rows_cleanup(&m->aliases);
	strvec_release(&m->tags);
	strbuf_release(&m->title);
	strbuf_release(&m->note);
	json_decref(m->metadata);
	json_decref(m->metrics);
	json_decref(m->from);
	history_row_cleanup(&m->created);
}

static int read_summary(struct view *v, const char *name, struct summary *m, struct error *err)
{
	struct subject subject;

	if (collection_get(v, name, &m->c, err) < 0)
		return -1;
	subject = subject_of_collection(&m->c.cid);
	if (alias_rows_read(v, &m->c, &m->aliases, err) < 0 || collection_title(v, &m->c.cid, &m->title, err) < 0 ||
	    annotation_tags(v, &subject, &m->tags, err) < 0 || annotation_note(v, &subject, &m->note, err) < 0 ||
	    annotation_metadata(v, &subject, m->metadata, err) < 0 || annotation_metrics(v, &subject, m->metrics, err) < 0 ||
	    collection_count(v, &m->c, &m->count, err) < 0 || read_from(v, &m->c.cid, &m->from, err) < 0)
		return -1;
	return history_each(v, &m->c.cid, false, first_change, &m->created, err) < 0 ? -1 : 0;
}

static json_t *summary_record(const struct summary *m)
{
	json_t *record = json_object(), *aliases = json_object();

	for (size_t i = 0; i < m->aliases.count; i++)
		json_object_set_new(aliases, m->aliases.v[i].alias, fields_ref(m->c.name, m->aliases.v[i].number));
	json_object_set_new(record, "ref", json_string(m->c.name));
	json_object_set_new(record, "name", json_string(m->c.name));
	json_object_set_new(record, "title", json_text_or_null(m->title.buf));
	json_object_set_new(record, "kind", json_string(m->c.is_model ? "model" : "artifact"));
	json_object_set_new(record, "type", json_string(m->c.type));
	json_object_set_new(record, "versions", json_u64(m->count.live));
	json_object_set_new(record, "latest", m->count.live ? fields_ref(m->c.name, m->count.latest) : json_null());
	json_object_set_new(record, "aliases", aliases);
	json_object_set_new(record, "created", json_time(m->created.time));
	json_object_set_new(record, "user", json_string(m->created.user.buf));
	json_object_set_new(record, "note", json_string(m->note.buf));
	json_object_set_new(record, "tags", fields_strings(&m->tags));
	json_object_set(record, "metadata", m->metadata);
	json_object_set(record, "metrics", m->metrics);
	json_object_set(record, "from", m->from);
	return record;
}

static int summary_aliases(struct out *out, const struct summary *m, struct error *err)
{
	if (m->aliases.count && out_section(out, "aliases", err) < 0)
		return -1;
	for (size_t i = 0; i < m->aliases.count; i++) {
		CLEANUP(strbuf) struct strbuf label = STRBUF_INIT, value = STRBUF_INIT;

		strbuf_addf(&label, "  %s", m->aliases.v[i].alias);
		strbuf_addf(&value, "v%" PRIu64, m->aliases.v[i].number);
		if (out_field(out, label.buf, value.buf, err) < 0)
			return -1;
	}
	return 0;
}

static int summary_human(struct out *out, const struct summary *m, struct error *err)
{
	CLEANUP(strbuf) struct strbuf versions = STRBUF_INIT, time = STRBUF_INIT, tags = STRBUF_INIT;

	strbuf_addf(&versions, "%" PRIu64, m->count.live);
	if (m->count.live)
		strbuf_addf(&versions, ", the latest v%" PRIu64, m->count.latest);
	clock_format_local(&time, m->created.time);
	strbuf_addf(&time, " by %s", m->created.user.buf);
	for (size_t i = 0; i < m->tags.count; i++)
		strbuf_addf(&tags, "%s%s", i ? ", " : "", m->tags.v[i]);
	if (out_heading(out, m->c.name, err) < 0 || (m->title.len && out_field(out, "title", m->title.buf, err) < 0) ||
	    out_field(out, "kind", m->c.is_model ? "registered model" : "artifact", err) < 0 || out_field(out, "type", m->c.type, err) < 0 ||
	    out_field(out, "versions", versions.buf, err) < 0 || out_field(out, "created", time.buf, err) < 0 ||
	    (tags.len && out_field(out, "tags", tags.buf, err) < 0) || (m->note.len && out_field(out, "note", m->note.buf, err) < 0) ||
	    show_from(out, m->from, err) < 0 || summary_aliases(out, m, err) < 0)
		return -1;
	if (json_object_size(m->metadata) && (out_section(out, "metadata", err) < 0 || fields_show_object(out, m->metadata, err) < 0))
		return -1;
	return json_object_size(m->metrics) && (out_section(out, "metrics", err) < 0 || fields_show_object(out, m->metrics, err) < 0) ? -1 : 0;
}

static int show_collection(struct session *s, const char *name, struct error *err)
{
	CLEANUP(summary) struct summary m = {
		.c = COLLECTION_INIT, .aliases = ALIAS_ROWS_INIT, .tags = STRVEC_INIT, .title = STRBUF_INIT, .note = STRBUF_INIT,
		.metadata = json_object(), .metrics = json_object(), .created = HISTORY_ROW_INIT,
	};
	struct view *v = registry_view(s->registry, err);

	if (!v || read_summary(v, name, &m, err) < 0)
		return -1;
	return out_mode(s->out) == OUT_HUMAN ? summary_human(s->out, &m, err) : out_result(s->out, summary_record(&m), "ref", err);
}

/* A run by its id, or by its name when no collection has it: 1, 0, -1. */
static int find_run(struct session *s, const char *text, struct run *run, struct error *err)
{
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	struct view *v = registry_view(s->registry, err);
	bool other_case;
	int found;

	if (!v)
		return -1;
	if (run_is_meant(text))
		return run_get(v, text, run, err) < 0 ? -1 : 1;
	if (strchr(text, ':') || strchr(text, '@'))
		return 0;
	found = collection_find(v, text, &c, &other_case, err);
	return found == 0 ? run_find(v, text, run, err) : found < 0 ? -1 : 0;
}

/* What has the form of no reference can only be the name of a run. */
static int show(struct session *s, const char *text, bool checksums, struct error *err)
{
	CLEANUP(resolved) struct resolved version = RESOLVED_INIT;
	CLEANUP(run) struct run run = RUN_INIT;
	struct reference ref;
	struct view *v;
	int is_run = find_run(s, text, &run, err);

	if (is_run)
		return is_run < 0 ? -1 : checksums ? error_set(err, ERR_USAGE, "--checksums is for versions, and '%s' is a run", text) : run_show_card(s, &run, err);
	if (reference_parse(text, &ref, err) < 0)
		return -1;
	if (ref.kind == REFERENCE_BARE && !checksums)
		return show_collection(s, ref.name, err);
	if (!(v = registry_view(s->registry, err)) || resolve_reference(v, &ref, &version, err) < 0)
		return -1;
	return checksums ? show_checksums(s, &version, err) : show_version(s, &version, err);
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	bool checksums = false, provenance = false;
	CLEANUP(operands) struct operands operands = { NULL, 0 };
	const struct opt opts[] = {
		OPT_FLAG(0, "checksums", &checksums, "print the files' digests, for sha256sum -c"),
		OPT_FLAG(0, "provenance", &provenance, "tell how it was made: runs, commands, code, inputs, back to the sources"),
		OPT_REMOTE(&s->remote_name),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 1, 1, &operands, err) < 0)
		return -1;
	if (provenance && checksums)
		return error_set(err, ERR_USAGE, "--checksums and --provenance are two questions");
	if (checksums && out_mode(s->out) == OUT_JSON)
		return error_set(err, ERR_USAGE, "--checksums has a form of its own: 'mreg ls --json' gives the digests as JSON");
	if (session_update(s, operands.v, !run_is_meant(operands.v[0]), err) < 0)
		return -1;
	return provenance ? show_provenance(s, operands.v[0], err) : show(s, operands.v[0], checksums, err);
}

const struct command cmd_show = {
	.name = "show", .synopsis = "[options] REF|RUN", .summary = "show all about a collection, a version or a run", .group = GROUP_LOOK,
	.needs = NEEDS_REGISTRY, .run = run,
};
