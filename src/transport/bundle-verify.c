/* SPDX-License-Identifier: Apache-2.0 */
/* Checks that a bundle holds what its header promises, and nothing that is not sound. */
#include <config.h>

#include <inttypes.h>
#include <string.h>

#include "base/hashmap.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "registry/receive.h"
#include "store/bundle-file.h"
#include "store/index-key.h"
#include "transport/bundle-changes.h"
#include "transport/bundle.h"

struct checking {
	struct bundle_file *file;
	struct report *report;
	struct hashmap ids;      /* of the changes so far */
	struct hashmap versions; /* ids that version/ and link/ keys have named */
	struct hashmap subjects; /* ids that other keys are about */
	struct hashmap wanted;   /* ids of versions whose files must be there */
	struct hashmap files;    /* digest and size of those that were checked */
	struct fold fold;        /* of coll/, version/ and link/ keys */
	struct bundle_counts counts;
};

static void checking_cleanup(struct checking *c)
{
	bundle_file_cleanup(&c->file);
	hashmap_release(&c->ids, NULL);
	hashmap_release(&c->versions, NULL);
	hashmap_release(&c->subjects, NULL);
	hashmap_release(&c->wanted, NULL);
	hashmap_release(&c->files, NULL);
	fold_cleanup(&c->fold);
}

static void add(struct hashmap *set, const void *key, size_t len)
{
	hashmap_put(set, key, len, set);
}

/* ---- changes ---- */

static int check_parents(struct checking *c, const struct change *change, struct error *err)
{
	if (hashmap_has(&c->ids, change->id.raw, OID_LEN))
		return error_set(err, ERR_INTEGRITY, "the change %.12s of '%s' stands in it twice", oid_hex(&change->id).text, change->key);
	for (size_t i = 0; i < change->parent_count; i++)
		if (!hashmap_has(&c->ids, change->parents[i].raw, OID_LEN))
			return error_set(err, ERR_INTEGRITY, "a change of '%s' comes without its parent %.12s", change->key,
					 oid_hex(&change->parents[i]).text);
	add(&c->ids, change->id.raw, OID_LEN);
	return 0;
}

/* It belongs to a collection of the bundle, or to a version that is named in it. */
static int check_key(struct checking *c, const char *text, struct error *err)
{
	struct reference_key key;
	struct cid cid;

	index_key_parse(text, &key);
	if (key.table == REF_OTHER)
		return 0; /* receive_check_change() knows better what that may be */
	if (key.of_version) {
		add(&c->subjects, key.version.raw, OID_LEN);
		return 0;
	}
	index_cid_write(&key.cid, &cid);
	if (bundle_header_find_scope(bundle_file_header(c->file), cid.hex))
		return 0;
	return error_set(err, ERR_INTEGRITY, "'%s' is of a collection that the header does not name", text);
}

static int check_change(const struct change *change, const char *text, size_t len, void *arg, struct error *err)
{
	struct checking *c = arg;
	struct bundle_version_value value;
	struct reference_key key;
	int rc;

	(void)text;
	(void)len;
	if (receive_check_change(change, err) < 0 || check_parents(c, change, err) < 0 || check_key(c, change->key, err) < 0)
		return -1;
	rc = bundle_changes_version(change->key, change->value, &value, err);
	if (rc > 0)
		add(&c->versions, value.version.raw, OID_LEN);
	index_key_parse(change->key, &key);
	if (key.table == REF_COLLECTION || key.table == REF_VERSION || key.table == REF_LINK)
		fold_step(&c->fold, change);
	c->counts.changes++;
	return rc < 0 ? -1 : 0;
}

static int check_subject(const void *id, size_t len, void *value, void *arg)
{
	const struct checking *c = arg;

	(void)value;
	return hashmap_has(&c->versions, id, len) ? 0 : -1;
}

static int check_changes(struct checking *c, struct error *err)
{
	const struct bundle_header *h = bundle_file_header(c->file);

	if (bundle_changes_each(c->file, check_change, c, err) < 0)
		return -1;
	if (hashmap_each(&c->subjects, check_subject, c) < 0)
		return error_set(err, ERR_INTEGRITY, "a change is about a version that is in no collection of the bundle");
	for (size_t i = 0; i < h->scope_count; i++) {
		CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;

		strbuf_addf(&key, "coll/%s", h->scope[i].cid);
		if (!fold_find(&c->fold, key.buf))
			return error_set(err, ERR_INTEGRITY, "nothing is said of the collection '%s'", h->scope[i].name);
		c->counts.collections += !h->scope[i].is_shallow && !bundle_header_is_run(&h->scope[i]);
		c->counts.runs += bundle_header_is_run(&h->scope[i]);
	}
	return 0;
}

