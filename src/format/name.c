/* SPDX-License-Identifier: Apache-2.0 */
/* Legal names of collections, aliases, types and tags. */
#include <config.h>

#include "format/name.h"

#include <string.h>
#include <strings.h>

#include "base/number.h"
#include "base/strbuf.h"
#include "base/utf8.h"

#define VERSION_NUMBER_MAX (UINT64_C(1) << 53)
#define SHOWN_MAX 64
#define MAX_PARTS 3

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name_char(enum name_kind kind, char c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '.' || c == '_' || c == '-')
		return true;
	return kind == NAME_TAG && (c == ':' || c == '=');
}

/* v007 and V3 as well: one day somebody would read them as versions. */
static bool looks_like_version(const char *text, size_t len)
{
	if (len < 2 || (text[0] != 'v' && text[0] != 'V'))
		return false;
	for (size_t i = 1; i < len; i++)
		if (!is_digit(text[i]))
			return false;
	return true;
}

/* Which rule the name breaks, or NULL. */
static const char *name_fault(enum name_kind kind, const char *name, size_t len)
{
	if (len == 0)
		return "it is empty";
	if (len > NAME_MAX_LEN)
		return "it is longer than 128 bytes";
	if (name[0] == '.' || name[0] == '-')
		return "it must not start with '.' or '-'";
	for (size_t i = 0; i < len; i++)
		if (!is_name_char(kind, name[i]))
			return kind == NAME_TAG ? "only letters, digits and . _ - : = may stand in it"
						: "only letters, digits and . _ - may stand in it";
	if (kind == NAME_ALIAS && name_is_latest(name, len))
		return "'latest' is reserved for the newest version";
	if (kind == NAME_ALIAS && looks_like_version(name, len))
		return "'v' and digits are reserved for version numbers";
	if (kind == NAME_COLLECTION && len >= 2 && memcmp(name, "r-", 2) == 0)
		return "'r-' is reserved for runs";
	return NULL;
}

static void add_shown(struct strbuf *out, const char *name, size_t len)
{
	size_t shown = len;

	if (len > NAME_MAX_LEN) {
		shown = SHOWN_MAX;
		while (shown > 0 && ((unsigned char)name[shown] & 0xc0) == 0x80)
			shown--;
	}
	utf8_add_escaped(out, name, shown);
	if (shown < len)
		strbuf_adds(out, "...");
}

int name_check(enum name_kind kind, const char *name, size_t len, struct error *err)
{
	static const char *const kinds[] = {
		[NAME_COLLECTION] = "name",
		[NAME_ALIAS] = "alias",
		[NAME_TYPE] = "type",
		[NAME_TAG] = "tag",
	};
	const char *fault = name_fault(kind, name, len);
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	if (!fault)
		return 0;
	add_shown(&shown, name, len);
	return error_set(err, ERR_INVALID, "'%s' is not a legal %s: %s", shown.buf, kinds[kind], fault);
}

int name_check_full(const char *name, size_t len, struct error *err)
{
	size_t parts = 0;

	for (size_t at = 0, part; at <= len; at += part + 1, parts++) {
		const char *slash = memchr(name + at, '/', len - at);

		part = slash ? (size_t)(slash - name) - at : len - at;
		if (name_check(NAME_COLLECTION, name + at, part, err) < 0)
			return -1;
	}
	if (parts > MAX_PARTS)
		return error_set(err, ERR_INVALID, "'%.*s' has more parts than ENTITY/PROJECT/NAME", (int)(len < SHOWN_MAX ? len : SHOWN_MAX), name);
	return 0;
}

static const char *title_fault(const char *title, size_t len)
{
	if (len == 0)
		return "it is empty";
	if (len > TITLE_MAX_LEN)
		return "it is longer than 200 bytes";
	if (!utf8_is_valid(title, len))
		return "it is not UTF-8";
	if (title[0] == '.' || title[0] == '-')
		return "it must not start with '.' or '-'";
	if (title[0] == ' ' || title[len - 1] == ' ')
		return "it must not begin or end with a blank";
	if (len >= 2 && memcmp(title, "r-", 2) == 0)
		return "'r-' is reserved for runs";
	for (size_t i = 0; i < len; i++)
		if (strchr("/:@", title[i]) || (unsigned char)title[i] < 0x20 || title[i] == 0x7f)
			return "/ : @ and control characters may not stand in it";
	return NULL;
}

static int check_by_title(const char *what, const char *text, size_t len, struct error *err)
{
	const char *fault = title_fault(text, len);
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	if (!fault)
		return 0;
	add_shown(&shown, text, len);
	return error_set(err, ERR_INVALID, "'%s' is not a legal %s: %s", shown.buf, what, fault);
}

int name_check_title(const char *title, size_t len, struct error *err)
{
	return check_by_title("title", title, len, err);
}

int name_check_label(const char *label, size_t len, struct error *err)
{
	return check_by_title("name of a run", label, len, err);
}

const char *name_last_part(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? slash + 1 : name;
}

void name_complete(struct strbuf *out, const char *name, const struct name_scope *scope)
{
	const char *slash = strchr(name, '/');
	bool has_project = scope && scope->project && *scope->project, has_entity = scope && scope->entity && *scope->entity;

	if (has_entity && (slash ? !strchr(slash + 1, '/') : has_project))
		strbuf_addf(out, "%s/", scope->entity);
	if (has_project && !slash)
		strbuf_addf(out, "%s/", scope->project);
	strbuf_adds(out, name);
}

void name_of_title(struct strbuf *out, const char *title)
{
	bool gap = false;

	for (size_t begin = out->len; *title && out->len - begin < NAME_MAX_LEN - 1; title++) {
		bool is_empty = out->len == begin;

		if (*title == '-' || !is_name_char(NAME_COLLECTION, *title)) {
			gap = !is_empty;
			continue;
		}
		if (is_empty && *title == '.')
			continue;
		if (gap)
			strbuf_addc(out, '-');
		gap = false;
		strbuf_addc(out, *title);
	}
}

bool name_is_version(const char *text, size_t len, unsigned long long *number)
{
	uint64_t value;

	if (len < 2 || text[0] != 'v' || !number_parse_u64(text + 1, len - 1, &value) || value > VERSION_NUMBER_MAX)
		return false;
	*number = value;
	return true;
}

bool name_is_latest(const char *text, size_t len)
{
	return len == strlen("latest") && strncasecmp(text, "latest", len) == 0;
}
