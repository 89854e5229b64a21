/* SPDX-License-Identifier: Apache-2.0 */
/* Where another registry is: a path, file://, host:path, ssh://, a bundle.  Pure. */
#ifndef MREG_FORMAT_REMOTE_URL_H
#define MREG_FORMAT_REMOTE_URL_H

#include <stdbool.h>

#include "base/error.h"
#include "base/strbuf.h"

struct remote_url {
	bool is_ssh;
	char *user, *host, *port; /* of ssh; user and port may be NULL */
	char *path;               /* local: as given, or what file:// names, decoded; ssh: the far path ("~/reg" and relative ones are of the far home) */
};
/*
 * "/a", "./a", "a/b", "../a", "file:///a" are paths; "[user@]host:path" (no slash before the first colon; "[::1]:path" too) and
 * "ssh://[user@]host[:port]/path" are ssh.  A word without a slash and without a colon is a path too: whoever knows names of remotes has looked
 * there before.  ERR_INVALID: empty, control bytes, a host, user or port that begins with '-' or has other than the bytes that may stand there, a
 * port that is none from 1 to 65535, another scheme, file:// with a host other than localhost, over 4,096 bytes.
 */
int remote_url_parse(const char *text, struct remote_url *out, struct error *err) MUST_CHECK;
void remote_url_cleanup(struct remote_url *url);
/* One word for a POSIX shell: in single quotes, whatever is in it. */
void remote_url_quote(struct strbuf *out, const char *word);
/* For messages: the text without a password, and without control bytes. */
void remote_url_show(struct strbuf *out, const char *text);

#endif
