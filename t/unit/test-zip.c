/* SPDX-License-Identifier: Apache-2.0 */
/* What a user of tensor/zip counts on. */
#include <config.h>

#include "tensor/zip.h"

#include "tensor-fixture.h"

struct archive {
	struct strbuf bytes, directory;
	uint64_t count;
	bool zip64; /* all numbers in extra fields, and a zip64 end */
};
#define ARCHIVE_INIT { .bytes = STRBUF_INIT, .directory = STRBUF_INIT }

static void archive_cleanup(struct archive *a)
{
	strbuf_release(&a->bytes);
	strbuf_release(&a->directory);
}

/* What local header and entry have in common: version, flags, method, time, date, CRC, sizes, lengths. */
static void put_common(struct strbuf *out, const char *name, unsigned method, uint64_t len, uint64_t shown, size_t extra)
{
	put_le(out, 45, 2);
	put_le(out, 0, 2);
	put_le(out, method, 2);
	put_zeroes(out, 8);
	put_le(out, shown, 4);
	put_le(out, method ? len + 1 : shown, 4);
	put_le(out, strlen(name), 2);
	put_le(out, extra, 2);
}

static void add(struct archive *a, const char *name, unsigned method, const void *data, size_t len)
{
	uint64_t at = a->bytes.len, shown = a->zip64 ? UINT32_MAX : len;

	strbuf_add(&a->bytes, "PK\3\4", 4);
	put_common(&a->bytes, name, method, len, shown, 7);
	strbuf_adds(&a->bytes, name);
	strbuf_add(&a->bytes, "FB\3\0   ", 7);
	strbuf_add(&a->bytes, data, len);
	strbuf_add(&a->directory, "PK\1\2\55\0", 6);
	put_common(&a->directory, name, method, len, shown, a->zip64 ? 7 + 28 : 0);
	put_zeroes(&a->directory, 10);
	put_le(&a->directory, a->zip64 ? UINT32_MAX : at, 4);
	strbuf_adds(&a->directory, name);
	if (a->zip64) {
		strbuf_add(&a->directory, "FB\3\0   \1\0\30\0", 11);
		put_le(&a->directory, len, 8);
		put_le(&a->directory, len, 8);
		put_le(&a->directory, at, 8);
	}
	a->count++;
}

static void finish(struct archive *a, const char *comment)
{
	uint64_t at = a->bytes.len, len = a->directory.len, end;

	strbuf_add(&a->bytes, a->directory.buf, len);
	end = a->bytes.len;
	if (a->zip64) {
		strbuf_add(&a->bytes, "PK\6\6", 4);
		put_le(&a->bytes, 44, 8);
		put_zeroes(&a->bytes, 12);
		put_le(&a->bytes, a->count, 8);
		put_le(&a->bytes, a->count, 8);
		put_le(&a->bytes, len, 8);
		put_le(&a->bytes, at, 8);
		strbuf_add(&a->bytes, "PK\6\7", 4);
		put_zeroes(&a->bytes, 4);
		put_le(&a->bytes, end, 8);
		put_le(&a->bytes, 1, 4);
	}
	strbuf_add(&a->bytes, "PK\5\6\0\0\0\0", 8);
	put_le(&a->bytes, a->zip64 ? UINT16_MAX : a->count, 2);
	put_le(&a->bytes, a->zip64 ? UINT16_MAX : a->count, 2);
	put_le(&a->bytes, a->zip64 ? UINT32_MAX : len, 4);
	put_le(&a->bytes, a->zip64 ? UINT32_MAX : at, 4);
	put_le(&a->bytes, strlen(comment), 2);
	strbuf_adds(&a->bytes, comment);
}

static void make(struct archive *a, const char *comment)
{
	CLEANUP(strbuf) struct strbuf npy = STRBUF_INIT;

	strbuf_adds(&npy, "\x93NUMPY");
	put_le(&npy, 1, 2);
	put_le(&npy, 36, 2);
	strbuf_adds(&npy, "{'descr': '<f2', 'shape': (2,2), }  ");
	put_zeroes(&npy, 8);
	add(a, "m/data.pkl", 0, "pickled", 7);
	add(a, "m/packed", 8, "packed", 6);
	add(a, "w.npy", 0, npy.buf, npy.len);
	add(a, "false.npy", 0, "\x93NUMPY\1", 7);
	finish(a, comment);
}

