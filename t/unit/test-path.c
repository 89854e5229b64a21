/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as text. */
#include <config.h>

#include "base/path.h"

#include "base/mem.h"
#include "tap.h"

static void is_join(const char *dir, const char *name, const char *want)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

	path_join(&out, dir, name);
	is_str(out.buf, want, "two paths are joined");
}

static void is_parts(const char *path, const char *want_dir, const char *want_base)
{
	CLEANUP(strbuf) struct strbuf dir = STRBUF_INIT, last = STRBUF_INIT;
	size_t len;
	const char *base = path_base(path, &len);

	path_dir(&dir, path);
	strbuf_add(&last, base, len);
	ok(!strcmp(dir.buf, want_dir) && !strcmp(last.buf, want_base), "'%s' is '%s' in '%s'", path, last.buf, dir.buf);
}

static void is_normal(const char *path, const char *want)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

	path_normalise(&out, path);
	is_str(out.buf, want, "a path is normalised");
}

int main(void)
{
	static const char *const safe[] = { "a", "a/b", "...", "..a", "a..", ".a", "a/.b", "a b", "\n", "\xff" };
	static const char *const unsafe[] = { "", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/./b", "a/../b", "./a" };

	is_join("a", "b", "a/b");
	is_join("a/", "b", "a/b");
	is_join("", "b", "b");
	is_join(".", "b", "b");
	is_join("a", "/b", "/b");
	is_join("/", "b", "/b");
	is_parts("a/b", "a", "b");
	is_parts("a/b//", "a", "b");
	is_parts("a//b", "a", "b");
	is_parts("b", ".", "b");
	is_parts("/b", "/", "b");
	is_parts("/", "/", "/");
	is_parts("//", "/", "/");
	is_parts("", ".", "");
	is_normal("./a//b/./c/", "a/b/c");
	is_normal("/", "/");
	is_normal("//a", "/a");
	is_normal("./", ".");
	is_normal("", ".");
	is_normal("a/../b", "a/../b");
	for (size_t i = 0; i < COUNT_OF(safe); i++)
		ok(path_is_safe(safe[i], strlen(safe[i])), "a path may be written below a root (%zu)", i);
	for (size_t i = 0; i < COUNT_OF(unsafe); i++)
		ok(!path_is_safe(unsafe[i], strlen(unsafe[i])), "'%s' may not be written below a root", unsafe[i]);
	ok(!path_is_safe("a\0b", 3), "a path with a NUL may not be written below a root");
	return tap_done();
}
