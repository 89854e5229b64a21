/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the journal, sealed by their sum. */
#include <config.h>

#include "format/journal-line.h"

#include <string.h>

#include "base/mem.h"
#include "format/json.h"
#include "format/sealed-line.h"

static json_t *oids_json(const struct oid *ids, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_oid(&ids[i]));
	return list;
}

static json_t *offers_json(const struct journal_offer *offers, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		json_t *offer = json_object();

		json_object_set_new(offer, "collection", json_string(offers[i].collection));
		json_object_set_new(offer, "through", json_u64(offers[i].through));
		json_array_append_new(list, offer);
	}
	return list;
}

static json_t *to_json(const struct journal_line *line)
{
	json_t *obj = json_object(), *changes = json_array();

	for (size_t i = 0; i < line->change_count; i++)
		json_array_append_new(changes, change_json(&line->changes[i]));
	json_object_set_new(obj, "by", json_string(line->by));
	json_object_set_new(obj, "changes", changes);
	json_object_set_new(obj, "more", json_boolean(line->more));
	json_object_set_new(obj, "offered", offers_json(line->offered, line->offered_count));
	json_object_set_new(obj, "prev", json_oid(&line->prev));
	json_object_set_new(obj, "seq", json_u64(line->seq));
	json_object_set_new(obj, "time", json_time(line->time));
	json_object_set_new(obj, "withdrawn", oids_json(line->withdrawn, line->withdrawn_count));
	return obj;
}

int journal_line_write(struct strbuf *out, struct journal_line *line, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	CLEANUP(json) json_t *obj = to_json(line);

	if (line->seq == 0 || !json_object_get(obj, "by"))
		BUG("journal line without number, or by one whose name is not UTF-8");
	sealed_line_write(&text, obj, &line->sum);
	if (text.len > JOURNAL_LINE_MAX)
		return error_set(err, ERR_INVALID, "a journal line of %zu bytes is over the limit", text.len);
	strbuf_add(out, text.buf, text.len);
	return 0;
}

static int parse_oids(const json_t *obj, const char *name, struct oid **out, size_t *count, struct error *err)
{
	const json_t *list = json_object_get(obj, name);
	size_t size = json_array_size(list);

	if (!json_is_array(list))
		return error_set(err, ERR_INTEGRITY, "'%s' is not a list", name);
	if (size == 0)
		return 0;
	*out = xcalloc(size, sizeof **out);
	for (size_t i = 0; i < size; i++) {
		const json_t *hex = json_array_get(list, i);

		if (!json_is_string(hex) || !oid_parse(json_string_value(hex), json_string_length(hex), *out + i))
			return error_set(err, ERR_INTEGRITY, "'%s' has what is no id", name);
	}
	*count = size;
	return 0;
}

static bool parse_offer(const json_t *obj, struct journal_offer *out)
{
	static const char *const known[] = { "collection", "through", NULL };
	uint8_t raw[JOURNAL_CID_LEN / 2];
	const char *cid;

	if (!json_is_object(obj) || !json_only_keys(obj, known) || !json_get_string(obj, "collection", &cid) ||
		!json_get_u64(obj, "through", &out->through) || out->through == 0)
		return false;
	if (*cid && !hex_decode(cid, strlen(cid), raw, sizeof raw))
		return false;
	memcpy(out->collection, cid, strlen(cid) + 1);
	return true;
}

static int parse_offers(const json_t *obj, struct journal_line *line, struct error *err)
{
	const json_t *list = json_object_get(obj, "offered");
	size_t size = json_array_size(list);

	if (!json_is_array(list))
		return error_set(err, ERR_INTEGRITY, "'offered' is not a list");
	if (size == 0)
		return 0;
	line->offered = xcalloc(size, sizeof *line->offered);
	for (size_t i = 0; i < size; i++)
		if (!parse_offer(json_array_get(list, i), &line->offered[i]))
			return error_set(err, ERR_INTEGRITY, "'offered' has what is no collection with a line");
	line->offered_count = size;
	return 0;
}

