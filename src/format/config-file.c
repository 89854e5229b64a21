/* SPDX-License-Identifier: Apache-2.0 */
/* INI text: one scanner that knows where everything stands, under both the parser and the editor. */
#include <config.h>

#include "format/config-file.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

struct scanner {
	const char *text, *name;
	size_t len, at;
	unsigned long line;
	struct strbuf section; /* "section." or "section.sub.", empty before the first header */
	struct strbuf key;     /* section and key of the entry just read */
	struct strbuf value;
};

/* What was just read, as offsets into the text. */
struct item {
	bool is_header;
	bool is_open;                  /* the text ended before the entry's newline, maybe just behind a continued one */
	size_t start, end;             /* end: behind the header's bracket, behind the entry's newline */
	size_t key_end;                /* where " = value" goes when there is none */
	bool has_value;                /* there is a '=' */
	size_t equals_end;             /* behind the '=' */
	size_t value_start, value_end; /* without blanks around and the comment behind */
};

static void scanner_cleanup(struct scanner *s)
{
	strbuf_cleanup(&s->section);
	strbuf_cleanup(&s->key);
	strbuf_cleanup(&s->value);
}

static int scan_error(const struct scanner *s, struct error *err, const char *fault)
{
	return error_set(err, ERR_INVALID, "%s:%lu: %s", s->name, s->line, fault);
}

