/* SPDX-License-Identifier: Apache-2.0 */
/* Knows which versions' files are elsewhere, and has them fetched before they are read. */
#include <config.h>

#include "registry/absent.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "registry/version.h"
#include "store/txn.h"

#define SETTLE_WAIT_MS 200 /* whoever has read does not wait for whoever writes */

static void absent_key(struct strbuf *out, const struct oid *version)
{
	strbuf_addf(out, "absent/%s", oid_hex(version).text);
}

static void shallow_key(struct strbuf *out, const struct cid *cid)
{
	strbuf_addf(out, "shallow/%s", cid->hex);
}

int absent_is(struct view *v, const struct oid *version, struct strbuf *remote, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	CLEANUP(json) json_t *value = NULL;
	const char *text;
	int found;

	absent_key(&key, version);
	found = view_json(v, key.buf, &value, err);
	if (found == 1 && remote && json_get_string(value, "remote", &text))
		strbuf_adds(remote, text);
	return found;
}

int absent_set(struct txn *txn, const struct oid *version, const char *remote, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	CLEANUP(json) json_t *value = json_object();

	absent_key(&key, version);
	json_object_set_new(value, "remote", json_string(remote));
	return txn_set(txn, key.buf, value, err);
}

int absent_clear(struct txn *txn, const struct oid *version, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;

	absent_key(&key, version);
	return txn_set(txn, key.buf, NULL, err);
}

int absent_is_shallow(struct view *v, const struct cid *cid, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT, value = STRBUF_INIT;

	shallow_key(&key, cid);
	return view_value(v, key.buf, &value, err);
}

int absent_set_shallow(struct txn *txn, const struct cid *cid, bool is_shallow, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	CLEANUP(json) json_t *value = is_shallow ? json_true() : NULL;

	shallow_key(&key, cid);
	return txn_set(txn, key.buf, value, err);
}

int absent_check_whole(struct view *v, const struct collection *c, struct error *err)
{
	int is_shallow = absent_is_shallow(v, &c->cid, err);

	if (is_shallow <= 0)
		return is_shallow;
	error_set(err, ERR_CONFLICT, "only a part of '%s' is here: what a registered model links to", c->name);
	return error_hint(err, "Pull it first: 'mreg pull REMOTE %s'.", c->name);
}

/* ---- changes ---- */

static int note_shallow(const char *key, const char *value, void *arg, struct error *err)
{
	(void)key;
	(void)value;
	(void)err;
	*(bool *)arg = true;
	return 1;
}

/* The CID in a key, unless it is of those that come with a link: the collection's name, and its title. */
static bool is_of_whole(const char *key, const char *after, struct cid *cid)
{
	const char *id = strchr(key, '/');
	size_t len = id ? strcspn(++id, "/") : 0;

	if (len != CID_HEX_LEN || strncmp(key, "shallow/", 8) == 0 || strncmp(key, "title/", 6) == 0 || (strncmp(key, "coll/", 5) == 0 && after))
		return false;
	memcpy(cid->hex, id, CID_HEX_LEN);
	cid->hex[CID_HEX_LEN] = '\0';
	return true;
}

static int check_change(const char *key, const char *before, const char *after, bool is_new, void *arg, struct error *err)
{
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	struct view *v = txn_view(arg);
	struct cid cid;
	int found;

	(void)before;
	(void)is_new;
	if (!is_of_whole(key, after, &cid))
		return 0;
	found = absent_is_shallow(v, &cid, err);
	if (found <= 0)
		return found;
	found = collection_read(v, &cid, &c, err);
	if (found < 0)
		return -1;
	memcpy(c.cid.hex, cid.hex, sizeof cid.hex);
	if (!found)
		c.name = xstrdup(cid.hex);
	return absent_check_whole(v, &c, err);
}

int absent_guard(struct txn *txn, struct error *err)
{
	bool has_shallow = false;

	if (view_each(txn_view(txn), "shallow/", note_shallow, &has_shallow, err) < 0)
		return -1;
	return has_shallow ? txn_each_change(txn, check_change, txn, err) : 0;
}

/* ---- fetching ---- */

/* "'m:v3'" of a version id, as far as that can be told. */
static int add_ref(struct view *v, const struct oid *version, struct strbuf *out, struct error *err)
{
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	uint64_t number = 0;
	struct cid cid;
	int found = view_find_version(v, version, &cid, &number, err);

	if (found == 1)
		found = collection_read(v, &cid, &c, err);
	if (found < 0)
		return -1;
	if (found)
		strbuf_addf(out, "%s:v%" PRIu64, c.name, number);
	else
		strbuf_addf(out, "%.12s", oid_hex(version).text);
	return 0;
}

