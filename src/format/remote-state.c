/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes what was seen of another registry. */
#include <config.h>

#include "format/remote-state.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "format/sealed-line.h"
#include "format/stamp.h"

#define REMOTE_STATE_FORMAT 1

static void cursor_release(struct remote_cursor *c)
{
	strvec_release(&c->patterns);
}

void remote_state_cleanup(struct remote_state *s)
{
	free(s->registry);
	for (size_t i = 0; i < s->count; i++)
		cursor_release(&s->cursors[i]);
	free(s->cursors);
	strvec_release(&s->pending);
	*s = (struct remote_state)REMOTE_STATE_INIT;
}

/* ---- writing ---- */

static json_t *texts_json(const struct strvec *texts)
{
	json_t *list = json_array();

	for (size_t i = 0; i < texts->count; i++)
		json_array_append_new(list, json_string(texts->v[i]));
	return list;
}

static bool is_text(const struct strvec *texts)
{
	for (size_t i = 0; i < texts->count; i++)
		if (!utf8_is_valid(texts->v[i], strlen(texts->v[i])))
			return false;
	return true;
}

static json_t *cursor_json(const struct remote_cursor *c)
{
	static const struct oid none;
	json_t *obj = json_object();

	json_object_set_new(obj, "patterns", texts_json(&c->patterns));
	json_object_set_new(obj, "sent", json_u64(c->sent));
	if (!oid_equal(&c->sent_change, &none))
		json_object_set_new(obj, "sent-change", json_oid(&c->sent_change));
	json_object_set_new(obj, "sent-sum", json_oid(&c->sent_sum));
	json_object_set_new(obj, "seq", json_u64(c->seq));
	json_object_set_new(obj, "sum", json_oid(&c->sum));
	return obj;
}

void remote_state_to_text(struct strbuf *out, const struct remote_state *s)
{
	CLEANUP(json) json_t *obj = json_object();
	json_t *cursors = json_array();
	struct oid sum;

	for (size_t i = 0; i < s->count; i++)
		if (is_text(&s->cursors[i].patterns))
			json_array_append_new(cursors, cursor_json(&s->cursors[i]));
	json_object_set_new(obj, "cursors", cursors);
	json_object_set_new(obj, "far-seq", json_u64(s->far_seq));
	json_object_set_new(obj, "format", json_integer(REMOTE_STATE_FORMAT));
	json_object_set_new(obj, "pending", texts_json(&s->pending));
	json_object_set_new(obj, "registry", s->registry ? json_string(s->registry) : json_null());
	json_object_set_new(obj, "seen", json_time(s->seen));
	json_object_set_new(obj, "url", json_oid(&s->url));
	sealed_line_write(out, obj, &sum);
}

/* ---- reading ---- */

static bool is_hex(const char *text, size_t digits)
{
	return strlen(text) == digits && strspn(text, "0123456789abcdef") == digits;
}

static bool take_texts(const json_t *obj, const char *key, size_t hex_digits, struct strvec *out)
{
	const json_t *list = json_object_get(obj, key), *item;
	size_t i;

	if (!json_is_array(list))
		return false;
	json_array_foreach(list, i, item) {
		const char *text = json_string_value(item);

		if (!text || (hex_digits && !is_hex(text, hex_digits)))
			return false;
		strvec_push(out, text);
	}
	return true;
}

static bool are_sorted(const struct strvec *texts)
{
	for (size_t i = 1; i < texts->count; i++)
		if (strcmp(texts->v[i - 1], texts->v[i]) >= 0)
			return false;
	return true;
}

static bool take_cursor(const json_t *obj, struct remote_cursor *c)
{
	static const char *const known[] = { "patterns", "sent", "sent-change", "sent-sum", "seq", "sum", NULL };

	if (json_object_get(obj, "sent-change") && !json_get_oid(obj, "sent-change", &c->sent_change))
		return false;
	return json_is_object(obj) && json_only_keys(obj, known) && take_texts(obj, "patterns", 0, &c->patterns) && are_sorted(&c->patterns) &&
		json_get_u64(obj, "sent", &c->sent) && json_get_oid(obj, "sent-sum", &c->sent_sum) && json_get_u64(obj, "seq", &c->seq) &&
		json_get_oid(obj, "sum", &c->sum);
}