/* ---- versions ---- */

static void note_wanted(struct checking *c, const struct bundle_version_value *live, size_t count)
{
	const struct bundle_header *h = bundle_file_header(c->file);

	for (size_t i = 0; i < h->version_count; i++)
		add(&c->wanted, h->versions[i].version.raw, OID_LEN);
	for (size_t i = 0; i < count; i++) {
		const struct bundle_scope *s = bundle_header_find_scope(h, live[i].cid.hex);

		if (s && s->is_whole)
			add(&c->wanted, live[i].version.raw, OID_LEN);
	}
}

struct file_key {
	struct oid digest;
	uint64_t size;
};

static int check_files(struct checking *c, const struct manifest *m, struct error *err)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct entry *e = &m->entries[i];
		const struct file_key key = { e->digest, e->size };

		if (e->kind != ENTRY_FILE || hashmap_has(&c->files, &key, sizeof key))
			continue;
		if (interrupt_check(err) < 0 || bundle_file_check_file(c->file, &e->digest, e->size, err) < 0)
			return error_wrap(err, "'%s'", e->path);
		add(&c->files, &key, sizeof key);
	}
	return 0;
}

static int check_version(struct checking *c, const struct bundle_version_value *v, struct error *err)
{
	CLEANUP(version_object) struct version_object object = { .time = 0 };
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;

	if (bundle_file_version(c->file, &v->version, &object, err) < 0 || bundle_file_manifest(c->file, &v->digest, &m, err) < 0)
		return -1;
	if (!oid_equal(&object.manifest, &v->digest) || manifest_bytes(&m) != v->size || manifest_files(&m) != v->files)
		return error_set(err, ERR_INTEGRITY, "its object, its manifest and its reference do not say the same");
	return hashmap_has(&c->wanted, v->version.raw, OID_LEN) ? check_files(c, &m, err) : 0;
}

static int check_versions(struct checking *c, struct error *err)
{
	const struct bundle_header *h = bundle_file_header(c->file);
	CLEANUP(ptr) struct bundle_version_value *live = NULL;
	size_t count;

	if (bundle_changes_live(&c->fold, &live, &count, err) < 0)
		return -1;
	note_wanted(c, live, count);
	for (size_t i = 0; i < count; i++) {
		const struct bundle_scope *s = bundle_header_find_scope(h, live[i].cid.hex);

		if (check_version(c, &live[i], err) < 0)
			return error_wrap(err, "'%s:v%" PRIu64 "'", s ? s->name : live[i].cid.hex, live[i].number);
		if (s && !s->is_shallow && !bundle_header_is_run(s)) {
			c->counts.versions++;
			c->counts.with_files += hashmap_has(&c->wanted, live[i].version.raw, OID_LEN);
		}
		report_progress(c->report, "versions", i + 1, count);
	}
	for (size_t i = 0; i < h->version_count; i++)
		if (!hashmap_has(&c->versions, h->versions[i].version.raw, OID_LEN))
			return error_set(err, ERR_INTEGRITY, "'%s' is promised, and not in it", h->versions[i].ref);
	return 0;
}

int bundle_verify(const char *path, struct report *report, struct bundle_counts *counts, struct error *err)
{
	CLEANUP(checking) struct checking c = { .report = report, .ids = HASHMAP_INIT, .versions = HASHMAP_INIT, .subjects = HASHMAP_INIT,
						.wanted = HASHMAP_INIT, .files = HASHMAP_INIT, .fold = FOLD_INIT };

	memset(counts, 0, sizeof *counts);
	c.file = bundle_file_open(path, err);
	if (!c.file)
		return -1;
	c.counts.bytes = bundle_file_bytes(c.file);
	c.counts.objects = bundle_file_objects(c.file);
	if (bundle_file_check_records(c.file, report, err) < 0)
		return -1;
	if (check_changes(&c, err) < 0 || check_versions(&c, err) < 0)
		return error_wrap(err, "'%s' is not what a bundle has to be", path);
	*counts = c.counts;
	return 0;
}
