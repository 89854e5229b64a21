/* SPDX-License-Identifier: Apache-2.0 */
/* Matching patterns as an automaton, a step a byte, so that no pattern can make it slow; and gitignore rules over it. */
#include <config.h>

#include "format/glob.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"

enum token_kind {
	TOKEN_BYTE,
	TOKEN_ANY,      /* ? */
	TOKEN_CLASS,    /* [...] */
	TOKEN_STAR,     /* any number of bytes, none a slash */
	TOKEN_STARSTAR, /* any number of bytes */
	TOKEN_SKIP,     /* before a STARSTAR and its slash, which may both stand for nothing */
};

struct token {
	enum token_kind kind;
	unsigned char byte;
	const char *class; /* after the '[' */
};

/* One place of a class: either a range of bytes, "low" to "high", or a named class such as [:alpha:]. */
struct class_item {
	unsigned char low, high;
	int (*is_member)(int c);
};

static int (*find_named_class(const char *name, size_t len))(int c)
{
	static const struct {
		const char *name;
		int (*is_member)(int c);
	} classes[] = {
		{ "alnum", isalnum },
		{ "alpha", isalpha },
		{ "blank", isblank },
		{ "cntrl", iscntrl },
		{ "digit", isdigit },
		{ "graph", isgraph },
		{ "lower", islower },
		{ "print", isprint },
		{ "punct", ispunct },
		{ "space", isspace },
		{ "upper", isupper },
		{ "xdigit", isxdigit },
	};

	for (size_t i = 0; i < COUNT_OF(classes); i++)
		if (strlen(classes[i].name) == len && memcmp(classes[i].name, name, len) == 0)
			return classes[i].is_member;
	return NULL;
}

/* One byte of a class, perhaps behind a backslash; NULL at the end of the pattern. */
static const char *class_byte(const char *p, unsigned char *byte)
{
	if (*p == '\\')
		p++;
	*byte = (unsigned char)*p;
	return *p ? p + 1 : NULL;
}

/* Reads one item; NULL when the class is malformed. */
static const char *class_next(const char *p, struct class_item *item)
{
	item->is_member = NULL;
	if (p[0] == '[' && p[1] == ':') {
		const char *end = strchr(p + 2, ']');

		if (!end)
			return NULL;
		if (end > p + 2 && end[-1] == ':') {
			item->is_member = find_named_class(p + 2, (size_t)(end - 1 - (p + 2)));
			return item->is_member ? end + 1 : NULL;
		}
	}
	p = class_byte(p, &item->low);
	item->high = item->low;
	if (p && p[0] == '-' && p[1] && p[1] != ']')
		p = class_byte(p + 1, &item->high);
	return p;
}

/* Just past the ']' of a class, or NULL when it is malformed; *matches: c is in it. */
static const char *class_match(const char *p, unsigned char c, bool *matches)
{
	bool negated = *p == '!' || *p == '^', found = false;
	struct class_item item;

	p += negated;
	do {
		p = class_next(p, &item);
		if (!p || !*p)
			return NULL;
		if (item.is_member ? c < 0x80 && item.is_member(c) : c >= item.low && c <= item.high)
			found = true;
	} while (*p != ']');
	*matches = found != negated && c != '/';
	return p + 1;
}

/* Stars alone in their component cross slashes when there are two or more; elsewhere they are as one.  Never more tokens than stars. */
static const char *compile_stars(const char *pattern, const char *p, struct token *tokens, ptrdiff_t *count)
{
	const char *end = p + strspn(p, "*");
	bool alone = (p == pattern || p[-1] == '/') && (*end == '\0' || *end == '/');

	if (end - p >= 2 && alone) {
		if (*end == '/')
			tokens[(*count)++].kind = TOKEN_SKIP;
		tokens[(*count)++].kind = TOKEN_STARSTAR;
	} else {
		tokens[(*count)++].kind = TOKEN_STAR;
	}
	return end;
}

