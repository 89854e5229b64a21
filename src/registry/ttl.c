/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes times to live. */
#include <config.h>

#include "registry/ttl.h"

#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "registry/commit.h"

static void ttl_key(struct strbuf *out, const struct subject *of)
{
	strbuf_addf(out, "ttl/%s", of->id);
}

/* 1: this subject says something itself. */
static int read_own(struct view *v, const struct subject *of, struct ttl *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	CLEANUP(json) json_t *doc = NULL;
	int found;

	ttl_key(&key, of);
	found = view_json(v, key.buf, &doc, err);
	if (found <= 0)
		return found;
	if (json_is_integer(doc) && json_integer_value(doc) >= 0)
		*out = (struct ttl){ TTL_SECONDS, (uint64_t)json_integer_value(doc), false };
	else
		*out = (struct ttl){ TTL_NEVER, 0, false }; /* whatever a later release may say there: nothing is removed for it */
	return 1;
}

int ttl_read(struct view *v, const struct collection *c, const struct oid *version, struct ttl *out, struct error *err)
{
	struct subject of = version ? subject_of_version(version) : subject_of_collection(&c->cid);
	int found;

	*out = (struct ttl){ TTL_NONE, 0, false };
	found = read_own(v, &of, out, err);
	if (found != 0 || !version)
		return found < 0 ? -1 : 0;
	of = subject_of_collection(&c->cid);
	if (read_own(v, &of, out, err) < 0)
		return -1;
	out->is_inherited = out->kind != TTL_NONE;
	return 0;
}

int64_t ttl_expiry(const struct ttl *ttl, int64_t created)
{
	uint64_t room;

	if (ttl->kind != TTL_SECONDS)
		return INT64_MAX;
	room = ((uint64_t)INT64_MAX - (uint64_t)(created > 0 ? created : 0)) / (uint64_t)NS_PER_S;
	return ttl->seconds >= room ? INT64_MAX : created + (int64_t)ttl->seconds * NS_PER_S;
}

struct setting {
	const struct ttl_change *change;
	struct annotated *out;
	json_t *value; /* NULL: inherit */
};

static int decide(struct txn *txn, void *arg, struct error *err)
{
	const struct setting *s = arg;
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;

	if (annotation_target_no_run(txn_view(txn), s->change->reference, "time to live", s->out, err) < 0)
		return -1;
	ttl_key(&key, &s->out->subject);
	return txn_set(txn, key.buf, s->value, err);
}

static int parse_value(const char *text, json_t **out, struct error *err)
{
	uint64_t seconds;

	if (strcmp(text, "inherit") == 0)
		return 0;
	if (strcmp(text, "never") == 0) {
		*out = json_string(text);
		return 0;
	}
	if (!duration_parse(text, &seconds) || seconds > INT64_MAX)
		return error_set(err, ERR_USAGE, "'%s' is not a duration such as 30d, nor never or inherit", text);
	*out = json_u64(seconds);
	return 0;
}

int ttl_set(struct registry *reg, const struct ttl_change *change, struct annotated *out, struct error *err)
{
	const struct commit commit = { .verb = "ttl", .why = change->why, .dry_run = change->dry_run };
	CLEANUP(json) json_t *value = NULL;
	struct setting s = { change, out, NULL };

	if (parse_value(change->value, &value, err) < 0)
		return -1;
	s.value = value;
	return commit_run(reg, &commit, decide, &s, err);
}
