/* SPDX-License-Identifier: Apache-2.0 */
/* A pull, from the listing of what is new to the line in the journal. */
#include <config.h>

#include "transport/pull.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "registry/absent.h"
#include "registry/listing.h"
#include "registry/version.h"
#include "transport/connect.h"
#include "transport/fetch.h"
#include "transport/listed.h"
#include "transport/local-packs.h"
#include "transport/settle.h"
#include "transport/wanted.h"

#define MAX_ROUNDS 10 /* of plans that are out of date by the time they are to be carried out */

struct pull {
	struct registry *reg;
	const struct pull_options *o;
	struct pull_result *out;
	struct connection *connection;
	struct hello hello;
	struct remote_state state;
	struct remote_cursor *cursor;
	struct listing_patterns patterns;
	struct listed listed;
	struct journal_position planned_at;
	bool has_plan, is_empty; /* is_empty: there is nothing here that anything could not fit with */
	struct wanted wanted;
	struct strvec absent, present, shallow, whole;
};

static void pull_cleanup(struct pull *p)
{
	connection_cleanup(&p->connection);
	hello_cleanup(&p->hello);
	remote_state_cleanup(&p->state);
	listing_patterns_cleanup(&p->patterns);
	listed_cleanup(&p->listed);
	wanted_cleanup(&p->wanted);
	strvec_release(&p->absent);
	strvec_release(&p->present);
	strvec_release(&p->shallow);
	strvec_release(&p->whole);
}

void pull_result_cleanup(struct pull_result *r)
{
	receive_result_cleanup(&r->received);
	merge_plan_cleanup(&r->plan);
}

/* --- what is asked --- */

/* What is remembered of it is only of use if it is the registry that it was then. */
static int recall(struct pull *p, struct error *err)
{
	if (remote_state_read(p->reg, p->o->remote, &p->state, err) < 0)
		return -1;
	if (p->state.registry && strcmp(p->state.registry, p->hello.registry) != 0) {
		if (!p->o->allow_rewind) {
			error_set(err, ERR_CONFLICT, "'%s' is another registry than it was: %s, not %s", remote_shown(p->o->remote),
				p->hello.registry, p->state.registry);
			return error_hint(err, "If that is right, '--allow-rewind' takes over what it has.");
		}
		p->state.count = 0;
	}
	free(p->state.registry);
	p->state.registry = xstrdup(p->hello.registry);
	p->cursor = remote_state_cursor(&p->state, &p->patterns.names);
	return 0;
}

static int begin(struct pull *p, struct error *err)
{
	if (listing_patterns_parse(p->reg, p->o->patterns, &p->patterns, err) < 0)
		return -1;
	p->connection = connect_open(p->o->remote->url, remote_shown(p->o->remote), p->reg->config, p->reg->report, &p->hello, err);
	return p->connection ? recall(p, err) : -1;
}

static int ask(struct pull *p, bool since, struct listed *out, struct error *err)
{
	struct list_request request = { .has_since = since, .seq = since ? p->cursor->seq : 0 };
	int rc;

	if (since)
		request.sum = p->cursor->sum;
	for (size_t i = 0; i < p->patterns.names.count; i++)
		strvec_push(&request.patterns, p->patterns.names.v[i]);
	rc = listed_ask(p->connection, &request, out, err);
	list_request_cleanup(&request);
	return rc;
}

/* Nothing is listed when the far journal ends where it was read to. */
static bool is_current(const struct pull *p)
{
	return p->cursor->seq && p->cursor->seq == p->hello.seq && oid_equal(&p->cursor->sum, &p->hello.sum);
}

static int list(struct pull *p, struct error *err)
{
	bool since = p->cursor->seq > 0;

	if (is_current(p)) {
		p->listed.end = (struct end){ .seq = p->hello.seq, .sum = p->hello.sum, .was_since = true };
		return 0;
	}
	if (ask(p, since, &p->listed, err) < 0)
		return -1;
	if (!since || p->listed.end.was_since || p->o->allow_rewind)
		return 0;
	error_set(err, ERR_CONFLICT, "the history of '%s' does not go on from what was seen of it", remote_shown(p->o->remote));
	return error_hint(err, "It may have been put back from an older copy; '--allow-rewind' takes over what it has now.");
}

/* --- does it fit? --- */

static struct receive receive_of(struct pull *p, bool dry_run)
{
	return (struct receive){
		.changes = &p->listed.changes,
		.plan = p->has_plan ? &p->out->plan : NULL,
		.planned_at = p->has_plan ? &p->planned_at : NULL,
		.by = remote_shown(p->o->remote),
		.remote = remote_shown(p->o->remote),
		.verb = p->o->verb,
		.why = p->o->why,
		.dry_run = dry_run,
		.absent = &p->absent,
		.present = &p->present,
		.shallow = &p->shallow,
		.whole = &p->whole,
	};
}

