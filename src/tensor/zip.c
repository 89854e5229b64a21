/* SPDX-License-Identifier: Apache-2.0 */
/* Walks the central directory of a zip archive, zip64 too, for members that are stored as they are. */
#include <config.h>

#include "tensor/zip.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "tensor/npy.h"

#define LOCAL_LEN 30u
#define ENTRY_LEN 46u
#define END_LEN 22u
#define LOCATOR64_LEN 20u
#define END64_LEN 56u
#define COMMENT_MAX 65535u
#define FLAG_ENCRYPTED 1u
#define METHOD_STORED 0u
#define EXTRA_ZIP64 1u

struct directory {
	uint64_t offset, len, count;
};

struct member {
	char *name; /* UINT16_MAX bytes of room, reused */
	uint16_t name_len;
	bool is_stored;
	uint64_t offset, len; /* of the local header; of the bytes */
};

/* ---- the end of the archive ---- */

/* Where the end record is: last, but for a comment. */
static bool find_end(const struct tensor_input *in, uint64_t *at, uint8_t *end)
{
	uint64_t len = in->size < END_LEN + COMMENT_MAX ? in->size : END_LEN + COMMENT_MAX;
	CLEANUP(ptr) uint8_t *tail = NULL;

	if (in->size < END_LEN || !input_read(in, *at = in->size - END_LEN, end, END_LEN))
		return false;
	if (memcmp(end, "PK\5\6", 4) == 0 && !load_le16(end + 20))
		return true;
	tail = xmalloc((size_t)len);
	if (!input_read(in, in->size - len, tail, (size_t)len))
		return false;
	for (size_t i = (size_t)len - END_LEN + 1; i-- > 0;) {
		if (memcmp(tail + i, "PK\5\6", 4) != 0 || load_le16(tail + i + 20) != len - END_LEN - i)
			continue;
		memcpy(end, tail + i, END_LEN);
		*at = in->size - len + i;
		return true;
	}
	return false;
}

/* at: of the end record; then of the zip64 one, which stands in for it. */
static bool read_end64(const struct tensor_input *in, uint64_t *at, struct directory *out)
{
	uint8_t locator[LOCATOR64_LEN], end[END64_LEN];

	if (*at < sizeof locator || !input_read(in, *at - sizeof locator, locator, sizeof locator) || memcmp(locator, "PK\6\7", 4) != 0)
		return false;
	*at = load_le64(locator + 8);
	if (load_le32(locator + 16) > 1 || !input_read(in, *at, end, sizeof end) || memcmp(end, "PK\6\6", 4) != 0)
		return false;
	if (load_le32(end + 16) || load_le32(end + 20))
		return false;
	*out = (struct directory){ .count = load_le64(end + 32), .len = load_le64(end + 40), .offset = load_le64(end + 48) };
	return true;
}

static bool find_directory(const struct tensor_input *in, struct directory *out)
{
	uint8_t end[END_LEN];
	uint64_t at;

	if (!find_end(in, &at, end))
		return false;
	*out = (struct directory){ .count = load_le16(end + 10), .len = load_le32(end + 12), .offset = load_le32(end + 16) };
	if (out->count == UINT16_MAX || out->len == UINT32_MAX || out->offset == UINT32_MAX) {
		if (!read_end64(in, &at, out))
			return false;
	} else if (load_le16(end + 4) || load_le16(end + 6)) {
		return false; /* one of several parts */
	}
	/* offsets count from the first byte: what is before the archive would shift them */
	return out->len <= ZIP_DIRECTORY_MAX && out->offset <= at && out->len == at - out->offset;
}

/* ---- members ---- */

/* Numbers that do not fit 32 bits stand in an extra field, in this order. */
static bool read_zip64(const uint8_t *extra, size_t extra_len, uint64_t *numbers[], size_t count)
{
	for (size_t at = 0, len; extra_len - at >= 4; at += 4 + len) {
		const uint8_t *field = extra + at + 4;

		len = load_le16(extra + at + 2);
		if (len > extra_len - at - 4)
			return false;
		if (load_le16(extra + at) != EXTRA_ZIP64)
			continue;
		if (len < count * 8)
			return false;
		for (size_t i = 0; i < count; i++)
			*numbers[i] = load_le64(field + i * 8);
		return true;
	}
	return false;
}

