/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a bundle: chooses, lists the changes, copies the objects. */
#include <config.h>

#include "transport/bundle.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hashmap.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/number.h"
#include "format/fold.h"
#include "registry/absent.h"
#include "registry/listing.h"
#include "registry/resolve.h"
#include "store/bundle-writer.h"
#include "store/index-key.h"
#include "transport/bundle-changes.h"
#include "transport/bundle-copy.h"

struct making {
	struct registry *reg;
	struct view *view;
	struct bundle_writer *writer; /* NULL: a dry run */
	struct bundle_header header;
	struct scope scope;
	struct strvec names;          /* of the collections that are asked for, as patterns */
	struct strvec version_cids;   /* which collection each of the header's versions is of */
	struct hashmap whole;         /* CIDs (hex) of which all files are wanted */
	struct hashmap wanted;        /* ids of versions whose files are */
	struct fold fold;             /* of version/ and link/ keys */
	struct strbuf text;           /* changes that are not written yet */
	struct bundle_counts counts;
};

static void making_cleanup(struct making *m)
{
	bundle_writer_cleanup(&m->writer);
	bundle_header_cleanup(&m->header);
	scope_cleanup(&m->scope);
	strvec_release(&m->names);
	strvec_release(&m->version_cids);
	hashmap_release(&m->whole, NULL);
	hashmap_release(&m->wanted, NULL);
	fold_cleanup(&m->fold);
	strbuf_release(&m->text);
}

static void add(struct hashmap *set, const void *key, size_t len)
{
	hashmap_put(set, key, len, set);
}

/* ---- what is asked for ---- */

static void want_version(struct making *m, const struct resolved *r)
{
	CLEANUP(strbuf) struct strbuf ref = STRBUF_INIT;
	struct bundle_header *h = &m->header;

	if (hashmap_has(&m->wanted, r->row.version.raw, OID_LEN))
		return;
	add(&m->wanted, r->row.version.raw, OID_LEN);
	resolved_name(&ref, r);
	strvec_push(&m->version_cids, r->collection.cid.hex);
	ARRAY_GROW(h->versions, h->version_count + 1, h->version_cap);
	h->versions[h->version_count++] = (struct bundle_version){
		.ref = strbuf_detach(&ref), .version = r->row.version, .digest = r->row.digest, .size = r->row.size, .files = r->row.files,
	};
}

static int choose_named(struct making *m, const char *text, struct error *err)
{
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	CLEANUP(resolved) struct resolved r = RESOLVED_INIT;
	struct reference ref;

	if (reference_parse(text, &ref, err) < 0)
		return -1;
	if (ref.kind == REFERENCE_BARE) {
		if (resolve_bare(m->view, text, &c, err) < 0)
			return -1;
		add(&m->whole, c.cid.hex, CID_HEX_LEN);
		strvec_push(&m->names, c.name);
		return 0;
	}
	if (resolve_reference(m->view, &ref, &r, err) < 0)
		return -1;
	want_version(m, &r);
	strvec_push(&m->names, r.collection.name);
	return 0;
}

/* Every collection that matches and has the reference; that none has is an error. */
struct globbing {
	struct making *making;
	const struct listing_pattern *pattern;
	bool has_matched, has_found;
};

static int choose_match(const struct collection *c, void *arg, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	CLEANUP(resolved) struct resolved r = RESOLVED_INIT;
	struct globbing *g = arg;

	if (!listing_pattern_matches(g->pattern, c->name))
		return 0;
	g->has_matched = true;
	if (!g->pattern->ref) {
		g->has_found = true;
		add(&g->making->whole, c->cid.hex, CID_HEX_LEN);
		strvec_push(&g->making->names, c->name);
		return 0;
	}
	strbuf_addf(&text, "%s:%s", c->name, g->pattern->ref);
	if (resolve_text(g->making->view, text.buf, &r, err) < 0) {
		if (err->code != ERR_NO_REFERENCE)
			return -1;
		error_clear(err);
		return 0;
	}
	g->has_found = true;
	want_version(g->making, &r);
	strvec_push(&g->making->names, c->name);
	return 0;
}

static int choose_matches(struct making *m, const char *text, struct error *err)
{
	CLEANUP(listing_pattern) struct listing_pattern p = { NULL, NULL };
	struct globbing g = { m, &p, false, false };

	if (listing_pattern_parse(m->reg, text, &p, err) < 0 || collection_each(m->view, choose_match, &g, err) < 0)
		return -1;
	if (!g.has_matched)
		return error_set(err, ERR_NO_COLLECTION, "no artifact or model matches '%s'", text);
	return g.has_found ? 0 : error_set(err, ERR_NO_REFERENCE, "nothing that matches '%s' has such a version", text);
}

/* Versions of a collection that is whole need not be told one by one. */
static void drop_told(struct making *m)
{
	struct bundle_header *h = &m->header;
	size_t kept = 0;

	for (size_t i = 0; i < h->version_count; i++) {
		if (hashmap_has(&m->whole, m->version_cids.v[i], CID_HEX_LEN))
			ptr_cleanup(&h->versions[i].ref);
		else
			h->versions[kept++] = h->versions[i];
	}
	h->version_count = kept;
}

