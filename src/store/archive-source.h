/* SPDX-License-Identifier: Apache-2.0 */
/* A tar (plain or compressed) or zip file, read member by member in the order in which they lie. */
#ifndef MREG_STORE_ARCHIVE_SOURCE_H
#define MREG_STORE_ARCHIVE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* libarchive is opened at run time, by the first archive: linked, it would cost each start of mreg more than a short command takes. */
struct archive_source;

enum member_kind {
	MEMBER_FILE,
	MEMBER_FOLDER,
	MEMBER_LINK,      /* symbolic; target is its text */
	MEMBER_HARD_LINK, /* target is the path of another member */
	MEMBER_SPECIAL,   /* device, FIFO, socket, or something unknown */
};
struct archive_member {
	enum member_kind kind;
	const char *path, *target; /* as the archive has them, any bytes; good until the next member */
	uint64_t size;             /* 0 when it is not known beforehand */
	bool executable;           /* by its owner */
	bool is_encrypted;         /* it cannot be read */
};

/*
 * path "-": standard input.  tmp_dir takes a zip that comes by a pipe, since the list of what is in a zip stands at its end; the file has no
 * name and is gone with the process.  ERR_INVALID: neither tar nor zip.  ERR_LOCAL: cannot be read, is damaged or cut short (here and below),
 * or there is no libarchive.
 * tar: with any compression that libarchive reads without another program; what follows its end is read as a further tar, or is an error.
 * Nothing in it is trusted: paths may be absolute, contain "..", or stand there twice.
 */
struct archive_source *archive_source_open(const char *path, const char *tmp_dir, struct error *err) MUST_CHECK;
/*
 * What was not read of the last member is passed over.  1; 0: that was all, it was whole, and the file has not changed since it was opened
 * (else ERR_INTEGRITY); -1.
 */
int archive_source_next(struct archive_source *a, struct archive_member *out, struct error *err) MUST_CHECK;
/* Of the member that archive_source_next() gave: fills buf as far as it goes, fewer bytes are its end. */
ssize_t archive_source_read(struct archive_source *a, void *buf, size_t len, struct error *err) MUST_CHECK;
void archive_source_close(struct archive_source *a);
void archive_source_cleanup(struct archive_source **a);

#endif