static bool fill_member(const uint8_t *entry, const uint8_t *extra, struct member *out)
{
	uint64_t packed = load_le32(entry + 20), *numbers[3];
	size_t count = 0;

	out->len = load_le32(entry + 24);
	out->offset = load_le32(entry + 42);
	if (out->len == UINT32_MAX)
		numbers[count++] = &out->len;
	if (packed == UINT32_MAX)
		numbers[count++] = &packed;
	if (out->offset == UINT32_MAX)
		numbers[count++] = &out->offset;
	if (count && !read_zip64(extra, load_le16(entry + 30), numbers, count))
		return false;
	out->is_stored = load_le16(entry + 10) == METHOD_STORED && !(load_le16(entry + 8) & FLAG_ENCRYPTED) && packed == out->len;
	return true;
}

static bool read_entry(struct input_cursor *c, uint8_t *extra, struct member *out)
{
	uint8_t entry[ENTRY_LEN];

	if (!input_cursor_read(c, entry, sizeof entry) || memcmp(entry, "PK\1\2", 4) != 0)
		return false;
	out->name_len = load_le16(entry + 28);
	return input_cursor_read(c, out->name, out->name_len) && input_cursor_read(c, extra, load_le16(entry + 30)) &&
	       input_cursor_skip(c, load_le16(entry + 32)) && fill_member(entry, extra, out);
}

/* The local header says how far the bytes are behind it. */
static bool find_bytes(const struct tensor_input *in, const struct directory *dir, const struct member *m, uint64_t *at)
{
	uint8_t local[LOCAL_LEN];

	if (m->offset > dir->offset || dir->offset - m->offset < sizeof local || !input_read(in, m->offset, local, sizeof local) ||
	    memcmp(local, "PK\3\4", 4) != 0)
		return false;
	*at = m->offset + sizeof local + load_le16(local + 26) + load_le16(local + 28);
	return *at <= dir->offset && m->len <= dir->offset - *at;
}

static bool visit_member(const struct tensor_input *in, const struct directory *dir, const struct member *m, const struct tensor_visitor *v)
{
	struct tensor t = { .name = m->name, .name_len = m->name_len, .len = m->len };
	struct npy a;

	if (!m->is_stored || m->len < v->len_min)
		return true;
	if (!find_bytes(in, dir, m, &t.offset))
		return false;
	if (npy_read(in, t.offset, t.len, &a)) {
		t.offset = a.offset;
		t.len = a.len;
		t.dtype = a.dtype[0] ? a.dtype : NULL;
		t.element = a.element;
		t.shape = a.shape;
		t.dims = a.dims;
	}
	return v->visit(&t, v->arg) == 0;
}

/* Stored members that overlap could make us read the same bytes over and over. */
static bool fits_beside(const struct member *m, uint64_t room, uint64_t *stored)
{
	return !m->is_stored || (!__builtin_add_overflow(*stored, m->len, stored) && *stored <= room);
}

bool zip_each(const struct tensor_input *in, const struct tensor_visitor *v, uint64_t *header_len)
{
	CLEANUP(ptr) char *name = xmalloc(UINT16_MAX);
	CLEANUP(ptr) uint8_t *extra = xmalloc(UINT16_MAX);
	struct member m = { .name = name };
	struct directory dir;
	struct input_cursor c;
	uint64_t stored = 0;

	*header_len = 0;
	if (!find_directory(in, &dir))
		return false;
	input_cursor_init(&c, in, dir.offset, dir.offset + dir.len);
	for (uint64_t i = 0; i < dir.count; i++)
		if (!read_entry(&c, extra, &m) || !fits_beside(&m, dir.offset, &stored) || !visit_member(in, &dir, &m, v))
			return false;
	return true;
}
