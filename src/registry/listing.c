/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns of names, and what is noted and answered about what this registry has. */
#include <config.h>

#include "registry/listing.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "format/glob.h"
#include "format/run-id.h"
#include "registry/receive.h"
#include "store/spots.h"

bool listing_travels(const char *key)
{
	return receive_is_known_key(key);
}

/* ---- patterns ---- */

void listing_pattern_cleanup(struct listing_pattern *p)
{
	free(p->name);
	free(p->ref);
	*p = (struct listing_pattern){ NULL, NULL };
}

static bool has_glob(const char *name)
{
	return strpbrk(name, "*?[\\") != NULL;
}

static int illegal(const char *text, const char *why, struct error *err)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	utf8_add_escaped(&shown, text, strnlen(text, NAME_FULL_MAX));
	return error_set(err, ERR_INVALID, "'%s' is not a legal pattern: %s", shown.buf, why);
}

/* What stands in names, in globs, and, for a title, any text. */
static int check_name(const char *text, const char *name, struct error *err)
{
	size_t len = strlen(name);

	if (!len)
		return illegal(text, "it has no name", err);
	if (len > NAME_FULL_MAX)
		return illegal(text, "it is too long", err);
	if (!utf8_is_valid(name, len) || utf8_has_control(name, len, ""))
		return illegal(text, "it has bytes that no name has", err);
	return 0;
}

int listing_pattern_parse(const struct registry *reg, const char *text, struct listing_pattern *out, struct error *err)
{
	CLEANUP(listing_pattern) struct listing_pattern p = { NULL, NULL };
	CLEANUP(strbuf) struct strbuf complete = STRBUF_INIT;
	size_t name_len = strcspn(text, ":");

	p.name = xstrndup(text, name_len);
	if (text[name_len])
		p.ref = xstrdup(text + name_len + 1);
	if (check_name(text, p.name, err) < 0)
		return -1;
	if (p.ref && (!*p.ref || !utf8_is_valid(p.ref, strlen(p.ref)) || utf8_has_control(p.ref, strlen(p.ref), "")))
		return illegal(text, "what stands after ':' is no reference", err);
	if (reg && !has_glob(p.name)) {
		name_complete(&complete, p.name, &reg->scope);
		free(p.name);
		p.name = strbuf_detach(&complete);
	}
	*out = p;
	p = (struct listing_pattern){ NULL, NULL };
	return 0;
}

int listing_patterns_parse(const struct registry *reg, const struct strvec *texts, struct listing_patterns *out, struct error *err)
{
	size_t count = texts ? texts->count : 0;

	if (!count)
		return 0;
	out->v = xcalloc(count, sizeof *out->v);
	for (size_t i = 0; i < count; i++) {
		if (listing_pattern_parse(reg, texts->v[i], &out->v[i], err) < 0)
			return -1;
		out->count++;
		if (!strvec_has(&out->names, out->v[i].name))
			strvec_push(&out->names, out->v[i].name);
	}
	strvec_sort(&out->names);
	return 0;
}

void listing_patterns_cleanup(struct listing_patterns *p)
{
	for (size_t i = 0; i < p->count; i++)
		listing_pattern_cleanup(&p->v[i]);
	free(p->v);
	strvec_release(&p->names);
	*p = (struct listing_patterns)LISTING_PATTERNS_INIT;
}

bool listing_pattern_matches(const struct listing_pattern *p, const char *name)
{
	CLEANUP(strbuf) struct strbuf pattern = STRBUF_INIT, folded = STRBUF_INIT;

	ascii_fold(&pattern, p->name, strlen(p->name));
	ascii_fold(&folded, name, strlen(name));
	return has_glob(p->name) ? glob_match(pattern.buf, folded.buf) : strcmp(pattern.buf, folded.buf) == 0;
}

/* ---- positions ---- */

int listing_position(struct registry *reg, struct view *v, uint64_t seq, const struct oid *sum, struct journal_position *out, struct error *err)
{
	int found = spots_position(v, seq, out, err);

	(void)reg;
	return found == 1 ? oid_equal(&out->sum, sum) : found;
}

/* ---- what was handed out ---- */

struct offering {
	const struct scope *scope;
	bool is_all;
	uint64_t seq;
};

