/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the multi-pack table, and writes it by merging sorted tables as a stream. */
#include <config.h>

#include "store/multi-pack.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/crash.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/tempfile.h"

#define MAGIC "MREGMULT"
#define VERSION 1u
#define HEAD_LEN 56u /* magic, version, pack count, row count, sum */
#define SUM_AT 24u
#define PACKS_MAX (1u << 20)
#define BUFFER_LEN (64u << 10)

/* --- reading --- */

static bool is_shaped(struct multi_pack *m)
{
	const uint8_t *data = m->map;
	struct error ignored = ERROR_INIT;
	uint64_t packs, rows, before;

	if (m->map_len < HEAD_LEN || memcmp(data, MAGIC, 8) != 0 || load_le32(data + 8) != VERSION)
		return false;
	packs = load_le32(data + 12);
	rows = load_le64(data + 16);
	if (packs > PACKS_MAX || rows > PACK_MAX_ROWS)
		return false;
	before = HEAD_LEN + packs * OID_LEN + rows * 4;
	if (m->map_len < before)
		return false;
	m->names = data + HEAD_LEN;
	m->pack_of = m->names + packs * OID_LEN;
	m->pack_count = (size_t)packs;
	return pack_table_open(data + before, m->map_len - (size_t)before, (size_t)rows, &m->table, &ignored) == 0;
}

struct multi_pack *multi_pack_open(const char *path)
{
	CLEANUP(fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct multi_pack *m;
	struct stat st;
	void *map;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < (off_t)HEAD_LEN)
		return NULL;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return NULL;
	m = xcalloc(1, sizeof *m);
	m->map = map;
	m->map_len = (size_t)st.st_size;
	if (is_shaped(m))
		return m;
	multi_pack_close(m);
	return NULL;
}

void multi_pack_close(struct multi_pack *m)
{
	if (!m)
		return;
	munmap(m->map, m->map_len);
	free(m);
}

void multi_pack_name(const struct multi_pack *m, size_t pack, struct oid *out)
{
	memcpy(out->raw, m->names + OID_LEN * pack, OID_LEN);
}

bool multi_pack_row(const struct multi_pack *m, size_t i, struct pack_row *out)
{
	if (!pack_table_row(&m->table, i, INT64_MAX, out))
		return false;
	out->pack = load_le32(m->pack_of + 4 * i);
	return out->pack < m->pack_count;
}

bool multi_pack_is_sound(const struct multi_pack *m)
{
	struct oid sum;

	sha256_bytes((const uint8_t *)m->map + HEAD_LEN, m->map_len - HEAD_LEN, &sum);
	return memcmp(sum.raw, (const uint8_t *)m->map + SUM_AT, OID_LEN) == 0;
}

/* --- merging --- */

struct cursor {
	const struct multi_pack_source *source;
	size_t next; /* row after `row` */
	struct pack_row row;
};

/* A binary heap of cursors, the one with the smallest row on top. */
struct heap {
	struct cursor *v;
	size_t count;
};

/* The new number of the pack that row i is of. */
static uint32_t number_of(const struct multi_pack_source *s, size_t i)
{
	uint32_t old;

	if (!s->multi)
		return s->pack;
	old = load_le32(s->multi->pack_of + 4 * i);
	return old < s->multi->pack_count ? s->numbers[old] : MULTI_PACK_GONE;
}

static uint64_t count_rows(const struct multi_pack_source *s)
{
	uint64_t count = 0;

	for (size_t i = 0; i < s->table->count; i++)
		count += number_of(s, i) != MULTI_PACK_GONE;
	return count;
}

static bool cursor_step(struct cursor *c)
{
	const struct multi_pack_source *s = c->source;
	uint32_t pack;

	do {
		if (c->next >= s->table->count || !pack_table_row(s->table, c->next, INT64_MAX, &c->row))
			return false;
		pack = number_of(s, c->next++);
	} while (pack == MULTI_PACK_GONE);
	c->row.pack = pack;
	return true;
}

static void sift_down(struct heap *h, size_t at)
{
	for (;;) {
		size_t least = at, left = 2 * at + 1;
		struct cursor moved;

		for (size_t child = left; child < left + 2 && child < h->count; child++)
			if (pack_row_compare(&h->v[child].row, &h->v[least].row) < 0)
				least = child;
		if (least == at)
			return;
		moved = h->v[at];
		h->v[at] = h->v[least];
		h->v[least] = moved;
		at = least;
	}
}

static bool heap_next(struct heap *h, struct pack_row *out)
{
	if (!h->count)
		return false;
	*out = h->v[0].row;
	if (!cursor_step(&h->v[0]))
		h->v[0] = h->v[--h->count];
	sift_down(h, 0);
	return true;
}

static void heap_init(struct heap *h, const struct multi_pack_source *sources, size_t count)
{
	h->v = xcalloc(count + 1, sizeof *h->v);
	for (size_t i = 0; i < count; i++) {
		/* also of a source before that had no row left */
		h->v[h->count] = (struct cursor){ .source = &sources[i] };
		if (cursor_step(&h->v[h->count]))
			h->count++;
	}
	for (size_t i = h->count / 2; i-- > 0;)
		sift_down(h, i);
}

static void heap_cleanup(struct heap *h)
{
	free(h->v);
}

/* --- writing --- */

/* A stretch of the file that is filled from its start, apart from the others. */
struct stretch {
	int fd;
	uint64_t at;
	struct strbuf buf;
};

static int stretch_flush(struct stretch *s, struct error *err)
{
	if (file_pwrite(s->fd, s->buf.buf, s->buf.len, s->at, "multi-pack", err) < 0)
		return -1;
	s->at += s->buf.len;
	strbuf_reset(&s->buf);
	return 0;
}