/* Returns how many tokens there are, or -1 when the pattern is malformed and so matches nothing. */
static ptrdiff_t compile(const char *pattern, struct token *tokens)
{
	ptrdiff_t count = 0;
	bool ignored;

	for (const char *p = pattern; *p;) {
		struct token *token = &tokens[count];

		if (*p == '*') {
			p = compile_stars(pattern, p, tokens, &count);
			continue;
		}
		count++;
		if (*p == '?') {
			token->kind = TOKEN_ANY;
			p++;
		} else if (*p == '[') {
			token->kind = TOKEN_CLASS;
			token->class = p + 1;
			p = class_match(p + 1, 0, &ignored);
		} else {
			token->kind = TOKEN_BYTE;
			p = class_byte(p, &token->byte);
		}
		if (!p)
			return -1;
	}
	return count;
}

/* Marks what is reached from marked states without a byte: always further on, so one pass does. */
static void spread(const struct token *tokens, size_t count, bool *states)
{
	for (size_t i = 0; i < count; i++) {
		if (!states[i] || tokens[i].kind < TOKEN_STAR)
			continue;
		states[i + 1] = true;
		if (tokens[i].kind == TOKEN_SKIP)
			states[i + 3] = true;
	}
}

static bool token_takes(const struct token *token, unsigned char c)
{
	bool matches = false;

	switch (token->kind) {
	case TOKEN_BYTE:
		return token->byte == c;
	case TOKEN_CLASS:
		return class_match(token->class, c, &matches) && matches;
	case TOKEN_ANY:
	case TOKEN_STAR:
		return c != '/';
	case TOKEN_STARSTAR:
		return true;
	case TOKEN_SKIP:
	default:
		return false;
	}
}

static void step(const struct token *tokens, size_t count, const bool *from, bool *to, unsigned char c)
{
	for (size_t i = 0; i < count; i++)
		if (from[i] && token_takes(&tokens[i], c))
			to[tokens[i].kind < TOKEN_STAR ? i + 1 : i] = true;
	spread(tokens, count, to);
}

static bool run(const struct token *tokens, size_t count, const char *text, size_t len)
{
	CLEANUP(ptr) bool *states = xcalloc(2 * (count + 1), sizeof *states);
	bool *now = states, *next = states + count + 1;

	now[0] = true;
	spread(tokens, count, now);
	for (size_t i = 0; i < len; i++) {
		bool *swap = now;

		memset(next, 0, (count + 1) * sizeof *next);
		step(tokens, count, now, next, (unsigned char)text[i]);
		now = next;
		next = swap;
	}
	return now[count];
}

static bool match_len(const char *pattern, const char *text, size_t len)
{
	size_t plain = strcspn(pattern, "*?[\\");
	CLEANUP(ptr) struct token *tokens = NULL;
	ptrdiff_t count;

	/* most patterns begin with, or are, plain text */
	if (pattern[plain] == '\0')
		return plain == len && memcmp(pattern, text, len) == 0;
	if (len < plain || memcmp(pattern, text, plain) != 0)
		return false;
	tokens = xcalloc(strlen(pattern), sizeof *tokens);
	count = compile(pattern, tokens);
	return count >= 0 && run(tokens, (size_t)count, text, len);
}

bool glob_match(const char *pattern, const char *path)
{
	return match_len(pattern, path, strlen(path));
}

/* The pattern has no slash: any component will do, if wants_dir any but the last. */
static bool match_component(const char *pattern, const char *path, bool wants_dir)
{
	for (const char *at = path;;) {
		size_t len = strcspn(at, "/");

		if ((at[len] || !wants_dir) && match_len(pattern, at, len))
			return true;
		if (!at[len])
			return false;
		at += len + 1;
	}
}

static bool match_leading(const char *pattern, const char *path, bool wants_dir)
{
	for (size_t len = 0;; len++) {
		len += strcspn(path + len, "/");
		if ((path[len] || !wants_dir) && match_len(pattern, path, len))
			return true;
		if (!path[len])
			return false;
	}
}

