/* SPDX-License-Identifier: Apache-2.0 */
/* Takes URIs apart and finds credentials in them. */
#include <config.h>

#include "format/uri.h"

#include <string.h>
#include <strings.h>

#include "base/digest.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/utf8.h"
#include "format/manifest.h"

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* memrchr() is not everywhere. */
static const char *find_last(const struct uri_part *part, char c)
{
	for (size_t i = part->len; i > 0; i--)
		if (part->at[i - 1] == c)
			return part->at + i - 1;
	return NULL;
}

static size_t scheme_length(const char *text)
{
	size_t len = 0;

	if (!is_alpha(*text))
		return 0;
	while (is_alpha(text[len]) || (text[len] >= '0' && text[len] <= '9') || (text[len] && strchr("+-.", text[len])))
		len++;
	return text[len] == ':' ? len : 0;
}

static int refuse(const char *text, const char *why, struct error *err)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	uri_add_shown(&shown, text);
	return error_set(err, ERR_INVALID, "invalid URI '%.200s': %s", shown.buf, why);
}

static void split(const char *text, struct uri *out)
{
	const char *p = text;

	*out = (struct uri){ .scheme = { p, scheme_length(p) } };
	p += out->scheme.len + (p[out->scheme.len] == ':');
	if (strncmp(p, "//", 2) == 0) {
		out->authority = (struct uri_part){ p + 2, strcspn(p + 2, "/?#") };
		p += 2 + out->authority.len;
	}
	out->path = (struct uri_part){ p, strcspn(p, "?#") };
	p += out->path.len;
	if (*p == '?') {
		out->query = (struct uri_part){ p + 1, strcspn(p + 1, "#") };
		p += 1 + out->query.len;
	}
	if (*p == '#')
		out->fragment = (struct uri_part){ p + 1, strlen(p + 1) };
}

/* Appends with %XX undone; false, and nothing appended, on a bad escape or a NUL. */
static bool decode(struct strbuf *out, const struct uri_part *part)
{
	size_t before = out->len;

	for (size_t i = 0; i < part->len; i++) {
		char c = part->at[i];
		CLEANUP(strbuf) struct strbuf digits = STRBUF_INIT;

		if (c == '%') {
			ascii_fold(&digits, part->at + i + 1, part->len - i - 1 < 2 ? part->len - i - 1 : 2);
			if (!hex_decode(digits.buf, digits.len, &c, 1) || !c) {
				strbuf_set_len(out, before);
				return false;
			}
			i += 2;
		}
		strbuf_addc(out, c);
	}
	return true;
}

static const char *file_fault(const struct uri *uri)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	const struct uri_part *host = &uri->authority;

	if (host->len && (host->len != strlen("localhost") || strncasecmp(host->at, "localhost", host->len) != 0))
		return "a file: URI names a file of this machine, as file:///absolute/path";
	if (uri->query.at || uri->fragment.at)
		return "in a file: URI a '?' is written %3F and a '#' %23";
	if (uri->path.len == 0 || uri->path.at[0] != '/')
		return "the path is not absolute: file:///absolute/path";
	return decode(&path, &uri->path) ? NULL : "an escape is neither % and two hex digits, nor may it be %00";
}

static const char *http_fault(const struct uri *uri)
{
	const struct uri_part *a = &uri->authority;
	const char *at = find_last(a, '@');
	size_t skip = at ? (size_t)(at + 1 - a->at) : 0;

	return a->len > skip && a->at[skip] != ':' ? NULL : "it names no host";
}

int uri_parse(const char *text, struct uri *out, struct error *err)
{
	size_t len = strlen(text);
	const char *fault = NULL;

	split(text, out);
	if (len > MANIFEST_MAX_TARGET)
		return refuse(text, "it is longer than 4095 bytes", err);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return refuse(text, "it has a control byte in it", err);
	if (!utf8_is_valid(text, len))
		return refuse(text, "it is not UTF-8", err);
	if (!out->scheme.len) {
		refuse(text, "it has no scheme", err);
		return error_hint(err, "A file of this machine is written file:///absolute/path.");
	}
	if (!out->authority.len && !out->path.len)
		return refuse(text, "nothing stands behind the scheme", err);
	if (uri_scheme(out) == URI_FILE)
		fault = file_fault(out);
	else if (uri_scheme(out) != URI_OTHER)
		fault = http_fault(out);
	return fault ? refuse(text, fault, err) : 0;
}

