/* SPDX-License-Identifier: Apache-2.0 */
/* Reads one pack file: its table is mapped, its records are read with pread, and nothing in it is believed unchecked. */
#include <config.h>

#include "store/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "codec/deflate.h"

void pack_path(struct strbuf *out, const char *dir, const struct oid *name)
{
	strbuf_addf(out, "%s/%s" PACK_SUFFIX, dir, oid_hex(name).text);
}

bool pack_parse_name(const char *file, struct oid *name)
{
	return strlen(file) == OID_HEX_LEN + strlen(PACK_SUFFIX) && strcmp(file + OID_HEX_LEN, PACK_SUFFIX) == 0 &&
	       oid_parse(file, OID_HEX_LEN, name);
}

static int damaged(const struct pack *p, struct error *err)
{
	return error_wrap(err, "%s '%s' is damaged", p->table.is_bundle ? "bundle" : "pack", p->path);
}

/* A registry may have more packs than descriptors are allowed by default; we are allowed to ask for more. */
static bool allow_more_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= limit.rlim_max)
		return false;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

static int open_file(struct pack *p, int flags, uint64_t *len, struct error *err)
{
	struct stat st;

	do
		p->fd = open(p->path, O_RDONLY | O_CLOEXEC | flags);
	while (p->fd < 0 && (errno == EINTR || (errno == EMFILE && allow_more_files())));
	if (p->fd < 0 || fstat(p->fd, &st) < 0)
		return error_set_errno(err, "cannot open '%s'", p->path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERR_INTEGRITY, "'%s' is no regular file", p->path);
	*len = (uint64_t)st.st_size;
	return 0;
}

static int read_exactly(const struct pack *p, void *buf, size_t len, uint64_t offset, struct error *err)
{
	ssize_t got = file_pread(p->fd, buf, len, offset, p->path, err);

	if (got < 0)
		return -1;
	return (size_t)got == len ? 0 : error_set(err, ERR_INTEGRITY, "it ends at %llu", (unsigned long long)(offset + (size_t)got));
}

static int read_ends(struct pack *p, uint64_t len, struct pack_trailer *trailer, struct error *err)
{
	uint8_t head[PACK_HEADER_LEN], tail[PACK_TRAILER_LEN];
	struct pack_header header;

	if (len < sizeof head + sizeof tail)
		return error_set(err, ERR_INTEGRITY, "it has only %llu bytes", (unsigned long long)len);
	if (read_exactly(p, head, sizeof head, 0, err) < 0 || read_exactly(p, tail, sizeof tail, len - sizeof tail, err) < 0)
		return -1;
	if (pack_header_parse(head, sizeof head, &header, deflate_crc32, err) < 0 ||
	    pack_trailer_parse(tail, len, trailer, deflate_crc32, err) < 0)
		return -1;
	p->birth = header.birth;
	p->len = len;
	p->records_end = trailer->table_offset;
	return 0;
}

static int map_table(struct pack *p, uint64_t len, const struct pack_trailer *trailer, struct error *err)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), skip = trailer->table_offset % page;
	size_t table_len = (size_t)(len - trailer->table_offset - PACK_TRAILER_LEN);
	void *map = mmap(NULL, table_len + skip, PROT_READ, MAP_SHARED, p->fd, (off_t)(trailer->table_offset - skip));

	if (map == MAP_FAILED)
		return error_set_errno(err, "cannot map '%s'", p->path);
	p->map = map;
	p->map_len = table_len + skip;
	p->map_skip = skip;
	return pack_table_open((const uint8_t *)map + skip, table_len, (size_t)trailer->count, &p->table, err);
}

/* name: what the table must hash to, by what is said of it; NULL: whatever the trailer says. */
static int open_all(struct pack *p, const struct oid *name, int flags, struct error *err)
{
	struct pack_trailer trailer;
	uint64_t len = 0;

	if (open_file(p, flags, &len, err) < 0 || read_ends(p, len, &trailer, err) < 0)
		return -1;
	if (name && !oid_equal(&trailer.table_sum, name))
		return error_set(err, ERR_INTEGRITY, "its name is not that of its table");
	p->name = trailer.table_sum;
	return map_table(p, len, &trailer, err);
}

