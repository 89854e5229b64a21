/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes the lines of a draft, and puts together what they come to. */
#include <config.h>

#include "format/draft-file.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "format/name.h"
#include "format/sealed-line.h"

#define DRAFT_FORMAT 1
#define CID_LEN 32

bool draft_file_is_id(const char *text)
{
	if (strncmp(text, "d-", 2) != 0 || strlen(text) != DRAFT_ID_LEN)
		return false;
	return strspn(text + 2, "abcdefghijklmnopqrstuvwxyz0123456789") == DRAFT_ID_LEN - 2;
}

/* ---- writing ---- */

static json_t *base_json(const struct draft_file *d)
{
	json_t *base;

	if (!d->has_base)
		return json_null();
	base = json_object();
	json_object_set_new(base, "digest", json_oid(&d->base_digest));
	json_object_set_new(base, "number", json_u64(d->base_number));
	json_object_set_new(base, "version", json_oid(&d->base_version));
	return base;
}

static json_t *head_json(const struct draft_file *d)
{
	json_t *obj = json_object();

	json_object_set_new(obj, "base", base_json(d));
	json_object_set_new(obj, "cid", json_string(d->cid));
	json_object_set_new(obj, "format", json_integer(DRAFT_FORMAT));
	json_object_set_new(obj, "host", json_string(d->host));
	json_object_set_new(obj, "name", json_string(d->name));
	json_object_set_new(obj, "time", json_time(d->time));
	json_object_set_new(obj, "user", json_string(d->user));
	return obj;
}

static json_t *step_json(const struct draft_step *step)
{
	CLEANUP(strbuf) struct strbuf files = STRBUF_INIT;
	json_t *obj = json_object();

	manifest_write(&files, &step->files);
	json_object_set_new(obj, "files", json_stringn(files.buf, files.len));
	json_object_set_new(obj, "host", json_string(step->host));
	json_object_set_new(obj, "op", json_string(step->is_removal ? "rm" : "add"));
	json_object_set_new(obj, "time", json_time(step->time));
	json_object_set_new(obj, "user", json_string(step->user));
	return obj;
}

void draft_file_write_head(struct strbuf *out, const struct draft_file *d)
{
	CLEANUP(json) json_t *obj = head_json(d);
	struct oid sum;

	if (!json_object_get(obj, "user") || !json_object_get(obj, "host"))
		BUG("a draft by one whose name is not UTF-8");
	sealed_line_write(out, obj, &sum);
}

void draft_file_write_step(struct strbuf *out, const struct draft_step *step)
{
	CLEANUP(json) json_t *obj = step_json(step);
	struct oid sum;

	if (!json_object_get(obj, "user") || !json_object_get(obj, "host") || !json_object_get(obj, "files"))
		BUG("a step of a draft that is not UTF-8");
	sealed_line_write(out, obj, &sum);
}

/* ---- reading ---- */

static int wrong_member(struct error *err)
{
	return error_set(err, ERR_INTEGRITY, "a member is missing or of a wrong type");
}

static bool take_who(const json_t *obj, int64_t *time, char **user, char **host)
{
	const char *user_text, *host_text;

	if (!json_get_time(obj, "time", time) || !json_get_string(obj, "user", &user_text) || !json_get_string(obj, "host", &host_text))
		return false;
	*user = xstrdup(user_text);
	*host = xstrdup(host_text);
	return true;
}

static bool take_base(const json_t *base, struct draft_file *d)
{
	static const char *const known[] = { "digest", "number", "version", NULL };

	if (json_is_null(base))
		return true;
	d->has_base = true;
	return json_is_object(base) && json_only_keys(base, known) && json_get_oid(base, "digest", &d->base_digest) &&
		json_get_u64(base, "number", &d->base_number) && json_get_oid(base, "version", &d->base_version);
}

static bool is_cid(const char *text)
{
	uint8_t raw[CID_LEN / 2];

	return !*text || hex_decode(text, strlen(text), raw, sizeof raw);
}

static int take_head(const json_t *obj, struct draft_file *d, struct error *err)
{
	static const char *const known[] = { "base", "cid", "format", "host", "name", "time", "user", NULL };
	const char *cid, *name;
	uint64_t format;

	if (!json_is_object(obj) || !json_only_keys(obj, known) || !json_get_u64(obj, "format", &format) || format != DRAFT_FORMAT ||
	    !take_who(obj, &d->time, &d->user, &d->host) || !take_base(json_object_get(obj, "base"), d) || !json_get_string(obj, "cid", &cid) ||
	    !json_get_string(obj, "name", &name) || !is_cid(cid) || (d->has_base && !*cid))
		return wrong_member(err);
	d->cid = xstrdup(cid);
	d->name = xstrdup(name);
	return name_check_full(name, strlen(name), err);
}