enum uri_scheme uri_scheme(const struct uri *uri)
{
	static const char *const names[] = { "file", "http", "https" };

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (uri->scheme.len == strlen(names[i]) && strncasecmp(uri->scheme.at, names[i], uri->scheme.len) == 0)
			return (enum uri_scheme)i;
	return URI_OTHER;
}

bool uri_base_name(const struct uri *uri, struct strbuf *out)
{
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;
	const char *slash = find_last(&uri->path, '/');
	size_t skip = slash ? (size_t)(slash + 1 - uri->path.at) : 0;
	struct uri_part last = { uri->path.at + skip, uri->path.len - skip };

	if (uri_scheme(uri) == URI_OTHER || !decode(&name, &last))
		strbuf_add(&name, last.at, last.len);
	if (!path_is_safe(name.buf, name.len) || strchr(name.buf, '/'))
		return false;
	strbuf_add(out, name.buf, name.len);
	return true;
}

void uri_file_path(const struct uri *uri, struct strbuf *out)
{
	if (!decode(out, &uri->path))
		BUG("a file: URI that uri_parse() refuses");
}

void uri_add_encoded(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text <= 0x20 || (unsigned char)*text >= 0x7f)
			strbuf_addf(out, "%%%02X", (unsigned char)*text);
		else
			strbuf_addc(out, *text);
	}
}

/* ---- credentials ---- */

/* By what signed links, storage services and code hosts call theirs. */
static bool is_secret_name(const char *name)
{
	static const char *const whole[] = { "key", "sig", "pwd", "pass", "auth", "sas", "authorization" };
	static const char *const within[] = { "token", "secret", "passw", "signature", "credential", "apikey", "api_key", "api-key", "accesskey" };

	for (size_t i = 0; i < COUNT_OF(whole); i++)
		if (strcmp(name, whole[i]) == 0)
			return true;
	for (size_t i = 0; i < COUNT_OF(within); i++)
		if (strstr(name, within[i]))
			return true;
	return false;
}

static bool find_in_query(const struct uri_part *query, struct strbuf *part)
{
	for (size_t at = 0, len; at < query->len; at += len + 1) {
		CLEANUP(strbuf) struct strbuf name = STRBUF_INIT, folded = STRBUF_INIT;
		struct uri_part key = { query->at + at, 0 };
		bool has_value;

		for (len = 0; at + len < query->len && !strchr("&;", query->at[at + len]);)
			len++;
		while (key.len < len && key.at[key.len] != '=')
			key.len++;
		has_value = len > key.len + 1;
		if (!has_value)
			continue;
		if (!decode(&name, &key))
			strbuf_add(&name, key.at, key.len);
		ascii_fold(&folded, name.buf, name.len);
		if (!is_secret_name(folded.buf))
			continue;
		strbuf_addc(part, '\'');
		utf8_add_visible(part, name.buf, name.len);
		strbuf_adds(part, "' in its query");
		return true;
	}
	return false;
}

/* A name alone is a credential where it may be a token: in http. */
static bool has_secret_user(const struct uri *uri)
{
	const char *at = find_last(&uri->authority, '@');
	const char *colon = at ? memchr(uri->authority.at, ':', (size_t)(at - uri->authority.at)) : NULL;

	if (!at || at == uri->authority.at)
		return false;
	return uri_scheme(uri) == URI_OTHER ? colon && colon + 1 < at : true;
}

bool uri_find_secret(const struct uri *uri, struct strbuf *part)
{
	if (has_secret_user(uri)) {
		strbuf_adds(part, "the user part before its host");
		return true;
	}
	return find_in_query(&uri->query, part);
}

void uri_add_shown(struct strbuf *out, const char *text)
{
	CLEANUP(strbuf) struct strbuf part = STRBUF_INIT;
	struct uri uri;
	const char *host;

	split(text, &uri);
	if (!uri.scheme.len || !uri_find_secret(&uri, &part)) {
		utf8_add_visible(out, text, strlen(text));
		return;
	}
	utf8_add_visible(out, text, uri.scheme.len + 1);
	if (uri.authority.at) {
		host = has_secret_user(&uri) ? find_last(&uri.authority, '@') : uri.authority.at;
		strbuf_adds(out, has_secret_user(&uri) ? "//..." : "//");
		utf8_add_visible(out, host, (size_t)(uri.authority.at + uri.authority.len - host));
	}
	utf8_add_visible(out, uri.path.at, uri.path.len);
	if (uri.query.at)
		strbuf_adds(out, "?...");
}
