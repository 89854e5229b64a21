/* SPDX-License-Identifier: Apache-2.0 */
/* A push, from comparing heads to the answer of the far side. */
#include <config.h>

#include "transport/push.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "registry/absent.h"
#include "registry/listing.h"
#include "registry/version.h"
#include "store/trace.h"
#include "transport/compared.h"
#include "transport/connect.h"
#include "transport/source.h"
#include "transport/wanted.h"

#define CHANGES_FRAME (1u << 20)
#define PENDING_MAX 10000   /* changes; of more it is noted at once that they were handed out */
#define PRESENT_MAX 50000 /* ids, which is less than a frame */

struct pushing {
	struct registry *reg;
	const struct push_options *o;
	struct push_outcome *out;
	struct connection *connection;
	struct hello hello;
	struct remote_state state;
	struct remote_cursor *cursor;
	struct listing_patterns patterns;
	struct scope scope;
	struct journal_position at; /* of what is pushed */
	struct oid newest;          /* change that was looked at; zero: none */
	struct compared compared;
	struct changes surplus;     /* in the order of our journal */
	struct strvec sending;      /* their ids */
	struct wanted wanted;       /* the versions that they bring */
};

static void pushing_cleanup(struct pushing *p)
{
	connection_cleanup(&p->connection);
	hello_cleanup(&p->hello);
	remote_state_cleanup(&p->state);
	listing_patterns_cleanup(&p->patterns);
	scope_cleanup(&p->scope);
	compared_cleanup(&p->compared);
	changes_cleanup(&p->surplus);
	strvec_release(&p->sending);
	wanted_cleanup(&p->wanted);
}

void push_outcome_cleanup(struct push_outcome *r)
{
	ref_changes_cleanup(&r->refs);
	strvec_release(&r->diverged);
}

/* --- before anything is sent --- */

static int begin(struct pushing *p, struct error *err)
{
	char own[2 * REGISTRY_ID_LEN + 1];

	p->connection = connect_open(p->o->remote->url, remote_shown(p->o->remote), p->reg->config, p->reg->report, &p->hello, err);
	if (!p->connection || remote_state_read(p->reg, p->o->remote, &p->state, err) < 0)
		return -1;
	if (strcmp(p->hello.kind, "bundle") == 0)
		return error_set(err, ERR_REMOTE, "'%s' is a bundle, which nothing can be added to", remote_shown(p->o->remote));
	if (p->hello.is_read_only)
		return error_set(err, ERR_POLICY, "'%s' can only be read from here", remote_shown(p->o->remote));
	hex_encode(p->reg->store->stamp.id, REGISTRY_ID_LEN, own);
	if (strcmp(p->hello.registry, own) == 0)
		report_warning(p->reg->report, "'%s' is a copy of this registry, with the same id", remote_shown(p->o->remote));
	if (p->state.registry && strcmp(p->state.registry, p->hello.registry) != 0) {
		p->state.count = 0;
		strvec_release(&p->state.pending); /* nothing is heard of what the other one has */
		p->state.pending = (struct strvec)STRVEC_INIT;
	}
	free(p->state.registry);
	p->state.registry = xstrdup(p->hello.registry);
	p->cursor = remote_state_cursor(&p->state, &p->patterns.names);
	return 0;
}

static int keep_surplus(const struct change *c, uint64_t seq, void *arg, struct error *err)
{
	struct pushing *p = arg;

	(void)seq;
	if (!compared_is_surplus(&p->compared, &c->id))
		return 0;
	ARRAY_GROW(p->surplus.v, p->surplus.count + 1, p->surplus.cap);
	change_copy(c, &p->surplus.v[p->surplus.count++]);
	return interrupt_check(err);
}

static int note_key(const struct change *c, uint64_t seq, void *arg, struct error *err)
{
	struct pushing *p = arg;

	(void)seq;
	p->newest = c->id;
	compared_add_key(&p->compared, c->key);
	return interrupt_check(err);
}

/* Where our journal was when the far side had all of it, as long as the far side still has the last of that: 1, 0, -1. */
static int find_sent(struct pushing *p, struct view *v, struct journal_position *since, struct error *err)
{
	static const struct oid none;
	int found;

	if (!p->cursor->sent || p->hello.seq < p->state.far_seq || oid_equal(&p->cursor->sent_change, &none))
		return 0;
	found = listing_position(p->reg, v, p->cursor->sent, &p->cursor->sent_sum, since, err);
	return found <= 0 ? found : compared_ask_change(p->connection, v, &p->cursor->sent_change, err);
}

