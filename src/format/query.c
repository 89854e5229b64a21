/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a query into its syntax tree, and says where it is wrong. */
#include <config.h>

#include "format/query.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "base/suggest.h"
#include "base/utf8.h"
#include "format/query-internal.h"

#define SHOWN_BEFORE 40 /* bytes of the query around the place that is shown */
#define SHOWN_AFTER 30

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_OPERATOR, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_COMMA, TOKEN_WRONG };

struct token {
	enum token_kind kind;
	size_t start, end;
	struct strbuf text; /* of a word: without its quotes */
	bool quoted;        /* a word with a quoted part is no keyword and no number */
	enum query_op op;
};

struct parser {
	const char *text;
	size_t len, at;
	struct token token; /* the one to be read next */
	unsigned depth;
	struct query *query;
	bool of_runs; /* what run.KEY asks is asked by KEY */
	struct error *err;
};

static void parser_cleanup(struct parser *p)
{
	strbuf_release(&p->token.text);
}

/* ---- where it is wrong ---- */

static size_t column_of(const struct parser *p, size_t at)
{
	size_t column = 1;

	for (size_t i = 0; i < at; i++)
		column += ((unsigned char)p->text[i] & 0xc0) != 0x80;
	return column;
}

static bool is_inside_character(const struct parser *p, size_t at)
{
	return at < p->len && ((unsigned char)p->text[at] & 0xc0) == 0x80;
}

/* Two lines: the query around the place, and a caret below it. */
static void show_place(const struct parser *p, size_t at)
{
	CLEANUP(strbuf) struct strbuf before = STRBUF_INIT, line = STRBUF_INIT;
	size_t from = at > SHOWN_BEFORE ? at - SHOWN_BEFORE : 0, to = p->len - at > SHOWN_AFTER ? at + SHOWN_AFTER : p->len;

	while (from < at && is_inside_character(p, from))
		from++;
	while (is_inside_character(p, to))
		to++;
	if (from)
		strbuf_adds(&before, "...");
	utf8_add_visible(&before, p->text + from, at - from);
	strbuf_add(&line, before.buf, before.len);
	utf8_add_visible(&line, p->text + at, to - at);
	error_hint(p->err, "%s%s\n%*s^", line.buf, to < p->len ? "..." : "", (int)utf8_width(before.buf, before.len), "");
}

static void wrong_at(struct parser *p, size_t at, const char *what)
{
	error_set(p->err, ERR_INVALID, "the query is wrong at column %zu: %s", column_of(p, at), what);
	show_place(p, at);
}

/* The token that stands there, for a message. */
static void add_token(struct strbuf *out, const struct parser *p)
{
	const struct token *t = &p->token;

	if (t->kind == TOKEN_END) {
		strbuf_adds(out, "it ends");
		return;
	}
	strbuf_addc(out, '\'');
	utf8_add_visible(out, p->text + t->start, t->end - t->start > SHOWN_BEFORE ? SHOWN_BEFORE : t->end - t->start);
	strbuf_adds(out, "' stands there");
}

static int expected(struct parser *p, const char *what)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	if (p->token.kind == TOKEN_WRONG)
		return -1; /* said already */
	strbuf_addf(&text, "expected %s, and ", what);
	add_token(&text, p);
	wrong_at(p, p->token.start, text.buf);
	return -1;
}

/* ---- tokens ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* What names, numbers, times, patterns and paths are made of. */
static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("._-+:@/*?%", c));
}

static int wrong_token(struct parser *p, size_t at, const char *what)
{
	p->token.kind = TOKEN_WRONG;
	wrong_at(p, at, what);
	return -1;
}

