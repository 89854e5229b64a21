/* SPDX-License-Identifier: Apache-2.0 */
/* Puts the records of a bundle into a pack. */
#include <config.h>

#include "store/bundle-writer.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "codec/codec.h"
#include "store/pack.h"

struct bundle_writer {
	char *path;
	struct pack_writer *pack;
	struct codec_context *codec;
};

struct bundle_writer *bundle_writer_new(const char *path, struct error *err)
{
	struct pack_writer *pack = pack_writer_new_beside(path, clock_now(), err);
	struct bundle_writer *w;

	if (!pack)
		return NULL;
	w = xcalloc(1, sizeof *w);
	w->path = xstrdup(path);
	w->pack = pack;
	w->codec = codec_new();
	return w;
}

void bundle_writer_free(struct bundle_writer *w)
{
	if (!w)
		return;
	pack_writer_abort(&w->pack);
	codec_free(w->codec);
	free(w->path);
	free(w);
}

void bundle_writer_cleanup(struct bundle_writer **w)
{
	bundle_writer_free(*w);
	*w = NULL;
}

bool bundle_writer_has(struct bundle_writer *w, enum object_kind kind, const struct oid *id)
{
	struct pack_row row;

	return pack_writer_find(w->pack, id, kind, &row);
}

int bundle_writer_add(struct bundle_writer *w, const struct record_head *head, const void *stored, struct error *err)
{
	struct record_head copy = *head;

	return bundle_writer_has(w, head->kind, &head->id) ? 0 : pack_writer_add(w->pack, &copy, stored, err);
}

static int add_text(struct bundle_writer *w, enum object_kind kind, const void *text, size_t len, struct oid *id, struct error *err)
{
	struct record_head head = { .kind = kind, .raw_len = len };
	struct encoded encoded;

	sha256_bytes(text, len, id);
	head.id = *id;
	codec_encode(w->codec, &(struct codec_hint){ .element_size = 1 }, text, len, &encoded);
	head.codec = (uint8_t)encoded.codec;
	head.params = encoded.params;
	head.stored_len = encoded.len;
	return bundle_writer_add(w, &head, encoded.data, err);
}

int bundle_writer_add_changes(struct bundle_writer *w, struct bundle_header *h, const void *text, size_t len, struct error *err)
{
	if (len > BUNDLE_CHANGES_MAX)
		BUG("%zu bytes of changes", len);
	if (h->changes_count >= BUNDLE_PIECES_MAX)
		return error_set(err, ERR_INVALID, "these are too many changes for one bundle");
	ARRAY_GROW(h->changes, h->changes_count + 1, h->changes_cap);
	return add_text(w, OBJECT_CHANGES, text, len, &h->changes[h->changes_count++], err);
}

uint64_t bundle_writer_bytes(const struct bundle_writer *w)
{
	return pack_writer_bytes(w->pack);
}

int bundle_writer_seal(struct bundle_writer *w, const struct bundle_header *h, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct oid id, name;

	if (!bundle_header_write(&text, h))
		return error_set(err, ERR_INVALID, "%zu collections are too many for one bundle", h->scope_count);
	if (add_text(w, OBJECT_BUNDLE, text.buf, text.len, &id, err) < 0)
		return -1;
	return pack_writer_seal(w->pack, &name, err);
}

int bundle_writer_place(struct bundle_writer *w, bool replace, struct error *err)
{
	return pack_writer_place(&w->pack, w->path, replace, err);
}
