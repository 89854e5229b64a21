/* SPDX-License-Identifier: Apache-2.0 */
/* Reads manifests, a line at a time, and accepts nothing but the one text that a list of files has. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "format/manifest-internal.h"

#define LINE_MAX_BYTES (64u << 10) /* path and target, all escaped, have less */

/* --- one line --- */

static int hex_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undoes manifest_escape(); false on what it never writes. */
static bool unescape(struct strbuf *out, const char *text, size_t len)
{
	for (size_t at = 0; at < len; at++) {
		char c = text[at];

		if (c == '\\') {
			if (++at == len)
				return false;
			c = text[at];
			if (c == 'n') {
				c = '\n';
			} else if (c == 'x') {
				if (len - at < 3 || hex_value(text[at + 1]) < 0 || hex_value(text[at + 2]) < 0)
					return false;
				c = (char)(hex_value(text[at + 1]) << 4 | hex_value(text[at + 2]));
				at += 2;
			} else if (c != '\\') {
				return false;
			}
		}
		if (!c)
			return false;
		strbuf_addc(out, c);
	}
	return true;
}

struct parser {
	const char *at, *end; /* what is left of the line, without its LF */
	struct strbuf raw, again;
};

static void parser_cleanup(struct parser *p)
{
	strbuf_release(&p->raw);
	strbuf_release(&p->again);
}

/* The bytes up to the next space, which is skipped. */
static bool next_field(struct parser *p, const char **field, size_t *len)
{
	const char *space = memchr(p->at, ' ', (size_t)(p->end - p->at));

	if (!space)
		return false;
	*field = p->at;
	*len = (size_t)(space - p->at);
	p->at = space + 1;
	return true;
}

static bool is_word(const char *field, size_t len, const char *word)
{
	return strlen(word) == len && memcmp(field, word, len) == 0;
}

/* A field in the one form that manifest_escape() gives it, or NULL. */
static char *take_escaped(struct parser *p, const char *text, size_t len, bool with_space)
{
	size_t plain = 0;

	while (plain < len && manifest_is_plain((unsigned char)text[plain], with_space))
		plain++;
	if (plain == len)
		return xstrndup(text, len);
	strbuf_reset(&p->raw);
	strbuf_reset(&p->again);
	if (!unescape(&p->raw, text, len))
		return NULL;
	manifest_escape(&p->again, p->raw.buf, p->raw.len, with_space);
	if (p->again.len != len || memcmp(p->again.buf, text, len) != 0)
		return NULL;
	return xstrndup(p->raw.buf, p->raw.len);
}

static bool take_kind_and_mode(struct parser *p, struct entry *e)
{
	const char *field;
	size_t len;
	unsigned kind = 0;

	if (!next_field(p, &field, &len))
		return false;
	while (kind < COUNT_OF(manifest_kind_words) && !is_word(field, len, manifest_kind_words[kind]))
		kind++;
	if (kind == COUNT_OF(manifest_kind_words) || !next_field(p, &field, &len) || len != 4)
		return false;
	e->kind = kind;
	if (is_word(field, len, "0644"))
		e->mode = 0644;
	else if (is_word(field, len, "0755"))
		e->mode = 0755;
	else if (is_word(field, len, "0777"))
		e->mode = 0777;
	return e->mode && (kind != ENTRY_DIR || e->mode == 0755) && (kind == ENTRY_LINK) == (e->mode == 0777);
}

static bool take_size(struct parser *p, struct entry *e)
{
	const char *field;
	size_t len;

	if (!next_field(p, &field, &len))
		return false;
	if (e->kind == ENTRY_REF && is_word(field, len, "-"))
		return true;
	e->has_size = true;
	return number_parse_u64(field, len, &e->size) && (e->kind != ENTRY_DIR || !e->size);
}

static bool take_digest(struct parser *p, struct entry *e)
{
	const char *field;
	size_t len;

	if (e->kind == ENTRY_LINK)
		return true;
	if (!next_field(p, &field, &len))
		return false;
	if (e->kind != ENTRY_FILE && is_word(field, len, "-"))
		return true;
	e->has_digest = e->kind != ENTRY_DIR;
	return e->has_digest && oid_parse(field, len, &e->digest);
}

static bool take_target(struct parser *p, struct entry *e)
{
	const char *field;
	size_t len;

	if (e->kind != ENTRY_LINK && e->kind != ENTRY_REF)
		return true;
	if (!next_field(p, &field, &len))
		return false;
	e->target = take_escaped(p, field, len, true);
	return e->target && (e->kind != ENTRY_LINK || e->size == strlen(e->target));
}

/* What is wrong with the line, or NULL. */
static const char *parse_line(struct parser *p, struct entry *e)
{
	if (!take_kind_and_mode(p, e))
		return "no legal kind and mode";
	if (!take_size(p, e))
		return "no legal size";
	if (!take_digest(p, e))
		return "no legal digest";
	if (!take_target(p, e))
		return "no legal target";
	e->path = take_escaped(p, p->at, (size_t)(p->end - p->at), false);
	return e->path ? manifest_entry_fault(e) : "the path is not escaped as it must be";
}

/* --- line after line --- */

struct manifest_scan {
	manifest_entry_fn fn;
	void *arg;
	struct parser parser;
	struct strbuf rest;  /* of a line whose end has not come yet */
	struct strbuf last;  /* the path before */
	size_t *above;       /* lengths of the paths that begin the last one, and are entries themselves; the last one too */
	size_t count, cap;
	uint64_t lines, bytes, sum;
	bool has_failed;
};

