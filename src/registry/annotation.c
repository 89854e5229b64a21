/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes the revisioned layer above collections and versions. */
#include <config.h>

#include "registry/annotation.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "registry/commit.h"
#include "registry/version.h"

struct subject subject_of_version(const struct oid *version)
{
	struct subject s = { "" };

	memcpy(s.id, oid_hex(version).text, OID_HEX_LEN + 1);
	return s;
}

struct subject subject_of_collection(const struct cid *cid)
{
	struct subject s = { "" };

	memcpy(s.id, cid->hex, CID_HEX_LEN + 1);
	return s;
}

/* ---- keys ---- */

static void add_encoded(struct strbuf *out, const char *key)
{
	for (; *key; key++) {
		if (*key == '/' || *key == '%')
			strbuf_addf(out, "%%%02x", (unsigned char)*key);
		else
			strbuf_addc(out, *key);
	}
}

char *annotation_decode_key(const char *encoded)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;
	unsigned char byte;

	while (*encoded) {
		if (*encoded == '%' && strlen(encoded) >= 3 && hex_decode(encoded + 1, 2, &byte, 1)) {
			strbuf_addc(&out, (char)byte);
			encoded += 3;
		} else {
			strbuf_addc(&out, *encoded++);
		}
	}
	return strbuf_detach(&out);
}

static void layer_key(struct strbuf *out, const struct subject *of, enum annotation_layer layer, const char *key)
{
	strbuf_addf(out, "%s/%s/", layer == ANNOTATION_METRIC ? "metric" : "meta", of->id);
	add_encoded(out, key);
}

/* ---- reading ---- */

static int collect_tag(const char *key, const char *value, void *arg, struct error *err)
{
	(void)value;
	(void)err;
	strvec_push(arg, strrchr(key, '/') + 1);
	return 0;
}

int annotation_tags(struct view *v, const struct subject *of, struct strvec *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf prefix = STRBUF_INIT;

	strbuf_addf(&prefix, "tag/%s/", of->id);
	return view_each(v, prefix.buf, collect_tag, out, err);
}

int annotation_note(struct view *v, const struct subject *of, struct strbuf *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	CLEANUP(json) json_t *doc = NULL;
	int found;

	strbuf_addf(&key, "note/%s", of->id);
	found = view_json(v, key.buf, &doc, err);
	if (found <= 0)
		return found;
	strbuf_reset(out);
	if (json_is_string(doc))
		strbuf_adds(out, json_string_value(doc));
	return json_is_string(doc);
}

struct merge {
	json_t *object;
	size_t skip; /* of a key: what stands before KEY */
};

static int merge_one(const char *key, const char *value, void *arg, struct error *err)
{
	struct merge *merge = arg;
	CLEANUP(ptr) char *name = annotation_decode_key(key + merge->skip);
	CLEANUP(json) json_t *doc = json_parse(value, strlen(value), key, err);

	if (!doc)
		return -1;
	if (json_object_get(doc, "value"))
		json_object_set(merge->object, name, json_object_get(doc, "value"));
	else if (json_is_object(doc))
		json_object_del(merge->object, name);
	return 0;
}

static int merge_layer(struct view *v, const struct subject *of, enum annotation_layer layer, json_t *object, struct error *err)
{
	CLEANUP(strbuf) struct strbuf prefix = STRBUF_INIT;
	struct merge merge = { object, 0 };

	layer_key(&prefix, of, layer, "");
	merge.skip = prefix.len;
	return view_each(v, prefix.buf, merge_one, &merge, err);
}

int annotation_metadata(struct view *v, const struct subject *of, json_t *object, struct error *err)
{
	return merge_layer(v, of, ANNOTATION_METADATA, object, err);
}

int annotation_metrics(struct view *v, const struct subject *of, json_t *object, struct error *err)
{
	return merge_layer(v, of, ANNOTATION_METRIC, object, err);
}

/* ---- within a transaction ---- */

int annotation_set_tag(struct txn *txn, const struct subject *of, const char *tag, bool set, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	CLEANUP(json) json_t *value = set ? json_true() : NULL;

	if (name_check(NAME_TAG, tag, strlen(tag), err) < 0)
		return -1;
	strbuf_addf(&key, "tag/%s/%s", of->id, tag);
	return txn_set(txn, key.buf, value, err);
}

int annotation_set_note(struct txn *txn, const struct subject *of, const char *text, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	CLEANUP(json) json_t *value = json_string(text);

	if (!value)
		return error_set(err, ERR_INVALID, "the note is not UTF-8");
	strbuf_addf(&key, "note/%s", of->id);
	return txn_set(txn, key.buf, value, err);
}

int annotation_set(struct txn *txn, const struct subject *of, enum annotation_layer layer, const char *key, const json_t *value,
		   struct error *err)
{
	CLEANUP(strbuf) struct strbuf full = STRBUF_INIT;
	CLEANUP(json) json_t *wrapped = json_object();

