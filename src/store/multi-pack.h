/* SPDX-License-Identifier: Apache-2.0 */
/* objects/multi-pack: the rows of many packs in one derived table (its bytes: objects.h, mreg-registry(5)). */
#ifndef MREG_STORE_MULTI_PACK_H
#define MREG_STORE_MULTI_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "format/pack-format.h"

struct multi_pack {
	void *map;
	size_t map_len;
	const uint8_t *names;   /* 32 bytes a pack */
	const uint8_t *pack_of; /* u32 a row */
	size_t pack_count;
	struct pack_table table;
};

/* NULL when there is none or its shape is wrong: it is derived, and no one misses it. */
struct multi_pack *multi_pack_open(const char *path);
void multi_pack_close(struct multi_pack *m);
void multi_pack_name(const struct multi_pack *m, size_t pack, struct oid *out);
/* Row i, its pack filled in; false when it is impossible. */
bool multi_pack_row(const struct multi_pack *m, size_t i, struct pack_row *out);
/* Whether it is what was written: reads all of it, so it is asked only when something is amiss. */
bool multi_pack_is_sound(const struct multi_pack *m);

/* One sorted table that goes in: that of pack number `pack`, or an older multi-pack's, whose packs get new numbers. */
struct multi_pack_source {
	const struct pack_table *table;
	uint32_t pack;
	const struct multi_pack *multi; /* NULL: a pack's */
	const uint32_t *numbers;        /* of each of its packs; MULTI_PACK_GONE: its rows are left out */
};
#define MULTI_PACK_GONE UINT32_MAX
/* Merges the sources into a new file in tmp_dir and renames it to path.  Memory does not depend on the number of rows. */
int multi_pack_write(const char *path, const char *tmp_dir, const struct oid *names, size_t pack_count,
		     const struct multi_pack_source *sources, size_t source_count, struct error *err) MUST_CHECK;

#endif
