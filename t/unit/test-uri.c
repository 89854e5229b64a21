/* SPDX-License-Identifier: Apache-2.0 */
/* URIs: what is one, what its parts are, and what in it must not be shown. */
#include <config.h>

#include "format/uri.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "format/manifest.h"
#include "tap.h"

static struct uri uri;

static bool parses(const char *text)
{
	struct error err = ERROR_INIT;

	return uri_parse(text, &uri, &err) == 0;
}

static bool is_part(const struct uri_part *part, const char *text)
{
	return text ? part->at && part->len == strlen(text) && strncmp(part->at, text, part->len) == 0 : !part->at;
}

static void test_parts(void)
{
	ok(parses("https://u@host:80/a/b.bin?x=1&y=2#z"), "a URI with every part");
	ok(is_part(&uri.scheme, "https") && is_part(&uri.authority, "u@host:80") && is_part(&uri.path, "/a/b.bin") && is_part(&uri.query, "x=1&y=2") &&
		   is_part(&uri.fragment, "z"), "its parts");
	ok(parses("urn:isbn:1") && is_part(&uri.authority, NULL) && is_part(&uri.path, "isbn:1") && is_part(&uri.query, NULL), "one without authority");
	ok(parses("s3://bucket/a file") && uri_scheme(&uri) == URI_OTHER, "a space is kept where nobody minds");
	ok(parses("FILE:///x") && uri_scheme(&uri) == URI_FILE, "a scheme in upper case");
	ok(parses("HttpS://h") && uri_scheme(&uri) == URI_HTTPS && is_part(&uri.path, ""), "a host alone");
	ok(parses("http+x://h") && uri_scheme(&uri) == URI_OTHER, "a scheme that only begins with http");
}

static void test_illegal(void)
{
	static const char *const wrong[] = { "", "w.bin", "/abs/path", ":x", "1a://x", "-o", "--proto=file", "a b://x", "s3:", "s3://", "file:", "file://",
		"file://host/x", "file://x", "file:x", "file:///a?b", "file:///a#b", "file:///%zz", "file:///%0", "file:///a%00b", "http:///x", "http:x",
		"https://", "http://u@/x", "http://:80/x", "http://h/\n", "http://h/\x1b[2J", "s3://h/\x7f", "s3://h/\xff" };
	struct error err = ERROR_INIT;
	char *longest = xmalloc(MANIFEST_MAX_TARGET + 2);

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		error_clear(&err);
		ok(uri_parse(wrong[i], &uri, &err) == -1 && err.code == ERR_INVALID && !strpbrk(err.text, "\x1b\n"), "refused: %zu", i);
	}
	memset(longest, 'a', MANIFEST_MAX_TARGET + 1);
	memcpy(longest, "s3:", 3);
	longest[MANIFEST_MAX_TARGET + 1] = '\0';
	ok(!parses(longest), "one byte too long");
	longest[MANIFEST_MAX_TARGET] = '\0';
	ok(parses(longest), "as long as may be");
	free(longest);
}

static bool base_is(const char *text, const char *name)
{
	CLEANUP(strbuf) struct strbuf base = STRBUF_INIT;

	return parses(text) && uri_base_name(&uri, &base) == (name != NULL) && strcmp(base.buf, name ? name : "") == 0;
}

static void test_base_name(void)
{
	ok(base_is("https://h/a/model.bin?v=1#x", "model.bin"), "without query and fragment");
	ok(base_is("https://h/a%20b", "a b") && base_is("file:///x/%C3%A9", "\xc3\xa9"), "escapes are undone");
	ok(base_is("s3://b/a%20b", "a%20b"), "but not in a scheme that may mean something else");
	ok(base_is("https://h/100%", "100%"), "a percent sign that escapes nothing");
	ok(base_is("urn:isbn:1", "isbn:1"), "a path without a slash");
	ok(base_is("https://h", NULL) && base_is("https://h/", NULL) && base_is("s3://b/dir/", NULL), "no name");
	ok(base_is("file:///../..", NULL) && base_is("https://h/a/.", NULL) && base_is("https://h/%2e%2e", NULL), "no safe name");
	ok(base_is("https://h/..%2f..%2fetc", NULL) && base_is("https://h/a%2fb", NULL), "an escaped slash is none");
}

static void test_file_path(void)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;

	ok(parses("file://localhost/a%20b%3fc"), "localhost is no other host");
	uri_file_path(&uri, &path);
	ok(strcmp(path.buf, "/a b?c") == 0, "the path of a file: %s", path.buf);
}

static bool secret_is(const char *text, const char *part, const char *shown)
{
	CLEANUP(strbuf) struct strbuf found = STRBUF_INIT, said = STRBUF_INIT;

	uri_add_shown(&said, text);
	return parses(text) && uri_find_secret(&uri, &found) == (part != NULL) && (!part || strstr(found.buf, part)) && strcmp(said.buf, shown ? shown : text) == 0;
}

static void test_secrets(void)
{
	ok(secret_is("https://me:pw@h/x", "user part", "https://...@h/x"), "a password");
	ok(secret_is("https://ghp_token@h/x", "user part", "https://...@h/x"), "a token for a user");
	ok(secret_is("ssh://git@h/x", NULL, NULL) && secret_is("ssh://git:pw@h/x", "user part", "ssh://...@h/x"), "a login name is none");
	ok(secret_is("https://h/x?a=1&X-Amz-Signature=ab&b=2", "'X-Amz-Signature'", "https://h/x?..."), "a signed link of S3");
	ok(secret_is("https://h/x?sv=1&SIG=ab", "'SIG'", "https://h/x?..."), "one of Azure");
	ok(secret_is("https://h/x?access%5Ftoken=ab", "'access_token'", "https://h/x?..."), "an escaped name");
	ok(secret_is("https://h/x?key=ab#f", "'key'", "https://h/x?..."), "a key");
	ok(secret_is("https://h/x?keyboard=de&token=&version=2", NULL, NULL), "what only looks like one");
	ok(secret_is("s3://b/k?a=1;password=x", "'password'", "s3://b/k?..."), "in any scheme");
}

static void test_encoding(void)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

	uri_add_encoded(&out, "http://h/a b\xc3\xa9%20[1]");
	ok(strcmp(out.buf, "http://h/a%20b%C3%A9%20[1]") == 0, "what is no ASCII is escaped once: %s", out.buf);
}

int main(void)
{
	test_parts();
	test_illegal();
	test_base_name();
	test_file_path();
	test_secrets();
	test_encoding();
	return tap_done();
}