/* Whether a collection (NULL: everything) has changes of ours up to the line that are not noted yet: 1, 0, -1. */
static int is_news(struct view *v, const struct cid *cid, struct error *err)
{
	uint64_t all, through, last;

	if (view_offered_through(v, NULL, &all, err) < 0 || view_offered_through(v, cid, &through, err) < 0 ||
	    spots_last_own(v, cid, all > through ? all : through, &last, err) < 0)
		return -1;
	return last > 0;
}

/* A run has no numbers that could be given away twice. */
static bool cid_of(const struct scope_item *item, struct cid *out)
{
	if (strlen(item->cid) != CID_HEX_LEN || run_id_is(item->name, strlen(item->name)))
		return false;
	memcpy(out->hex, item->cid, CID_HEX_LEN + 1);
	return true;
}

static int offer(struct txn *txn, void *arg, struct error *err)
{
	const struct offering *o = arg;
	struct view *v = txn_view(txn);
	struct cid cid;
	int news = o->is_all ? is_news(v, NULL, err) : 0;

	if (news < 0)
		return -1;
	if (news)
		txn_offer(txn, NULL, o->seq);
	for (size_t i = 0; !o->is_all && i < o->scope->count; i++) {
		if (!cid_of(&o->scope->v[i], &cid))
			continue;
		news = is_news(v, &cid, err);
		if (news < 0)
			return -1;
		if (news)
			txn_offer(txn, &cid, o->seq);
	}
	return 0;
}

/* Without a lock: the usual answer is that nothing is new. */
static int is_known(struct view *v, const struct offering *o, struct error *err)
{
	struct cid cid;
	int news;

	if (o->is_all) {
		news = is_news(v, NULL, err);
		return news < 0 ? -1 : !news;
	}
	for (size_t i = 0; i < o->scope->count; i++) {
		news = cid_of(&o->scope->v[i], &cid) ? is_news(v, &cid, err) : 0;
		if (news)
			return news < 0 ? -1 : 0;
	}
	return 1;
}

int listing_offer(struct registry *reg, const struct scope *scope, bool is_all, uint64_t seq, struct error *err)
{
	struct offering o = { scope, is_all, seq };
	struct txn_info info;
	struct view *v = registry_view(reg, err);
	int known = v ? is_known(v, &o, err) : -1;

	registry_drop_view(reg);
	if (known)
		return known < 0 ? -1 : 0;
	info = registry_txn_info(reg, "serve", NULL, false);
	return txn_run(reg->store, &info, offer, &o, err) < 0 ? -1 : 1;
}

/* ---- comparing ---- */

static int answer_heads(struct view *v, struct key_heads *answer, struct error *err)
{
	CLEANUP(heads) struct heads heads = HEADS_INIT;

	if (!listing_travels(answer->key))
		return 0;
	if (view_heads(v, answer->key, &heads, err) < 0)
		return -1;
	answer->heads = xcalloc(heads.count + 1, sizeof *answer->heads);
	answer->values = xcalloc(heads.count + 1, sizeof *answer->values);
	answer->count = heads.count;
	for (size_t i = 0; i < heads.count; i++) {
		answer->heads[i] = heads.v[i].id;
		answer->values[i] = xstrdup(heads.v[i].value);
	}
	return 0;
}

static int answer_known(struct view *v, const struct key_heads *question, struct key_heads *answer, struct error *err)
{
	answer->known = xcalloc(question->count + 1, sizeof *answer->known);
	answer->known_count = question->count;
	for (size_t i = 0; listing_travels(question->key) && i < question->count; i++) {
		int known = spots_has_change(v, &question->heads[i], err);

		if (known < 0)
			return -1;
		answer->known[i] = known;
	}
	return 0;
}

int listing_compare(struct registry *reg, struct view *v, const struct key_heads_list *question, struct key_heads_list *answer, struct error *err)
{
	(void)reg;
	for (size_t i = 0; i < question->count; i++) {
		struct key_heads *one = key_heads_add(answer, question->v[i].key);

		if (answer_heads(v, one, err) < 0 || answer_known(v, &question->v[i], one, err) < 0)
			return -1;
	}
	return 0;
}