static int choose(struct view *v, void *arg, struct error *err)
{
	struct pull *p = arg;
	const struct wanted_choice choice = { .none = p->o->metadata_only, .patterns = p->patterns.v, .pattern_count = p->patterns.count };

	return wanted_choose(&p->wanted, v, &p->listed.changes, p->has_plan ? &p->out->plan : NULL, &choice, err);
}

/* Collections of which a part comes and that are not whole here, and those that are from now on. */
static int sort_collections(struct pull *p, struct view *v, struct error *err)
{
	for (size_t i = 0; i < p->listed.scope.count; i++) {
		const struct scope_item *item = &p->listed.scope.v[i];
		struct collection here = COLLECTION_INIT;
		struct cid cid;
		int known, shallow;

		memcpy(cid.hex, item->cid, sizeof cid.hex);
		known = collection_read(v, &cid, &here, err);
		collection_cleanup(&here);
		shallow = known < 0 ? -1 : absent_is_shallow(v, &cid, err);
		if (shallow < 0)
			return -1;
		if (item->is_shallow && !known)
			strvec_push(&p->shallow, item->cid);
		else if (!item->is_shallow && shallow)
			strvec_push(&p->whole, item->cid);
	}
	return 0;
}

static int look_at_ours(struct pull *p, struct error *err)
{
	/* what is here now is not fetched: from here on gc leaves it alone */
	bool is_held = p->o->dry_run || version_objects(p->reg, err);
	struct view *v = is_held ? registry_view(p->reg, err) : NULL;
	struct journal_position here;

	if (!v)
		return -1;
	view_position(v, &here);
	p->is_empty = here.seq == 0;
	if (sort_collections(p, v, err) < 0 || wanted_note_known(&p->wanted, v, &p->listed.changes, err) < 0)
		return -1;
	registry_drop_view(p->reg);
	return 0;
}

/* Of a shallow collection what has diverged is left out: links find their versions by id. */
static bool leave_out_shallow(struct pull *p)
{
	const struct strvec *diverged = &p->out->received.diverged;
	CLEANUP(hashmap) struct hashmap keys = HASHMAP_INIT;
	struct changes *changes = &p->listed.changes;
	size_t kept = 0;
	char cid[33];

	for (size_t i = 0; i < diverged->count; i++) {
		const struct scope_item *item = listed_cid_of_key(diverged->v[i], cid) ? listed_collection(&p->listed, cid) : NULL;

		if (!item || !item->is_shallow)
			return false;
		hashmap_put(&keys, diverged->v[i], strlen(diverged->v[i]), p);
	}
	for (size_t i = 0; i < changes->count; i++) {
		if (hashmap_has(&keys, changes->v[i].key, strlen(changes->v[i].key)))
			change_cleanup(&changes->v[i]);
		else
			changes->v[kept++] = changes->v[i];
	}
	report_note(p->reg->report, "%zu reference%s of collections that only links lead to %s left out: they have diverged", diverged->count,
		diverged->count == 1 ? "" : "s", diverged->count == 1 ? "was" : "were");
	changes->count = kept;
	return diverged->count > 0;
}

static int rehearse(struct pull *p, struct error *err)
{
	for (;;) {
		struct receive receive = receive_of(p, true);

		receive_result_cleanup(&p->out->received);
		p->out->received = (struct receive_result)RECEIVE_RESULT_INIT;
		if (receive_rehearse(p->reg, &receive, choose, p, &p->out->received, err) == 0)
			return 0;
		if (err->code != ERR_CONFLICT || !p->out->received.diverged.count || !leave_out_shallow(p))
			return -1;
		error_clear(err);
	}
}

/* Both histories whole, as merging wants them. */
static int make_plan(struct pull *p, struct error *err)
{
	const struct settle_options options = {
		.renumber = p->o->renumber,
		.settles = p->o->settles,
		.winner = p->o->winner,
		.settle = p->o->settle,
		.verb = p->o->verb,
		.why = p->o->why,
		.names = &p->patterns.names,
	};

	if (!p->has_plan && p->listed.end.was_since) {
		listed_cleanup(&p->listed);
		p->listed = (struct listed)LISTED_INIT;
		if (ask(p, false, &p->listed, err) < 0)
			return -1;
	}
	merge_plan_cleanup(&p->out->plan);
	p->out->plan = (struct merge_plan)MERGE_PLAN_INIT;
	p->has_plan = true;
	return settle_plan(p->reg, &p->listed, &options, &p->out->plan, &p->planned_at, err);
}