/* What we have, or what came since the last push when the far side is as far as it was then. */
static int compare_in(struct pushing *p, struct view *v, struct error *err)
{
	struct list_request request = { .has_since = false };
	struct journal_position since;
	int found, rc;

	view_position(v, &p->at);
	found = find_sent(p, v, &since, err);
	if (found < 0 || listing_select(p->reg, v, &p->patterns.names, false, &p->scope, err) < 0)
		return -1;
	for (size_t i = 0; i < p->patterns.names.count; i++)
		strvec_push(&request.patterns, p->patterns.names.v[i]);
	rc = listing_changes(p->reg, v, &request, &p->scope, found ? &since : NULL, note_key, p, err);
	if (rc == 0)
		rc = compared_ask(&p->compared, p->connection, v, err);
	if (rc == 0 && !p->compared.diverged.count)
		rc = listing_changes(p->reg, v, &request, &p->scope, found ? &since : NULL, keep_surplus, p, err);
	list_request_cleanup(&request);
	return rc;
}

/* --- which versions go along --- */

static int note_absent(struct pushing *p, struct view *v, struct error *err)
{
	size_t absent = 0;

	for (size_t i = 0; i < p->wanted.count; i++) {
		struct fetch_version *version = &p->wanted.versions[i];
		int is_absent = version->wants_bytes ? absent_is(v, &version->version, NULL, err) : 0;

		if (is_absent < 0)
			return -1;
		if (is_absent)
			version->wants_bytes = false;
		absent += (size_t)is_absent;
	}
	if (absent)
		report_note(p->reg->report, "the files of %zu version%s are not here, and are not sent", absent, absent == 1 ? "" : "s");
	return 0;
}

static int choose(struct pushing *p, struct view *v, struct error *err)
{
	const struct wanted_choice choice = { .patterns = p->patterns.v, .pattern_count = p->patterns.count,
		.takes_all_named = true };

	if (wanted_choose(&p->wanted, v, &p->surplus, NULL, &choice, err) < 0)
		return -1;
	return note_absent(p, v, err);
}

/* Of what is to be sent nothing is missing. */
static int check_whole(struct pushing *p, struct error *err)
{
	struct objects *objects = version_objects(p->reg, err);
	struct trace trace;
	int rc = 0;

	if (!objects)
		return -1;
	trace_init(&trace, objects);
	for (size_t i = 0; rc == 0 && i < p->wanted.count; i++) {
		const struct fetch_version *v = &p->wanted.versions[i];

		if (v->wants_bytes && (rc = trace_version(&trace, &v->version, &v->digest, TRACE_WHOLE, err)) < 0)
			error_wrap(err, "a version that is to be pushed is not complete here");
	}
	trace_cleanup(&trace);
	return rc;
}

static int describe(struct pushing *p, struct view *v, struct error *err)
{
	struct ref_changes *refs = &p->out->refs;

	if (compared_describe(&p->compared, v, refs, err) < 0)
		return -1;
	for (size_t i = 0; i < p->compared.diverged.count; i++) {
		CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;

		if (ref_change_name(v, p->compared.diverged.v[i], &name, err) < 0)
			return -1;
		strvec_push(&p->out->diverged, name.buf);
	}
	return 0;
}

static int diverged(struct pushing *p, struct error *err)
{
	CLEANUP(strbuf) struct strbuf names = STRBUF_INIT;
	size_t count = p->out->diverged.count;

	for (size_t i = 0; i < count && i < 5; i++)
		strbuf_addf(&names, "%s'%s'", i ? ", " : "", p->out->diverged.v[i]);
	error_set(err, ERR_CONFLICT, "'%s' has changed %s%s since they were the same", remote_shown(p->o->remote), names.buf,
		count > 5 ? " and others" : "");
	return error_hint(err, "'mreg pull' shows what to do about it; then push again.");
}

static int prepare(struct pushing *p, struct error *err)
{
	struct view *v = registry_view(p->reg, err);

	if (!v || compare_in(p, v, err) < 0 || choose(p, v, err) < 0 || describe(p, v, err) < 0)
		return -1;
	if (p->compared.diverged.count)
		return diverged(p, err);
	registry_drop_view(p->reg);
	return check_whole(p, err);
}