static struct pack *new_pack(const char *path)
{
	struct pack *p = xcalloc(1, sizeof *p);

	p->fd = -1;
	p->path = xstrdup(path);
	return p;
}

struct pack *pack_open(const char *path, const struct oid *name, struct error *err)
{
	struct pack *p = new_pack(path);

	if (open_all(p, name, O_NOFOLLOW, err) == 0)
		return p;
	if (err->code == ERR_INTEGRITY)
		(void)damaged(p, err);
	else if (err->code == ERR_FORMAT)
		(void)error_wrap(err, "cannot use '%s'", p->path);
	pack_close(p);
	return NULL;
}

void pack_close(struct pack *p)
{
	if (!p)
		return;
	if (p->map)
		munmap(p->map, p->map_len);
	fd_cleanup(&p->fd);
	free(p->path);
	free(p);
}

static size_t row_head_len(const struct pack_row *row)
{
	bool is_recipe = row->kind == OBJECT_RECIPE || row->kind == OBJECT_FILE;

	return is_recipe ? RECORD_HEAD_LEN + RECORD_FILE_LEN : RECORD_HEAD_LEN;
}

static int wrong_record(const struct pack *p, const struct pack_row *row, const char *what, struct error *err)
{
	error_set(err, ERR_INTEGRITY, "the record at %llu %s", (unsigned long long)row->offset, what);
	return damaged(p, err);
}

int pack_read_payload(const struct pack *p, const struct pack_row *row, void *dst, struct error *err)
{
	uint64_t head = row_head_len(row);
	ssize_t got;

	/* a row of the multi-pack table was not checked against this pack before */
	if (row->stored_len > OBJECT_MAX_BYTES || row->offset < PACK_HEADER_LEN || row->offset > p->records_end ||
	    p->records_end - row->offset < head + row->stored_len)
		return wrong_record(p, row, "would lie outside of the records", err);
	if (!row->stored_len)
		return row->crc ? wrong_record(p, row, "has a wrong checksum", err) : 0;
	got = file_pread(p->fd, dst, (size_t)row->stored_len, row->offset + head, p->path, err);
	if (got < 0)
		return -1;
	if ((uint64_t)got != row->stored_len || deflate_crc32(0, dst, (size_t)got) != row->crc)
		return wrong_record(p, row, "has a wrong checksum", err);
	return 0;
}

int pack_read_stored(const struct pack *p, const struct pack_row *row, struct strbuf *out, struct error *err)
{
	strbuf_reset(out);
	if (row->stored_len > OBJECT_MAX_BYTES)
		return wrong_record(p, row, "is too large", err);
	strbuf_grow(out, (size_t)row->stored_len);
	if (pack_read_payload(p, row, out->buf, err) < 0)
		return -1;
	if (row->stored_len)
		strbuf_set_len(out, (size_t)row->stored_len);
	return 0;
}

static bool head_is_row(const struct record_head *head, const struct pack_row *row)
{
	const struct oid *id = row->kind == OBJECT_FILE ? &head->file : &head->id;

	return head->kind == (row->kind == OBJECT_FILE ? OBJECT_RECIPE : row->kind) && oid_equal(id, &row->id) &&
	       head->codec == row->codec && head->params == row->params && head->raw_len == row->raw_len &&
	       head->stored_len == row->stored_len && head->crc == row->crc;
}

/* Reads the head at an offset below the end of the records. */
static int read_head_at(const struct pack *p, uint64_t offset, struct record_head *out, size_t *used, struct error *err)
{
	uint8_t data[RECORD_HEAD_LEN + RECORD_FILE_LEN];
	uint64_t left = p->records_end - offset;
	size_t len = left < sizeof data ? (size_t)left : sizeof data;

	if (read_exactly(p, data, len, offset, err) < 0)
		return -1;
	return (p->table.is_bundle ? record_head_parse_bundle : record_head_parse)(data, len, out, used, deflate_crc32, err);
}

