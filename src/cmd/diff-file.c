/* SPDX-License-Identifier: Apache-2.0 */
/* mreg diff of one file: line by line, or row by row. */
#include <config.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/utf8.h"
#include "cmd/diff.h"
#include "registry/rows.h"
#include "registry/text-diff.h"
#include "registry/verify.h"

/* ---- what both need ---- */

int diff_no_path(const struct strbuf *version, const char *path, struct error *err)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	utf8_add_visible(&shown, path, strlen(path));
	error_set(err, ERR_NO_PATH, "'%s' has no file '%s'", version->buf, shown.buf);
	return error_hint(err, "'mreg ls %s' lists its files.", version->buf);
}

static int add_piece(const void *data, size_t len, void *arg, struct error *err)
{
	(void)err;
	strbuf_add(arg, data, len);
	return 0;
}

int diff_read_file(const struct diff_pair *pair, const struct resolved *version, const struct manifest *m, const struct entry *e, size_t max,
		   struct strbuf *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	utf8_add_visible(&shown, e->path, strlen(e->path));
	if (e->kind != ENTRY_FILE && e->kind != ENTRY_REF)
		return error_set(err, ERR_NO_PATH, "'%s' is no file", shown.buf);
	if (e->size > max)
		return error_set(err, ERR_INVALID, "'%s' has more than %zu MiB, too many to be compared so", shown.buf, max >> 20);
	return verify_stream(pair->session->registry, &version->row.version, m, e, add_piece, out, err);
}

static int read_manifests(const struct diff_pair *pair, struct manifest *before, struct manifest *after, struct error *err)
{
	struct registry *reg = pair->session->registry;

	return version_manifest(reg, &pair->before.row.digest, before, err) < 0
		? -1
		: version_manifest(reg, &pair->after.row.digest, after, err);
}

/* ---- one file ---- */

struct file_pair {
	const struct diff_pair *pair;
	const struct entry *before, *after; /* one may be NULL */
	const struct manifest *before_all, *after_all;
	const char *kind;
	struct strbuf line; /* of the program's output, not whole yet */
};

static void add_shown_size(struct strbuf *out, const struct entry *e)
{
	if (e->has_size)
		size_format(out, e->size);
	if (e->has_digest)
		strbuf_addf(out, " %.12s", oid_hex(&e->digest).text);
	strbuf_addf(out, " %04o", e->mode);
	if (e->target)
		strbuf_addf(out, " %s", e->target);
}

static int print_heading(const struct file_pair *f, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	strbuf_addf(&text, "%s  ", f->kind);
	if (f->before && f->after && strcmp(f->before->path, f->after->path) != 0)
		strbuf_addf(&text, "%s -> ", f->before->path);
	strbuf_addf(&text, "%s  ", (f->after ? f->after : f->before)->path);
	if (f->before)
		add_shown_size(&text, f->before);
	strbuf_adds(&text, f->before && f->after ? " -> " : "");
	if (f->after)
		add_shown_size(&text, f->after);
	return out_heading(f->pair->session->out, text.buf, err);
}

/* On a terminal what is in a file must not act as an escape sequence; tabs are what they are. */
static int print_safe_line(struct file_pair *f, struct error *err)
{
	CLEANUP(strbuf) struct strbuf safe = STRBUF_INIT;
	size_t n;

	for (const char *p = f->line.buf, *end = p + f->line.len; p < end; p += n) {
		const char *tab = memchr(p, '\t', (size_t)(end - p));

		n = tab ? (size_t)(tab - p) + 1 : (size_t)(end - p);
		utf8_add_visible(&safe, p, n - (tab != NULL));
		if (tab)
			strbuf_addc(&safe, '\t');
	}
	strbuf_addc(&safe, '\n');
	strbuf_reset(&f->line);
	return out_bytes(f->pair->session->out, safe.buf, safe.len, err);
}