static int parse_changes(const json_t *obj, struct journal_line *line, struct error *err)
{
	const json_t *list = json_object_get(obj, "changes");
	size_t size = json_array_size(list);

	if (!json_is_array(list))
		return error_set(err, ERR_INTEGRITY, "'changes' is not a list");
	ARRAY_GROW(line->changes, size, line->change_cap);
	for (size_t i = 0; i < size; i++) {
		if (change_parse(json_array_get(list, i), &line->changes[i], err) < 0)
			return -1;
		line->change_count++;
	}
	return 0;
}

static int parse_members(const json_t *obj, struct journal_line *line, struct error *err)
{
	static const char *const known[] = { "by", "changes", "more", "offered", "prev", "seq", "time", "withdrawn", NULL };
	const char *by;

	if (!json_is_object(obj) || !json_only_keys(obj, known))
		return error_set(err, ERR_INTEGRITY, "it has an unknown member");
	if (!json_get_string(obj, "by", &by) || !json_get_bool(obj, "more", &line->more) || !json_get_oid(obj, "prev", &line->prev) ||
		!json_get_u64(obj, "seq", &line->seq) || !json_get_time(obj, "time", &line->time) || line->seq == 0)
		return error_set(err, ERR_INTEGRITY, "a member is missing or of a wrong type");
	line->by = xstrdup(by);
	if (parse_oids(obj, "withdrawn", &line->withdrawn, &line->withdrawn_count, err) < 0 ||
		parse_offers(obj, line, err) < 0)
		return -1;
	return parse_changes(obj, line, err);
}

static int parse_exactly(const char *text, size_t len, struct journal_line *line, struct error *err)
{
	CLEANUP(json) json_t *obj = sealed_line_parse(text, len, &line->sum, err);

	return obj ? parse_members(obj, line, err) : -1;
}

int journal_line_parse(const char *text, size_t len, struct journal_line *out, struct error *err)
{
	CLEANUP(journal_line) struct journal_line line = { .seq = 0 };

	if (len > 0 && text[len - 1] == '\n')
		len--;
	if (len >= JOURNAL_LINE_MAX)
		return error_set(err, ERR_INTEGRITY, "damaged journal line: it is over the limit of %u bytes", JOURNAL_LINE_MAX);
	if (parse_exactly(text, len, &line, err) < 0) {
		err->code = ERR_INTEGRITY;
		return error_wrap(err, "damaged journal line");
	}
	*out = line;
	memset(&line, 0, sizeof line);
	return 0;
}

void journal_line_cleanup(struct journal_line *line)
{
	for (size_t i = 0; i < line->change_count; i++)
		change_cleanup(&line->changes[i]);
	ptr_cleanup(&line->changes);
	ptr_cleanup(&line->by);
	ptr_cleanup(&line->withdrawn);
	ptr_cleanup(&line->offered);
	memset(line, 0, sizeof *line);
}

/* Behind the quote that ends a string, which begins before *at; false: there is none. */
static bool skip_string(const char *text, size_t len, size_t *at)
{
	for (; *at < len && text[*at] != '"'; ++*at)
		if (text[*at] == '\\')
			++*at;
	return ++*at < len;
}

static bool skip_word(const char *text, size_t len, size_t *at, const char *word)
{
	size_t n = strlen(word);

	if (len - *at < n || memcmp(text + *at, word, n) != 0)
		return false;
	*at += n;
	return true;
}

/* Behind the brace that closes the object that begins at *at. */
static bool skip_object(const char *text, size_t len, size_t *at)
{
	size_t depth = 0;

	while (*at < len) {
		char c = text[(*at)++];

		if (c == '"' && !skip_string(text, len, at))
			return false;
		depth += c == '{';
		depth -= c == '}';
		if (!depth)
			return true;
	}
	return false;
}

bool journal_line_next_change(const char *text, size_t len, size_t *at, struct span *change)
{
	size_t begin;

	if (*at ? !skip_word(text, len, at, ",") :
		  !skip_word(text, len, at, "{\"by\":\"") || !skip_string(text, len, at) || !skip_word(text, len, at, ",\"changes\":["))
		return false;
	begin = *at;
	if (begin >= len || text[begin] != '{' || !skip_object(text, len, at))
		return false;
	*change = (struct span){ (const uint8_t *)text + begin, *at - begin };
	return true;
}