/* '\0' at the end: there is none inside, scan_begin() saw to that. */
static char peek(const struct scanner *s)
{
	return s->at < s->len ? s->text[s->at] : '\0';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

static void skip_blanks(struct scanner *s)
{
	while (is_blank(peek(s)))
		s->at++;
}

static void skip_line(struct scanner *s)
{
	while (s->at < s->len && peek(s) != '\n')
		s->at++;
}

static int scan_begin(struct scanner *s, struct error *err)
{
	const char *nul = s->len ? memchr(s->text, '\0', s->len) : NULL;

	if (nul) {
		for (const char *p = s->text; p < nul; p++)
			s->line += *p == '\n';
		return scan_error(s, err, "there is a NUL byte");
	}
	if (s->len >= 3 && memcmp(s->text, "\xef\xbb\xbf", 3) == 0)
		s->at = 3;
	return 0;
}

/* Behind the opening quote, up to and with the closing one. */
static int scan_subsection(struct scanner *s, struct error *err)
{
	while (peek(s) != '"') {
		if (peek(s) == '\\')
			s->at++;
		if (peek(s) == '\0' || peek(s) == '\n')
			return scan_error(s, err, "the quoted part of a section is not closed");
		strbuf_addc(&s->section, s->text[s->at++]);
	}
	s->at++;
	strbuf_addc(&s->section, '.');
	return 0;
}

static int scan_header(struct scanner *s, struct item *item, struct error *err)
{
	size_t start = ++s->at;

	while (is_word(peek(s)))
		s->at++;
	strbuf_reset(&s->section);
	ascii_fold(&s->section, s->text + start, s->at - start);
	strbuf_addc(&s->section, '.');
	if (s->at == start)
		return scan_error(s, err, "a section without a name");
	if (is_blank(peek(s))) {
		skip_blanks(s);
		if (peek(s) != '"')
			return scan_error(s, err, "expected '\"' in the section");
		s->at++;
		if (scan_subsection(s, err) < 0)
			return -1;
	}
	if (peek(s) != ']')
		return scan_error(s, err, "expected ']' at the end of the section; its name has letters, digits and '-'");
	s->at++;
	item->is_header = true;
	item->end = s->at;
	return 0;
}

/* Behind a backslash. */
static int scan_escape(struct scanner *s, struct error *err)
{
	static const char names[] = "\"\\nt", bytes[] = "\"\\\n\t";
	char c = peek(s);
	const char *known = c ? strchr(names, c) : NULL;

	if (c == '\r' && s->at + 1 < s->len && s->text[s->at + 1] == '\n')
		c = s->text[++s->at];
	if (c == '\n')
		s->line++;
	else if (known)
		strbuf_addc(&s->value, bytes[known - names]);
	else
		return scan_error(s, err, "a backslash must be followed by \\, \", n, t or the end of the line");
	s->at++;
	return 0;
}

/* One byte or escape of a value, which it may end.  1: go on. */
static int scan_value_step(struct scanner *s, bool *quoted, bool *counts, struct error *err)
{
	char c = peek(s);

	*counts = true;
	if (c == '\0' || c == '\n') {
		return *quoted ? scan_error(s, err, "a quoted value is not closed") : 0;
	} else if (c == '\\') {
		s->at++;
		*counts = peek(s) != '\n' && peek(s) != '\r';
		return scan_escape(s, err) < 0 ? -1 : 1;
	} else if (!*quoted && (c == '#' || c == ';')) {
		return 0;
	} else if (c == '"') {
		*quoted = !*quoted;
	} else if (*quoted || !is_blank(c)) {
		strbuf_addc(&s->value, c);
	} else {
		*counts = false;
		if (s->value.len > 0)
			strbuf_addc(&s->value, c);
	}
	s->at++;
	return 1;
}

static int scan_value(struct scanner *s, struct item *item, struct error *err)
{
	bool quoted = false, counts;
	size_t keep = 0;
	int more;

	skip_blanks(s);
	item->value_start = item->value_end = s->at;
	while ((more = scan_value_step(s, &quoted, &counts, err)) > 0) {
		if (!counts)
			continue;
		keep = s->value.len;
		item->value_end = s->at;
	}
	if (more == 0)
		strbuf_set_len(&s->value, keep);
	return more;
}

static int scan_entry(struct scanner *s, struct item *item, struct error *err)
{
	while (is_word(peek(s)))
		s->at++;
	strbuf_reset(&s->key);
	strbuf_reset(&s->value);
	strbuf_add(&s->key, s->section.buf, s->section.len);
	ascii_fold(&s->key, s->text + item->start, s->at - item->start);
	item->key_end = s->at;
	skip_blanks(s);
	if (peek(s) == '=') {
		item->has_value = true;
		item->equals_end = ++s->at;
		if (scan_value(s, item, err) < 0)
			return -1;
	} else {
		strbuf_adds(&s->value, "true");
	}
	if (peek(s) == '#' || peek(s) == ';')
		skip_line(s);
	if (s->at < s->len && peek(s) != '\n')
		return scan_error(s, err, "expected '=' after the key");
	item->is_open = s->at == s->len;
	s->line += !item->is_open;
	s->at += !item->is_open;
	item->end = s->at;
	return 0;
}

/* 1: a header or an entry was read; 0: the end; -1: a fault. */
static int scan_next(struct scanner *s, struct item *item, struct error *err)
{
	char c;

	*item = (struct item){ .is_header = false };
	for (;;) {
		skip_blanks(s);
		c = peek(s);
		if (c == '#' || c == ';') {
			skip_line(s);
		} else if (c == '\n') {
			s->line++;
			s->at++;
		} else {
			break;
		}
	}
	item->start = s->at;
	if (c == '\0')
		return 0;
	if (c == '[')
		return scan_header(s, item, err) < 0 ? -1 : 1;
	if (!is_word(c))
		return scan_error(s, err, "expected a section, a key or a comment");
	if (s->section.len == 0)
		return scan_error(s, err, "a key before the first section");
	return scan_entry(s, item, err) < 0 ? -1 : 1;
}

int config_file_parse(const char *text, size_t len, const char *name, int (*fn)(const char *key, const char *value, void *arg), void *arg,
	struct error *err)
{
	CLEANUP(scanner) struct scanner s = { text, name, len, 0, 1, STRBUF_INIT, STRBUF_INIT, STRBUF_INIT };
	struct item item;
	int status = scan_begin(&s, err);

	if (status < 0)
		return status;
	while ((status = scan_next(&s, &item, err)) > 0) {
		status = item.is_header ? 0 : fn(s.key.buf, s.value.buf, arg);
		if (status != 0)
			return status;
	}
	return status;
}

static bool all_words(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_word(text[i]))
			return false;
	return len > 0;
}

int config_key_check(const char *key, struct error *err)
{
	const char *first = strchr(key, '.'), *last = strrchr(key, '.');
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	if (first && all_words(key, (size_t)(first - key)) && all_words(last + 1, strlen(last + 1)) && !strchr(key, '\n'))
		return 0;
	utf8_add_escaped(&shown, key, strnlen(key, 128));
	return error_set(err, ERR_INVALID, "'%s' is not a legal key: it is written section.key or section.name.key", shown.buf);
}