/* A backslash takes the meaning of a quote and of itself; before all else it stands for itself. */
static int read_quoted(struct parser *p)
{
	char quote = p->text[p->at];
	size_t start = p->at++;

	for (; p->at < p->len; p->at++) {
		char c = p->text[p->at];

		if (c == quote) {
			p->at++;
			p->token.quoted = true;
			return 0;
		}
		if (c == '\\' && p->at + 1 < p->len && (p->text[p->at + 1] == quote || p->text[p->at + 1] == '\\'))
			c = p->text[++p->at];
		strbuf_addc(&p->token.text, c);
	}
	return wrong_token(p, start, "the quote that begins here does not end");
}

static int read_word(struct parser *p)
{
	p->token.kind = TOKEN_WORD;
	while (p->at < p->len) {
		char c = p->text[p->at];

		if (c == '"' || c == '\'') {
			if (read_quoted(p) < 0)
				return -1;
		} else if (is_word_char(c)) {
			strbuf_addc(&p->token.text, c);
			p->at++;
		} else {
			break;
		}
	}
	return 0;
}

static int read_operator(struct parser *p)
{
	static const struct {
		const char *text;
		enum query_op op;
	} operators[] = { { "!=", QUERY_NE }, { "<=", QUERY_LE }, { ">=", QUERY_GE }, { "==", QUERY_EQ }, { "=", QUERY_EQ },
		{ "<", QUERY_LT }, { ">", QUERY_GT }, { "~", QUERY_GLOB } };

	for (size_t i = 0; i < COUNT_OF(operators); i++) {
		size_t n = strlen(operators[i].text);

		if (n > p->len - p->at || memcmp(p->text + p->at, operators[i].text, n) != 0)
			continue;
		p->token.kind = TOKEN_OPERATOR;
		p->token.op = operators[i].op;
		p->at += n;
		return 0;
	}
	return wrong_token(p, p->at, "this character has no meaning here; texts with it are put in quotes");
}

static int next(struct parser *p)
{
	char c;

	while (p->at < p->len && is_blank(p->text[p->at]))
		p->at++;
	p->token.start = p->at;
	p->token.quoted = false;
	strbuf_reset(&p->token.text);
	c = p->at < p->len ? p->text[p->at] : '\0';
	if (p->at == p->len) {
		p->token.kind = TOKEN_END;
	} else if (c == '(' || c == ')' || c == ',') {
		p->token.kind = c == '(' ? TOKEN_OPEN : c == ')' ? TOKEN_CLOSE : TOKEN_COMMA;
		p->at++;
	} else if (is_word_char(c) || c == '"' || c == '\'') {
		if (read_word(p) < 0)
			return -1;
	} else if (read_operator(p) < 0) {
		return -1;
	}
	p->token.end = p->at;
	return 0;
}

static bool is_keyword(const struct parser *p, const char *word)
{
	return p->token.kind == TOKEN_WORD && !p->token.quoted && strcasecmp(p->token.text.buf, word) == 0;
}

/* ---- the tree ---- */

static void test_release(struct test *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->literals[i].text);
	free(t->literals);
	free(t->field.key);
}

/* As deep as the text was, which is bounded. */
static void node_free(struct node *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < n->count; i++)
		node_free(n->children[i]);
	free(n->children);
	test_release(&n->test);
	free(n);
}

static void node_cleanup(struct node **n)
{
	node_free(*n);
	*n = NULL;
}

static struct node *node_new(enum node_kind kind)
{
	struct node *n = xcalloc(1, sizeof *n);

	n->kind = kind;
	return n;
}

static void add_child(struct node *n, struct node *child)
{
	ARRAY_GROW(n->children, n->count + 1, n->cap);
	n->children[n->count++] = child;
	n->is_dear = n->is_dear || child->is_dear;
}

/* What is dear to ask comes last: mostly all else has decided by then. */
static void put_dear_last(struct node *n)
{
	CLEANUP(ptr) struct node **ordered = xreallocarray(NULL, n->count, sizeof(struct node *));
	size_t at = 0;

	for (int dear = 0; dear < 2; dear++)
		for (size_t i = 0; i < n->count; i++)
			if (n->children[i]->is_dear == (dear == 1))
				ordered[at++] = n->children[i];
	memcpy(n->children, ordered, at * sizeof *ordered);
}

