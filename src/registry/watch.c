/* SPDX-License-Identifier: Apache-2.0 */
/* Tells what a reference means now, and whether that is another version than before. */
#include <config.h>

#include "registry/watch.h"

#include <string.h>

#include "base/cleanup.h"
#include "registry/registry.h"
#include "store/lock.h"
#include "store/view.h"

void watch_state_cleanup(struct watch_state *w)
{
	resolved_cleanup(&w->version);
	*w = (struct watch_state)WATCH_STATE_INIT;
}

/* The kernel tells of a line while its writer still waits for the disk, and of what he does then it tells nothing: so he is waited for. */
static int await_writer(struct registry *reg, struct error *err)
{
	CLEANUP(lock) struct lock lock = LOCK_INIT;
	struct store *store = reg->store;

	if (!lock_take(&lock, store->dir, LOCK_JOURNAL, false, store->lock_timeout_ms, store->verb, err))
		return 0;
	if (err->code == ERR_LOCK_TIMEOUT || err->code == ERR_INTERRUPTED)
		return -1;
	error_clear(err); /* where locks cannot be had at all, on a read-only medium, nobody writes either */
	return 0;
}

/* A torn end stays behind what is known until the next writer cuts it off, so it is asked for once. */
static struct view *newest_view(struct registry *reg, struct error *err)
{
	struct view *v = registry_view(reg, err);
	struct journal_position at;
	uint64_t size;

	if (!v || journal_size(&reg->store->journal, &size, err) < 0)
		return NULL;
	view_position(v, &at);
	if (at.offset >= size)
		return v;
	registry_drop_view(reg);
	return await_writer(reg, err) < 0 ? NULL : registry_view(reg, err);
}

int watch_look(struct registry *reg, const char *ref, struct watch_state *out, struct error *why, struct error *err)
{
	struct view *v = newest_view(reg, err);
	int rc;

	watch_state_cleanup(out);
	error_clear(why);
	if (!v)
		return -1;
	rc = resolve_text(v, ref, &out->version, err);
	out->is_there = rc == 0;
	if (rc < 0 && (err->code == ERR_NO_COLLECTION || err->code == ERR_NO_REFERENCE)) {
		*why = *err;
		error_clear(err);
		rc = 0;
	}
	registry_drop_view(reg);
	return rc;
}

bool watch_has_moved(const struct watch_state *before, const struct watch_state *now)
{
	const struct version_row *a = &before->version.row, *b = &now->version.row;

	if (!now->is_there || !before->is_there)
		return now->is_there;
	return a->number != b->number || !oid_equal(&a->version, &b->version) ||
	       strcmp(before->version.collection.cid.hex, now->version.collection.cid.hex) != 0;
}