struct manifest_scan *manifest_scan_new(manifest_entry_fn fn, void *arg)
{
	struct manifest_scan *s = xcalloc(1, sizeof *s);

	*s = (struct manifest_scan){
		.fn = fn, .arg = arg, .parser = { .raw = STRBUF_INIT, .again = STRBUF_INIT }, .rest = STRBUF_INIT, .last = STRBUF_INIT,
	};
	return s;
}

void manifest_scan_free(struct manifest_scan *s)
{
	if (!s)
		return;
	parser_cleanup(&s->parser);
	strbuf_release(&s->rest);
	strbuf_release(&s->last);
	free(s->above);
	free(s);
}

void manifest_scan_cleanup(struct manifest_scan **s)
{
	manifest_scan_free(*s);
	*s = NULL;
}

/* In sorted order the entries whose paths begin a path form a stack: whatever lies between a string and a later one that it begins, it begins as well. */
static const char *check_order(struct manifest_scan *s, const char *path)
{
	size_t len = strlen(path), same = 0;
	bool is_below = false;

	while (same < len && same < s->last.len && path[same] == s->last.buf[same])
		same++;
	if (s->count && (unsigned char)s->last.buf[same] >= (unsigned char)path[same])
		return "the paths are not in order";
	while (s->count && s->above[s->count - 1] > same)
		s->count--;
	for (size_t i = 0; i < s->count; i++)
		is_below |= path[s->above[i]] == '/';
	ARRAY_GROW(s->above, s->count + 1, s->cap);
	s->above[s->count++] = len;
	strbuf_set_len(&s->last, same);
	strbuf_add(&s->last, path + same, len - same);
	return is_below ? "a path below a path that is no folder" : NULL;
}

static const char *read_line(struct manifest_scan *s, struct entry *e)
{
	const char *fault = parse_line(&s->parser, e);

	if (!fault)
		fault = check_order(s, e->path);
	if (!fault && !manifest_add_size(e, &s->sum))
		fault = "the sizes add up to more than can be counted";
	return fault;
}

static int damaged(const struct manifest_scan *s, const char *fault, struct error *err)
{
	return error_set(err, ERR_INTEGRITY, "the manifest is damaged in line %llu: %s", (unsigned long long)s->lines, fault);
}

/* A whole line, without its LF. */
static int take_line(struct manifest_scan *s, const char *line, size_t len, struct error *err)
{
	struct entry e = { .path = NULL };
	const char *fault;
	int rc;

	s->lines++;
	if (s->lines == 1)
		return is_word(line, len + 1, MANIFEST_FIRST_LINE) ? 0 : damaged(s, "it is not 'mreg-manifest 1'", err);
	s->parser.at = line;
	s->parser.end = line + len;
	fault = read_line(s, &e);
	rc = fault ? damaged(s, fault, err) : s->fn(&e, s->arg, err);
	free(e.path);
	free(e.target);
	return rc;
}

static int keep_rest(struct manifest_scan *s, const char *text, size_t len, struct error *err)
{
	strbuf_add(&s->rest, text, len);
	if (s->rest.len <= LINE_MAX_BYTES)
		return 0;
	s->lines++;
	return damaged(s, "the line is too long", err);
}

static int take_text(struct manifest_scan *s, const char *text, size_t len, struct error *err)
{
	for (const char *at = text, *end = text + len; at < end;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t upto = newline ? (size_t)(newline + 1 - at) : (size_t)(end - at);
		int rc;

		if (!newline || s->rest.len) {
			if (keep_rest(s, at, upto, err) < 0)
				return -1;
			rc = newline ? take_line(s, s->rest.buf, s->rest.len - 1, err) : 0;
			if (newline)
				strbuf_reset(&s->rest);
		} else {
			rc = take_line(s, at, upto - 1, err);
		}
		if (rc < 0)
			return -1;
		at += upto;
	}
	return 0;
}

int manifest_scan_feed(struct manifest_scan *s, const void *text, size_t len, struct error *err)
{
	if (s->has_failed)
		BUG("a scan goes on that has failed");
	s->bytes += len;
	if (s->bytes > MANIFEST_MAX_BYTES)
		(void)error_set(err, ERR_INTEGRITY, "a manifest of %llu bytes is over the limit of %u", (unsigned long long)s->bytes, MANIFEST_MAX_BYTES);
	else if (take_text(s, text, len, err) == 0)
		return 0;
	s->has_failed = true;
	return -1;
}

int manifest_scan_finish(struct manifest_scan *s, struct error *err)
{
	if (s->rest.len || !s->lines) {
		s->lines++;
		return damaged(s, s->lines == 1 ? "it is not 'mreg-manifest 1'" : "the line does not end", err);
	}
	return 0;
}

/* --- the whole of it --- */

static int keep_entry(struct entry *e, void *arg, struct error *err)
{
	struct manifest *m = arg;

	(void)err;
	ARRAY_GROW(m->entries, m->count + 1, m->cap);
	m->entries[m->count++] = *e;
	e->path = e->target = NULL;
	return 0;
}

int manifest_parse(const char *text, size_t len, struct manifest *out, struct error *err)
{
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;
	CLEANUP(manifest_scan) struct manifest_scan *s = manifest_scan_new(keep_entry, &m);

	*out = m;
	if (manifest_scan_feed(s, text, len, err) < 0 || manifest_scan_finish(s, err) < 0)
		return -1;
	*out = m;
	m = (struct manifest)MANIFEST_INIT;
	return 0;
}