bool glob_match_path(const char *pattern, const char *path)
{
	size_t len = strlen(pattern);
	bool anchored = pattern[0] == '/', wants_dir = len > 1 && pattern[len - 1] == '/';
	CLEANUP(ptr) char *bare = NULL;

	while (len > 1 && pattern[len - 1] == '/')
		len--;
	bare = xstrndup(pattern + anchored, len - anchored);
	if (anchored || strchr(bare, '/'))
		return match_leading(bare, path, wants_dir);
	return match_component(bare, path, wants_dir);
}

/* Blanks at the end of a rule do not count, unless a backslash stands before one. */
static size_t trimmed_len(const char *line, size_t len)
{
	size_t keep = 0;

	for (size_t i = 0; i < len; i++) {
		if (line[i] == '\\' && i + 1 < len)
			i++;
		else if (line[i] == ' ')
			continue;
		keep = i + 1;
	}
	return keep;
}

static void add_line(struct ignore_rules *rules, const char *base, const char *line, size_t len)
{
	struct ignore_rule rule = { NULL, NULL, false, false, false };

	if (len > 0 && line[len - 1] == '\r')
		len--;
	len = trimmed_len(line, len);
	if (len == 0 || line[0] == '#')
		return;
	rule.negated = line[0] == '!';
	line += rule.negated;
	len -= rule.negated;
	if (len > 0 && line[len - 1] == '/') {
		rule.dir_only = true;
		len--;
	}
	rule.anchored = len > 0 && memchr(line, '/', len);
	if (len > 0 && line[0] == '/') {
		line++;
		len--;
	}
	if (len == 0)
		return;
	rule.pattern = xstrndup(line, len);
	rule.base = xstrdup(base);
	ARRAY_GROW(rules->rules, rules->count + 1, rules->cap);
	rules->rules[rules->count++] = rule;
}

void ignore_rules_add(struct ignore_rules *rules, const char *base, const char *text, size_t len)
{
	static const char mark[] = "\xef\xbb\xbf"; /* which some editors put in front of UTF-8 */
	size_t at = len >= 3 && memcmp(text, mark, 3) == 0 ? 3 : 0;

	while (at < len) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t line_len = end ? (size_t)(end - (text + at)) : len - at;

		add_line(rules, base, text + at, line_len);
		at += line_len + 1;
	}
}

/* What of path lies below base, or NULL. */
static const char *path_below(const char *base, const char *path)
{
	size_t len = strlen(base);

	if (len == 0)
		return path;
	return strncmp(path, base, len) == 0 && path[len] == '/' ? path + len + 1 : NULL;
}

static bool rule_matches(const struct ignore_rule *rule, const char *path, bool is_dir)
{
	const char *below = path_below(rule->base, path), *slash;

	if (!below || (rule->dir_only && !is_dir))
		return false;
	if (rule->anchored)
		return glob_match(rule->pattern, below);
	slash = strrchr(below, '/');
	return glob_match(rule->pattern, slash ? slash + 1 : below);
}

bool ignore_rules_match(const struct ignore_rules *rules, const char *path, bool is_dir)
{
	for (size_t i = rules->count; i-- > 0;)
		if (rule_matches(&rules->rules[i], path, is_dir))
			return !rules->rules[i].negated;
	return false;
}

void ignore_rules_truncate(struct ignore_rules *rules, size_t count)
{
	while (rules->count > count) {
		struct ignore_rule *rule = &rules->rules[--rules->count];

		ptr_cleanup(&rule->pattern);
		ptr_cleanup(&rule->base);
	}
}

void ignore_rules_copy(struct ignore_rules *to, const struct ignore_rules *from)
{
	for (size_t i = 0; i < from->count; i++) {
		struct ignore_rule rule = from->rules[i];

		rule.pattern = xstrdup(rule.pattern);
		rule.base = xstrdup(rule.base);
		ARRAY_GROW(to->rules, to->count + 1, to->cap);
		to->rules[to->count++] = rule;
	}
}

void ignore_rules_cleanup(struct ignore_rules *rules)
{
	ignore_rules_truncate(rules, 0);
	ptr_cleanup(&rules->rules);
	*rules = (struct ignore_rules)IGNORE_RULES_INIT;
}
