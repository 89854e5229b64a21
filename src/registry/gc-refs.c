/* SPDX-License-Identifier: Apache-2.0 */
/* Folds the keys of versions and links, line by line. */
#include <config.h>

#include "registry/gc-refs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "format/json.h"
#include "registry/key-name.h"
#include "store/index.h"

#define VERSION_PREFIX "version/"
#define LINK_PREFIX "link/"
#define COLL_PREFIX "coll/"
#define ABSENT_PREFIX "absent/"

static void ref_free(void *p)
{
	struct gc_ref *ref = p;

	heads_cleanup(&ref->heads);
	free(ref->targets);
	free(ref->key);
	free(ref);
}

void gc_refs_cleanup(struct gc_refs *refs)
{
	hashmap_release(&refs->refs, ref_free);
	hashmap_release(&refs->names, free);
	fold_cleanup(&refs->fold);
	*refs = (struct gc_refs)GC_REFS_INIT;
}

/* --- one change --- */

static struct gc_ref *use_ref(struct gc_refs *refs, const char *key)
{
	struct gc_ref *ref = hashmap_find(&refs->refs, key, strlen(key));

	if (!ref) {
		ref = xcalloc(1, sizeof *ref);
		ref->key = xstrdup(key);
		hashmap_put(&refs->refs, key, strlen(key), ref);
	}
	return ref;
}

static bool parse_target(const char *value, struct gc_target *out)
{
	struct error ignored = ERROR_INIT;
	CLEANUP(json) json_t *doc = json_parse(value, strlen(value), "reference", &ignored);

	*out = (struct gc_target){ .size = 0 };
	return doc && json_get_oid(doc, "version", &out->version) && json_get_oid(doc, "digest", &out->digest) &&
	       json_get_u64(doc, "size", &out->size);
}

static bool is_same(const struct gc_target *a, const struct gc_target *b)
{
	return oid_equal(&a->version, &b->version) && oid_equal(&a->digest, &b->digest);
}

/* What says nothing of a version leads to no object. */
static void add_target(struct gc_ref *ref, const char *value)
{
	struct gc_target target;

	if (!parse_target(value, &target))
		return;
	for (size_t i = 0; i < ref->count; i++)
		if (is_same(&ref->targets[i], &target))
			return;
	ARRAY_GROW(ref->targets, ref->count + 1, ref->cap);
	ref->targets[ref->count++] = target;
}

static void take_ref(struct gc_refs *refs, const struct change *c, int64_t time)
{
	struct gc_ref *ref = use_ref(refs, c->key);

	heads_step(&ref->heads, c);
	if (strcmp(c->value, "null") == 0)
		ref->removed_at = time;
	else
		add_target(ref, c->value);
}

static void take_name(struct gc_refs *refs, const struct change *c)
{
	const char *cid = c->key + strlen(COLL_PREFIX), *name;
	struct error ignored = ERROR_INIT;
	CLEANUP(json) json_t *doc = json_parse(c->value, strlen(c->value), "collection", &ignored);

	if (doc && json_get_string(doc, "name", &name))
		free(hashmap_put(&refs->names, cid, strlen(cid), xstrdup(name)));
}

static int take_line(struct journal_line *line, uint64_t offset, void *arg, struct error *err)
{
	struct gc_refs *refs = arg;

	(void)offset;
	for (size_t i = 0; i < line->change_count; i++) {
		const struct change *c = &line->changes[i];

		if (text_begins_with(c->key, VERSION_PREFIX) || text_begins_with(c->key, LINK_PREFIX) || text_begins_with(c->key, ABSENT_PREFIX))
			take_ref(refs, c, line->time);
		else if (text_begins_with(c->key, COLL_PREFIX))
			take_name(refs, c);
	}
	if (line->withdrawn_count) {
		refs->has_withdrawn = true;
		refs->withdrawn_at = line->time;
	}
	return interrupt_check(err);
}

/* --- the journal --- */

