/* SPDX-License-Identifier: Apache-2.0 */
/* Asks the journal what a reference meant at a time. */
#include <config.h>

#include "registry/as-of.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "registry/chain.h"

struct question {
	struct view *view;
	const struct reference *ref;
	int64_t at;
	struct resolved *out;
};

static int damaged(const char *key, struct error *err)
{
	return error_set(err, ERR_INTEGRITY, "a change of '%s' has no sound value", key);
}

static int parse_row(const char *key, const char *value, uint64_t number, struct version_row *out, struct error *err)
{
	CLEANUP(json) json_t *doc = json_parse(value, strlen(value), key, err);

	*out = (struct version_row){ .number = number };
	if (!doc || !json_get_oid(doc, "version", &out->version) || !json_get_oid(doc, "digest", &out->digest) ||
		!json_get_u64(doc, "files", &out->files) || !json_get_u64(doc, "size", &out->size))
		return damaged(key, err);
	return 0;
}

static void version_key(struct strbuf *out, const struct collection *c, uint64_t number)
{
	strbuf_addf(out, "%s/%s/%" PRIu64, c->is_model ? "link" : "version", c->cid.hex, number);
}

/* The version of this number as it was then: 1, 0 (its chain tells why), -1. */
static int row_at(const struct question *q, uint64_t number, struct chain *chain, struct version_row *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	const char *value;

	version_key(&key, &q->out->collection, number);
	if (chain_read(q->view, key.buf, chain, err) < 0)
		return -1;
	value = chain_value_at(chain, q->at);
	if (!value)
		return 0;
	return parse_row(key.buf, value, number, out, err) < 0 ? -1 : 1;
}

static void add_time(struct strbuf *out, int64_t ns)
{
	clock_format_utc(out, ns);
}

static int not_then(const struct question *q, const char *what, const char *predicate, struct error *err)
{
	CLEANUP(strbuf) struct strbuf time = STRBUF_INIT;

	add_time(&time, q->at);
	return error_set(err, ERR_NO_REFERENCE, "'%s' %s at %s", what, predicate, time.buf);
}

/* ---- NAME:vN ---- */

static int at_number(const struct question *q, struct error *err)
{
	CLEANUP(chain) struct chain chain = CHAIN_INIT;
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT, first = STRBUF_INIT;
	int found = row_at(q, q->ref->number, &chain, &q->out->row, err);

	if (found != 0)
		return found < 0 ? -1 : 0;
	if (!chain.count) {
		collection_cleanup(&q->out->collection);
		return resolve_reference(q->view, q->ref, q->out, err); /* it never was: says so */
	}
	strbuf_addf(&name, "%s:v%" PRIu64, q->out->collection.name, q->ref->number);
	add_time(&first, chain.v[chain.count - 1].time);
	if (chain.v[chain.count - 1].time <= q->at)
		not_then(q, name.buf, "was removed", err);
	else
		not_then(q, name.buf, "was not there yet", err);
	return error_hint(err, "It came at %s.", first.buf);
}

/* ---- NAME, NAME:latest, NAME@HEX ---- */

struct search {
	const struct question *question;
	const char *hex; /* NULL: any */
	bool found;
	int64_t first; /* when the oldest number came, if nothing was found */
};

static int ambiguous(const struct question *q, struct error *err)
{
	error_set(err, ERR_INVALID, "'%s@%s' is ambiguous", q->out->collection.name, q->ref->hex);
	return error_hint(err, "Give more digits of the digest.");
}

static int search_row(const struct version_row *now, void *arg, struct error *err)
{
	struct search *s = arg;
	CLEANUP(chain) struct chain chain = CHAIN_INIT;
	struct version_row row;
	int found = row_at(s->question, now->number, &chain, &row, err);

	if (found < 0)
		return -1;
	if (chain.count)
		s->first = chain.v[chain.count - 1].time;
	if (!found || (s->hex && strncmp(oid_hex(&row.digest).text, s->hex, strlen(s->hex)) != 0))
		return 0;
	if (s->found && !oid_equal(&row.digest, &s->question->out->row.digest))
		return ambiguous(s->question, err);
	if (!s->found)
		s->question->out->row = row;
	s->found = true;
	return s->hex == NULL;
}

static int at_any(const struct question *q, const char *hex, struct error *err)
{
	struct search search = { q, hex, false, INT64_MIN };
	CLEANUP(strbuf) struct strbuf first = STRBUF_INIT, digest = STRBUF_INIT;

	if (view_each_version(q->view, &q->out->collection.cid, true, search_row, &search, err) < 0)
		return -1;
	if (search.found)
		return 0;
	if (hex) {
		strbuf_addf(&digest, "%s@%s", q->out->collection.name, hex);
		return not_then(q, digest.buf, "was no version", err);
	}
	not_then(q, q->out->collection.name, "had no version", err);
	if (search.first <= q->at)
		return -1;
	add_time(&first, search.first);
	return error_hint(err, "Its first came at %s.", first.buf);
}

