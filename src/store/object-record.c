/* SPDX-License-Identifier: Apache-2.0 */
/* Objects as they lie in packs, neither decoded nor hashed: for who hands them on. */
#include <config.h>

#include <sys/stat.h>

#include "base/clock.h"
#include "store/objects-state.h"
#include "store/objects.h"
#include "store/quarantine.h"

static int read_in_pack(const struct pack *p, const struct pack_row *row, struct record_head *head, struct strbuf *stored, struct error *err)
{
	return pack_read_head(p, row, head, err) < 0 || pack_read_stored(p, row, stored, err) < 0 ? -1 : 0;
}

/* 1 when some copy was sound, 0 when there is none at all, -1 with what is wrong with the first one. */
static int read_packed(struct objects *o, enum object_kind kind, const struct oid *id, struct record_head *head, struct strbuf *stored,
		       struct error *err)
{
	struct pack_place place;
	size_t nth = 0;

	for (; pack_set_find(o->packs, kind, id, nth, &place); nth++) {
		struct error problem = ERROR_INIT;
		const struct pack *p = pack_set_pack(o->packs, place.slot, &problem);

		if (p && read_in_pack(p, &place.row, head, stored, &problem) == 0)
			return 1;
		if (!nth || problem.code == ERR_INTERRUPTED)
			*err = problem;
		if (problem.code == ERR_INTERRUPTED)
			return -1;
	}
	return nth ? -1 : 0;
}

static bool read_retired(struct objects *o, enum object_kind kind, const struct oid *id, struct record_head *head, struct strbuf *stored)
{
	const struct retired *retired = objects_retired(o);
	struct pack_row row;
	bool done = false;

	for (size_t nth = 0; !done && retired_find(retired, kind, id, nth, &row); nth++) {
		struct error ignored = ERROR_INIT;
		struct pack *p = retired_pack(retired, &row, &ignored);

		done = p && read_in_pack(p, &row, head, stored, &ignored) == 0;
		pack_close(p);
	}
	o->retired_reads += done;
	return done;
}

/*
 * Lists the packs again, but not once more for each of the many objects that a stranger may ask for: only when the directory has changed.  A
 * change that follows within the clock's grain would not show, so that only a time that lies back a while is remembered.
 */
static bool refresh(struct objects *o, bool is_damaged)
{
	struct error ignored = ERROR_INIT;
	int64_t mtime = 0;
	struct stat st;

	if (!stat(o->objects_dir, &st))
		mtime = (int64_t)st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec;
	if (mtime && mtime == o->listed_mtime && !is_damaged)
		return false;
	o->listed_mtime = clock_real() - mtime > NS_PER_S ? mtime : 0;
	return pack_set_refresh(o->packs, &ignored) > 0;
}

int objects_read_record(struct objects *o, enum object_kind kind, const struct oid *id, struct record_head *head, struct strbuf *stored,
			struct error *err)
{
	int rc;

	if (damaged_has(&o->damaged, id))
		return 0;
	rc = read_packed(o, kind, id, head, stored, err);
	if (rc > 0 || (rc < 0 && err->code == ERR_INTERRUPTED))
		return rc;
	if (refresh(o, rc < 0)) {
		error_clear(err);
		rc = read_packed(o, kind, id, head, stored, err);
	}
	if (rc > 0 || (rc < 0 && err->code == ERR_INTERRUPTED) || !read_retired(o, kind, id, head, stored))
		return rc;
	error_clear(err);
	return 1;
}

bool objects_find(struct objects *o, enum object_kind kind, const struct oid *id, uint64_t *raw_len)
{
	struct error ignored = ERROR_INIT;
	struct pack_place place;

	if (o->quarantine && quarantine_find(o->quarantine, kind, id, &place.row)) {
		*raw_len = place.row.raw_len;
		return true;
	}
	if (damaged_has(&o->damaged, id))
		return false;
	for (size_t nth = 0; pack_set_find(o->packs, kind, id, nth, &place); nth++) {
		if (!pack_set_pack(o->packs, place.slot, &ignored))
			continue;
		*raw_len = place.row.raw_len;
		return true;
	}
	return false;
}
