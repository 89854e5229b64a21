/* SPDX-License-Identifier: Apache-2.0 */
/* First the objects that are known to be lost, then what versions still lack. */
#include <config.h>

#include "transport/repair.h"

#include <stdlib.h>

#include "base/mem.h"
#include "registry/absent.h"
#include "registry/version.h"
#include "transport/connect.h"
#include "transport/fetch.h"

/* ---- what is lost ---- */

/* What came is no longer noted as damaged; of the rest that stays noted, so that it is not trusted. */
static int note_damaged(struct registry *reg, const struct fsck_lost_list *lost, const bool *complete, struct error *err)
{
	CLEANUP(ptr) struct oid *ids = xcalloc(lost->count + 1, sizeof *ids);
	struct objects *objects = version_objects(reg, err);
	size_t count = 0;

	for (size_t i = 0; i < lost->count; i++)
		if (!complete[i])
			ids[count++] = lost->v[i].id;
	return objects ? objects_set_damaged(objects, ids, count, err) : -1;
}

static int fetch_lost(struct registry *reg, struct fetch *f, const struct fsck_lost_list *lost, struct error *err)
{
	CLEANUP(ptr) struct want *wants = xcalloc(lost->count + 1, sizeof *wants);
	CLEANUP(ptr) bool *complete = xcalloc(lost->count + 1, sizeof *complete);

	for (size_t i = 0; i < lost->count; i++)
		wants[i] = (struct want){ lost->v[i].kind, lost->v[i].id };
	if (lost->count && (fetch_objects(f, wants, lost->count, complete, err) < 0 || fetch_commit(f, err) < 0))
		return -1;
	return note_damaged(reg, lost, complete, err);
}

/* ---- what versions lack ---- */

struct versions {
	struct view *view;
	struct fetch_version *v;
	size_t count, cap;
};

static void versions_cleanup(struct versions *versions)
{
	free(versions->v);
}

static int add_version(const struct version_row *row, void *arg, struct error *err)
{
	struct versions *out = arg;
	int is_absent = row->removed ? 0 : absent_is(out->view, &row->version, NULL, err);

	if (row->removed || is_absent < 0)
		return row->removed ? 0 : -1;
	ARRAY_GROW(out->v, out->count + 1, out->cap);
	out->v[out->count++] = (struct fetch_version){
		.version = row->version, .digest = row->digest, .size = row->size, .files = row->files, .wants_bytes = !is_absent,
	};
	return 0;
}

/* The links of a model are to versions of artifacts, which are among those. */
static int add_collection(const struct collection *c, void *arg, struct error *err)
{
	struct versions *out = arg;

	return c->is_model ? 0 : view_each_version(out->view, &c->cid, false, add_version, out, err);
}

static int fetch_missing(struct registry *reg, struct fetch *f, struct error *err)
{
	CLEANUP(versions) struct versions versions = { .view = registry_view(reg, err) };

	if (!versions.view || collection_each(versions.view, add_collection, &versions, err) < 0 ||
	    collection_each_run(versions.view, add_collection, &versions, err) < 0)
		return -1;
	registry_drop_view(reg);
	if (versions.count && fetch_versions(f, versions.v, versions.count, err) < 0)
		return -1;
	return fetch_commit(f, err);
}

static int fetch_all(struct registry *reg, const struct remote *remote, const struct fsck_lost_list *lost, struct repair_result *out, struct error *err)
{
	CLEANUP(hello) struct hello hello = { .program = NULL };
	CLEANUP(connection) struct connection *c = NULL;
	CLEANUP(fetch) struct fetch *f = NULL;

	c = connect_open(remote->url, remote_shown(remote), reg->config, reg->report, &hello, err);
	f = c ? fetch_new(reg, c, err) : NULL;
	if (!f || fetch_lost(reg, f, lost, err) < 0 || fetch_missing(reg, f, err) < 0)
		return -1;
	*out = (struct repair_result){ fetch_objects_count(f), fetch_bytes(f) };
	return 0;
}

int repair_run(struct registry *reg, const struct remote *remote, const struct fsck_lost_list *lost, struct repair_result *out, struct error *err)
{
	registry_drop_view(reg);
	if (fetch_all(reg, remote, lost, out, err) < 0)
		return -1;
	if (fsck_clear_up(reg, err) == 0)
		return 0;
	if (err->code != ERR_INTEGRITY)
		return -1;
	error_clear(err); /* fsck tells what is still wrong */
	return 0;
}
