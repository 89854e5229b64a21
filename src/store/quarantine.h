/* SPDX-License-Identifier: Apache-2.0 */
/* MREG_DIR/quarantine/: objects from elsewhere, out of everybody's sight until all of them are there and verified (mreg-registry(5)). */
#ifndef MREG_STORE_QUARANTINE_H
#define MREG_STORE_QUARANTINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "format/pack-format.h"
#include "store/objects.h"

/*
 * Each transfer has a directory of its own, quarantine/transfer-HOST-PID-N, in which it holds a lock on the file `lock`: whose lock can be had, its
 * process is gone, and the next transfer takes the packs over.  There are two kinds of records:
 *
 * - taken in: quarantine_add(); its caller has verified them.  Readers of these objects (object_read() and the like, objects_has(),
 *   objects_find()) see them from then on.
 * - left over from an interrupted transfer, or adopted: not to be believed, and seen by nobody, until quarantine_approve().
 *
 * A process has one quarantine of a registry at a time.  The caller holds LOCK_OBJECTS shared (store_use_objects()).
 */
struct quarantine;

#define QUARANTINE_MAX_DAYS 14 /* what was left over is removed then */

/* Makes the directory and takes over what is left in others.  ERR_READ_ONLY, … */
struct quarantine *quarantine_open(struct objects *o, const char *mreg_dir, struct error *err) MUST_CHECK;
/* Path of the transfer's directory. */
const char *quarantine_dir(const struct quarantine *q);
/*
 * A whole pack that was put there by other means (a file of that directory, which is gone afterwards or belongs to the quarantine): its records count as left over.
 * ERR_INTEGRITY: it is none, and was removed.
 */
int quarantine_adopt_pack(struct quarantine *q, const char *path, struct error *err) MUST_CHECK;

/* Takes in a record, head and stored payload, that the caller has verified.  Thread-safe. */
int quarantine_add(struct quarantine *q, const struct record_head *head, const void *stored, struct error *err) MUST_CHECK;
/* The row of what was taken in or approved, and not rejected.  OBJECT_FILE finds a recipe by its file.  Thread-safe. */
bool quarantine_find(struct quarantine *q, enum object_kind kind, const struct oid *id, struct pack_row *row);
/* The same with its stored bytes: 1, 0, -1.  Thread-safe. */
int quarantine_read(struct quarantine *q, enum object_kind kind, const struct oid *id, struct pack_row *row, struct strbuf *stored,
		    struct error *err) MUST_CHECK;
/* The file that such a recipe says that it makes.  Thread-safe. */
bool quarantine_file_of(struct quarantine *q, const struct oid *recipe, struct oid *file);
/* A record that was left over, and where it lies. */
struct quarantine_left {
	size_t pack;
	struct pack_row row;
};
/* Reads one whose checksums are right; all else about it is for the caller to verify.  One thread at a time. */
bool quarantine_has_left(struct quarantine *q, enum object_kind kind, const struct oid *id);
bool quarantine_read_left(struct quarantine *q, enum object_kind kind, const struct oid *id, struct quarantine_left *at, struct record_head *head,
			  struct strbuf *stored);
/* It was decoded and hashed: it counts as taken in.  Thread-safe. */
void quarantine_approve(struct quarantine *q, const struct quarantine_left *at);
/* What had been taken in or approved is not to be seen any more, and not to be committed: a recipe, with its file, that could not be proved. */
void quarantine_reject(struct quarantine *q, const struct oid *recipe, const struct oid *file);

uint64_t quarantine_bytes(const struct quarantine *q);   /* of records taken in so far */
uint64_t quarantine_records(const struct quarantine *q); /* how many */

/*
 * What was taken in or approved, and not rejected, is durable in objects/ at return: packs of which that is all are renamed, from others the records are
 * copied.  What is only left over stays where it is.  More may be taken in afterwards.
 */
int quarantine_commit(struct quarantine *q, struct error *err) MUST_CHECK;
/* keep: what was not committed stays for the next transfer.  Else the directory is removed. */
void quarantine_close(struct quarantine *q, bool keep);

#endif