static int stretch_add(struct stretch *s, const void *data, size_t len, struct error *err)
{
	strbuf_add(&s->buf, data, len);
	return s->buf.len < BUFFER_LEN ? 0 : stretch_flush(s, err);
}

struct output {
	struct stretch pack_of, ids, rows;
	uint32_t fanout[256];
	uint64_t count;
};

static void output_init(struct output *o, int fd, size_t packs, uint64_t rows)
{
	*o = (struct output){ 0 };
	o->pack_of = o->ids = o->rows = (struct stretch){ .fd = fd, .buf = STRBUF_INIT };
	o->pack_of.at = HEAD_LEN + packs * OID_LEN;
	o->ids.at = o->pack_of.at + 4 * rows + PACK_FANOUT_LEN;
	o->rows.at = o->ids.at + OID_LEN * rows;
}

static void output_cleanup(struct output *o)
{
	strbuf_release(&o->pack_of.buf);
	strbuf_release(&o->ids.buf);
	strbuf_release(&o->rows.buf);
}

static int output_add(struct output *o, const struct pack_row *row, struct error *err)
{
	uint8_t cell[PACK_ROW_LEN], pack[4];

	pack_row_write(cell, row);
	store_le32(pack, row->pack);
	o->fanout[row->id.raw[0]]++;
	o->count++;
	if (stretch_add(&o->pack_of, pack, sizeof pack, err) < 0 || stretch_add(&o->ids, row->id.raw, OID_LEN, err) < 0)
		return -1;
	return stretch_add(&o->rows, cell, sizeof cell, err);
}

static int output_finish(struct output *o, struct error *err)
{
	uint64_t fanout_at = o->pack_of.at + o->pack_of.buf.len; /* the first stretch ends where the table begins */
	uint8_t cells[PACK_FANOUT_LEN];
	uint32_t sum = 0;

	for (size_t i = 0; i < 256; i++) {
		sum += o->fanout[i];
		store_le32(cells + 4 * i, sum);
	}
	if (file_pwrite(o->pack_of.fd, cells, sizeof cells, fanout_at, "multi-pack", err) < 0)
		return -1;
	if (stretch_flush(&o->pack_of, err) < 0 || stretch_flush(&o->ids, err) < 0)
		return -1;
	return stretch_flush(&o->rows, err);
}

/* Everything but the head, which needs the sum of it. */
static int write_body(int fd, const struct oid *names, size_t packs, const struct multi_pack_source *sources, size_t count, uint64_t rows,
		      struct error *err)
{
	CLEANUP(heap) struct heap heap = { NULL, 0 };
	CLEANUP(output) struct output out;
	struct pack_row row;

	output_init(&out, fd, packs, rows);
	heap_init(&heap, sources, count);
	while (heap_next(&heap, &row))
		if (output_add(&out, &row, err) < 0)
			return -1;
	if (out.count != rows)
		return error_set(err, ERR_INTEGRITY, "a pack's table has rows that are impossible");
	for (size_t i = 0; i < packs; i++)
		if (file_pwrite(fd, names[i].raw, OID_LEN, HEAD_LEN + i * OID_LEN, "multi-pack", err) < 0)
			return -1;
	return output_finish(&out, err);
}

static int sum_body(int fd, struct oid *sum, struct error *err)
{
	CLEANUP(ptr) uint8_t *buf = xmalloc(BUFFER_LEN);
	struct sha256 ctx;
	uint64_t at = HEAD_LEN;
	ssize_t got;

	sha256_init(&ctx);
	while ((got = file_pread(fd, buf, BUFFER_LEN, at, "multi-pack", err)) > 0) {
		sha256_update(&ctx, buf, (size_t)got);
		at += (uint64_t)got;
	}
	sha256_finish(&ctx, sum);
	return got < 0 ? -1 : 0;
}

static int write_head(int fd, size_t packs, uint64_t rows, struct error *err)
{
	uint8_t head[HEAD_LEN];
	struct oid sum;

	if (sum_body(fd, &sum, err) < 0)
		return -1;
	memcpy(head, MAGIC, 8);
	store_le32(head + 8, VERSION);
	store_le32(head + 12, (uint32_t)packs);
	store_le64(head + 16, rows);
	memcpy(head + SUM_AT, sum.raw, OID_LEN);
	return file_pwrite(fd, head, sizeof head, 0, "multi-pack", err);
}

int multi_pack_write(const char *path, const char *tmp_dir, const struct oid *names, size_t pack_count,
		     const struct multi_pack_source *sources, size_t source_count, struct error *err)
{
	CLEANUP(strbuf) struct strbuf tmp = STRBUF_INIT;
	CLEANUP(fd) int fd = -1;
	uint64_t rows = 0;

	for (size_t i = 0; i < source_count; i++)
		rows += count_rows(&sources[i]);
	if (rows > PACK_MAX_ROWS || pack_count > PACKS_MAX)
		return error_set(err, ERR_INVALID, "too many objects for one multi-pack table");
	do {
		strbuf_reset(&tmp);
		tempfile_name(&tmp, tmp_dir, "multi-pack");
	} while (file_exists(tmp.buf));
	fd = file_open(tmp.buf, O_RDWR | O_CREAT | O_EXCL, 0644, err);
	if (fd < 0)
		return -1;
	if (write_body(fd, names, pack_count, sources, source_count, rows, err) < 0 || write_head(fd, pack_count, rows, err) < 0) {
		unlink(tmp.buf);
		return -1;
	}
	crash_point("multi-pack-before-rename");
	if (rename(tmp.buf, path) == 0)
		return 0;
	error_set_errno(err, "cannot write '%s'", path);
	unlink(tmp.buf);
	return -1;
}