/* --- sending --- */

/* What is on its way may have arrived even if nobody ever says so. */
static int note_pending(struct pushing *p, struct error *err)
{
	if (p->surplus.count > PENDING_MAX)
		return listing_offer(p->reg, &p->scope, p->patterns.names.count == 0, p->at.seq, err) < 0 ? -1 : 0;
	for (size_t i = 0; i < p->surplus.count; i++)
		strvec_push(&p->sending, oid_hex(&p->surplus.v[i].id).text);
	return remote_change_pending(p->reg, p->o->remote, &p->sending, NULL, err);
}

static int send_request(struct pushing *p, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct push request = { .dry_run = p->o->dry_run, .override = p->o->override };
	int rc;

	registry_name_user(p->reg);
	request.why = xstrdup(p->o->why ? p->o->why : "");
	request.user = xstrdup(p->reg->user);
	for (size_t i = 0; i < p->wanted.count; i++) {
		const struct fetch_version *version = &p->wanted.versions[i];

		if (!version->wants_bytes)
			strvec_push(&request.absent, oid_hex(&version->version).text);
		else if (p->patterns.count && request.present.count < PRESENT_MAX)
			strvec_push(&request.present, oid_hex(&version->version).text);
	}
	for (size_t i = 0; i < p->scope.count; i++)
		if (p->scope.v[i].is_shallow)
			strvec_push(&request.shallow, p->scope.v[i].cid);
	push_write(&text, &request);
	rc = connection_send(p->connection, FRAME_PUSH, text.buf, text.len, err);
	push_cleanup(&request);
	return rc;
}

static int send_changes(struct pushing *p, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	const struct end end = { .changes = p->surplus.count };

	for (size_t i = 0; i < p->surplus.count; i++) {
		changes_write(&text, &p->surplus.v[i]);
		if (text.len < CHANGES_FRAME && i + 1 < p->surplus.count)
			continue;
		if (connection_send(p->connection, FRAME_CHANGES, text.buf, text.len, err) < 0)
			return -1;
		strbuf_reset(&text);
	}
	end_write(&text, &end);
	return connection_send(p->connection, FRAME_END, text.buf, text.len, err);
}

/* The far side asks for objects, and says in the end what has become of it. */
static int serve_wants(struct pushing *p, struct source *source, struct push_result *result, struct error *err)
{
	uint64_t before = connection_sent(p->connection);
	struct frame frame;

	for (;;) {
		if (connection_read(p->connection, &frame, err) < 0)
			return -1;
		if (frame.type == FRAME_RESULT)
			break;
		if (frame.type != FRAME_WANT)
			return error_set(err, ERR_REMOTE, "%s: '%s' has no place in a push", connection_name(p->connection), frame_type_name(frame.type));
		if (provide_answer(source, p->connection, frame.data, frame.len, err) < 0)
			return -1;
		p->out->objects += frame.len / FRAME_WANT_ID_LEN;
	}
	p->out->bytes = p->out->objects ? connection_sent(p->connection) - before : 0;
	return push_result_parse(frame.data, frame.len, result, err);
}

static int take_result(struct pushing *p, const struct push_result *result, struct error *err)
{
	struct view *v;

	if (!result->diverged.count)
		return 0;
	v = registry_view(p->reg, err);
	if (!v)
		return -1;
	for (size_t i = 0; i < result->diverged.count; i++) {
		CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;

		if (ref_change_name(v, result->diverged.v[i], &name, err) < 0)
			return -1;
		strvec_push(&p->out->diverged, name.buf);
	}
	registry_drop_view(p->reg);
	return diverged(p, err);
}

/* The far journal is known here up to what it says now, if it was known up to where this push was added. */
static void move_cursor(const struct pushing *p, const struct push_result *result, struct remote_cursor *c)
{
	/* of an empty journal there is no line that a sum could be of */
	if (c->seq != p->hello.seq || (c->seq && !oid_equal(&c->sum, &p->hello.sum)))
		return;
	c->seq = result->seq;
	c->sum = result->sum;
}

/* Whatever it selects, what was added is ours. */
static void move_cursors(struct pushing *p, const struct push_result *result)
{
	for (size_t i = 0; result->seq && result->base == p->hello.seq && i < p->state.count; i++)
		move_cursor(p, result, &p->state.cursors[i]);
}

