/* SPDX-License-Identifier: Apache-2.0 */
/* What a user of store/owners counts on. */
#include <config.h>

#include "store/owners.h"

#include "store-fixture.h"

#define A OWNERS_FIRST
#define B (OWNERS_FIRST + 1)

static struct oid id_of(const char *text)
{
	struct oid id;

	sha256_bytes(text, strlen(text), &id);
	return id;
}

/* A pack of its own for each word; a recipe's file is called "file". */
static void store(struct objects *objects, enum object_kind kind, const char *text)
{
	CLEANUP(object_writer) struct object_writer *w = object_writer_new(objects, &err);
	CLEANUP(codec) struct codec_context *codec = codec_new();
	struct oid id = id_of(text), file = id_of("file");

	need(w && object_writer_add(w, codec, NULL, kind, &id, kind == OBJECT_RECIPE ? &file : NULL, text, strlen(text), NULL, &err) == 0 &&
			object_writer_commit(w, &err) == 0,
		"an object can be stored");
}

static bool claim(struct owners *o, enum object_kind kind, const char *text, uint32_t owner, enum owners_use use)
{
	struct oid id = id_of(text);
	bool changed = false;

	need(owners_claim(o, kind, &id, owner, use, &changed), "what is claimed is there");
	return changed;
}

static void claims(struct owners *o)
{
	struct oid nowhere = id_of("nowhere"), one = id_of("one");
	bool changed = true;

	ok(!owners_claim(o, OBJECT_CHUNK, &nowhere, A, OWNERS_ABOUT, &changed) && !changed, "what is not there cannot be claimed");
	ok(owners_has(o, OBJECT_CHUNK, &one) && !owners_has(o, OBJECT_MANIFEST, &one), "an object is there as what it is");
	ok(claim(o, OBJECT_CHUNK, "one", A, OWNERS_CONTENT), "a first claim says something new");
	ok(!claim(o, OBJECT_CHUNK, "one", A, OWNERS_CONTENT), "the same again does not");
	ok(claim(o, OBJECT_CHUNK, "one", A, OWNERS_LIST), "another use of it does");
	ok(claim(o, OBJECT_CHUNK, "both", A, OWNERS_CONTENT) && claim(o, OBJECT_CHUNK, "both", B, OWNERS_CONTENT), "so does another owner");
	ok(!claim(o, OBJECT_CHUNK, "both", A, OWNERS_CONTENT) && !claim(o, OBJECT_CHUNK, "both", B, OWNERS_CONTENT),
		"what is shared stays so, whoever claims it");
	ok(claim(o, OBJECT_MANIFEST, "list", B, OWNERS_LIST), "a manifest can be claimed");
	ok(claim(o, OBJECT_FILE, "file", B, OWNERS_CONTENT) && claim(o, OBJECT_RECIPE, "recipe", B, OWNERS_CONTENT),
		"and a recipe, by both its ids");
}

static void sums(const struct owners *o)
{
	struct owned of[4];
	struct owners_sum sum = { .of = of, .count = 4 };
	const uint64_t beside = RECORD_HEAD_LEN + OID_LEN + PACK_ROW_LEN;

	memset(of, 0, sizeof of);
	is_int(owners_add_up(o, &sum, &err), 0, "rows can be added up");
	is_int((intmax_t)of[A].raw, 3, "an owner has what it alone claimed");
	is_int((intmax_t)of[A].stored, (intmax_t)(beside + 3), "with head and row");
	is_int((intmax_t)of[OWNERS_SHARED].raw, 4, "what two claimed is shared");
	is_int((intmax_t)of[OWNERS_NONE].raw, 6, "what nobody claimed is nobody's");
	is_int((intmax_t)of[B].raw, 4 + 6, "a recipe's bytes count once");
	is_int((intmax_t)of[B].stored, (intmax_t)(2 * beside + 4 + 6 + RECORD_FILE_LEN + OID_LEN + PACK_ROW_LEN), "and have two rows");
	is_int((intmax_t)sum.content_raw, 3 + 4, "chunks of files are summed apart");
	is_int((intmax_t)sum.content_payload, 3 + 4, "as they are encoded");
	is_int((intmax_t)sum.impossible, 0, "no row is impossible");
}

static void packs_of_all_ages(void)
{
	struct objects *objects = new_store("packs");
	struct owners *o;

	store(objects, OBJECT_CHUNK, "one");
	store(objects, OBJECT_CHUNK, "both");
	store(objects, OBJECT_CHUNK, "nobody");
	store(objects, OBJECT_MANIFEST, "list");
	store(objects, OBJECT_RECIPE, "recipe");
	o = owners_open(objects, &err);
	need(o != NULL, "the packs can be listed");
	claims(o);
	sums(o);
	ok(!owners_problem(o, &err), "no pack is damaged");
	owners_free(o);
	objects_close(objects);
}

/* With more than 16 packs some are in the table of many. */
static void many_packs(void)
{
	struct objects *objects = new_store("many");
	struct owned of[3];
	struct owners_sum sum = { .of = of, .count = 3 };
	struct owners *o;
	char text[20];

	for (int i = 10; i < 50; i++) {
		snprintf(text, sizeof text, "%d", i);
		store(objects, OBJECT_CHUNK, text);
	}
	objects_close(objects);
	objects = objects_open(store_path, NULL, &err);
	o = owners_open(objects, &err);
	need(o != NULL, "the packs can be listed");
	for (int i = 10; i < 50; i += 2) {
		snprintf(text, sizeof text, "%d", i);
		claim(o, OBJECT_CHUNK, text, A, OWNERS_CONTENT);
	}
	memset(of, 0, sizeof of);
	is_int(owners_add_up(o, &sum, &err), 0, "rows of many packs can be added up");
	is_int((intmax_t)of[A].raw, 40, "each is found");
	is_int((intmax_t)of[OWNERS_NONE].raw, 40, "and each is counted once");
	owners_free(o);
	objects_close(objects);
}

static void no_packs(void)
{
	struct objects *objects = new_store("none");
	struct owned of[2] = { { 0, 0 }, { 0, 0 } };
	struct owners_sum sum = { .of = of, .count = 2 };
	struct owners *o = owners_open(objects, &err);

	ok(o && owners_add_up(o, &sum, &err) == 0 && !of[OWNERS_NONE].stored, "without packs there is nothing");
	owners_free(o);
	objects_close(objects);
}

int main(void)
{
	packs_of_all_ages();
	many_packs();
	no_packs();
	return tap_done();
}
