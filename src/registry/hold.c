/* SPDX-License-Identifier: Apache-2.0 */
/* Reads whole versions, so that another registry may let go of its copy. */
#include <config.h>

#include "registry/hold.h"

#include <string.h>

#include "registry/absent.h"
#include "registry/verify.h"
#include "registry/version.h"

struct holder {
	struct view *view;
	struct version_row row;
	bool found;
};

/* The first live place will do: in all of them it is the same version. */
static int take_place(const struct cid *cid, uint64_t number, bool is_link, bool is_live, void *arg, struct error *err)
{
	struct holder *h = arg;
	int found;

	(void)is_link;
	if (!is_live)
		return 0;
	found = view_version(h->view, cid, number, &h->row, err);
	h->found = found == 1 && !h->row.removed;
	return found < 0 ? -1 : h->found;
}

static void ignore_file(const char *path, const struct error *why, void *arg)
{
	(void)path;
	(void)why;
	(void)arg;
}

/* Damage means that it is not held; all else stops. */
static int not_held(struct error *err)
{
	if (err->code != ERR_INTEGRITY)
		return -1;
	error_clear(err);
	return 0;
}

/* 1, 0, -1. */
static int read_all(struct registry *reg, const struct version_row *row, struct error *err)
{
	CLEANUP(version_object) struct version_object object = { .time = 0 };
	uint64_t files, bytes, refs, damaged;

	if (version_object_read(reg, &row->version, &object, err) < 0)
		return not_held(err);
	if (!oid_equal(&object.manifest, &row->digest))
		return 0;
	if (verify_stored(reg, row, ignore_file, NULL, &files, &bytes, &refs, &damaged, err) < 0)
		return not_held(err);
	return damaged == 0;
}

static int is_held(struct registry *reg, struct view *v, const char *hex, struct error *err)
{
	struct holder h = { .view = v, .row = VERSION_ROW_INIT };
	struct oid version;
	int is_absent;

	if (!oid_parse(hex, strlen(hex), &version))
		return error_set(err, ERR_INVALID, "no id of a version was asked for");
	if (view_each_place(v, &version, take_place, &h, err) < 0)
		return -1;
	is_absent = h.found ? absent_is(v, &version, NULL, err) : 1;
	if (is_absent)
		return is_absent < 0 ? -1 : 0;
	return read_all(reg, &h.row, err);
}

int hold_verify(struct registry *reg, const struct strvec *versions, bool *complete, struct error *err)
{
	CLEANUP(lock) struct lock lock = LOCK_INIT;
	struct view *v;

	/* two registries must not each let go of what the other one has */
	if (lock_take(&lock, reg->store->dir, LOCK_DROP, false, 0, reg->store->verb, err) < 0)
		return -1;
	v = registry_view(reg, err);
	for (size_t i = 0; v && i < versions->count; i++) {
		int held = is_held(reg, v, versions->v[i], err);

		if (held < 0)
			return -1;
		complete[i] = held;
	}
	return v ? 0 : -1;
}