static int take_step(const json_t *obj, struct draft_step *step, struct error *err)
{
	static const char *const known[] = { "files", "host", "op", "time", "user", NULL };
	const char *op, *files;

	if (!json_is_object(obj) || !json_only_keys(obj, known) || !take_who(obj, &step->time, &step->user, &step->host) ||
	    !json_get_string(obj, "op", &op) || !json_get_string(obj, "files", &files))
		return wrong_member(err);
	step->is_removal = strcmp(op, "rm") == 0;
	if (!step->is_removal && strcmp(op, "add") != 0)
		return wrong_member(err);
	return manifest_parse(files, strlen(files), &step->files, err);
}

static int take_line(const char *text, size_t len, bool is_first, struct draft_file *d, struct error *err)
{
	struct oid sum;
	CLEANUP(json) json_t *obj = sealed_line_parse(text, len, &sum, err);

	if (!obj)
		return -1;
	if (is_first)
		return take_head(obj, d, err);
	ARRAY_GROW(d->steps, d->count + 1, d->cap);
	d->steps[d->count] = (struct draft_step){ .is_removal = false };
	return take_step(obj, &d->steps[d->count++], err);
}

static bool is_torn(const char *at, const char *line_end, const char *end)
{
	return !line_end || (line_end + 1 == end && memchr(at, '\0', (size_t)(line_end - at)));
}

static int parse_lines(const char *text, size_t len, struct draft_file *d, struct error *err)
{
	const char *end = text + len, *line_end;
	size_t number = 0;

	for (const char *at = text; at < end; at = line_end + 1) {
		line_end = memchr(at, '\n', (size_t)(end - at));
		if (is_torn(at, line_end, end))
			break;
		if (take_line(at, (size_t)(line_end - at), number++ == 0, d, err) < 0)
			return error_wrap(err, "line %zu is damaged", number);
		d->len = (size_t)(line_end + 1 - text);
	}
	return number ? 0 : error_set(err, ERR_INTEGRITY, "it has no first line");
}

int draft_file_parse(const char *text, size_t len, struct draft_file *out, struct error *err)
{
	CLEANUP(draft_file) struct draft_file d = { .has_base = false };

	memset(out, 0, sizeof *out);
	if (len > DRAFT_FILE_MAX_BYTES)
		return error_set(err, ERR_INTEGRITY, "a draft of %zu bytes is over the limit of %u", len, DRAFT_FILE_MAX_BYTES);
	if (parse_lines(text, len, &d, err) < 0) {
		err->code = ERR_INTEGRITY;
		return -1;
	}
	*out = d;
	memset(&d, 0, sizeof d);
	return 0;
}

/* ---- putting together ---- */

struct item {
	const struct entry *entry;
	size_t step; /* 0: the base */
};

static int compare_items(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = strcmp(x->entry->path, y->entry->path);

	return order ? order : x->step < y->step ? -1 : x->step > y->step;
}

static size_t list_items(struct item *items, const struct manifest *m, size_t step)
{
	for (size_t i = 0; i < m->count; i++)
		items[i] = (struct item){ &m->entries[i], step };
	return m->count;
}

static void copy_entry(struct manifest *m, const struct entry *from)
{
	struct entry *e = manifest_add(m, from->kind, from->path);
	char *path = e->path;

	*e = *from;
	e->path = path;
	e->target = from->target ? xstrdup(from->target) : NULL;
}

int draft_file_compose(const struct draft_file *d, const struct manifest *base, struct manifest *out, struct error *err)
{
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;
	CLEANUP(ptr) struct item *items = NULL;
	size_t total = base->count, count;

	for (size_t i = 0; i < d->count; i++)
		total += d->steps[i].files.count;
	items = xcalloc(total + 1, sizeof *items);
	count = list_items(items, base, 0);
	for (size_t i = 0; i < d->count; i++)
		count += list_items(items + count, &d->steps[i].files, i + 1);
	if (count)
		qsort(items, count, sizeof *items, compare_items);
	for (size_t i = 0; i < count; i++) {
		const struct item *item = &items[i];
		bool is_last = i + 1 == count || strcmp(item->entry->path, items[i + 1].entry->path) != 0;

		if (is_last && !(item->step && d->steps[item->step - 1].is_removal))
			copy_entry(&m, item->entry);
	}
	if (manifest_finish(&m, err) < 0)
		return -1;
	*out = m;
	m = (struct manifest)MANIFEST_INIT;
	return 0;
}

void draft_step_cleanup(struct draft_step *step)
{
	ptr_cleanup(&step->user);
	ptr_cleanup(&step->host);
	manifest_cleanup(&step->files);
}

void draft_file_cleanup(struct draft_file *d)
{
	for (size_t i = 0; i < d->count; i++)
		draft_step_cleanup(&d->steps[i]);
	ptr_cleanup(&d->steps);
	ptr_cleanup(&d->cid);
	ptr_cleanup(&d->name);
	ptr_cleanup(&d->user);
	ptr_cleanup(&d->host);
	memset(d, 0, sizeof *d);
}