void config_key_fold(struct strbuf *out, const char *key)
{
	const char *first = strchr(key, '.'), *last = strrchr(key, '.');

	if (!first) {
		ascii_fold(out, key, strlen(key));
		return;
	}
	ascii_fold(out, key, (size_t)(first - key));
	strbuf_add(out, first, (size_t)(last - first));
	ascii_fold(out, last, strlen(last));
}

static bool needs_quotes(const char *value)
{
	size_t len = strlen(value);

	if (len == 0 || is_blank(value[0]) || is_blank(value[len - 1]))
		return true;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)value[i] < 0x20 || strchr("#;\"\\\x7f", value[i]))
			return true;
	return false;
}

static void add_value(struct strbuf *out, const char *value)
{
	if (!needs_quotes(value)) {
		strbuf_adds(out, value);
		return;
	}
	strbuf_addc(out, '"');
	for (; *value; value++) {
		if (*value == '\n')
			strbuf_adds(out, "\\n");
		else if (*value == '\t')
			strbuf_adds(out, "\\t");
		else if (*value == '"' || *value == '\\')
			strbuf_addf(out, "\\%c", *value);
		else
			strbuf_addc(out, *value);
	}
	strbuf_addc(out, '"');
}

/* Where things of one key stand in a text. */
struct places {
	struct item *items; /* its entries */
	size_t count, cap;
	bool has_section, is_open; /* is_open: the last line of the text is */
	struct item section_last;  /* last header or entry of its section */
};

static void places_cleanup(struct places *p)
{
	ptr_cleanup(&p->items);
	p->items = NULL;
}

/* key is folded. */
static int find_places(const struct strbuf *text, const char *name, const char *key, struct places *out, struct error *err)
{
	CLEANUP(scanner) struct scanner s = { text->buf, name, text->len, 0, 1, STRBUF_INIT, STRBUF_INIT, STRBUF_INIT };
	size_t section_len = (size_t)(strrchr(key, '.') + 1 - key);
	struct item item;
	int status = scan_begin(&s, err);

	if (status < 0)
		return status;
	while ((status = scan_next(&s, &item, err)) > 0) {
		out->is_open = item.is_open;
		if (s.section.len != section_len || memcmp(s.section.buf, key, section_len) != 0)
			continue;
		out->has_section = true;
		out->section_last = item;
		if (item.is_header || strcmp(s.key.buf, key) != 0)
			continue;
		ARRAY_GROW(out->items, out->count + 1, out->cap);
		out->items[out->count++] = item;
	}
	return status;
}

static void splice(struct strbuf *text, size_t start, size_t end, const struct strbuf *with)
{
	CLEANUP(strbuf) struct strbuf result = STRBUF_INIT;

	strbuf_grow(&result, text->len - (end - start) + with->len);
	strbuf_add(&result, text->buf, start);
	strbuf_add(&result, with->buf, with->len);
	strbuf_add(&result, text->buf + end, text->len - end);
	strbuf_reset(text);
	strbuf_add(text, result.buf, result.len);
}

static void replace_value(struct strbuf *text, const struct item *item, const char *value)
{
	CLEANUP(strbuf) struct strbuf with = STRBUF_INIT;
	bool is_empty = item->value_start == item->value_end;

	if (!item->has_value)
		strbuf_adds(&with, " = ");
	else if (is_empty)
		strbuf_addc(&with, ' ');
	add_value(&with, value);
	if (!item->has_value)
		splice(text, item->key_end, item->key_end, &with);
	else if (is_empty)
		splice(text, item->equals_end, item->equals_end, &with);
	else
		splice(text, item->value_start, item->value_end, &with);
}

/* The whole line goes, but for a header that stands before it there. */
static void remove_entry(struct strbuf *text, const struct item *item)
{
	CLEANUP(strbuf) struct strbuf nothing = STRBUF_INIT;
	size_t start = item->start, end = item->end;

	while (start > 0 && is_blank(text->buf[start - 1]))
		start--;
	if (start > 0 && text->buf[start - 1] == ']') {
		start = item->start;
		end -= text->buf[end - 1] == '\n';
	}
	splice(text, start, end, &nothing);
}

