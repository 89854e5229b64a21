/* SPDX-License-Identifier: Apache-2.0 */
/* objects/retired/: packs whose objects were merged into others, kept for a while for those who copy the registry (mreg-registry(5)). */
#ifndef MREG_STORE_RETIRED_H
#define MREG_STORE_RETIRED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "store/pack.h"

#define RETIRED_NAME "retired" /* in objects/ */
#define RETIRED_GRACE_DAYS 1   /* that a day's packs are kept after the day is over, UTC */
#define RETIRED_SWEEP_MAX 256  /* packs, at most, that one sweep looks at: it is done in passing, again and again */

/* Makes objects/retired/merged-YYYYMMDD/ for today's packs, and appends its path to folder. */
int retired_make_folder(const char *objects_dir, struct strbuf *folder, struct error *err) MUST_CHECK;
/* Moves objects/NAME.pack there.  A pack that is gone already is fine. */
int retired_move_in(const char *objects_dir, const char *folder, const struct oid *name, struct error *err) MUST_CHECK;

/* Some folder's grace is over. */
bool retired_is_overdue(const char *objects_dir);
/* Whether all that this pack holds is in packs that are in use. */
typedef bool (*retired_spare_fn)(const struct pack *pack, void *arg);
/*
 * Removes packs of folders whose grace is over, and folders that are empty then.  A pack that is not spare, as in a copy that was made while
 * packs were being merged, is moved back into objects/; one that is damaged is removed, and one
 * that cannot be opened for another reason stays.  The caller holds LOCK_OBJECTS shared and LOCK_MERGE.
 */
int retired_sweep(const char *objects_dir, retired_spare_fn is_spare, void *arg, struct error *err) MUST_CHECK;

/* What lies in all folders of objects/retired/, for a read that must find.  Thread-safe once open.  Never NULL; what cannot be read is passed over. */
struct retired;
struct retired *retired_open(const char *objects_dir);
void retired_close(struct retired *r);
/* The nth place of the object, from 0: its row. */
bool retired_find(const struct retired *r, enum object_kind kind, const struct oid *id, size_t nth, struct pack_row *out);
/* Opens the pack of a row; the caller closes it.  NULL: it went away meanwhile. */
struct pack *retired_pack(const struct retired *r, const struct pack_row *row, struct error *err) MUST_CHECK;

#endif