static int remember(struct pushing *p, const struct push_result *result, struct error *err)
{
	static const struct oid none;

	if (listing_offer(p->reg, &p->scope, p->patterns.names.count == 0, p->at.seq, err) < 0)
		return -1;
	move_cursors(p, result);
	p->cursor->sent = p->at.seq;
	p->cursor->sent_sum = p->at.sum;
	if (p->surplus.count)
		p->cursor->sent_change = p->surplus.v[p->surplus.count - 1].id;
	else if (!oid_equal(&p->newest, &none))
		p->cursor->sent_change = p->newest;
	p->state.seen = clock_now();
	p->state.far_seq = result->seq ? result->seq : p->hello.seq;
	/* what was pending before is settled when all was compared: of what patterns do not select nothing was heard */
	for (size_t i = 0; !p->patterns.names.count && i < p->state.pending.count; i++)
		strvec_push(&p->sending, p->state.pending.v[i]);
	if (p->sending.count && remote_change_pending(p->reg, p->o->remote, NULL, &p->sending, err) < 0)
		return -1;
	return remote_state_write(p->reg, p->o->remote, &p->state, err);
}

/* 1 when the far side has refused: then it has nothing of it. */
static int hand_over(struct pushing *p, struct push_result *result, struct error *err)
{
	CLEANUP(source) struct source *source = source_of_registry(p->reg, err);

	if (!source || (!p->o->dry_run && note_pending(p, err) < 0))
		return -1;
	if (send_request(p, err) < 0 || send_changes(p, err) < 0)
		return -1;
	if (serve_wants(p, source, result, err) < 0)
		return err->code == ERR_INTERRUPTED ? error_hint(err, "What has arrived there is kept: the same command goes on from there.") : -1;
	return take_result(p, result, err);
}

/* All else leaves it open whether the far side has it: it may be done there before it could say so. */
static bool is_refused(const struct push_result *result, const struct error *err)
{
	return result->diverged.count || err->code == ERR_CONFLICT || err->code == ERR_POLICY || err->code == ERR_INVALID ||
		err->code == ERR_NO_COLLECTION || err->code == ERR_NO_REFERENCE || err->code == ERR_USAGE;
}

/* What was refused has not been handed out, unless it was before. */
static void forget_pending(struct pushing *p)
{
	CLEANUP(hashmap) struct hashmap before = HASHMAP_INIT;
	CLEANUP(strvec) struct strvec ids = STRVEC_INIT;
	struct error ignored = ERROR_INIT;

	for (size_t i = 0; i < p->state.pending.count; i++)
		hashmap_put(&before, p->state.pending.v[i], strlen(p->state.pending.v[i]), p);
	for (size_t i = 0; i < p->sending.count; i++)
		if (!hashmap_has(&before, p->sending.v[i], strlen(p->sending.v[i])))
			strvec_push(&ids, p->sending.v[i]);
	if (ids.count && remote_change_pending(p->reg, p->o->remote, NULL, &ids, &ignored) < 0)
		error_clear(&ignored);
}

static int push(struct pushing *p, struct error *err)
{
	struct push_result result = { .seq = 0 };
	int rc = 0;

	if (begin(p, err) < 0 || prepare(p, err) < 0)
		return -1;
	p->out->is_current = !p->surplus.count && !p->patterns.count;
	if (!p->out->is_current)
		rc = hand_over(p, &result, err);
	if (rc < 0 && !p->o->dry_run && is_refused(&result, err))
		forget_pending(p);
	if (rc == 0)
		p->out->is_current = !result.has_changed;
	if (rc == 0 && !p->o->dry_run)
		rc = remember(p, &result, err);
	push_result_cleanup(&result);
	return rc;
}

int push_run(struct registry *reg, const struct push_options *o, struct push_outcome *out, struct error *err)
{
	CLEANUP(pushing) struct pushing p = { .reg = reg, .o = o, .out = out, .patterns = LISTING_PATTERNS_INIT, .state = REMOTE_STATE_INIT,
		.compared = COMPARED_INIT, .wanted = WANTED_INIT, .sending = STRVEC_INIT };
	int rc;

	registry_drop_view(reg);
	rc = listing_patterns_parse(reg, o->patterns, &p.patterns, err) < 0 ? -1 : push(&p, err);
	registry_drop_view(reg);
	return rc;
}
