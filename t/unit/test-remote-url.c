/* SPDX-License-Identifier: Apache-2.0 */
/* Places of registries, friendly and hostile. */
#include <config.h>

#include "format/remote-url.h"

#include "base/mem.h"
#include "tap.h"

static struct error err;
static char shown[8192];

/* "path PATH", "ssh USER|HOST|PORT|PATH" or "refused". */
static const char *parsed(const char *text)
{
	CLEANUP(remote_url) struct remote_url url = { .path = NULL };

	error_clear(&err);
	if (remote_url_parse(text, &url, &err) < 0)
		return err.code == ERR_INVALID && !url.path ? "refused" : "refused in another way";
	if (url.is_ssh)
		snprintf(shown, sizeof shown, "ssh %s|%s|%s|%s", url.user ? url.user : "", url.host, url.port ? url.port : "", url.path);
	else
		snprintf(shown, sizeof shown, "path %s", url.path);
	return shown;
}

static void test_good(void)
{
	static const char *const cases[][2] = {
		{ "/srv/reg", "path /srv/reg" },
		{ "./reg", "path ./reg" },
		{ "../reg", "path ../reg" },
		{ "a/b", "path a/b" },
		{ "reg", "path reg" },
		{ "~/reg", "path ~/reg" },
		{ "./host:reg", "path ./host:reg" },
		{ "a/b:c", "path a/b:c" },
		{ "-x", "path -x" },
		{ "file:///srv/reg", "path /srv/reg" },
		{ "file://localhost/srv/a%20b", "path /srv/a b" },
		{ "FILE:///a", "path /a" },
		{ "host:reg", "ssh |host||reg" },
		{ "host:/srv/reg", "ssh |host||/srv/reg" },
		{ "host:~/reg", "ssh |host||~/reg" },
		{ "me@host.example:a b'c", "ssh me|host.example||a b'c" },
		{ "me@corp.example@host:x", "ssh me@corp.example|host||x" },
		{ "host:-x", "ssh |host||-x" },
		{ "[::1]:reg", "ssh |::1||reg" },
		{ "me@[fe80::1%eth0]:/reg", "ssh me|fe80::1%eth0||/reg" },
		{ "ssh://host/srv/reg", "ssh |host||/srv/reg" },
		{ "ssh://me@host:2222/srv/reg", "ssh me|host|2222|/srv/reg" },
		{ "ssh://host/~/reg", "ssh |host||~/reg" },
		{ "SSH://[::1]:22/reg", "ssh |::1|22|/reg" },
		{ "ssh://[::1]/reg", "ssh |::1||/reg" },
		{ "me:secret@host:x", "ssh |me||secret@host:x" },
		{ "C:x", "ssh |C||x" },
		{ "host:a;rm -rf $HOME", "ssh |host||a;rm -rf $HOME" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		is_str(parsed(cases[i][0]), cases[i][1], cases[i][0]);
}

static void test_bad(void)
{
	static const char *const cases[] = { "", "host:", ":path", "@host:x", "me@:x", "-oProxyCommand=x:y", "-x@host:y", "me@-host:y", "ssh://-oX=y/z",
		"ssh://host:-1/z", "ssh://host:0/z", "ssh://host:65536/z", "ssh://host:22x/z", "ssh://host:/z", "ssh://host", "ssh://host/", "ssh:///x",
		"ssh://me:secret@host/x", "ho st:x", "ho\tst:x", "a\nb", "a\033[31mb", "host$(x):y", "h'ost:y", "http://host/x",
		"https://host/x", "s3://bucket/x", "git+ssh://host/x", "file://other/x", "file:///a%0ab", "file:///a%00b", "file:///a%zz", "file://x",
		"[::1:x", "[]:x", "[-x]:y", "[::1]x:y", "ssh://[::1]x/y", "ssh://[::1]:/y", "%host:x", "host\\x:y" };

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		is_str(parsed(cases[i]), "refused", cases[i][0] && cases[i][0] != 'a' ? cases[i] : "nothing, or control bytes");
}

static void test_long(void)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	while (text.len < 4096)
		strbuf_addc(&text, 'x');
	ok(strncmp(parsed(text.buf), "path x", 6) == 0, "4096 bytes are read");
	strbuf_addc(&text, 'x');
	is_str(parsed(text.buf), "refused", "one more is not");
}

static const char *quoted(const char *word)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

	remote_url_quote(&out, word);
	snprintf(shown, sizeof shown, "%s", out.buf);
	return shown;
}

static const char *visible(const char *text)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

	remote_url_show(&out, text);
	snprintf(shown, sizeof shown, "%s", out.buf);
	return shown;
}

static void test_texts(void)
{
	is_str(quoted("a b"), "'a b'", "a word for a shell is in quotes");
	is_str(quoted("a'b"), "'a'\\''b'", "a quote within it as well");
	is_str(quoted(""), "''", "and nothing");
	is_str(quoted("$(x)`y`\n;"), "'$(x)`y`\n;'", "nothing in it means anything");
	is_str(visible("ssh://me:secret@host/x"), "ssh://me:...@host/x", "a password is not shown");
	is_str(visible("me:secret@host:x"), "me:...@host:x", "wherever it stands");
	is_str(visible("ssh://me@host:22/x:y@z"), "ssh://me@host:22/x:y@z", "what is none is");
	is_str(visible("a\033[31mb"), "a\\x1b[31mb", "nor control bytes");
	is_str(parsed("ssh://me:secret@host/x"), "refused", "a password is refused");
	ok(!strstr(err.text, "secret"), "and not repeated");
}

int main(void)
{
	test_good();
	test_bad();
	test_long();
	test_texts();
	return tap_done();
}