static int choose(struct making *m, const struct strvec *refs, struct error *err)
{
	for (size_t i = 0; i < refs->count; i++) {
		bool is_glob = strpbrk(refs->v[i], "*?[");

		if ((is_glob ? choose_matches(m, refs->v[i], err) : choose_named(m, refs->v[i], err)) < 0)
			return error_wrap(err, "cannot bundle '%s'", refs->v[i]);
		strvec_push(&m->header.refs, refs->v[i]);
	}
	drop_told(m);
	return listing_select(m->reg, m->view, &m->names, true, &m->scope, err);
}

struct run_files {
	struct view *view;
	bool is_absent;
};

static int note_absent(const struct version_row *row, void *arg, struct error *err)
{
	struct run_files *files = arg;
	int absent = row->removed ? 0 : absent_is(files->view, &row->version, NULL, err);

	files->is_absent |= absent > 0;
	return absent;
}

/* What a run was recorded with goes along with what it made, unless it is elsewhere: 1, 0, -1. */
static int is_run_with_files(const struct making *m, const struct scope_item *item, struct error *err)
{
	struct run_files files = { m->view, false };
	struct cid cid;

	if (strlen(item->cid) != CID_HEX_LEN)
		return 0;
	memcpy(cid.hex, item->cid, CID_HEX_LEN + 1);
	return view_each_version(m->view, &cid, false, note_absent, &files, err) < 0 ? -1 : !files.is_absent;
}

static int fill_scope(struct making *m, bool is_all, struct error *err)
{
	for (size_t i = 0; i < m->scope.count; i++) {
		const struct scope_item *item = &m->scope.v[i];
		struct bundle_scope *s = bundle_header_add_scope(&m->header, item->cid, item->name);
		bool is_run = bundle_header_is_run(s);
		int with_files = is_run ? is_run_with_files(m, item, err) : is_all || hashmap_has(&m->whole, item->cid, CID_HEX_LEN);

		if (with_files < 0)
			return -1;
		s->is_shallow = item->is_shallow;
		s->is_whole = !s->is_shallow && with_files;
		m->counts.collections += !s->is_shallow && !is_run;
		m->counts.runs += is_run;
	}
	bundle_header_sort(&m->header);
	return 0;
}

/* ---- changes ---- */

static int flush_changes(struct making *m, struct error *err)
{
	if (m->writer && m->text.len && bundle_writer_add_changes(m->writer, &m->header, m->text.buf, m->text.len, err) < 0)
		return -1;
	strbuf_reset(&m->text);
	return 0;
}

static int take_change(const struct change *c, uint64_t seq, void *arg, struct error *err)
{
	struct making *m = arg;
	struct reference_key key;
	size_t before = m->text.len;

	(void)seq;
	changes_write(&m->text, c);
	if (m->text.len > BUNDLE_CHANGES_MAX) {
		CLEANUP(strbuf) struct strbuf last = STRBUF_INIT;

		strbuf_add(&last, m->text.buf + before, m->text.len - before);
		strbuf_set_len(&m->text, before);
		if (flush_changes(m, err) < 0)
			return -1;
		strbuf_add(&m->text, last.buf, last.len);
	}
	index_key_parse(c->key, &key);
	if (key.table == REF_VERSION || key.table == REF_LINK)
		fold_step(&m->fold, c);
	if (++m->header.count > CHANGES_MAX_COUNT)
		return error_set(err, ERR_INVALID, "over %u changes are too many for one bundle", CHANGES_MAX_COUNT);
	return interrupt_check(err);
}

static int copy_changes(struct making *m, struct error *err)
{
	struct list_request request = { .has_since = false };

	request.patterns = m->names;
	if (listing_changes(m->reg, m->view, &request, &m->scope, NULL, take_change, m, err) < 0)
		return -1;
	m->counts.changes = m->header.count;
	return flush_changes(m, err);
}

/* ---- objects ---- */

static void name_version(struct strbuf *out, const struct making *m, const struct bundle_version_value *v)
{
	const struct bundle_scope *s = bundle_header_find_scope(&m->header, v->cid.hex);

	strbuf_addf(out, "%s:v%" PRIu64, s ? s->name : v->cid.hex, v->number);
}

/* What is missing of a version whose files are elsewhere is not damage. */
static int cannot_copy(struct making *m, const struct bundle_version_value *v, struct error *err)
{
	CLEANUP(strbuf) struct strbuf ref = STRBUF_INIT, remote = STRBUF_INIT;
	struct error ignored = ERROR_INIT;

	name_version(&ref, m, v);
	if (err->code == ERR_INTEGRITY && absent_is(m->view, &v->version, &remote, &ignored) == 1) {
		error_set(err, ERR_REMOTE, "files of '%s' are not here", ref.buf);
		return error_hint(err, "Bring them first: 'mreg pull %s %s'.", remote.len ? remote.buf : "REMOTE", ref.buf);
	}
	return error_wrap(err, "cannot bundle '%s'", ref.buf);
}

