/* SPDX-License-Identifier: Apache-2.0 */
/* URLs of remotes lose what may be a secret, and nothing else. */
#include <config.h>

#include "registry/run-code.h"

#include "tap.h"

static void is_url(const char *url, const char *want)
{
	CLEANUP(strbuf) struct strbuf got = STRBUF_INIT;

	run_code_add_url(&got, url);
	is_str(got.buf, want, url);
}

int main(void)
{
	is_url("https://host/a/b.git", "https://host/a/b.git");
	is_url("https://me:s3cret@host/a", "https://host/a");
	is_url("https://s3cret@host:8443/a", "https://host:8443/a");
	is_url("https://a@b:s3@cret@host/a@b", "https://host/a@b");
	is_url("HTTP://me:s3cret@host/a?token=s3cret#x", "HTTP://host/a");
	is_url("ssh://git@host:22/a", "ssh://git@host:22/a");
	is_url("ssh://git:s3cret@host/a", "ssh://git@host/a");
	is_url("git+ssh://git:s3cret@host/a", "git+ssh://git@host/a");
	is_url("git@host:a/b.git", "git@host:a/b.git");
	is_url("ftp://me:s3cret@host/a", "ftp://host/a");
	is_url("/srv/git/a@b.git", "/srv/git/a@b.git");
	is_url("../other", "../other");
	is_url("file:///srv/a?b", "file:///srv/a?b");
	is_url("ext::sh -c 'curl -H s3cret'", "");
	is_url("ext::sh -c 'curl -H s3cret https://host/a'", "");
	is_url("hg::https://me:s3cret@host/a", "hg::https://host/a");
	is_url("https://me@", "https://");
	is_url("", "");
	return tap_done();
}
