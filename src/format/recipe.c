/* SPDX-License-Identifier: Apache-2.0 */
/* Writes and reads recipes: fixed pieces of 36 bytes, nothing before, between or after them. */
#include <config.h>

#include "format/recipe.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"

#define PIECE_LEN (OID_LEN + 4)

void recipe_add(struct recipe *r, const struct oid *chunk, uint32_t len)
{
	if (!len || len > CHUNK_MAX)
		BUG("a piece of %lu bytes", (unsigned long)len);
	ARRAY_GROW(r->pieces, r->count + 1, r->cap);
	r->pieces[r->count++] = (struct recipe_piece){ .chunk = *chunk, .len = len };
	r->size += len;
}

void recipe_write(struct strbuf *out, const struct recipe *r)
{
	strbuf_grow(out, r->count * PIECE_LEN);
	for (size_t i = 0; i < r->count; i++) {
		uint8_t piece[PIECE_LEN];

		memcpy(piece, r->pieces[i].chunk.raw, OID_LEN);
		store_le32(piece + OID_LEN, r->pieces[i].len);
		strbuf_add(out, piece, sizeof piece);
	}
}

static int check_length(size_t len, struct error *err)
{
	if (len > RECIPE_MAX_BYTES)
		return error_set(err, ERR_INTEGRITY, "recipe of %zu bytes is over the limit of %u", len, RECIPE_MAX_BYTES);
	if (!len || len % PIECE_LEN)
		return error_set(err, ERR_INTEGRITY, "recipe of %zu bytes is not a whole number of pieces", len);
	return 0;
}

int recipe_parse(const void *data, size_t len, struct recipe *out, struct error *err)
{
	const uint8_t *at = data;
	CLEANUP(recipe) struct recipe r = RECIPE_INIT;

	*out = r;
	if (check_length(len, err) < 0)
		return -1;
	r.cap = len / PIECE_LEN;
	r.pieces = xreallocarray(NULL, r.cap, sizeof *r.pieces);
	for (size_t i = 0; i < r.cap; i++, at += PIECE_LEN) {
		uint32_t piece_len = load_le32(at + OID_LEN);
		struct oid chunk;

		if (!piece_len || piece_len > CHUNK_MAX)
			return error_set(err, ERR_INTEGRITY, "piece %zu of the recipe has the impossible length %lu", i,
					 (unsigned long)piece_len);
		memcpy(chunk.raw, at, OID_LEN);
		recipe_add(&r, &chunk, piece_len);
	}
	*out = r;
	r = (struct recipe)RECIPE_INIT;
	return 0;
}

void recipe_cleanup(struct recipe *r)
{
	free(r->pieces);
	*r = (struct recipe)RECIPE_INIT;
}