/* ---- fields and values ---- */

/* Whether something is asked of the word that was read. */
static bool is_compared(const struct parser *p)
{
	size_t at = p->at;

	while (at < p->len && is_blank(p->text[at]))
		at++;
	return at < p->len && strchr("=!<>~", p->text[at]);
}

/* What may have been meant by a word that is no field: as it was written, so that it can be typed so. */
static void add_meant(struct strbuf *out, const struct parser *p, const char *head)
{
	CLEANUP(strbuf) struct strbuf word = STRBUF_INIT;
	const char *names[QUERY_FIELD_COUNT], *colon = strchr(head, ':'), *key;
	long nearest;

	utf8_add_visible(&word, p->text + p->token.start, p->at - p->token.start > SHOWN_BEFORE ? SHOWN_BEFORE : p->at - p->token.start);
	for (size_t i = 0; i < QUERY_FIELD_COUNT; i++)
		names[i] = query_fields[i].name;
	for (size_t i = 0; colon && i < QUERY_FIELD_COUNT; i++)
		if (strlen(names[i]) == (size_t)(colon - head) && memcmp(names[i], head, (size_t)(colon - head)) == 0) {
			strbuf_addf(out, "Say '%s = ...'.", names[i]);
			return;
		}
	if (query_is_run_key(p->token.text.buf)) {
		strbuf_addf(out, "Did you mean 'run.%s'?", word.buf);
		return;
	}
	nearest = suggest_nearest(head, names, COUNT_OF(names));
	key = p->of_runs ? query_run_key_nearest(head) : NULL;
	if (nearest >= 0)
		strbuf_addf(out, "Did you mean '%s'?", names[nearest]);
	else if (key)
		strbuf_addf(out, "Did you mean '%s%s'?", key, strchr(key, '.') ? "NAME" : "");
	else if (is_compared(p) && p->of_runs)
		strbuf_addf(out, "Did you mean 'config.%s' or 'metrics.%s'?  The fields are in mreg-query(7).", word.buf, word.buf);
	else if (is_compared(p))
		strbuf_addf(out, "Did you mean 'metrics.%s' or 'metadata.%s'?  The fields are in mreg-query(7).", word.buf, word.buf);
	else
		strbuf_addf(out, "Did you mean 'name ~ %s'?  The fields are in mreg-query(7).", word.buf);
}

static int no_field(struct parser *p, const char *head)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT, hint = STRBUF_INIT;

	strbuf_adds(&text, "there is no field '");
	utf8_add_visible(&text, head, strnlen(head, SHOWN_BEFORE));
	strbuf_addc(&text, '\'');
	wrong_at(p, p->token.start, text.buf);
	strbuf_addf(&hint, "%s\n", p->err->hint);
	add_meant(&hint, p, head);
	return error_hint(p->err, "%s", hint.buf);
}

static int no_run_key(struct parser *p, const char *head, const char *key)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT, hint = STRBUF_INIT;
	CLEANUP(ptr) char *first = xstrndup(key, strcspn(key, "."));
	const char *nearest = query_run_key_nearest(first);

	strbuf_adds(&text, "there is no field '");
	utf8_add_visible(&text, p->token.text.buf, strnlen(p->token.text.buf, SHOWN_BEFORE));
	strbuf_addc(&text, '\'');
	wrong_at(p, p->token.start, text.buf);
	strbuf_addf(&hint, "%s\n", p->err->hint);
	if (nearest)
		strbuf_addf(&hint, "Did you mean '%s.%s%s'?", head, nearest, strchr(nearest, '.') ? "NAME" : "");
	else
		strbuf_addf(&hint, "What was configured is '%s.config.NAME'; the fields are in mreg-query(7).", head);
	return error_hint(p->err, "%s", hint.buf);
}