static bool take_cursors(const json_t *list, struct remote_state *s)
{
	const json_t *item;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) > REMOTE_STATE_CURSORS_MAX)
		return false;
	json_array_foreach(list, i, item) {
		ARRAY_GROW(s->cursors, s->count + 1, s->cap);
		s->cursors[s->count] = (struct remote_cursor){ .patterns = STRVEC_INIT };
		if (!take_cursor(item, &s->cursors[s->count++]))
			return false;
	}
	return true;
}

static bool take_registry(const json_t *obj, struct remote_state *s)
{
	const char *id;

	if (json_is_null(json_object_get(obj, "registry")))
		return true;
	if (!json_get_string(obj, "registry", &id) || !is_hex(id, 2 * (size_t)REGISTRY_ID_LEN))
		return false;
	s->registry = xstrdup(id);
	return true;
}

static bool take_all(const json_t *obj, struct remote_state *s)
{
	static const char *const known[] = { "cursors", "far-seq", "format", "pending", "registry", "seen", "url", NULL };
	uint64_t format;

	if (!json_only_keys(obj, known) || !json_get_u64(obj, "format", &format) || format != REMOTE_STATE_FORMAT ||
	    !json_get_oid(obj, "url", &s->url) || !json_get_time(obj, "seen", &s->seen) || !json_get_u64(obj, "far-seq", &s->far_seq))
		return false;
	return take_registry(obj, s) && take_cursors(json_object_get(obj, "cursors"), s) && take_texts(obj, "pending", OID_HEX_LEN, &s->pending);
}

int remote_state_parse(const char *text, size_t len, struct remote_state *out, struct error *err)
{
	CLEANUP(json) json_t *obj = NULL;
	struct oid sum;

	if (!len || text[len - 1] != '\n')
		return error_set(err, ERR_INTEGRITY, "it does not end in a newline");
	obj = sealed_line_parse(text, len - 1, &sum, err);
	if (!obj) {
		err->code = ERR_INTEGRITY;
		return -1;
	}
	if (json_is_object(obj) && take_all(obj, out))
		return 0;
	remote_state_cleanup(out);
	return error_set(err, ERR_INTEGRITY, "a member is missing or of a wrong type");
}

/* ---- cursors ---- */

static bool equals_sorted(const struct strvec *a, const struct strvec *b)
{
	for (size_t i = 0; i < a->count && i < b->count; i++)
		if (strcmp(a->v[i], b->v[i]) != 0)
			return false;
	return a->count == b->count;
}

/* What is written twice is meant once. */
static void add_sorted(struct strvec *out, const struct strvec *patterns)
{
	CLEANUP(strvec) struct strvec all = STRVEC_INIT;

	for (size_t i = 0; i < patterns->count; i++)
		strvec_push(&all, patterns->v[i]);
	strvec_sort(&all);
	for (size_t i = 0; i < all.count; i++)
		if (i == 0 || strcmp(all.v[i - 1], all.v[i]) != 0)
			strvec_push(out, all.v[i]);
}

const struct remote_cursor *remote_state_find(const struct remote_state *s, const struct strvec *patterns)
{
	CLEANUP(strvec) struct strvec sorted = STRVEC_INIT;

	add_sorted(&sorted, patterns);
	for (size_t i = 0; i < s->count; i++)
		if (equals_sorted(&s->cursors[i].patterns, &sorted))
			return &s->cursors[i];
	return NULL;
}

static void forget_first(struct remote_state *s)
{
	cursor_release(&s->cursors[0]);
	memmove(s->cursors, s->cursors + 1, (s->count - 1) * sizeof *s->cursors);
	s->count--;
}

struct remote_cursor *remote_state_cursor(struct remote_state *s, const struct strvec *patterns)
{
	const struct remote_cursor *found = remote_state_find(s, patterns);

	if (found)
		return &s->cursors[found - s->cursors];
	if (s->count == REMOTE_STATE_CURSORS_MAX)
		forget_first(s);
	ARRAY_GROW(s->cursors, s->count + 1, s->cap);
	s->cursors[s->count] = (struct remote_cursor){ .patterns = STRVEC_INIT };
	add_sorted(&s->cursors[s->count].patterns, patterns);
	return &s->cursors[s->count++];
}
