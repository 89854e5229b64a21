/* SPDX-License-Identifier: Apache-2.0 */
/* Walks over the changes of a bundle in bounded memory. */
#include <config.h>

#include "transport/bundle-changes.h"

#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"
#include "base/mem.h"
#include "format/message.h"
#include "store/index-key.h"

/* ---- lines ---- */

struct line_walk {
	bundle_line_fn fn;
	void *arg;
	uint64_t count;
};

/* 1 when fn has had enough. */
static int each_line_of(const struct strbuf *text, struct line_walk *w, struct error *err)
{
	const char *end = text->buf + text->len, *newline;
	int rc = 0;

	for (const char *at = text->buf; at < end && !rc; at = newline + 1) {
		newline = memchr(at, '\n', (size_t)(end - at));
		if (!newline)
			return error_set(err, ERR_INTEGRITY, "a change in the bundle does not end");
		w->count++;
		rc = w->fn(at, (size_t)(newline - at), w->arg, err);
	}
	return rc;
}

static int check_count(const struct bundle_file *b, uint64_t count, struct error *err)
{
	uint64_t said = bundle_file_header(b)->count;

	if (count == said)
		return 0;
	return error_set(err, ERR_INTEGRITY, "the bundle has %llu changes where its header says %llu", (unsigned long long)count, (unsigned long long)said);
}

int bundle_changes_each_line(struct bundle_file *b, bundle_line_fn fn, void *arg, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct line_walk w = { fn, arg, 0 };

	for (size_t i = 0; i < bundle_file_header(b)->changes_count; i++) {
		int rc;

		if (interrupt_check(err) < 0 || bundle_file_changes(b, i, &text, err) < 0)
			return -1;
		rc = each_line_of(&text, &w, err);
		if (rc)
			return rc < 0 ? -1 : 0;
	}
	return check_count(b, w.count, err);
}

/* ---- changes ---- */

struct change_walk {
	bundle_change_fn fn;
	void *arg;
};

static int take_line(const char *text, size_t len, void *arg, struct error *err)
{
	CLEANUP(changes) struct changes one = CHANGES_INIT;
	const struct change_walk *w = arg;

	/* the newline stands behind it */
	if (changes_parse(text, len + 1, &one, err) < 0) {
		err->code = ERR_INTEGRITY;
		return error_wrap(err, "a change in the bundle");
	}
	return w->fn(&one.v[0], text, len, w->arg, err);
}

int bundle_changes_each(struct bundle_file *b, bundle_change_fn fn, void *arg, struct error *err)
{
	struct change_walk w = { fn, arg };

	return bundle_changes_each_line(b, take_line, &w, err);
}

/* ---- versions ---- */

int bundle_changes_version(const char *key, const char *value, struct bundle_version_value *out, struct error *err)
{
	struct reference_key parts;
	CLEANUP(json) json_t *obj = NULL;

	index_key_parse(key, &parts);
	if (parts.table != REF_VERSION && parts.table != REF_LINK)
		return 0;
	obj = json_parse(value, strlen(value), key, err);
	if (json_is_null(obj))
		return 0;
	index_cid_write(&parts.cid, &out->cid);
	out->number = parts.number;
	out->is_link = parts.table == REF_LINK;
	if (json_is_object(obj) && json_get_oid(obj, "version", &out->version) && json_get_oid(obj, "digest", &out->digest) &&
	    json_get_u64(obj, "size", &out->size) && json_get_u64(obj, "files", &out->files))
		return 1;
	return error_set(err, ERR_INTEGRITY, "the value of '%s' is not that of a version", key);
}

struct live_walk {
	struct bundle_version_value *v;
	size_t count, cap;
	struct error *err;
};

static int take_live(const void *key, size_t len, void *value, void *arg)
{
	const struct heads *heads = value;
	struct live_walk *w = arg;
	CLEANUP(ptr) char *text = xstrndup(key, len);
	int rc;

	if (!heads_is_live(heads))
		return 0;
	ARRAY_GROW(w->v, w->count + 1, w->cap);
	rc = bundle_changes_version(text, heads_value(heads, NULL), &w->v[w->count], w->err);
	w->count += rc > 0;
	return rc < 0 ? -1 : 0;
}

static int compare_versions(const void *a, const void *b)
{
	const struct bundle_version_value *x = a, *y = b;
	int order = strcmp(x->cid.hex, y->cid.hex);

	return order ? order : x->number < y->number ? -1 : x->number > y->number;
}

int bundle_changes_live(const struct fold *fold, struct bundle_version_value **out, size_t *count, struct error *err)
{
	struct live_walk w = { NULL, 0, 0, err };

	*out = NULL;
	*count = 0;
	if (hashmap_each(&fold->keys, take_live, &w) < 0) {
		ptr_cleanup(&w.v);
		return -1;
	}
	if (w.count)
		qsort(w.v, w.count, sizeof *w.v, compare_versions);
	*out = w.v;
	*count = w.count;
	return 0;
}
