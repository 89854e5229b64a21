/* SPDX-License-Identifier: Apache-2.0 */
/* Files out: read, decode, check every chunk and write, on all cores, in bounded memory. */
#ifndef MREG_STORE_EXTRACT_H
#define MREG_STORE_EXTRACT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/report.h"
#include "store/objects.h"

struct extract_item {
	struct oid digest;
	uint64_t size;
	const char *path; /* for messages */
	void *user;
};

/* A file that may hold chunks of the one to be written.  Every chunk that is taken from it is hashed. */
struct extract_old {
	struct oid digest; /* what it is thought to be */
	uint64_t size;
};
/* Where the bytes go.  open is called once per item (from any thread) and gives a fresh, empty file; close when it is whole or has failed. */
struct extract_sink {
	int (*open)(struct extract_sink *sink, struct extract_item *item, struct error *err); /* fd or -1 */
	int (*close)(struct extract_sink *sink, struct extract_item *item, int fd, bool whole, struct error *err); /* closes fd */
	/* May be NULL: opens a large file that is likely to share chunks with this large one; -1 when there is none.  The fd is closed by extract.c. */
	int (*open_old)(struct extract_sink *sink, struct extract_item *item, struct extract_old *out);
	void *user;
};
enum extract_flags {
	EXTRACT_WHOLE_HASH = 1 << 0, /* also hash each file from its chunks in order, and compare with its digest (fsck, verify) */
};
/*
 * Every item's bytes, each chunk checked against its id, wherever it comes from.  sink NULL: read and check only.  A file is worked on by one
 * thread when small; the chunks of a large one are spread over all.  fail (may be NULL): called under a lock with an item that cannot be
 * produced because of ERR_INTEGRITY; work then goes on with the rest and 0 is returned.  Without it the first error stops all.
 */
int extract_files(struct objects *objects, struct extract_item *items, size_t count, struct extract_sink *sink, unsigned flags,
		  void (*fail)(struct extract_item *item, const struct error *why, void *arg), void *arg, struct report *report,
		  struct error *err) MUST_CHECK;
/* One file in order to fn, chunk by chunk (cat). */
int extract_stream(struct objects *objects, const struct oid *digest, uint64_t size, int (*fn)(const void *data, size_t len, void *arg, struct error *err),
		   void *arg, struct error *err) MUST_CHECK;

#endif