static int fit(struct pull *p, struct error *err)
{
	if (p->is_empty && !p->patterns.count && !p->o->dry_run) {
		wanted_choose_all(&p->wanted, &p->listed.changes, !p->o->metadata_only);
		return 0;
	}
	if (rehearse(p, err) == 0)
		return 0;
	if (err->code != ERR_CONFLICT || (!p->o->renumber && !p->o->settles))
		return -1;
	error_clear(err);
	if (make_plan(p, err) < 0)
		return -1;
	return rehearse(p, err);
}

/* --- what has to come --- */

static int check_fetched(struct pull *p, struct error *err)
{
	uint64_t lacking = 0;

	for (size_t i = 0; i < p->wanted.count; i++) {
		const struct fetch_version *v = &p->wanted.versions[i];

		if (v->is_complete)
			continue;
		if (!v->is_described)
			return error_set(err, ERR_REMOTE, "'%s' lacks version object or manifest of %.12s", remote_shown(p->o->remote), oid_hex(&v->version).text);
		lacking++;
	}
	if (lacking)
		report_note(p->reg->report, "'%s' does not have all files of %llu version%s", remote_shown(p->o->remote), (unsigned long long)lacking,
			lacking == 1 ? "" : "s");
	return 0;
}

static int fetch(struct pull *p, struct error *err)
{
	CLEANUP(fetch) struct fetch *f = NULL;

	if (!p->wanted.count)
		return 0;
	f = fetch_new(p->reg, p->connection, err);
	if (!f)
		return -1;
	if (p->o->local_path && local_packs_adopt(f, p->o->local_path, err) < 0)
		return -1;
	if (fetch_versions(f, p->wanted.versions, p->wanted.count, err) < 0 || check_fetched(p, err) < 0 || fetch_commit(f, err) < 0)
		return err->code == ERR_INTERRUPTED ? error_hint(err, "What has arrived is kept: the same command goes on from there.") : -1;
	p->out->objects = fetch_objects_count(f);
	p->out->bytes = fetch_bytes(f);
	return 0;
}

/* --- taking it over --- */

static int take_over(struct pull *p, struct error *err)
{
	wanted_sort(&p->wanted, &p->absent, &p->present);
	p->out->absent = p->absent.count;
	for (int round = 0; round < MAX_ROUNDS; round++) {
		struct receive receive = receive_of(p, p->o->dry_run);

		receive_result_cleanup(&p->out->received);
		p->out->received = (struct receive_result)RECEIVE_RESULT_INIT;
		error_clear(err);
		if (receive_commit(p->reg, &receive, &p->out->received, err) == 0)
			return 0;
		if (!p->out->received.is_stale || make_plan(p, err) < 0)
			return -1;
	}
	return -1;
}

static int remember(struct pull *p, struct error *err)
{
	p->cursor->seq = p->listed.end.seq;
	p->cursor->sum = p->listed.end.sum;
	p->state.seen = clock_now();
	p->state.far_seq = p->listed.end.seq;
	return remote_state_write(p->reg, p->o->remote, &p->state, err);
}

static bool has_nothing(const struct pull *p)
{
	return !p->listed.changes.count && !p->patterns.count;
}

/* Whose word is to count can only be said by who knows what either side says. */
static void tell_differences(const struct pull *p)
{
	for (size_t i = 0; i < p->out->received.differences.count; i++)
		report_note(p->reg->report, "%s", p->out->received.differences.v[i]);
}

int pull_run(struct registry *reg, const struct pull_options *o, struct pull_result *out, struct error *err)
{
	CLEANUP(pull) struct pull p = { .reg = reg, .o = o, .out = out, .patterns = LISTING_PATTERNS_INIT, .state = REMOTE_STATE_INIT,
		.listed = LISTED_INIT, .wanted = WANTED_INIT };

	registry_drop_view(reg);
	if (begin(&p, err) < 0 || list(&p, err) < 0)
		return -1;
	if (!has_nothing(&p) && (look_at_ours(&p, err) < 0 || fit(&p, err) < 0)) {
		tell_differences(&p);
		return -1;
	}
	if (!o->dry_run && !has_nothing(&p) && (fetch(&p, err) < 0 || take_over(&p, err) < 0))
		return -1;
	out->is_current = !out->received.has_changed;
	if (!o->dry_run && remember(&p, err) < 0)
		return -1;
	if (o->keep)
		*o->keep = STEAL(p.connection);
	return 0;
}
