/* SPDX-License-Identifier: Apache-2.0 */
/* Counts the changes that came after the last push. */
#include <config.h>

#include "registry/remote-lag.h"

#include <string.h>

#include "base/hashmap.h"
#include "base/mem.h"
#include "registry/key-name.h"
#include "registry/listing.h"

#define COVERED_MAX 200000 /* changes that pushes of patterns have covered; beyond it they are counted as lacking */

struct lag {
	struct registry *reg;
	struct view *view;
	const struct remote *remote;
	struct remote_lag *out;
	const struct remote_cursor *all; /* NULL: only patterns were ever asked for */
	uint64_t from;                   /* nothing up to this line is lacking */
	uint64_t sent;                   /* of the cursor that is being looked at */
	struct hashmap covered, selected; /* ids of changes after `from` */
};

static void lag_cleanup(struct lag *l)
{
	hashmap_release(&l->covered, NULL);
	hashmap_release(&l->selected, NULL);
}

/* A journal that was put back from a copy may have other lines than those that were sent. */
static int sent_of(struct lag *l, const struct remote_cursor *c, uint64_t *sent, struct error *err)
{
	struct journal_position ignored;
	int found = c->sent ? listing_position(l->reg, l->view, c->sent, &c->sent_sum, &ignored, err) : 0;

	*sent = found > 0 ? c->sent : 0;
	return found < 0 ? -1 : 0;
}

static int sort_change(const struct change *c, uint64_t seq, void *arg, struct error *err)
{
	struct lag *l = arg;

	(void)err;
	if (seq <= l->from)
		return 0;
	if (seq <= l->sent && l->covered.count < COVERED_MAX)
		hashmap_put(&l->covered, c->id.raw, sizeof c->id.raw, NULL);
	else if (seq > l->sent && l->selected.count <= REMOTE_LAG_MAX)
		hashmap_put(&l->selected, c->id.raw, sizeof c->id.raw, NULL);
	return 0;
}

static int look_at_patterns(struct lag *l, const struct remote_cursor *c, struct error *err)
{
	struct list_request request = { .has_since = false };
	struct scope scope = { .v = NULL };
	int rc = sent_of(l, c, &l->sent, err);

	if (rc == 0 && (!l->all || l->sent > l->from)) {
		rc = listing_select(l->reg, l->view, &c->patterns, false, &scope, err);
		for (size_t i = 0; i < c->patterns.count; i++)
			strvec_push(&request.patterns, c->patterns.v[i]);
		if (rc == 0)
			rc = listing_changes(l->reg, l->view, &request, &scope, NULL, sort_change, l, err);
	}
	list_request_cleanup(&request);
	scope_cleanup(&scope);
	if (rc == 0 || err->code != ERR_NO_COLLECTION)
		return rc;
	error_clear(err); /* nothing here is selected by it any more */
	return 0;
}

/* The records of a run are kept as versions, and are none to anybody: 1, 0, -1. */
static int is_version(struct view *v, const struct change *c, struct error *err)
{
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;
	struct key_name key;

	if (strcmp(c->value, "null") == 0)
		return 0;
	key_name_parse(c->key, &key);
	if (key_name_is(&key, "link"))
		return 1;
	if (!key_name_is(&key, "version") || key_name_collection(v, key.cid.hex, &name, err) < 0)
		return key_name_is(&key, "version") ? -1 : 0;
	return !key_name_is_run(name.buf);
}

static int count_change(const struct change *c, uint64_t seq, const char *by, void *arg, struct error *err)
{
	struct lag *l = arg;
	const char *name = remote_shown(l->remote);
	int counts;

	(void)seq;
	if (!listing_travels(c->key) || strcmp(by ? by : "", name) == 0 || hashmap_has(&l->covered, c->id.raw, sizeof c->id.raw) ||
	    (!l->all && !hashmap_has(&l->selected, c->id.raw, sizeof c->id.raw)))
		return 0;
	if (l->out->changes == REMOTE_LAG_MAX) {
		l->out->has_more = true;
		return 1;
	}
	counts = is_version(l->view, c, err);
	if (counts < 0)
		return -1;
	l->out->changes++;
	l->out->versions += (uint64_t)counts;
	return 0;
}

static void look_ahead(const struct remote_state *state, const struct remote_cursor *all, struct remote_lag *out)
{
	for (size_t i = 0; i < state->count; i++)
		if (!all || &state->cursors[i] == all)
			out->is_ahead |= state->far_seq > state->cursors[i].seq;
}

int remote_lag_read(struct registry *reg, const struct remote *r, struct remote_lag *out, struct error *err)
{
	static const struct strvec none = STRVEC_INIT;
	CLEANUP(remote_state) struct remote_state state = REMOTE_STATE_INIT;
	CLEANUP(lag) struct lag l = { .reg = reg, .view = registry_view(reg, err), .remote = r, .out = out };
	int known = remote_state_read(reg, r, &state, err);

	*out = (struct remote_lag){ .is_known = known > 0, .seen = state.seen };
	if (!l.view || known < 0)
		return -1;
	if (!known)
		return 0;
	l.all = remote_state_find(&state, &none);
	look_ahead(&state, l.all, out);
	if (l.all && sent_of(&l, l.all, &l.from, err) < 0)
		return -1;
	for (size_t i = 0; i < state.count; i++)
		if (&state.cursors[i] != l.all && look_at_patterns(&l, &state.cursors[i], err) < 0)
			return -1;
	return view_each_change_after(l.view, l.from, count_change, &l, err) < 0 ? -1 : 0;
}
