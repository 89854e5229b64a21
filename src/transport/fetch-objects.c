/* SPDX-License-Identifier: Apache-2.0 */
/* Brings objects by their ids, for repair: whatever this registry thinks that it has. */
#include <config.h>

#include "base/mem.h"
#include "format/version-object.h"
#include "store/extract.h"
#include "transport/fetch-internal.h"

static uint64_t most(enum object_kind kind)
{
	switch (kind) {
	case OBJECT_CHUNK:
		return CHUNK_MAX;
	case OBJECT_MANIFEST:
		return FILE_ONE_CHUNK_MAX;
	case OBJECT_VERSION:
		return VERSION_OBJECT_MAX_BYTES;
	case OBJECT_RECIPE:
	case OBJECT_FILE:
	case OBJECT_RUN:
	case OBJECT_BUNDLE:
	case OBJECT_CHANGES:
		break;
	}
	return OBJECT_MAX_BYTES;
}

static bool is_recipe(const struct want *want)
{
	return want->kind == OBJECT_RECIPE || want->kind == OBJECT_FILE;
}

/* Which file the recipe says that it makes, and of what size. */
static int read_claim(struct fetch *f, const struct want *want, struct extract_item *item, struct oid *recipe_id, struct error *err)
{
	CLEANUP(recipe) struct recipe recipe = RECIPE_INIT;
	CLEANUP(strbuf) struct strbuf bytes = STRBUF_INIT;

	if (object_read(f->reader, want->kind, &want->id, &bytes, recipe_id, err) < 0 || recipe_parse(bytes.buf, bytes.len, &recipe, err) < 0)
		return -1;
	*item = (struct extract_item){ .digest = want->id, .size = recipe.size, .path = "a received file" };
	if (want->kind == OBJECT_FILE || quarantine_file_of(f->quarantine, &want->id, &item->digest))
		return 0;
	return error_set(err, ERR_INTEGRITY, "recipe '%s' is of no file", oid_hex(&want->id).text);
}

/* A recipe is worth something only when it makes its file. */
static int prove_recipe(struct fetch *f, const struct want *want, bool *is_good, struct error *err)
{
	struct extract_item item = { .path = NULL };
	struct oid id = want->id;

	*is_good = read_claim(f, want, &item, &id, err) == 0 &&
		   extract_files(f->objects, &item, 1, NULL, EXTRACT_WHOLE_HASH, NULL, NULL, &f->alive, err) == 0;
	if (*is_good)
		return 0;
	if (err->code != ERR_INTEGRITY)
		return -1;
	error_clear(err);
	quarantine_reject(f->quarantine, &id, &item.digest);
	return 0;
}

static int run(struct fetch *f, const struct want *wants, size_t count, bool *complete, struct error *err)
{
	fetch_clear_items(f);
	for (size_t i = 0; i < count; i++)
		fetch_want(f, wants[i].kind, &wants[i].id, most(wants[i].kind), false);
	if (fetch_exchange(f, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		complete[i] = fetch_state(f, wants[i].kind, &wants[i].id) == ITEM_CAME;
	fetch_clear_items(f);
	return 0;
}

int fetch_objects(struct fetch *f, const struct want *wants, size_t count, bool *complete, struct error *err)
{
	for (size_t i = 0; i < count; i += ITEMS_MAX)
		if (run(f, wants + i, count - i < ITEMS_MAX ? count - i : ITEMS_MAX, complete + i, err) < 0)
			return -1;
	for (size_t i = 0; i < count; i++)
		if (complete[i] && is_recipe(&wants[i]) && prove_recipe(f, &wants[i], &complete[i], err) < 0)
			return -1;
	return 0;
}