static int take_field(struct parser *p, struct query_field *out, enum query_field_id id, const char *key)
{
	out->id = id;
	out->key = xstrdup(key);
	p->query->asks[id] = true;
	if (query_fields[id].has_key)
		strvec_push(&p->query->keys[id], key);
	return next(p);
}

static int read_field(struct parser *p, struct query_field *out)
{
	const char *text = p->token.text.buf;
	size_t head_len = strcspn(text, ".");
	CLEANUP(ptr) char *head = xstrndup(text, head_len);
	size_t id = 0;

	if (p->token.kind != TOKEN_WORD || is_keyword(p, "and") || is_keyword(p, "or") || is_keyword(p, "in"))
		return expected(p, "a field such as name or metrics.acc");
	if (strlen(text) != p->token.text.len)
		return wrong_token(p, p->token.start, "a field has no NUL");
	while (id < QUERY_FIELD_COUNT && strcmp(query_fields[id].name, head) != 0)
		id++;
	if (id == QUERY_FIELD_COUNT && p->of_runs && query_is_run_key(text))
		return take_field(p, out, QUERY_RUN, text);
	if (id == QUERY_FIELD_COUNT || (text[head_len] && !query_fields[id].has_key))
		return no_field(p, id == QUERY_FIELD_COUNT ? head : text);
	if (query_fields[id].has_key && (!text[head_len] || !text[head_len + 1])) {
		CLEANUP(strbuf) struct strbuf what = STRBUF_INIT;

		strbuf_addf(&what, "expected a name behind it, as in %s.NAME", head);
		wrong_at(p, p->token.start, what.buf);
		return -1;
	}
	if ((id == QUERY_RUN || id == QUERY_CONSUMED_BY) && !query_is_run_key(text + head_len + 1))
		return no_run_key(p, head, text + head_len + 1);
	return take_field(p, out, (enum query_field_id)id, text[head_len] ? text + head_len + 1 : "");
}

static int read_value(struct parser *p, struct test *t)
{
	const char *wanted = NULL;
	struct literal *l;

	if (p->token.kind != TOKEN_WORD)
		return expected(p, "a value");
	ARRAY_GROW(t->literals, t->count + 1, t->cap);
	l = &t->literals[t->count++];
	*l = (struct literal){ .len = p->token.text.len, .text = xmemdup(p->token.text.buf, p->token.text.len + 1) };
	if (!query_literal_read(l, &t->field, p->token.quoted, &wanted))
		return expected(p, wanted);
	return next(p);
}

static int read_list(struct parser *p, struct test *t)
{
	if (p->token.kind != TOKEN_OPEN)
		return expected(p, "( after in");
	do {
		if (next(p) < 0 || read_value(p, t) < 0)
			return -1;
	} while (p->token.kind == TOKEN_COMMA);
	if (p->token.kind != TOKEN_CLOSE)
		return expected(p, ", or )");
	return next(p);
}

/* "exists FIELD" or "exists(FIELD)", behind the word. */
static int read_exists(struct parser *p, struct test *t)
{
	bool open = p->token.kind == TOKEN_OPEN;

	t->op = QUERY_EXISTS;
	if ((open && next(p) < 0) || read_field(p, &t->field) < 0)
		return -1;
	if (!open)
		return 0;
	return p->token.kind == TOKEN_CLOSE ? next(p) : expected(p, ")");
}

static int read_test(struct parser *p, struct test *t)
{
	if (is_keyword(p, "exists"))
		return next(p) < 0 ? -1 : read_exists(p, t);
	if (read_field(p, &t->field) < 0)
		return -1;
	if (is_keyword(p, "exists")) {
		t->op = QUERY_EXISTS;
		return next(p);
	}
	if (is_keyword(p, "in")) {
		t->op = QUERY_IN;
		return next(p) < 0 ? -1 : read_list(p, t);
	}
	if (p->token.kind != TOKEN_OPERATOR)
		return expected(p, "one of = != < <= > >= ~ in exists");
	t->op = p->token.op;
	if (t->op == QUERY_GLOB && query_literal_kind(&t->field) >= LITERAL_NUMBER)
		return expected(p, "one of = != < <= > >= in exists");
	return next(p) < 0 ? -1 : read_value(p, t);
}

