/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes large files while their chunks come in, in the order in which these were asked for, so that none need be read again. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "transport/fetch-internal.h"

#define PIECES_MAX (1u << 18) /* that are kept in mind; files beyond are read again */

/* A file that is worth it: most of it comes. */
bool fetch_proof_begin(struct fetch *f, size_t file, const struct recipe *recipe)
{
	struct fetch_proof *p = &f->proof;

	if (p->count + recipe->count > PIECES_MAX)
		return false;
	ARRAY_GROW(p->pieces, p->count + recipe->count, p->cap);
	memcpy(p->pieces + p->count, recipe->pieces, recipe->count * sizeof *p->pieces);
	p->count += recipe->count;
	ARRAY_GROW(p->files, p->file_count + 1, p->file_cap);
	p->files[p->file_count++] = (struct proof_file){ .file = file, .end = p->count };
	return true;
}

/* The file is whole. */
static int finish_file(struct fetch *f, struct file_item *file, struct error *err)
{
	struct oid digest;

	sha256_finish(&f->proof.sha, &digest);
	if (!oid_equal(&digest, &file->digest))
		return error_set(err, ERR_INTEGRITY, "file '%s' is not what its chunks make: '%s'", oid_hex(&file->digest).text, oid_hex(&digest).text);
	file->is_proved = true;
	return 0;
}

/* data NULL: the piece is in the store, or nowhere. */
static int take_piece(struct fetch *f, const void *data, struct error *err)
{
	struct fetch_proof *p = &f->proof;
	const struct proof_file *at = &p->files[p->file];
	const struct recipe_piece *piece = &p->pieces[p->cursor];

	if (p->cursor == (p->file ? p->files[p->file - 1].end : 0)) {
		sha256_init(&p->sha);
		p->has_gap = false;
	}
	p->has_gap = p->has_gap || (!data && !objects_has(f->objects, OBJECT_CHUNK, &piece->chunk));
	if (!data && !p->has_gap) {
		if (!p->buf)
			p->buf = xmalloc(CHUNK_MAX);
		if (object_read_chunk(p->reader, &piece->chunk, p->buf, piece->len, err) < 0)
			return -1;
		data = p->buf;
	}
	if (!p->has_gap)
		sha256_update(&p->sha, data, piece->len);
	if (++p->cursor < at->end)
		return 0;
	p->file++;
	return p->has_gap ? 0 : finish_file(f, &f->files[at->file], err);
}

int fetch_proof_feed(struct fetch *f, size_t piece, const void *data, struct error *err)
{
	while (f->proof.cursor < piece)
		if (take_piece(f, NULL, err) < 0)
			return -1;
	/* else it was missed, and its file is read again */
	return f->proof.cursor == piece ? take_piece(f, data, err) : 0;
}

void fetch_proof_forget(struct fetch *f)
{
	f->proof.count = f->proof.file_count = f->proof.cursor = f->proof.file = 0;
}

int fetch_proof_finish(struct fetch *f, struct error *err)
{
	while (f->proof.cursor < f->proof.count)
		if (take_piece(f, NULL, err) < 0)
			return -1;
	fetch_proof_forget(f);
	return 0;
}

void fetch_proof_release(struct fetch *f)
{
	object_reader_cleanup(&f->proof.reader);
	free(f->proof.pieces);
	free(f->proof.files);
	free(f->proof.buf);
}