/* A shallow collection's versions are those that a model links to, and go by what is wanted of that. */
static void want_whole(struct making *m, const struct bundle_version_value *live, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct bundle_scope *s = bundle_header_find_scope(&m->header, live[i].cid.hex);

		if (s && s->is_whole)
			add(&m->wanted, live[i].version.raw, OID_LEN);
	}
}

static uint64_t bytes_of_wanted(const struct making *m, const struct bundle_version_value *live, size_t count)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		if (hashmap_has(&m->wanted, live[i].version.raw, OID_LEN) && u64_add_overflows(sum, live[i].size, &sum))
			return 0;
	return sum;
}

static void count_version(struct making *m, const struct bundle_version_value *v)
{
	const struct bundle_scope *s = bundle_header_find_scope(&m->header, v->cid.hex);

	if (!s || s->is_shallow || bundle_header_is_run(s))
		return;
	m->counts.versions++;
	m->counts.with_files += hashmap_has(&m->wanted, v->version.raw, OID_LEN);
}

static int copy_objects(struct making *m, struct error *err)
{
	CLEANUP(bundle_copy) struct bundle_copy copy = { .reg = NULL };
	CLEANUP(ptr) struct bundle_version_value *live = NULL;
	size_t count;

	if (bundle_changes_live(&m->fold, &live, &count, err) < 0 || bundle_copy_init(&copy, m->reg, m->writer, err) < 0)
		return -1;
	want_whole(m, live, count);
	copy.total = bytes_of_wanted(m, live, count);
	for (size_t i = 0; i < count; i++) {
		bool wants_files = hashmap_has(&m->wanted, live[i].version.raw, OID_LEN);

		if (bundle_copy_version(&copy, &live[i].version, &live[i].digest, wants_files, err) < 0)
			return cannot_copy(m, &live[i], err);
		count_version(m, &live[i]);
	}
	m->counts.objects = copy.objects_count;
	m->counts.bytes = copy.bytes;
	return 0;
}

/* ---- all of it ---- */

static int check_path(const struct registry *reg, const char *path, bool force, struct error *err)
{
	struct stat st;

	if (registry_check_outside(reg, path, err) < 0)
		return -1;
	if (lstat(path, &st))
		return 0;
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERR_LOCAL, "'%s' is there already, and no regular file", path);
	if (force)
		return 0;
	error_set(err, ERR_POLICY, "'%s' is there already", path);
	return error_hint(err, "Use --force to replace it.");
}

static void fill_header(struct making *m)
{
	struct bundle_header *h = &m->header;
	struct journal_position at;

	registry_name_user(m->reg);
	view_position(m->view, &at);
	memcpy(h->registry, m->reg->store->stamp.id, sizeof h->registry);
	h->seq = at.seq;
	h->sum = at.sum;
	h->created = clock_now();
	h->user = xstrdup(m->reg->user);
	h->host = xstrdup(m->reg->host);
	h->program = xstrdup("mreg " PACKAGE_VERSION);
}

/* Before the bundle has a name: what nobody has seen may yet be renumbered. */
static int note_offer(struct making *m, bool is_all, struct error *err)
{
	registry_drop_view(m->reg);
	if (listing_offer(m->reg, &m->scope, is_all, m->header.seq, err) >= 0)
		return 0;
	if (err->code != ERR_READ_ONLY)
		return error_wrap(err, "cannot note what was handed out");
	report_note(m->reg->report, "the registry is read-only: it does not remember what was handed out");
	error_clear(err);
	return 0;
}

static int finish(struct making *m, const char *path, const struct bundle_options *o, struct error *err)
{
	int rc;

	if (bundle_writer_seal(m->writer, &m->header, err) < 0 || note_offer(m, !o->refs->count, err) < 0)
		return -1;
	m->counts.bytes = bundle_writer_bytes(m->writer);
	rc = bundle_writer_place(m->writer, o->force, err);
	return rc > 0 ? error_set(err, ERR_POLICY, "'%s' has come meanwhile", path) : rc;
}

static int make(struct making *m, const char *path, const struct bundle_options *o, struct error *err)
{
	if (check_path(m->reg, path, o->force, err) < 0 || choose(m, o->refs, err) < 0)
		return -1;
	fill_header(m);
	if (fill_scope(m, !o->refs->count, err) < 0)
		return -1;
	if (!o->dry_run) {
		m->writer = bundle_writer_new(path, err);
		if (!m->writer)
			return -1;
	}
	if (copy_changes(m, err) < 0 || copy_objects(m, err) < 0)
		return -1;
	return o->dry_run ? 0 : finish(m, path, o, err);
}

int bundle_create(struct registry *reg, const char *path, const struct bundle_options *o, struct bundle_counts *counts, struct error *err)
{
	CLEANUP(making) struct making m = { .reg = reg, .whole = HASHMAP_INIT, .wanted = HASHMAP_INIT, .fold = FOLD_INIT, .text = STRBUF_INIT };
	int rc = -1;

	m.view = registry_view(reg, err);
	if (m.view)
		rc = make(&m, path, o, err);
	registry_drop_view(reg);
	*counts = m.counts;
	return rc < 0 ? error_wrap(err, "cannot make the bundle '%s'", path) : 0;
}