/* ---- and, or, not, ( ) ---- */

static struct node *read_or(struct parser *p);

static int deeper(struct parser *p)
{
	if (++p->depth <= QUERY_MAX_DEPTH)
		return 0;
	wrong_at(p, p->token.start, "it is nested too deep");
	return -1;
}

static struct node *read_group(struct parser *p)
{
	CLEANUP(node) struct node *n = NULL;

	if (deeper(p) < 0 || next(p) < 0)
		return NULL;
	n = read_or(p);
	if (!n)
		return NULL;
	if (p->token.kind != TOKEN_CLOSE) {
		expected(p, "and, or, or )");
		return NULL;
	}
	p->depth--;
	return next(p) < 0 ? NULL : STEAL(n);
}

static struct node *read_operand(struct parser *p)
{
	CLEANUP(node) struct node *n = NULL;
	struct node *inner;

	if (p->token.kind == TOKEN_OPEN)
		return read_group(p);
	if (!is_keyword(p, "not")) {
		n = node_new(NODE_TEST);
		if (read_test(p, &n->test) < 0)
			return NULL;
		n->is_dear = n->test.field.id == QUERY_PATH;
		return STEAL(n);
	}
	n = node_new(NODE_NOT);
	if (deeper(p) < 0 || next(p) < 0)
		return NULL;
	inner = read_operand(p);
	if (!inner)
		return NULL;
	add_child(n, inner);
	p->depth--;
	return STEAL(n);
}

/* A chain of one word stays flat, however long it is. */
static struct node *read_chain(struct parser *p, enum node_kind kind)
{
	CLEANUP(node) struct node *n = node_new(kind);

	for (;;) {
		struct node *child = kind == NODE_OR ? read_chain(p, NODE_AND) : read_operand(p);

		if (!child)
			return NULL;
		add_child(n, child);
		if (!is_keyword(p, kind == NODE_OR ? "or" : "and"))
			break;
		if (next(p) < 0)
			return NULL;
	}
	if (n->count > 1) {
		if (n->is_dear)
			put_dear_last(n);
		return STEAL(n);
	}
	n->count = 0;
	return n->children[0];
}

static struct node *read_or(struct parser *p)
{
	return read_chain(p, NODE_OR);
}

static struct query *parse(const char *text, size_t len, bool of_runs, struct error *err)
{
	CLEANUP(query) struct query *q = xcalloc(1, sizeof *q);
	CLEANUP(parser) struct parser p = { .text = text, .len = len, .token = { .text = STRBUF_INIT }, .query = q, .of_runs = of_runs, .err = err };

	if (len > QUERY_MAX_BYTES) {
		error_set(err, ERR_INVALID, "the query has %zu bytes, and may have %d", len, QUERY_MAX_BYTES);
		return NULL;
	}
	if (next(&p) < 0)
		return NULL;
	if (p.token.kind == TOKEN_END)
		return STEAL(q);
	q->root = read_or(&p);
	if (!q->root)
		return NULL;
	if (p.token.kind != TOKEN_END) {
		expected(&p, "and, or, or the end");
		return NULL;
	}
	return STEAL(q);
}

struct query *query_parse(const char *text, size_t len, struct error *err)
{
	return parse(text, len, false, err);
}

struct query *query_parse_runs(const char *text, size_t len, struct error *err)
{
	return parse(text, len, true, err);
}

void query_free(struct query *q)
{
	if (!q)
		return;
	node_free(q->root);
	for (size_t i = 0; i < QUERY_FIELD_COUNT; i++)
		strvec_release(&q->keys[i]);
	free(q);
}

void query_cleanup(struct query **q)
{
	query_free(*q);
	*q = NULL;
}
