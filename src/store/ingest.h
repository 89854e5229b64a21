/* SPDX-License-Identifier: Apache-2.0 */
/* Files in: read, split, hash, deduplicate, encode and stage, on all cores, in bounded memory. */
#ifndef MREG_STORE_INGEST_H
#define MREG_STORE_INGEST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/report.h"
#include "format/layout.h"
#include "store/objects.h"
#include "store/source.h"
#include "store/statcache.h"

struct ingest_item {
	const char *path;   /* opened with O_NOFOLLOW unless follow; used in messages */
	bool follow;
	int fd;             /* >= 0: read this stream to its end instead (a pipe); not closed */
	source_read_fn read; /* of a sequence: how it is read */
	void *read_arg;
	const struct layout *layout; /* of that, NULL: unknown */
	uint64_t size_hint; /* from lstat; for progress and order */
	/* results */
	struct oid digest;
	uint64_t size;
	bool executable;    /* any x bit for the owner */
	uint64_t stored;    /* bytes this file added to the store */
};

/*
 * What is in an open file of that size, from whoever knows formats; *out is LAYOUT_INIT and stays empty where that is not known.
 * The file's position is left alone.  Called by several threads at once.
 */
typedef void (*ingest_layout_fn)(int fd, uint64_t size, struct layout *out);

/*
 * Stores every item, several at a time.  A file is read once; if it changed meanwhile (stat before and after differ) it is read again, twice at most, then
 * ERR_INTEGRITY "'x' changes while it is read".  Not a regular file: ERR_LOCAL.  What was read is added to `rows` when not NULL.  The first error stops all.
 * Files that are neither small nor pipes are cut by their layout; layout_of may be NULL.
 * Memory: at most 48 MiB on two cores whatever the sizes.  Reports progress as "storing".
 */
int ingest_files(struct objects *objects, struct object_writer *writer, struct ingest_item *items, size_t count, ingest_layout_fn layout_of,
		 struct stat_rows *rows, struct report *report, struct error *err) MUST_CHECK;

/* Files that can be had only one after the other, once (those in an archive).  Both functions are called by the calling thread alone. */
struct ingest_sequence {
	/*
	 * 1: the next file has begun, and what was not read of the last one is passed over; *item stays the caller's and in its place until the end, with
	 * path and, where it is known, size_hint; the results come whenever.  0: there is none.  -1.
	 */
	int (*next)(void *arg, struct ingest_item **item, struct error *err);
	source_read_fn read; /* of the file that has begun */
	void *arg;
};
/*
 * Stores each, as above; writer NULL: they are only hashed.  A file has as many bytes as are read: size_hint is not checked.  layout_of is asked about a
 * file that has the size and the first megabytes of the one that is read, and zeros behind.
 */
int ingest_sequence(struct objects *objects, struct object_writer *writer, const struct ingest_sequence *sequence, ingest_layout_fn layout_of,
		    struct report *report, struct error *err) MUST_CHECK;
/* Bytes in memory as a file (a large manifest); *digest is their SHA-256. */
int ingest_bytes(struct object_writer *writer, const void *data, size_t len, struct oid *digest, struct error *err) MUST_CHECK;
/* SHA-256 of files without storing anything (for verify DIR, status DIR): several at a time, same rules. */
int ingest_hash(struct ingest_item *items, size_t count, struct stat_rows *rows, struct report *report, struct error *err) MUST_CHECK;

#endif