static int print_piece(const void *data, size_t len, void *arg, struct error *err)
{
	struct file_pair *f = arg;
	const char *p = data, *end = p + len, *newline;

	if (!out_width(f->pair->session->out))
		return out_bytes(f->pair->session->out, data, len, err);
	while ((newline = memchr(p, '\n', (size_t)(end - p)))) {
		strbuf_add(&f->line, p, (size_t)(newline - p));
		if (print_safe_line(f, err) < 0)
			return -1;
		p = newline + 1;
	}
	strbuf_add(&f->line, p, (size_t)(end - p));
	return 0;
}

static bool fits(const struct entry *e)
{
	return !e || (e->kind == ENTRY_FILE && e->size <= TEXT_DIFF_MAX_BYTES);
}

static void add_label(struct strbuf *out, const struct strbuf *version, const struct entry *e)
{
	strbuf_addf(out, "%s/", version->buf);
	if (e)
		manifest_escape(out, e->path, strlen(e->path), false);
}

static int print_lines(struct file_pair *f, struct error *err)
{
	CLEANUP(strbuf) struct strbuf before = STRBUF_INIT, after = STRBUF_INIT, before_label = STRBUF_INIT, after_label = STRBUF_INIT;

	if (!fits(f->before) || !fits(f->after))
		return 0;
	if ((f->before && diff_read_file(f->pair, &f->pair->before, f->before_all, f->before, TEXT_DIFF_MAX_BYTES, &before, err) < 0) ||
		(f->after && diff_read_file(f->pair, &f->pair->after, f->after_all, f->after, TEXT_DIFF_MAX_BYTES, &after, err) < 0))
		return -1;
	if (!text_diff_is_text(&before) || !text_diff_is_text(&after))
		return 0;
	add_label(&before_label, &f->pair->before_name, f->before ? f->before : f->after);
	add_label(&after_label, &f->pair->after_name, f->after ? f->after : f->before);
	return text_diff_run(&before, before_label.buf, &after, after_label.buf, print_piece, f, err);
}

static int print_file(struct file_pair *f, struct error *err)
{
	const struct diff_pair *pair = f->pair;
	const char *path = (f->after ? f->after : f->before)->path;
	json_t *record;

	switch (out_mode(pair->session->out)) {
	case OUT_LINES:
		return diff_path_line(pair, path, err);
	case OUT_HUMAN:
		if (pair->name_only)
			return diff_path_line(pair, path, err);
		return print_heading(f, err) < 0 ? -1 : pair->stat ? 0 : print_lines(f, err);
	case OUT_JSON:
	case OUT_TEMPLATE:
		break;
	}
	record = diff_record(pair, false);
	json_object_update_new(record, diff_file_record(f->kind, f->before, f->after));
	return out_result(pair->session->out, record, NULL, err);
}

static int print_same(const struct file_pair *f, struct error *err)
{
	enum out_mode mode = out_mode(f->pair->session->out);
	json_t *record;

	if (mode == OUT_HUMAN || mode == OUT_LINES)
		return 0;
	record = diff_record(f->pair, true);
	json_object_update_new(record, diff_file_record("same", f->before, f->after));
	return out_result(f->pair->session->out, record, NULL, err);
}

int diff_file(const struct diff_pair *pair, const char *path, const char *path_b, struct error *err)
{
	CLEANUP(manifest) struct manifest before = MANIFEST_INIT;
	CLEANUP(manifest) struct manifest after = MANIFEST_INIT;
	struct file_pair f = { pair, NULL, NULL, &before, &after, "modified", STRBUF_INIT };
	int rc;

	if (read_manifests(pair, &before, &after, err) < 0)
		return -1;
	f.before = manifest_find(&before, path);
	f.after = manifest_find(&after, path_b ? path_b : path);
	if (!f.before && (path_b || !f.after))
		return diff_no_path(&pair->before_name, path, err);
	if (!f.after && path_b)
		return diff_no_path(&pair->after_name, path_b, err);
	if (f.before && f.after && entry_same(f.before, f.after))
		return print_same(&f, err);
	f.kind = !f.before ? "added" : !f.after ? "deleted" : "modified";
	rc = print_file(&f, err);
	strbuf_release(&f.line);
	return rc < 0 ? -1 : diff_is_no(pair, err);
}
