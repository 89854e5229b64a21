/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of what stands on objects: an empty store, files of all kinds, and putting them in. */
#ifndef MREG_T_UNIT_STORE_FIXTURE_H
#define MREG_T_UNIT_STORE_FIXTURE_H

#include <fcntl.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/file.h"
#include "store/ingest.h"
#include "store/objects.h"
#include "tap.h"

static struct error err;
static char store_path[4200];

/* The path of a name in the test's directory; 64 at a time. */
static inline char *in_dir(const char *name)
{
	static char paths[64][4200];
	static int turn;
	char *path = paths[turn++ % 64];

	snprintf(path, sizeof paths[0], "%s/%s", tap_dir(), name);
	return path;
}

static inline struct objects *new_store(const char *name)
{
	struct objects *objects;
	char below[4300];

	snprintf(store_path, sizeof store_path, "%s", in_dir(name));
	need(!mkdir(store_path, 0777), "cannot make a store");
	snprintf(below, sizeof below, "%s/objects", store_path);
	need(!mkdir(below, 0777), "cannot make objects/");
	snprintf(below, sizeof below, "%s/tmp", store_path);
	need(!mkdir(below, 0777), "cannot make tmp/");
	objects = objects_open(store_path, NULL, &err);
	need(objects != NULL, err.text);
	return objects;
}

/* The same bytes for the same seed. */
static inline void fill_noise(uint8_t *data, size_t len, uint64_t seed)
{
	uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;

	for (size_t i = 0; i < len; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		data[i] = (uint8_t)(x >> 32);
	}
}

static inline void fill_text(uint8_t *data, size_t len, uint64_t seed)
{
	static const char *const words[] = { "weight ", "bias ", "0.125 ", "layer ", "norm ", "epoch ", "\n", "loss=" };

	fill_noise(data, len, seed);
	for (size_t i = 0, n; i < len; i += n) {
		const char *word = words[data[i] % 8];

		n = strlen(word) < len - i ? strlen(word) : len - i;
		memcpy(data + i, word, n);
	}
}

static inline void write_file(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	need(fd >= 0 && file_write(fd, data, len, path, &err) == 0 && close(fd) == 0, "cannot write a file");
}

static inline bool has_bytes(const char *path, const void *data, size_t len)
{
	CLEANUP(strbuf) struct strbuf got = STRBUF_INIT;

	return file_slurp(path, &got, len, NULL, &err) == 0 && got.len == len && memcmp(got.buf, data, len) == 0;
}

static inline struct ingest_item file_item(const char *path, uint64_t size)
{
	return (struct ingest_item){ .path = path, .fd = -1, .size_hint = size };
}

/* Stores items and makes them durable. */
static inline int store_items(struct objects *objects, struct ingest_item *items, size_t count, struct stat_rows *rows)
{
	CLEANUP(object_writer) struct object_writer *writer = object_writer_new(objects, &err);

	error_clear(&err);
	if (!writer || ingest_files(objects, writer, items, count, NULL, rows, NULL, &err) < 0)
		return -1;
	return object_writer_commit(writer, &err);
}

#endif
