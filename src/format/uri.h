/* SPDX-License-Identifier: Apache-2.0 */
/* URIs of external references, taken apart as RFC 3986 does, and never asked whether anything is there. */
#ifndef MREG_FORMAT_URI_H
#define MREG_FORMAT_URI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strbuf.h"

struct uri_part {
	const char *at; /* NULL: the URI has no such part; points into the text, not terminated */
	size_t len;
};
/* SCHEME:[//AUTHORITY]PATH[?QUERY][#FRAGMENT], as it was typed.  scheme and path are always there, path may be empty. */
struct uri {
	struct uri_part scheme, authority, path, query, fragment;
};

enum uri_scheme { URI_FILE, URI_HTTP, URI_HTTPS, URI_OTHER };

/*
 * out points into text.  ERR_INVALID: no scheme, nothing behind it, over MANIFEST_MAX_TARGET bytes, control bytes, not UTF-8; http(s) without
 * a host; file with another host than none or localhost, with a path that is not absolute or badly escaped, with a query or a fragment.
 */
int uri_parse(const char *text, struct uri *out, struct error *err) MUST_CHECK;
enum uri_scheme uri_scheme(const struct uri *uri); /* letters of any case */
/* Appends the last component of the path (%XX undone in file and http); false, and nothing appended, when that is no file name. */
bool uri_base_name(const struct uri *uri, struct strbuf *out);
/* Appends the path of a file: URI, %XX undone. */
void uri_file_path(const struct uri *uri, struct strbuf *out);
/* Appends the whole text with what is no ASCII, and spaces, as %XX. */
void uri_add_encoded(struct strbuf *out, const char *text);
/* Does it hold something that looks like a credential?  Appends which part ("'sig' in its query"), never its value. */
bool uri_find_secret(const struct uri *uri, struct strbuf *part);
/* For messages: any text, made safe for a terminal; user part and query are "..." where a credential may be. */
void uri_add_shown(struct strbuf *out, const char *text);

#endif
