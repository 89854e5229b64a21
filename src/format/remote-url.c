/* SPDX-License-Identifier: Apache-2.0 */
/* Takes apart where another registry is, so that nothing of it can be taken for an option or a command. */
#include <config.h>

#include "format/remote-url.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/utf8.h"
#include "format/uri.h"

#define URL_MAX 4096

struct part {
	const char *at;
	size_t len;
};

static int refuse(const char *text, const char *why, struct error *err)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	remote_url_show(&shown, text);
	return error_set(err, ERR_INVALID, "'%.300s' is no place of a registry: %s", shown.buf, why);
}

static char *copy(struct part p)
{
	return xstrndup(p.at, p.len);
}

/* ssh takes a word that begins with '-' as an option; the rest of what is left out means something to ssh, to its configuration or to a shell. */
static bool is_word(struct part p, const char *more)
{
	if (!p.len || *p.at == '-')
		return false;
	for (size_t i = 0; i < p.len; i++) {
		char c = p.at[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr(more, c)))
			return false;
	}
	return true;
}

static const char *find_last(struct part p, char c)
{
	for (size_t i = p.len; i > 0; i--)
		if (p.at[i - 1] == c)
			return p.at + i - 1;
	return NULL;
}

static const char *set_port(struct part p, struct remote_url *out)
{
	uint64_t number;

	if (!number_parse_u64(p.at, p.len, &number) || number < 1 || number > 65535)
		return "the port is no number from 1 to 65535";
	out->port = copy(p);
	return NULL;
}

/* [user@]host or [user@][v6 address], and a port behind it where there may be one.  NULL, or what is wrong. */
static const char *set_authority(struct part p, bool may_have_port, struct remote_url *out)
{
	const char *at = find_last(p, '@');
	const char *bracket, *colon;
	struct part host = at ? (struct part){ at + 1, (size_t)(p.at + p.len - at - 1) } : p, rest;

	if (at) {
		struct part user = { p.at, (size_t)(at - p.at) };

		if (memchr(user.at, ':', user.len))
			return "a password has no place in it";
		if (!is_word(user, "._-+@"))
			return "the user is empty, or has a character that may not stand there";
		out->user = copy(user);
	}
	if (host.len && *host.at == '[') {
		bracket = memchr(host.at, ']', host.len);
		if (!bracket)
			return "a '[' is not closed";
		rest = (struct part){ bracket + 1, (size_t)(host.at + host.len - bracket - 1) };
		host = (struct part){ host.at + 1, (size_t)(bracket - host.at - 1) };
		if (!is_word(host, ":.%"))
			return "the address is empty, or has a character that may not stand there";
	} else {
		colon = may_have_port ? find_last(host, ':') : NULL;
		rest = colon ? (struct part){ colon, (size_t)(host.at + host.len - colon) } : (struct part){ host.at + host.len, 0 };
		host.len -= rest.len;
		if (!is_word(host, "._-"))
			return "the host is empty, or has a character that may not stand there";
	}
	out->host = copy(host);
	if (!rest.len)
		return NULL;
	return may_have_port && *rest.at == ':' ? set_port((struct part){ rest.at + 1, rest.len - 1 }, out) : "something stands behind the host";
}

/* The path begins with its slash; "/~/reg" is below the far home. */
static const char *parse_ssh(const char *text, struct remote_url *out)
{
	const char *authority = text + strlen("ssh://");
	const char *path = strchr(authority, '/');
	const char *fault;

	out->is_ssh = true;
	if (!path || !path[1])
		return "it names no path: ssh://host/path";
	fault = set_authority((struct part){ authority, (size_t)(path - authority) }, true, out);
	out->path = xstrdup(path[1] == '~' ? path + 1 : path);
	return fault;
}

static const char *parse_short(const char *text, const char *colon, struct remote_url *out)
{
	out->is_ssh = true;
	if (!colon[1])
		return "it names no path: host:path";
	out->path = xstrdup(colon + 1);
	return set_authority((struct part){ text, (size_t)(colon - text) }, false, out);
}

static int parse_file(const char *text, struct remote_url *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	struct uri uri;

	if (uri_parse(text, &uri, err) < 0)
		return -1;
	uri_file_path(&uri, &path);
	for (size_t i = 0; i < path.len; i++)
		if ((unsigned char)path.buf[i] < 0x20 || path.buf[i] == 0x7f)
			return refuse(text, "its path has control bytes in it", err);
	out->path = strbuf_detach(&path);
	return 0;
}

/* The colon of host:path: before any slash, and not within the brackets of an address.  NULL: it is a path. */
static const char *short_colon(const char *text)
{
	const char *bracket = strchr(text, '[');
	const char *slash = strchr(text, '/');
	const char *from = text, *colon;

	if (bracket && (!slash || bracket < slash) && (bracket == text || bracket[-1] == '@') && strchr(bracket, ']'))
		from = strchr(bracket, ']');
	colon = strchr(from, ':');
	return colon && (!slash || colon < slash) ? colon : NULL;
}

static bool has_scheme(const char *text, const char *scheme)
{
	return strncasecmp(text, scheme, strlen(scheme)) == 0;
}

static const char *text_fault(const char *text)
{
	size_t len = strlen(text);

	if (!len)
		return "it is empty";
	if (len > URL_MAX)
		return "it is longer than 4096 bytes";
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return "it has a control byte in it";
	return NULL;
}

static int parse(const char *text, struct remote_url *out, struct error *err)
{
	const char *fault = text_fault(text), *colon;

	if (fault)
		return refuse(text, fault, err);
	if (has_scheme(text, "file:/"))
		return parse_file(text, out, err);
	colon = short_colon(text);
	if (has_scheme(text, "ssh://"))
		fault = parse_ssh(text, out);
	else if (strstr(text, "://") && colon && strncmp(colon, "://", 3) == 0)
		fault = "its scheme is neither file nor ssh";
	else if (colon)
		fault = parse_short(text, colon, out);
	else
		out->path = xstrdup(text);
	return fault ? refuse(text, fault, err) : 0;
}

int remote_url_parse(const char *text, struct remote_url *out, struct error *err)
{
	CLEANUP(remote_url) struct remote_url url = { .path = NULL };

	if (parse(text, &url, err) < 0)
		return -1;
	*out = url;
	memset(&url, 0, sizeof url);
	return 0;
}

void remote_url_cleanup(struct remote_url *url)
{
	ptr_cleanup(&url->user);
	ptr_cleanup(&url->host);
	ptr_cleanup(&url->port);
	ptr_cleanup(&url->path);
	memset(url, 0, sizeof *url);
}

void remote_url_quote(struct strbuf *out, const char *word)
{
	strbuf_addc(out, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			strbuf_adds(out, "'\\''");
		else
			strbuf_addc(out, *word);
	}
	strbuf_addc(out, '\'');
}

/* Whatever stands between a colon and the last @ before a slash may be a password, whether the URL is one or not. */
void remote_url_show(struct strbuf *out, const char *text)
{
	const char *scheme = strstr(text, "://");
	const char *from = scheme ? scheme + 3 : text;
	struct part authority = { from, strcspn(from, "/") };
	const char *at = find_last(authority, '@');
	const char *colon = at ? memchr(from, ':', (size_t)(at - from)) : NULL;

	if (!colon) {
		utf8_add_visible(out, text, strlen(text));
		return;
	}
	utf8_add_visible(out, text, (size_t)(colon - text));
	strbuf_adds(out, ":...");
	utf8_add_visible(out, at, strlen(at));
}
