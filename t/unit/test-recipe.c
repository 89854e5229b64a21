/* SPDX-License-Identifier: Apache-2.0 */
/* What a user of format/recipe counts on. */
#include <config.h>

#include "format/recipe.h"

#include "base/bytes.h"
#include "tap.h"

static void round_trip(void)
{
	CLEANUP(recipe) struct recipe r = RECIPE_INIT, again = RECIPE_INIT;
	CLEANUP(strbuf) struct strbuf bytes = STRBUF_INIT;
	struct error err = ERROR_INIT;
	struct oid id;

	sha256_bytes("a", 1, &id);
	recipe_add(&r, &id, CHUNK_MAX);
	recipe_add(&r, &id, 1);
	is_int((intmax_t)r.size, CHUNK_MAX + 1, "the size is the sum of the pieces");
	recipe_write(&bytes, &r);
	is_int((intmax_t)bytes.len, 72, "a piece has 36 bytes");
	ok(!memcmp(bytes.buf, id.raw, OID_LEN) && load_le32(bytes.buf + 68) == 1, "its id, then its length, little-endian");
	ok(recipe_parse(bytes.buf, bytes.len, &again, &err) == 0 && again.count == 2 && again.size == r.size, "what was written is read");
	ok(again.count == 2 && oid_equal(&again.pieces[1].chunk, &id) && again.pieces[1].len == 1, "piece by piece");
}

static void refuses(const void *data, size_t len, const char *why)
{
	CLEANUP(recipe) struct recipe r = RECIPE_INIT;
	struct error err = ERROR_INIT;

	ok(recipe_parse(data, len, &r, &err) < 0 && err.code == ERR_INTEGRITY && !r.count && !r.pieces, "refused: %s", why);
}

int main(void)
{
	uint8_t bytes[72] = { 0 };

	round_trip();
	refuses(bytes, 0, "no piece");
	store_le32(bytes + 32, 1);
	refuses(bytes, 35, "half a piece");
	refuses(bytes, 72, "a piece of no length");
	store_le32(bytes + 68, CHUNK_MAX + 1);
	refuses(bytes, 72, "a piece that is too long");
	refuses(bytes, (size_t)RECIPE_MAX_BYTES + 36, "a recipe that is too long");
	return tap_done();
}