/* ---- NAME:ALIAS ---- */

struct place_search {
	const struct question *question;
	bool found;
};

/* A version may have had several numbers in a model: the one that it had then. */
static int take_place(const struct cid *cid, uint64_t number, bool is_link, bool is_live, void *arg, struct error *err)
{
	struct place_search *s = arg;
	CLEANUP(chain) struct chain chain = CHAIN_INIT;
	int found;

	(void)is_link;
	(void)is_live;
	if (strcmp(cid->hex, s->question->out->collection.cid.hex) != 0)
		return 0;
	found = row_at(s->question, number, &chain, &s->question->out->row, err);
	s->found = found == 1;
	return found;
}

static int no_holder(const struct question *q, const struct chain *chain, struct error *err)
{
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT, first = STRBUF_INIT;
	const char *collection = q->out->collection.name;

	strbuf_addf(&name, "%s:%s", collection, q->ref->alias);
	add_time(&first, chain->v[chain->count - 1].time);
	not_then(q, name.buf, "was not set", err);
	if (chain->v[chain->count - 1].time > q->at)
		return error_hint(err, "It was first set at %s.", first.buf);
	return error_hint(err, "'mreg history %s --alias %s' tells when it was.", collection, q->ref->alias);
}

static int at_alias(const struct question *q, struct error *err)
{
	CLEANUP(chain) struct chain chain = CHAIN_INIT;
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	CLEANUP(json) json_t *doc = NULL;
	struct place_search search = { q, false };
	const char *value, *written;
	struct oid version;

	alias_key(&key, &q->out->collection.cid, q->ref->alias);
	if (chain_read(q->view, key.buf, &chain, err) < 0)
		return -1;
	if (!chain.count) {
		collection_cleanup(&q->out->collection);
		return resolve_reference(q->view, q->ref, q->out, err); /* it never was: says so, with those there are */
	}
	value = chain_value_at(&chain, q->at);
	doc = value ? json_parse(value, strlen(value), key.buf, err) : NULL;
	if (value && (!doc || !json_get_oid(doc, "version", &version) || !json_get_string(doc, "alias", &written)))
		return damaged(key.buf, err);
	if (!value || strcmp(written, q->ref->alias) != 0)
		return no_holder(q, &chain, err);
	if (view_each_place(q->view, &version, take_place, &search, err) < 0)
		return -1;
	return search.found ? 0 : no_holder(q, &chain, err);
}

int as_of_resolve(struct view *v, const char *text, int64_t at, struct resolved *out, struct error *err)
{
	struct reference ref;
	const struct question q = { v, &ref, at, out };

	if (reference_parse(text, &ref, err) < 0 || collection_get(v, ref.name, &out->collection, err) < 0)
		return -1;
	switch (ref.kind) {
	case REFERENCE_NUMBER:
		return at_number(&q, err);
	case REFERENCE_BARE:
	case REFERENCE_LATEST:
		return at_any(&q, NULL, err);
	case REFERENCE_DIGEST:
		return at_any(&q, ref.hex, err);
	case REFERENCE_ALIAS:
		return at_alias(&q, err);
	}
	BUG("reference of unknown kind %d", (int)ref.kind);
}

/* ---- numbers ---- */

struct number_search {
	struct view *view;
	const struct cid *cid;
	int64_t at;
	uint64_t places, number;
	bool found;
};

static int count_number(const struct cid *cid, uint64_t number, bool is_link, bool is_live, void *arg, struct error *err)
{
	struct number_search *s = arg;

	(void)number;
	(void)is_link;
	(void)is_live;
	(void)err;
	s->places += strcmp(cid->hex, s->cid->hex) == 0;
	return s->places > 1;
}

static int match_number(const struct cid *cid, uint64_t number, bool is_link, bool is_live, void *arg, struct error *err)
{
	struct number_search *s = arg;
	CLEANUP(chain) struct chain chain = CHAIN_INIT;
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;

	(void)is_live;
	if (strcmp(cid->hex, s->cid->hex) != 0)
		return 0;
	strbuf_addf(&key, "%s/%s/%" PRIu64, is_link ? "link" : "version", cid->hex, number);
	if (chain_read(s->view, key.buf, &chain, err) < 0)
		return -1;
	s->found = chain_value_at(&chain, s->at) != NULL;
	s->number = number;
	return s->found;
}

int as_of_number(struct view *v, const struct cid *cid, const struct oid *version, int64_t at, uint64_t *out, struct error *err)
{
	struct number_search s = { .view = v, .cid = cid, .at = at };

	if (view_each_place(v, version, count_number, &s, err) < 0 || (s.places > 1 && view_each_place(v, version, match_number, &s, err) < 0))
		return -1;
	if (!s.found)
		return view_version_in(v, cid, version, out, err);
	*out = s.number;
	return 1;
}