static int fold_all(struct gc_refs *refs, const struct store *store, struct error *err)
{
	struct journal_position end;
	enum journal_tail tail;

	fold_cleanup(&refs->fold);
	refs->fold = (struct fold)FOLD_INIT;
	return index_fold_journal(&store->journal, &refs->fold, &end, &tail, err);
}

int gc_refs_read(struct gc_refs *refs, struct store *store, struct error *err)
{
	struct error cut = ERROR_INIT;
	struct journal_position from;
	enum journal_tail tail;

	if (store_use_journal(store, err) < 0)
		return -1;
	if (refs->is_begun && journal_check(&store->journal, &refs->end, &cut) < 0)
		gc_refs_cleanup(refs);
	if (!refs->is_begun)
		journal_start(&store->journal, &refs->end);
	refs->is_begun = true;
	from = refs->end;
	if (journal_read(&store->journal, &from, take_line, refs, &refs->end, &tail, err) < 0)
		return -1;
	return refs->has_withdrawn ? fold_all(refs, store, err) : 0;
}

/* --- what they say --- */

static const struct heads *heads_now(const struct gc_refs *refs, const struct gc_ref *ref)
{
	return refs->has_withdrawn ? fold_find(&refs->fold, ref->key) : &ref->heads;
}

static bool has_live_head(const struct heads *heads)
{
	for (size_t i = 0; heads && i < heads->count; i++)
		if (strcmp(heads->v[i].value, "null") != 0)
			return true;
	return false;
}

bool gc_refs_is_live(const struct gc_refs *refs, const struct gc_ref *ref)
{
	return has_live_head(heads_now(refs, ref));
}

bool gc_refs_is_current(const struct gc_refs *refs, const struct gc_ref *ref, const struct gc_target *target)
{
	const struct heads *heads = heads_now(refs, ref);
	struct gc_target head;

	for (size_t i = 0; heads && i < heads->count; i++)
		if (parse_target(heads->v[i].value, &head) && is_same(&head, target))
			return true;
	return false;
}

bool gc_refs_is_absent(const struct gc_refs *refs, const struct oid *version)
{
	char key[sizeof ABSENT_PREFIX + OID_HEX_LEN];
	const struct gc_ref *ref;

	snprintf(key, sizeof key, ABSENT_PREFIX "%s", oid_hex(version).text);
	ref = hashmap_find(&refs->refs, key, strlen(key));
	return ref && gc_refs_is_live(refs, ref);
}

int64_t gc_refs_removed_at(const struct gc_refs *refs, const struct gc_ref *ref)
{
	return refs->has_withdrawn && refs->withdrawn_at > ref->removed_at ? refs->withdrawn_at : ref->removed_at;
}

bool gc_refs_is_version(const struct gc_ref *ref)
{
	return text_begins_with(ref->key, VERSION_PREFIX);
}

void gc_refs_name(const struct gc_refs *refs, const struct gc_ref *ref, struct strbuf *out)
{
	const char *cid = strchr(ref->key, '/') + 1, *number = strrchr(ref->key, '/') + 1;
	size_t len = number > cid ? (size_t)(number - cid - 1) : 0, start = out->len;
	const char *name = hashmap_find(&refs->names, cid, len);

	if (name)
		strbuf_adds(out, name);
	else
		strbuf_add(out, cid, len);
	if (!key_name_is_run(out->buf + start)) /* which has a version for its beginning and one for its end */
		strbuf_addf(out, ":v%s", number);
}

struct each {
	gc_refs_fn fn;
	void *arg;
};

static int pass(const void *key, size_t len, void *value, void *arg)
{
	const struct each *to = arg;

	(void)key;
	(void)len;
	return to->fn(value, to->arg);
}

int gc_refs_each(const struct gc_refs *refs, gc_refs_fn fn, void *arg)
{
	struct each to = { fn, arg };

	return hashmap_each(&refs->refs, pass, &to);
}
