/* SPDX-License-Identifier: Apache-2.0 */
/* References that have moved between registries, for people and for programs. */
#include <config.h>

#include "cmd/transfer.h"

#include <string.h>

#include "base/number.h"
#include "registry/registry.h"

#define NAME_WIDTH_MAX 40

struct row {
	const char *ref, *kind, *what, *from, *to;
};
typedef int (*row_fn)(struct session *s, const struct row *row, void *arg, struct error *err);

/* --- what has another number --- */

static const char *number_of(const char *key)
{
	const char *slash = key ? strrchr(key, '/') : NULL;

	return slash ? slash + 1 : "";
}

/* The collection of a version/CID/N, as a key of its own that is named as the collection is. */
static int name_collection(struct session *s, const char *key, struct strbuf *out, struct error *err)
{
	const char *cid = strchr(key, '/') + 1;
	CLEANUP(strbuf) struct strbuf of = STRBUF_INIT;
	struct view *v = registry_view(s->registry, err);

	strbuf_addf(&of, "coll/%.*s", (int)strcspn(cid, "/"), cid);
	return v ? ref_change_name(v, of.buf, out, err) : -1;
}

static int each_move(struct session *s, const struct merge_plan *plan, row_fn fn, void *arg, struct error *err)
{
	for (size_t i = 0; plan && i < plan->move_count; i++) {
		const struct merge_move *move = &plan->moves[i];
		CLEANUP(strbuf) struct strbuf name = STRBUF_INIT, from = STRBUF_INIT, to = STRBUF_INIT;
		struct row row = { NULL, strncmp(move->from, "link/", 5) ? "version" : "link", "renumbered", NULL, NULL };

		if (name_collection(s, move->to ? move->to : move->from, &name, err) < 0)
			return -1;
		strbuf_addf(&from, "v%s", number_of(move->from));
		if (move->to) {
			strbuf_addf(&to, "v%s", number_of(move->to));
			strbuf_addf(&name, ":%s", to.buf);
		} else {
			strbuf_addf(&name, ":%s", from.buf);
			row.what = "given up";
		}
		row.ref = name.buf;
		row.from = from.buf;
		row.to = to.buf;
		if (fn(s, &row, arg, err) < 0)
			return -1;
	}
	return 0;
}

static int each_row(struct session *s, const struct ref_changes *refs, const struct merge_plan *plan, row_fn fn, void *arg, struct error *err)
{
	if (each_move(s, plan, fn, arg, err) < 0)
		return -1;
	for (size_t i = 0; i < refs->count; i++) {
		const struct ref_change *c = &refs->v[i];

		if (fn(s, &(struct row){ c->ref, c->kind, c->what, c->from, c->to }, arg, err) < 0)
			return -1;
	}
	return 0;
}

/* --- printing --- */

static int record_row(struct session *s, const struct row *row, void *arg, struct error *err)
{
	(void)arg;
	return out_list_row(s->out, json_pack("{s:s, s:s, s:s, s:s, s:s}", "ref", row->ref, "kind", row->kind, "what", row->what, "from", row->from,
				    "to", row->to), err);
}

static int measure_row(struct session *s, const struct row *row, void *arg, struct error *err)
{
	int *width = arg, len = (int)strlen(row->ref);

	(void)s, (void)err;
	if (len > *width && len <= NAME_WIDTH_MAX)
		*width = len;
	return 0;
}

/* "digits:v5  new", "digits:best  v3 -> v5", "digits  tag new prod" */
static int text_row(struct session *s, const struct row *row, void *arg, struct error *err)
{
	const int *width = arg;
	bool is_plain = !strcmp(row->kind, "version") || !strcmp(row->kind, "link") || !strcmp(row->kind, "alias") || !strcmp(row->kind, "collection");
	const char *arrow = *row->from && *row->to ? " -> " : "";

	return out_text(s->out, err, "%-*s  %s%s%s%s%s%s%s\n", *width, row->ref, is_plain ? "" : row->kind, is_plain ? "" : " ", row->what,
		*row->from || *row->to ? " " : "", row->from, arrow, row->to);
}

int transfer_print(struct session *s, const struct ref_changes *refs, const struct merge_plan *moves, struct error *err)
{
	static const struct column columns[] = { { "ref", NULL, COLUMN_TEXT, false }, { NULL, NULL, COLUMN_TEXT, false } };
	int width = 0;

	if (out_mode(s->out) == OUT_HUMAN) {
		if (each_row(s, refs, moves, measure_row, &width, err) < 0)
			return -1;
		return each_row(s, refs, moves, text_row, &width, err);
	}
	if (out_list_begin(s->out, columns, NULL, "ref", err) < 0 || each_row(s, refs, moves, record_row, NULL, err) < 0)
		return -1;
	return out_list_end(s->out, err);
}

void transfer_tell(struct session *s, const struct remote *remote, bool is_push, bool is_current, uint64_t objects, uint64_t bytes)
{
	const char *shown = remote_shown(remote);
	CLEANUP(strbuf) struct strbuf size = STRBUF_INIT;

	if (is_current) {
		report_note(s->report, is_push ? "'%s' has everything already" : "'%s' has nothing new", shown);
	} else if (objects) {
		size_format(&size, bytes);
		report_note(s->report, "%llu object%s, %s, %s '%s'", (unsigned long long)objects, objects == 1 ? "" : "s", size.buf,
			is_push ? "sent to" : "came from", shown);
	}
}

int transfer_remote(struct session *s, const struct operands *operands, struct remote *out, struct error *err)
{
	return remote_find(&s->config, operands->count ? operands->v[0] : NULL, out, err);
}