static void reads(const char *comment, bool zip64, const char *name)
{
	CLEANUP(archive) struct archive a = ARCHIVE_INIT;

	a.zip64 = zip64;
	make(&a, comment);
	is_str(tensors_of(&a.bytes), "m/data.pkl - ?  47+7;w.npy <f2 fp16 2x2 193+8;false.npy - ?  247+7;header 0", name);
	refuses_beginnings(&a.bytes, a.bytes.len - strlen(comment), "no beginning of it is taken for it");
}

/* Members that are too short for a layout are left out; the bytes of the others are found behind their local headers. */
static void lays_out(void)
{
	CLEANUP(archive) struct archive a = ARCHIVE_INIT;
	CLEANUP(strbuf) struct strbuf data = STRBUF_INIT;

	put_zeroes(&data, 100000);
	add(&a, "m/data.pkl", 0, "pickled", 7);
	add(&a, "m/data/0", 0, data.buf, data.len);
	add(&a, "m/data/1", 0, data.buf, 65536);
	finish(&a, "");
	is_str(layout_of(&a.bytes), "99+100000 ?;100144+65536 ?;", "large stored members are laid out");
}

/* One field of an archive of one member changed. */
static void hostile(size_t from_end, uint32_t value, size_t len, const char *name)
{
	CLEANUP(archive) struct archive a = ARCHIVE_INIT;
	uint8_t bytes[4];

	add(&a, "m", 0, "0123456789", 10);
	finish(&a, "");
	need(strcmp(tensors_of(&a.bytes), "m - ?  38+10;header 0") == 0, "the archive is sound before");
	store_le32(bytes, value);
	memcpy(a.bytes.buf + a.bytes.len - from_end, bytes, len);
	is_str(tensors_of(&a.bytes), "refused", name);
}

static void hostile_ones(void)
{
	CLEANUP(archive) struct archive shifted = ARCHIVE_INIT, same = ARCHIVE_INIT;
	size_t entry = 22 + 47, local = entry + 48;

	hostile(22, 0, 4, "an archive without an end is refused");
	hostile(2, 1, 2, "so is one whose comment is not there");
	hostile(6, 1, 4, "one whose directory is elsewhere");
	hostile(6, UINT32_MAX, 4, "one that should have a zip64 end");
	hostile(10, 46, 4, "one whose directory is shorter");
	hostile(12, 2, 2, "one with more members than entries");
	hostile(18, 1, 2, "one in several parts");
	hostile(entry, 0, 4, "one whose entry is none");
	hostile(entry - 28, 60000, 2, "one whose name is longer than the directory");
	hostile(entry - 42, 1, 4, "one whose member begins elsewhere");
	hostile(entry - 42, UINT32_MAX, 4, "one that should have a zip64 field");
	hostile(local, 0, 4, "one whose member has no header");
	hostile(local - 28, 60000, 2, "one whose member goes beyond the directory");
	strbuf_adds(&shifted.bytes, "PK\3\4 something before it ");
	shifted.directory.len = 0;
	finish(&shifted, "");
	store_le32(shifted.bytes.buf + shifted.bytes.len - 6, 4);
	is_str(tensors_of(&shifted.bytes), "refused", "one with something before it");
	add(&same, "m", 0, "0123456789", 10);
	strbuf_grow(&same.directory, 47);
	strbuf_add(&same.directory, same.directory.buf, 47);
	same.count++;
	finish(&same, "");
	is_str(tensors_of(&same.bytes), "m - ?  38+10;m - ?  38+10;header 0", "one that names a member twice is read");
	is_str(layout_of(&same.bytes), "", "but not laid out");
}

/* Were it read, so would the same bytes be, as often as a directory of megabytes says. */
static void more_than_there_is(void)
{
	CLEANUP(archive) struct archive a = ARCHIVE_INIT;

	add(&a, "m", 0, "0123456789", 10);
	for (; a.count < 6; a.count++) {
		strbuf_grow(&a.directory, 47);
		strbuf_add(&a.directory, a.directory.buf, 47);
	}
	finish(&a, "");
	is_str(tensors_of(&a.bytes), "refused", "an archive whose members are larger than it is refused");
}

int main(void)
{
	reads("", false, "members are read");
	reads("a comment", false, "an archive may have a comment");
	reads("", true, "and numbers of 64 bits");
	lays_out();
	hostile_ones();
	more_than_there_is();
	return tap_done();
}