	json_object_set(wrapped, "value", (json_t *)(uintptr_t)value);
	layer_key(&full, of, layer, key);
	return txn_set(txn, full.buf, wrapped, err);
}

/* frozen: the object below has the key as well, and must not shine through. */
static int take_away(struct txn *txn, const struct subject *of, enum annotation_layer layer, const char *key, bool frozen, struct error *err)
{
	CLEANUP(strbuf) struct strbuf full = STRBUF_INIT;
	CLEANUP(json) json_t *hidden = frozen ? json_object() : NULL;

	layer_key(&full, of, layer, key);
	return txn_set(txn, full.buf, hidden, err);
}

/* ---- the verbs ---- */

void annotated_cleanup(struct annotated *a)
{
	resolved_cleanup(&a->target);
	run_cleanup(&a->run);
	memset(a, 0, sizeof *a);
}

static int target_run(struct view *v, const char *text, struct annotated *out, struct error *err)
{
	int found = run_find(v, text, &out->run, err);

	if (found <= 0)
		return found;
	out->is_run = true;
	out->subject = subject_of_collection(&out->run.cid);
	return 1;
}

/* 1, 0 there is no such collection, -1. */
static int target_collection(struct view *v, const char *name, struct annotated *out, struct error *err)
{
	bool other_case;
	int found = collection_find(v, name, &out->target.collection, &other_case, err);

	if (found <= 0)
		return found;
	out->subject = subject_of_collection(&out->target.collection.cid);
	return 1;
}

static int target_run_or(struct view *v, const char *text, struct annotated *out, struct error *err)
{
	struct error ignored = ERROR_INIT;
	int found = target_run(v, text, out, &ignored);

	/* several runs of one name: that is what there is to say */
	if (found < 0 && ignored.code == ERR_INVALID)
		*err = ignored;
	return found == 1 ? 0 : -1;
}

int annotation_target(struct view *v, const char *text, struct annotated *out, struct error *err)
{
	struct reference ref;
	int found;

	annotated_cleanup(out);
	if (run_is_meant(text)) {
		if (run_get(v, text, &out->run, err) < 0)
			return -1;
		out->is_run = true;
		out->subject = subject_of_collection(&out->run.cid);
		return 0;
	}
	if (reference_parse(text, &ref, err) < 0)
		return target_run_or(v, text, out, err);
	out->is_version = ref.kind != REFERENCE_BARE;
	if (!out->is_version) {
		found = target_collection(v, ref.name, out, err);
		if (found == 0)
			found = target_run(v, text, out, err);
		return found ? (found < 0 ? -1 : 0) : collection_get(v, ref.name, &out->target.collection, err);
	}
	if (resolve_reference(v, &ref, &out->target, err) < 0)
		return -1;
	out->subject = subject_of_version(&out->target.row.version);
	return 0;
}

int annotation_target_no_run(struct view *v, const char *text, const char *what, struct annotated *out, struct error *err)
{
	if (annotation_target(v, text, out, err) < 0)
		return -1;
	return out->is_run ? error_set(err, ERR_USAGE, "'%s' is a run, which has no %s", text, what) : 0;
}

struct decision {
	struct registry *reg;
	const struct annotation_change *change;
	struct annotated *out;
};

/* What stands below the revisions: empty for a collection.  The metadata of a run's object is its record, which is no annotation. */
static int read_frozen(struct decision *d, struct view *v, struct version_object *object, struct error *err)
{
	struct version_row row;
	bool is_ended;
	int found;

	if (!d->out->is_run)
		return d->out->is_version ? version_object_read(d->reg, &d->out->target.row.version, object, err) : 0;
	found = run_row(v, &d->out->run, &row, &is_ended, err);
	if (found <= 0)
		return found;
	if (version_object_read(d->reg, &row.version, object, err) < 0)
		return -1;
	json_object_clear(object->metadata);
	return 0;
}

/* A value that is seen already, below or above, is no change. */
static int set_all(struct txn *txn, const struct annotated *a, enum annotation_layer layer, const json_t *wanted, const json_t *frozen,
		   struct error *err)
{
	CLEANUP(json) json_t *now = frozen ? json_copy((json_t *)(uintptr_t)frozen) : json_object();
	const char *key;
	json_t *value;

	if (!wanted)
		return 0;
	if (merge_layer(txn_view(txn), &a->subject, layer, now, err) < 0)
		return -1;
	json_object_foreach((json_t *)(uintptr_t)wanted, key, value) {
		const json_t *old = json_object_get(now, key);

		if (old && json_equal(old, value))
			continue;
		if (annotation_set(txn, &a->subject, layer, key, value, err) < 0)
			return -1;
	}
	return 0;
}

/* Of one layer: 1 when the key was there. */
static int drop_key(struct txn *txn, const struct annotated *a, enum annotation_layer layer, const char *key, const json_t *frozen,
		    struct error *err)
{
	CLEANUP(json) json_t *now = frozen ? json_copy((json_t *)(uintptr_t)frozen) : json_object();
	CLEANUP(json) json_t *said = json_object();
	bool is_below = frozen && json_object_get(frozen, key);

