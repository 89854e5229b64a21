/* SPDX-License-Identifier: Apache-2.0 */
/* objects/retired/: packs whose objects were merged into others or are dead, kept for a while for those who copy the registry (mreg-registry(5)). */
#ifndef MREG_STORE_RETIRED_H
#define MREG_STORE_RETIRED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "store/pack.h"

#define RETIRED_NAME "retired" /* in objects/ */
#define RETIRED_GRACE_DAYS 1   /* that a day's packs are kept after the day is over, UTC */
#define RETIRED_SWEEP_MAX 256  /* packs, at most, that one sweep looks at: it is done in passing, again and again */

/* Makes objects/retired/merged-YYYYMMDD/ for today's packs, and appends its path to folder. */
int retired_make_folder(const char *objects_dir, struct strbuf *folder, struct error *err) MUST_CHECK;
/* The same for packs that gc takes out of use, which are kept until that time: gc-YYYYMMDDTHHMMSSZ/. */
int retired_make_gc_folder(const char *objects_dir, int64_t until, struct strbuf *folder, struct error *err) MUST_CHECK;
/* Moves objects/NAME.pack there.  A pack that is gone already is fine. */
int retired_move_in(const char *objects_dir, const char *folder, const struct oid *name, struct error *err) MUST_CHECK;

/* Some folder's grace is over. */
bool retired_is_overdue(const char *objects_dir);
/* Whether nobody needs this row of a retired pack: the object is in a pack that is in use. */
typedef bool (*retired_spare_fn)(const struct pack_row *row, void *arg);
/*
 * All of these want LOCK_OBJECTS and LOCK_MERGE held.  A pack is spare when each of its rows is, or was noted as dead.
 *
 * retired_sweep() looks at `max` packs, at most, of folders whose grace is over: those that are spare are removed, and folders that are empty then.
 * A pack that is not spare, as in a copy that was made while packs were being merged, is moved back into objects/; one that is damaged is
 * removed, and one that cannot be opened for another reason stays.  retired_sweep_all() does not ask for any grace.
 */
int retired_sweep(const char *objects_dir, size_t max, retired_spare_fn is_spare, void *arg, struct error *err) MUST_CHECK;
int retired_sweep_all(const char *objects_dir, retired_spare_fn is_spare, void *arg, struct error *err) MUST_CHECK;
/* Moves every pack that is not spare back into objects/, whatever its folder's grace, and nothing else. */
int retired_bring_back(const char *objects_dir, retired_spare_fn is_spare, void *arg, struct error *err) MUST_CHECK;
/*
 * Of each pack: the rows that are not spare are dead, and so noted beside it, so that no sweep moves it back for them.  For gc, which has just
 * taken them out of use.  NAME.dead: 32 bytes SHA-256 of the pack's name (32 bytes), its inode's number and ctime in nanoseconds (u64 each) and what
 * follows, then a bit for each row of its table, the lowest of a byte first.  In a copy of the registry it says nothing.
 */
int retired_note_dead(const char *objects_dir, retired_spare_fn is_spare, void *arg, struct error *err) MUST_CHECK;

/* What lies in all folders of objects/retired/, for a read that must find.  Thread-safe once open.  Never NULL; what cannot be read is passed over. */
struct retired;
struct retired *retired_open(const char *objects_dir);
void retired_close(struct retired *r);
/* The nth place of the object, from 0: its row. */
bool retired_find(const struct retired *r, enum object_kind kind, const struct oid *id, size_t nth, struct pack_row *out);
/* Opens the pack of a row; the caller closes it.  NULL: it went away meanwhile. */
struct pack *retired_pack(const struct retired *r, const struct pack_row *row, struct error *err) MUST_CHECK;

#endif
