/* SPDX-License-Identifier: Apache-2.0 */
/* Which changes of a key are its heads. */
#include <config.h>

#include "format/fold.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"

/* Index of the first head whose id is not below `id`. */
static size_t find_place(const struct heads *heads, const struct oid *id)
{
	size_t low = 0, high = heads->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (oid_compare(&heads->v[middle].id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool stands_at(const struct heads *heads, size_t place, const struct oid *id)
{
	return place < heads->count && oid_equal(&heads->v[place].id, id);
}

static void insert(struct heads *heads, const struct oid *id, const char *value, size_t len)
{
	size_t place = find_place(heads, id);

	if (stands_at(heads, place, id))
		return;
	ARRAY_GROW(heads->v, heads->count + 1, heads->cap);
	memmove(heads->v + place + 1, heads->v + place, (heads->count - place) * sizeof *heads->v);
	heads->v[place] = (struct head){ .id = *id, .value = xstrndup(value, len) };
	heads->count++;
}

static void take_out(struct heads *heads, const struct oid *id)
{
	size_t place = find_place(heads, id);

	if (!stands_at(heads, place, id))
		return;
	free(heads->v[place].value);
	heads->count--;
	memmove(heads->v + place, heads->v + place + 1, (heads->count - place) * sizeof *heads->v);
}

void heads_step(struct heads *heads, const struct change *c)
{
	if (stands_at(heads, find_place(heads, &c->id), &c->id))
		return;
	for (size_t i = 0; i < c->parent_count; i++)
		take_out(heads, &c->parents[i]);
	insert(heads, &c->id, c->value, strlen(c->value));
}

static bool has_id(const struct hashmap *set, const struct oid *id)
{
	return hashmap_has(set, id->raw, OID_LEN);
}

static void add_ids(struct hashmap *set, const struct oid *ids, size_t count)
{
	for (size_t i = 0; i < count; i++)
		hashmap_put(set, ids[i].raw, OID_LEN, NULL);
}

void heads_of(const struct change *const *changes, size_t count, const struct oid *withdrawn, size_t withdrawn_count, struct heads *out)
{
	CLEANUP(hashmap) struct hashmap dead = HASHMAP_INIT, followed = HASHMAP_INIT;

	heads_cleanup(out);
	add_ids(&dead, withdrawn, withdrawn_count);
	for (size_t i = 0; i < count; i++)
		if (!has_id(&dead, &changes[i]->id))
			add_ids(&followed, changes[i]->parents, changes[i]->parent_count);
	for (size_t i = 0; i < count; i++)
		if (!has_id(&dead, &changes[i]->id) && !has_id(&followed, &changes[i]->id))
			insert(out, &changes[i]->id, changes[i]->value, strlen(changes[i]->value));
}

const char *heads_value(const struct heads *heads, bool *diverged)
{
	bool differ = false;

	for (size_t i = 1; i < heads->count; i++)
		differ = differ || strcmp(heads->v[i].value, heads->v[0].value) != 0;
	if (diverged)
		*diverged = differ;
	return heads->count > 0 ? heads->v[0].value : NULL;
}

bool heads_is_live(const struct heads *heads)
{
	const char *value = heads_value(heads, NULL);

	return value && strcmp(value, "null") != 0;
}

void heads_write(struct strbuf *out, const struct heads *heads)
{
	uint8_t len[4];

	for (size_t i = 0; i < heads->count; i++) {
		size_t value_len = strlen(heads->v[i].value);

		if (value_len > UINT32_MAX)
			BUG("value of %zu bytes", value_len);
		store_le32(len, (uint32_t)value_len);
		strbuf_add(out, heads->v[i].id.raw, OID_LEN);
		strbuf_add(out, len, sizeof len);
		strbuf_add(out, heads->v[i].value, value_len);
	}
}

static bool parse_head(const uint8_t **data, size_t *len, struct heads *heads)
{
	const size_t fixed = OID_LEN + sizeof(uint32_t);
	struct oid id;
	size_t value_len;

	if (*len < fixed)
		return false;
	memcpy(id.raw, *data, OID_LEN);
	value_len = load_le32(*data + OID_LEN);
	if (value_len == 0 || value_len > *len - fixed || memchr(*data + fixed, '\0', value_len) ||
		(heads->count > 0 && oid_compare(&heads->v[heads->count - 1].id, &id) >= 0))
		return false;
	insert(heads, &id, (const char *)*data + fixed, value_len);
	*data += fixed + value_len;
	*len -= fixed + value_len;
	return true;
}

int heads_parse(const void *data, size_t len, struct heads *out, struct error *err)
{
	CLEANUP(heads) struct heads heads = HEADS_INIT;
	const uint8_t *at = data;

	while (len > 0)
		if (!parse_head(&at, &len, &heads))
			return error_set(err, ERR_INTEGRITY, "damaged heads in the index");
	heads_cleanup(out);
	*out = heads;
	heads = (struct heads)HEADS_INIT;
	return 0;
}

void heads_cleanup(struct heads *heads)
{
	for (size_t i = 0; i < heads->count; i++)
		ptr_cleanup(&heads->v[i].value);
	ptr_cleanup(&heads->v);
	*heads = (struct heads)HEADS_INIT;
}

void fold_step(struct fold *fold, const struct change *c)
{
	size_t len = strlen(c->key);
	struct heads *heads = hashmap_find(&fold->keys, c->key, len);

	if (!heads) {
		heads = xcalloc(1, sizeof *heads);
		hashmap_put(&fold->keys, c->key, len, heads);
	}
	heads_step(heads, c);
}

const struct heads *fold_find(const struct fold *fold, const char *key)
{
	return hashmap_find(&fold->keys, key, strlen(key));
}

static bool heads_equal(const struct heads *a, const struct heads *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!oid_equal(&a->v[i].id, &b->v[i].id) || strcmp(a->v[i].value, b->v[i].value) != 0)
			return false;
	return true;
}

static int differs_from(const void *key, size_t len, void *value, void *arg)
{
	const struct heads *other = hashmap_find(arg, key, len);

	return !other || !heads_equal(value, other);
}

bool fold_equal(const struct fold *a, const struct fold *b)
{
	struct hashmap other = b->keys; /* hashmap_each() hands on a plain void pointer */

	return a->keys.count == b->keys.count && hashmap_each(&a->keys, differs_from, &other) == 0;
}

static void free_heads(void *heads)
{
	heads_cleanup(heads);
	free(heads);
}

void fold_cleanup(struct fold *fold)
{
	hashmap_release(&fold->keys, free_heads);
}