	if (merge_layer(txn_view(txn), &a->subject, layer, now, err) < 0 || merge_layer(txn_view(txn), &a->subject, layer, said, err) < 0)
		return -1;
	if (!json_object_get(now, key))
		return 0;
	/* what a run has logged comes back when that is taken away which lies over it */
	if (a->is_run && json_object_get(said, key))
		is_below = false;
	return take_away(txn, &a->subject, layer, key, is_below, err) < 0 ? -1 : 1;
}

static int drop_keys(struct txn *txn, const struct decision *d, const struct version_object *object, struct error *err)
{
	const struct strvec *keys = d->change->drop_keys;

	for (size_t i = 0; keys && i < keys->count; i++) {
		int in_metadata = drop_key(txn, d->out, ANNOTATION_METADATA, keys->v[i], object->metadata, err);
		int in_metrics = in_metadata < 0 ? -1 : drop_key(txn, d->out, ANNOTATION_METRIC, keys->v[i], object->metrics, err);

		if (in_metrics < 0)
			return -1;
		if (in_metadata + in_metrics == 0)
			return error_set(err, ERR_NO_REFERENCE, "'%s' has no metadata or metric '%s'", d->change->reference, keys->v[i]);
	}
	return 0;
}

static int set_tags(struct txn *txn, const struct decision *d, struct error *err)
{
	const struct strvec *add = d->change->add_tags, *drop = d->change->drop_tags;
	CLEANUP(strvec) struct strvec now = STRVEC_INIT;

	for (size_t i = 0; add && i < add->count; i++)
		if (annotation_set_tag(txn, &d->out->subject, add->v[i], true, err) < 0)
			return -1;
	if (!drop)
		return 0;
	if (annotation_tags(txn_view(txn), &d->out->subject, &now, err) < 0)
		return -1;
	for (size_t i = 0; i < drop->count; i++) {
		if (!strvec_has(&now, drop->v[i]))
			return error_set(err, ERR_NO_REFERENCE, "'%s' has no tag '%s'", d->change->reference, drop->v[i]);
		if (annotation_set_tag(txn, &d->out->subject, drop->v[i], false, err) < 0)
			return -1;
	}
	return 0;
}

static int set_note(struct txn *txn, const struct decision *d, const struct version_object *object, struct error *err)
{
	CLEANUP(strbuf) struct strbuf now = STRBUF_INIT;
	const char *note = d->change->note;
	int found;

	if (!note)
		return 0;
	if (!utf8_is_valid(note, strlen(note)))
		return error_set(err, ERR_INVALID, "the note is not UTF-8");
	found = annotation_note(txn_view(txn), &d->out->subject, &now, err);
	if (found < 0)
		return -1;
	if (!found && object->description)
		strbuf_adds(&now, object->description);
	if (d->change->note_before && strcmp(now.buf, d->change->note_before) != 0)
		return error_set(err, ERR_CONFLICT, "somebody else has changed the note of '%s' in the meantime", d->change->reference);
	return strcmp(now.buf, note) == 0 ? 0 : annotation_set_note(txn, &d->out->subject, note, err);
}

static int decide(struct txn *txn, void *arg, struct error *err)
{
	struct decision *d = arg;
	const struct annotation_change *change = d->change;
	CLEANUP(version_object) struct version_object object = { .time = 0 };

	if (annotation_target(txn_view(txn), change->reference, d->out, err) < 0)
		return -1;
	if (change->title && d->out->is_run)
		return error_set(err, ERR_USAGE, "a run has no title: '%s' is one", change->reference);
	if (change->title && d->out->is_version) {
		error_set(err, ERR_USAGE, "a version has no title: '%s' names one", change->reference);
		return error_hint(err, "Say '%s'.", d->out->target.collection.name);
	}
	if ((change->note || change->metadata || change->metrics || change->drop_keys) && read_frozen(d, txn_view(txn), &object, err) < 0)
		return -1;
	if (change->title && collection_set_title(txn, &d->out->target.collection, change->title, err) < 0)
		return -1;
	if (set_tags(txn, d, err) < 0 || set_note(txn, d, &object, err) < 0 || drop_keys(txn, d, &object, err) < 0)
		return -1;
	return set_all(txn, d->out, ANNOTATION_METADATA, change->metadata, object.metadata, err) < 0 ||
			       set_all(txn, d->out, ANNOTATION_METRIC, change->metrics, object.metrics, err) < 0
		       ? -1
		       : 0;
}

int annotation_run(struct registry *reg, const struct annotation_change *change, struct annotated *out, struct error *err)
{
	const struct commit commit = { .verb = change->verb, .why = change->why, .dry_run = change->dry_run };
	struct decision d = { reg, change, out };

	return commit_run(reg, &commit, decide, &d, err);
}