static void add_header(struct strbuf *out, const char *key)
{
	const char *first = strchr(key, '.'), *last = strrchr(key, '.');

	strbuf_addc(out, '[');
	strbuf_add(out, key, (size_t)(first - key));
	if (first != last) {
		strbuf_adds(out, " \"");
		for (const char *p = first + 1; p < last; p++) {
			if (*p == '"' || *p == '\\')
				strbuf_addc(out, '\\');
			strbuf_addc(out, *p);
		}
		strbuf_addc(out, '"');
	}
	strbuf_adds(out, "]\n");
}

/* Where a line can be added behind an empty section: behind its comment, but before another section on the same line. */
static size_t behind_header(const struct strbuf *text, size_t at)
{
	size_t blanks = strspn(text->buf + at, " \t\r");

	if (text->buf[at + blanks] == '[')
		return at;
	at += strcspn(text->buf + at, "\n");
	return at + (at < text->len);
}

static void add_entry(struct strbuf *text, const struct places *places, const char *key, const char *value)
{
	CLEANUP(strbuf) struct strbuf with = STRBUF_INIT;
	size_t at = places->has_section ? places->section_last.end : text->len;

	if (places->has_section && places->section_last.is_header)
		at = behind_header(text, at);
	if (at > 0 && (text->buf[at - 1] != '\n' || (places->is_open && at == text->len)))
		strbuf_addc(&with, '\n');
	if (!places->has_section)
		add_header(&with, key);
	strbuf_addf(&with, "\t%s = ", strrchr(key, '.') + 1);
	add_value(&with, value);
	strbuf_addc(&with, '\n');
	splice(text, at, at, &with);
}

/* Where a key that is legal stands, and how it is written. */
static int find_key(const struct strbuf *text, const char *name, const char *key, struct strbuf *folded, struct places *out, struct error *err)
{
	if (config_key_check(key, err) < 0)
		return -1;
	config_key_fold(folded, key);
	return find_places(text, name, folded->buf, out, err);
}

int config_file_set(struct strbuf *text, const char *name, const char *key, const char *value, struct error *err)
{
	CLEANUP(strbuf) struct strbuf folded = STRBUF_INIT;
	CLEANUP(places) struct places places = { .items = NULL };

	if (find_key(text, name, key, &folded, &places, err) < 0)
		return -1;
	if (!value)
		while (places.count > 0)
			remove_entry(text, &places.items[--places.count]);
	else if (places.count > 0)
		replace_value(text, &places.items[places.count - 1], value);
	else
		add_entry(text, &places, folded.buf, value);
	return 0;
}

int config_file_add(struct strbuf *text, const char *name, const char *key, const char *value, struct error *err)
{
	CLEANUP(strbuf) struct strbuf folded = STRBUF_INIT;
	CLEANUP(places) struct places places = { .items = NULL };

	if (find_key(text, name, key, &folded, &places, err) < 0)
		return -1;
	add_entry(text, &places, folded.buf, value);
	return 0;
}

/* Where the first part of a section begins and ends: 1, 0 when there is none, -1. */
static int find_section(const struct strbuf *text, const char *name, const char *section, size_t *start, size_t *end, struct error *err)
{
	CLEANUP(scanner) struct scanner s = { text->buf, name, text->len, 0, 1, STRBUF_INIT, STRBUF_INIT, STRBUF_INIT };
	size_t len = strlen(section);
	struct item item;
	int found = 0, status = scan_begin(&s, err);

	if (status < 0)
		return status;
	*end = text->len;
	while ((status = scan_next(&s, &item, err)) > 0) {
		if (!item.is_header)
			continue;
		if (found) {
			*end = item.start;
			return found;
		}
		if (s.section.len == len + 1 && memcmp(s.section.buf, section, len) == 0) {
			found = 1;
			*start = item.start;
		}
	}
	return status < 0 ? -1 : found;
}

int config_file_remove_section(struct strbuf *text, const char *name, const char *section, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT, folded = STRBUF_INIT, nothing = STRBUF_INIT;
	size_t start = 0, end = 0;
	int found, count = 0;

	strbuf_addf(&key, "%s.x", section);
	if (config_key_check(key.buf, err) < 0)
		return -1;
	config_key_fold(&folded, key.buf);
	strbuf_set_len(&folded, folded.len - 2);
	while ((found = find_section(text, name, folded.buf, &start, &end, err)) > 0) {
		splice(text, start, end, &nothing);
		count++;
	}
	return found < 0 ? -1 : count;
}