int pack_read_head(const struct pack *p, const struct pack_row *row, struct record_head *out, struct error *err)
{
	size_t used;

	memset(out, 0, sizeof *out);
	if (row->offset < PACK_HEADER_LEN || row->offset > p->records_end)
		return wrong_record(p, row, "would lie outside of the records", err);
	if (read_head_at(p, row->offset, out, &used, err) < 0)
		return err->code == ERR_INTEGRITY ? wrong_record(p, row, "has a damaged head", err) : -1;
	return head_is_row(out, row) ? 0 : wrong_record(p, row, "is not what the table says", err);
}

/* --- fsck --- */

static int check_table_sum(const struct pack *p, struct error *err)
{
	struct oid sum;

	sha256_bytes((const uint8_t *)p->map + p->map_skip, p->map_len - p->map_skip, &sum);
	if (!oid_equal(&sum, &p->name))
		return error_set(err, ERR_INTEGRITY, "the table is not the one that the name stands for");
	return 0;
}

static int check_table(const struct pack *p, struct error *err)
{
	struct pack_row before, row;

	if (check_table_sum(p, err) < 0)
		return -1;
	for (size_t i = 0; i < p->table.count; i++, before = row) {
		if (!pack_table_row(&p->table, i, p->records_end, &row))
			return error_set(err, ERR_INTEGRITY, "row %zu of the table is impossible", i);
		if (i && pack_row_compare(&before, &row) >= 0)
			return error_set(err, ERR_INTEGRITY, "row %zu of the table is out of order", i);
	}
	return 0;
}

/* Whether the table has a row of this id and kind that says exactly what the head says. */
static bool table_has(const struct pack *p, const struct oid *id, enum object_kind kind, uint64_t offset, const struct record_head *head)
{
	int64_t at = pack_table_find(&p->table, id, kind);
	struct pack_row row;

	for (size_t i = (size_t)at; at >= 0 && pack_table_row(&p->table, i, p->records_end, &row); i++) {
		if (!oid_equal(&row.id, id) || row.kind != kind || row.offset > offset)
			break;
		if (row.offset == offset)
			return head_is_row(head, &row);
	}
	return false;
}

/* Every record must be in the table; as their rows are all different, equal numbers then leave no row without a record. */
static int check_records(const struct pack *p, struct error *err)
{
	uint64_t offset = PACK_HEADER_LEN, rows = 0;

	while (offset < p->records_end) {
		struct record_head head;
		size_t used;

		if (read_head_at(p, offset, &head, &used, err) < 0)
			return error_wrap(err, "the record at %llu", (unsigned long long)offset);
		if (p->records_end - offset - used < head.stored_len)
			return error_set(err, ERR_INTEGRITY, "the record at %llu does not end", (unsigned long long)offset);
		if (!table_has(p, &head.id, head.kind, offset, &head) ||
		    (head.kind == OBJECT_RECIPE && !table_has(p, &head.file, OBJECT_FILE, offset, &head)))
			return error_set(err, ERR_INTEGRITY, "the record at %llu is not what the table says", (unsigned long long)offset);
		rows += head.kind == OBJECT_RECIPE ? 2 : 1;
		offset += used + head.stored_len;
	}
	if (rows != p->table.count)
		return error_set(err, ERR_INTEGRITY, "the table has %zu rows, the records ask for %llu", p->table.count,
				 (unsigned long long)rows);
	return 0;
}

int pack_check(const struct pack *p, struct error *err)
{
	if (check_table(p, err) == 0 && check_records(p, err) == 0)
		return 0;
	return err->code == ERR_INTEGRITY ? damaged(p, err) : -1;
}

/* --- bundles --- */

struct pack *pack_open_bundle(const char *path, struct error *err)
{
	struct pack *p = new_pack(path);

	if (open_all(p, NULL, O_NONBLOCK, err) == 0 && check_table_sum(p, err) == 0) {
		p->table.is_bundle = true;
		return p;
	}
	if (err->code == ERR_INTEGRITY)
		(void)error_wrap(err, "'%s' is no bundle, or damaged", p->path);
	else if (err->code == ERR_FORMAT)
		(void)error_wrap(err, "cannot use '%s'", p->path);
	pack_close(p);
	return NULL;
}
