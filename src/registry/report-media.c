/* SPDX-License-Identifier: Apache-2.0 */
/* Gathers pictures: files of versions, and of what was made with them. */
#include <config.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"
#include "base/mem.h"
#include "format/glob.h"
#include "registry/report-internal.h"
#include "registry/run-edge.h"
#include "registry/verify.h"
#include "registry/version.h"

#define HEAD_LEN 12       /* bytes that tell what it is */
#define CONSUMERS_MAX 100 /* runs that are asked for what they made of a version */
#define PICTURES_MAX 2000 /* in all */

/* What a browser shows as a picture and nothing else; SVG can do more, and is none. */
static const char *type_of(const struct strbuf *data)
{
	static const struct {
		const char *type, *head;
		size_t len;
	} heads[] = {
		{ "image/png", "\x89PNG\r\n\x1a\n", 8 },
		{ "image/jpeg", "\xff\xd8\xff", 3 },
		{ "image/gif", "GIF87a", 6 },
		{ "image/gif", "GIF89a", 6 },
	};

	for (size_t i = 0; i < COUNT_OF(heads); i++)
		if (data->len >= HEAD_LEN && memcmp(data->buf, heads[i].head, heads[i].len) == 0)
			return heads[i].type;
	if (data->len >= HEAD_LEN && memcmp(data->buf, "RIFF", 4) == 0 && memcmp(data->buf + 8, "WEBP", 4) == 0)
		return "image/webp";
	return NULL;
}

/* ---- one file ---- */

struct taking {
	struct strbuf data;
	bool is_other; /* no picture */
};

static void taking_cleanup(struct taking *t)
{
	strbuf_release(&t->data);
}

static int take_piece(const void *data, size_t len, void *arg, struct error *err)
{
	struct taking *t = arg;

	if (len > REPORT_MEDIA_MAX - t->data.len)
		return error_set(err, ERR_INTEGRITY, "it has more bytes than it should");
	strbuf_add(&t->data, data, len);
	if (t->data.len < HEAD_LEN || type_of(&t->data))
		return 0;
	t->is_other = true;
	return error_set(err, ERR_NO, "it is no picture");
}

static bool is_shown(const struct report_version *v, const char *ref, const char *path)
{
	for (size_t i = 0; i < v->media_count; i++)
		if (strcmp(v->media[i].ref, ref) == 0 && strcmp(v->media[i].path, path) == 0)
			return true;
	return false;
}

static void keep(struct report_gathering *g, struct report_version *v, const char *ref, const char *path, struct taking *t)
{
	g->media_bytes += t->data.len;
	g->media_count++;
	v->media = xreallocarray(v->media, v->media_count + 1, sizeof *v->media);
	v->media[v->media_count++] = (struct report_media){ xstrdup(path), xstrdup(ref), type_of(&t->data), t->data };
	t->data = (struct strbuf)STRBUF_INIT;
}

static int read_file(struct report_gathering *g, struct report_version *v, const struct oid *version, const char *ref,
	const struct manifest *m, const struct entry *e, struct error *err)
{
	CLEANUP(taking) struct taking t = { .data = STRBUF_INIT };
	int lost = report_loss_expect(g, version, err);

	if (lost) {
		g->pictures.count++;
		return lost < 0 ? -1 : 0;
	}
	if (verify_stream(g->reg, version, m, e, take_piece, &t, err) == 0) {
		if (type_of(&t.data))
			keep(g, v, ref, e->path, &t);
		return 0;
	}
	if (!t.is_other)
		return report_loss_add(g, &g->pictures, ref, err);
	error_clear(err);
	return 0;
}

static bool has_room(struct report_gathering *g, const struct entry *e)
{
	if (e->size <= REPORT_MEDIA_MAX && e->size <= REPORT_MEDIA_TOTAL - g->media_bytes && g->media_count < PICTURES_MAX)
		return true;
	g->media_left_out++;
	return false;
}

/* ---- the files of a version ---- */

static int read_files(struct report_gathering *g, struct report_version *v, const struct oid *version, const struct oid *digest,
	const char *ref, struct error *err)
{
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;

	if (version_manifest(g->reg, digest, &m, err) < 0)
		return report_loss_add(g, &g->pictures, ref, err);
	for (size_t i = 0; i < m.count; i++) {
		const struct entry *e = &m.entries[i];

		if (e->kind != ENTRY_FILE || !glob_match_path(g->request->media, e->path) || is_shown(v, ref, e->path) || !has_room(g, e))
			continue;
		if (interrupt_check(err) < 0 || read_file(g, v, version, ref, &m, e, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- what was made with it ---- */

struct made {
	struct oid version, digest;
	char *ref;
};
struct makings {
	struct view *view;
	const struct oid *of;
	struct made *v;
	size_t count, cap, runs;
};

static void makings_cleanup(struct makings *m)
{
	for (size_t i = 0; i < m->count; i++)
		free(m->v[i].ref);
	free(m->v);
}

static int take_output(const struct run_edge *edge, void *arg, struct error *err)
{
	struct makings *m = arg;
	CLEANUP(strbuf) struct strbuf ref = STRBUF_INIT;
	bool is_live;

	if (oid_equal(&edge->version, m->of))
		return 0;
	for (size_t i = 0; i < m->count; i++)
		if (oid_equal(&m->v[i].version, &edge->version))
			return 0;
	if (run_edge_name(m->view, edge, &ref, &is_live, err) < 0)
		return -1;
	if (!is_live)
		return 0;
	ARRAY_GROW(m->v, m->count + 1, m->cap);
	m->v[m->count++] = (struct made){ edge->version, edge->digest, strbuf_detach(&ref) };
	return 0;
}

static int take_consumer(const struct run *run, void *arg, struct error *err)
{
	struct makings *m = arg;

	if (run_edge_each_output(m->view, &run->cid, take_output, m, err) < 0)
		return -1;
	return ++m->runs == CONSUMERS_MAX;
}

int report_media_read(struct report_gathering *g, const char *collection, struct report_version *v, struct error *err)
{
	CLEANUP(makings) struct makings made = { .view = g->view, .of = &v->version };
	CLEANUP(strbuf) struct strbuf ref = STRBUF_INIT;

	strbuf_addf(&ref, "%s:v%" PRIu64, collection, v->number);
	if (read_files(g, v, &v->version, &v->digest, ref.buf, err) < 0 ||
		run_edge_each_consumer(g->view, &v->version, take_consumer, &made, err) < 0)
		return -1;
	for (size_t i = 0; i < made.count; i++)
		if (read_files(g, v, &made.v[i].version, &made.v[i].digest, made.v[i].ref, err) < 0)
			return -1;
	return 0;
}

void report_media_tell(struct report_gathering *g)
{
	if (g->media_left_out)
		report_note(g->reg->report, "%zu file%s left out: a picture has at most %u MiB, all together %u MiB", g->media_left_out,
			g->media_left_out == 1 ? " was" : "s were", REPORT_MEDIA_MAX >> 20, REPORT_MEDIA_TOTAL >> 20);
}