static int refuse(const struct registry *reg, const char *ref, const char *remote, struct error *err)
{
	if (!*remote) {
		error_set(err, ERR_REMOTE, "the files of '%s' are not here", ref);
		return error_hint(err, "They came from nowhere that is known; 'mreg pull REMOTE %s' brings them.", ref);
	}
	error_set(err, ERR_REMOTE, "the files of '%s' are at '%s'", ref, remote);
	if (reg->source && reg->source->is_offline)
		return error_hint(err, "Without --offline they are fetched.");
	return error_hint(err, "'mreg pull %s %s' brings them.", remote, ref);
}

/* Entries whose bytes are not here; caller frees. */
static const struct entry **list_lacking(struct objects *objects, const struct entry *const *entries, size_t count, size_t *lacking)
{
	const struct entry **out = xcalloc(count + 1, sizeof *out);

	*lacking = 0;
	for (size_t i = 0; i < count; i++)
		if (entries[i]->kind == ENTRY_FILE && !objects_has_file(objects, &entries[i]->digest, entries[i]->size))
			out[(*lacking)++] = entries[i];
	return out;
}

static const struct entry **list_all(const struct manifest *m)
{
	const struct entry **out = xcalloc(m->count + 1, sizeof *out);

	for (size_t i = 0; i < m->count; i++)
		out[i] = &m->entries[i];
	return out;
}

static int fetch(struct registry *reg, struct view *v, const struct oid *version, const char *remote, const struct entry *const *files, size_t count,
		 struct error *err)
{
	CLEANUP(strbuf) struct strbuf ref = STRBUF_INIT;

	if (add_ref(v, version, &ref, err) < 0)
		return -1;
	if (!reg->source || reg->source->is_offline)
		return refuse(reg, ref.buf, remote, err);
	if (reg->source->fetch(reg->source, reg, remote, files, count, err) < 0)
		return error_wrap(err, "cannot fetch files of '%s'", ref.buf);
	return 0;
}

static void note_whole(struct registry *reg, struct objects *objects, const struct oid *version, const struct manifest *m)
{
	CLEANUP(ptr) const struct entry **all = list_all(m);
	CLEANUP(ptr) const struct entry **lacking = NULL;
	size_t count;

	lacking = list_lacking(objects, all, m->count, &count);
	if (!count && !strvec_has(&reg->arrived, oid_hex(version).text))
		strvec_push(&reg->arrived, oid_hex(version).text);
}

int absent_fetch(struct registry *reg, const struct oid *version, const struct manifest *m, const struct entry *const *entries, size_t count,
		 struct error *err)
{
	CLEANUP(strbuf) struct strbuf remote = STRBUF_INIT;
	CLEANUP(ptr) const struct entry **all = NULL;
	CLEANUP(ptr) const struct entry **lacking = NULL;
	struct view *v = registry_view(reg, err);
	struct objects *objects;
	int is_absent = v ? absent_is(v, version, &remote, err) : -1;

	if (is_absent <= 0)
		return is_absent;
	objects = version_objects(reg, err);
	if (!objects)
		return -1;
	if (!entries) {
		entries = all = list_all(m);
		count = m->count;
	}
	lacking = list_lacking(objects, entries, count, &count);
	if (count && fetch(reg, v, version, remote.buf, lacking, count, err) < 0)
		return -1;
	note_whole(reg, objects, version, m);
	return 0;
}

int absent_fetch_all(struct registry *reg, const struct oid *version, const struct oid *digest, struct error *err)
{
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;
	struct view *v = registry_view(reg, err);
	int is_absent = v ? absent_is(v, version, NULL, err) : -1;

	if (is_absent <= 0)
		return is_absent;
	return version_manifest(reg, digest, &m, err) < 0 ? -1 : absent_fetch(reg, version, &m, NULL, 0, err);
}

/* ---- what has become whole ---- */

static int clear_marks(struct txn *txn, void *arg, struct error *err)
{
	const struct strvec *versions = arg;

	for (size_t i = 0; i < versions->count; i++) {
		struct oid version;

		if (oid_parse(versions->v[i], strlen(versions->v[i]), &version) && absent_clear(txn, &version, err) < 0)
			return -1;
	}
	return 0;
}

void absent_settle(struct registry *reg)
{
	struct error ignored = ERROR_INIT;
	struct txn_info info;
	uint64_t timeout;

	if (!reg->arrived.count || reg->is_cache)
		return;
	timeout = reg->store->lock_timeout_ms;
	info = registry_txn_info(reg, reg->store->verb, NULL, false);
	reg->store->lock_timeout_ms = timeout < SETTLE_WAIT_MS ? timeout : SETTLE_WAIT_MS;
	if (txn_run(reg->store, &info, clear_marks, &reg->arrived, &ignored) < 0)
		error_clear(&ignored); /* the next one that reads it will look again */
	reg->store->lock_timeout_ms = timeout;
}
