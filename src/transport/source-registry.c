/* SPDX-License-Identifier: Apache-2.0 */
/* A registry as what a server answers from. */
#include <config.h>

#include "transport/source.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "registry/listing.h"
#include "registry/version.h"

struct registry_source {
	struct source source;
	struct objects *objects; /* from the first record on */
};

/* ---- list ---- */

struct listing_out {
	const struct listing_sink *sink;
	struct strbuf text;
	uint64_t count;
};

static void listing_out_cleanup(struct listing_out *out)
{
	strbuf_release(&out->text);
}

static int pass_change(const struct change *c, uint64_t seq, void *arg, struct error *err)
{
	struct listing_out *out = arg;
	CLEANUP(json) json_t *obj = change_json(c);

	(void)seq;
	strbuf_reset(&out->text);
	json_canonical(&out->text, obj);
	out->count++;
	return out->sink->change(out->text.buf, out->text.len, out->sink->arg, err);
}

static int pass_scope(const struct scope *scope, const struct listing_sink *sink, struct error *err)
{
	for (size_t i = 0; i < scope->count; i++)
		if (sink->scope(&scope->v[i], sink->arg, err) < 0)
			return -1;
	return 0;
}

/* Where the client has read to; 0: nothing that this journal goes on from. */
static int find_since(struct registry *reg, struct view *v, const struct list_request *request, struct journal_position *out, struct error *err)
{
	return request->has_since ? listing_position(reg, v, request->seq, &request->sum, out, err) : 0;
}

static int list(struct source *s, const struct list_request *request, const struct listing_sink *sink, struct end *end, struct error *err)
{
	CLEANUP(listing_out) struct listing_out out = { .sink = sink, .text = STRBUF_INIT };
	CLEANUP(scope) struct scope scope = { NULL, 0, 0 };
	struct registry *reg = s->registry;
	struct view *v = registry_view(reg, err);
	struct journal_position since, now;
	int is_since = v ? find_since(reg, v, request, &since, err) : -1;

	if (is_since < 0)
		return -1;
	if ((request->collections.count ? listing_select_these(reg, v, &request->collections, &scope, err) :
					  listing_select(reg, v, &request->patterns, false, &scope, err)) < 0)
		return -1;
	if (pass_scope(&scope, sink, err) < 0 || listing_changes(reg, v, request, &scope, is_since ? &since : NULL, pass_change, &out, err) < 0)
		return -1;
	view_position(v, &now);
	*end = (struct end){ .seq = now.seq, .sum = now.sum, .changes = out.count, .was_since = is_since };
	return 0;
}

/* ---- record ---- */

static int record(struct source *s, const struct want *want, struct record_head *head, struct strbuf *stored, struct error *err)
{
	struct registry_source *own = (struct registry_source *)s;

	if (!own->objects)
		own->objects = version_objects(s->registry, err);
	return own->objects ? objects_read_record(own->objects, want->kind, &want->id, head, stored, err) : -1;
}

/* ---- hello ---- */

static int hello(struct source *s, struct hello *out, struct error *err)
{
	const struct store *store = s->registry->store;
	struct view *v = registry_view(s->registry, err);
	struct journal_position now;

	if (!v)
		return -1;
	view_position(v, &now);
	free(out->registry);
	free(out->kind);
	out->registry = xcalloc(1, 2 * REGISTRY_ID_LEN + 1);
	hex_encode(store->stamp.id, REGISTRY_ID_LEN, out->registry);
	out->kind = xstrdup("registry");
	out->is_read_only = !store->journal.writable;
	out->seq = now.seq;
	out->sum = now.sum;
	return 0;
}

static void close_source(struct source *s)
{
	free(s);
}

struct source *source_of_registry(struct registry *reg, struct error *err)
{
	static const struct source_methods methods = { list, record, hello, close_source };
	struct registry_source *s;

	if (!registry_view(reg, err))
		return NULL;
	s = xcalloc(1, sizeof *s);
	s->source = (struct source){ &methods, reg, reg->report };
	return &s->source;
}
