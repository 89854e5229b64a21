/* SPDX-License-Identifier: Apache-2.0 */
/* Takes over what a client pushes, or tells it why not. */
#include <config.h>

#include "transport/accept.h"

#include <string.h>

#include "registry/absent.h"
#include "registry/receive.h"
#include "registry/version.h"
#include "transport/fetch.h"
#include "transport/listed.h"
#include "transport/wanted.h"

#define RECEIVE_MAX (64ull << 20) /* bytes of changes in one push, unless receive.maxSize says otherwise */

struct accepting {
	struct connection *connection;
	struct registry *reg;
	const char *by;
	const struct push *push;
	struct changes changes;
	struct wanted wanted;
	struct hashmap without; /* ids of versions whose files the client does not give */
	struct strvec absent, present;
	struct receive_result result;
};

static void accepting_cleanup(struct accepting *a)
{
	changes_cleanup(&a->changes);
	wanted_cleanup(&a->wanted);
	hashmap_cleanup(&a->without);
	strvec_release(&a->absent);
	strvec_release(&a->present);
	receive_result_cleanup(&a->result);
}

static struct receive receive_of(struct accepting *a)
{
	return (struct receive){
		.changes = &a->changes,
		.by = a->by,
		.remote = "",
		.verb = "push",
		.why = *a->push->why ? a->push->why : NULL,
		.is_push = true,
		.override = a->push->override,
		.dry_run = a->push->dry_run,
		.absent = &a->absent,
		.present = &a->present,
		.shallow = &a->push->shallow,
	};
}

/* What the client offers the files of, and which are absent here until now. */
static int add_present(struct accepting *a, struct view *v, struct error *err)
{
	for (size_t i = 0; i < a->push->present.count; i++) {
		const char *hex = a->push->present.v[i];
		struct oid version;
		int absent;

		if (!oid_parse(hex, strlen(hex), &version))
			return error_set(err, ERR_REMOTE, "'%s' is no id of a version", hex);
		absent = absent_is(v, &version, NULL, err);
		if (absent < 0 || (absent && wanted_add_version(&a->wanted, v, &version, err) < 0))
			return -1;
	}
	return 0;
}

static int choose(struct view *v, void *arg, struct error *err)
{
	struct accepting *a = arg;
	const struct wanted_choice choice = { .without = &a->without };

	if (wanted_choose(&a->wanted, v, &a->changes, NULL, &choice, err) < 0)
		return -1;
	return add_present(a, v, err);
}

static int look_at_ours(struct accepting *a, struct error *err)
{
	/* what is here now is not asked for: from here on gc leaves it alone */
	bool is_held = a->push->dry_run || version_objects(a->reg, err);
	struct view *v = is_held ? registry_view(a->reg, err) : NULL;

	for (size_t i = 0; i < a->push->absent.count; i++)
		hashmap_put(&a->without, a->push->absent.v[i], strlen(a->push->absent.v[i]), a);
	if (!v || wanted_note_known(&a->wanted, v, &a->changes, err) < 0)
		return -1;
	registry_drop_view(a->reg);
	return 0;
}

static int fetch(struct accepting *a, struct error *err)
{
	CLEANUP(fetch) struct fetch *f = NULL;

	if (!a->wanted.count)
		return 0;
	f = fetch_new(a->reg, a->connection, err);
	if (!f || fetch_versions(f, a->wanted.versions, a->wanted.count, err) < 0)
		return -1;
	for (size_t i = 0; i < a->wanted.count; i++)
		if (!a->wanted.versions[i].is_complete)
			return error_set(err, ERR_INTEGRITY, "version %.12s is not complete: something that it needs was not sent",
				oid_hex(&a->wanted.versions[i].version).text);
	return fetch_commit(f, err);
}

static int take_over(struct accepting *a, struct error *err)
{
	struct receive receive = receive_of(a);

	if (receive_rehearse(a->reg, &receive, choose, a, &a->result, err) < 0)
		return -1;
	if (a->push->dry_run)
		return 0;
	if (fetch(a, err) < 0)
		return -1;
	wanted_sort(&a->wanted, &a->absent, &a->present);
	receive_result_cleanup(&a->result);
	a->result = (struct receive_result)RECEIVE_RESULT_INIT;
	receive = receive_of(a);
	return receive_commit(a->reg, &receive, &a->result, err);
}

static int answer(struct accepting *a, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct push_result result = { .has_changed = a->result.has_changed && !a->result.diverged.count };

	if (result.has_changed && !a->push->dry_run) {
		result.base = a->result.begin.seq;
		result.seq = a->result.end.seq;
		result.sum = a->result.end.sum;
	}
	result.diverged = a->result.diverged;
	push_result_write(&text, &result);
	if (connection_send(a->connection, FRAME_RESULT, text.buf, text.len, err) < 0)
		return -1;
	return connection_flush(a->connection, err);
}

int accept_push(struct connection *c, struct registry *reg, const char *by, const struct push *push, struct error *err)
{
	CLEANUP(accepting) struct accepting a = { .connection = c, .reg = reg, .by = by, .push = push, .wanted = WANTED_INIT,
		.result = RECEIVE_RESULT_INIT };
	struct end end;
	uint64_t max;

	if (config_get_size(reg->config, "receive.maxSize", RECEIVE_MAX, &max, err) < 0 || listed_read_changes(c, max, &a.changes, &end, err) < 0 || look_at_ours(&a, err) < 0)
		return -1;
	if (take_over(&a, err) < 0 && (err->code != ERR_CONFLICT || !a.result.diverged.count))
		return -1;
	error_clear(err);
	return answer(&a, err);
}
