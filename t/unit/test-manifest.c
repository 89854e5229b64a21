/* SPDX-License-Identifier: Apache-2.0 */
/* What a user of format/manifest counts on. */
#include <config.h>

#include "format/manifest.h"

#include "base/mem.h"
#include "tap.h"

#define HEAD "mreg-manifest 1\n"
#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static struct entry *add_file(struct manifest *m, const char *path, uint64_t size)
{
	struct entry *e = manifest_add(m, ENTRY_FILE, path);

	memset(e->digest.raw, 0xaa, OID_LEN);
	e->size = size;
	return e;
}

static void writes_every_kind(void)
{
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct error err = ERROR_INIT;
	struct entry *e;

	add_file(&m, "w/b.bin", 7)->mode = 0755;
	manifest_add(&m, ENTRY_DIR, "empty");
	e = manifest_add(&m, ENTRY_LINK, "link to");
	e->target = xstrdup("w/b c");
	e = manifest_add(&m, ENTRY_REF, "remote");
	e->target = xstrdup("s3://b/k");
	add_file(&m, "a\n\\\x01\xff\xc3\xa9", 0);
	is_int(manifest_finish(&m, &err), 0, "a manifest of every kind is fine");
	manifest_write(&text, &m);
	is_str(text.buf,
	       HEAD "file 0644 0 " HEX_A " a\\n\\\\\\x01\\xff\xc3\xa9\n"
		    "dir 0755 0 - empty\n"
		    "link 0777 5 w/b\\x20c link to\n"
		    "ref 0644 - - s3://b/k remote\n"
		    "file 0755 7 " HEX_A " w/b.bin\n",
	       "it has the text of the manual");
	is_int((intmax_t)manifest_bytes(&m), 7, "bytes are counted");
	is_int((intmax_t)manifest_files(&m), 4, "directories are not counted as files");
	ok(manifest_find(&m, "link to") == &m.entries[2] && !manifest_find(&m, "link"), "paths are found as they are");
}

static void reads_what_it_writes(void)
{
	const char *text = HEAD "file 0644 12 " HEX_A " a b\nlink 0777 3 \\xffx\\x20 b\\x7f\nref 0755 9 " HEX_A " https://x/y c\n";
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;
	CLEANUP(strbuf) struct strbuf again = STRBUF_INIT;
	struct error err = ERROR_INIT;

	is_int(manifest_parse(text, strlen(text), &m, &err), 0, "a good text is read");
	is_int((intmax_t)m.count, 3, "with all its entries");
	manifest_write(&again, &m);
	is_str(again.buf, text, "and written again it is the same");
	ok(m.count == 3 && !strcmp(m.entries[1].target, "\xffx ") && !strcmp(m.entries[1].path, "b\x7f"), "escapes are undone");
	ok(m.count == 3 && m.entries[2].has_size && m.entries[2].has_digest && m.entries[2].mode == 0755,
	   "what is known of a reference is kept");
	manifest_cleanup(&m);
	is_int(manifest_parse(HEAD, strlen(HEAD), &m, &err), 0, "a manifest may be empty");
}

static void refuses(const char *text, const char *why)
{
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;
	struct error err = ERROR_INIT;

	ok(manifest_parse(text, strlen(text), &m, &err) < 0 && err.code == ERR_INTEGRITY && !m.count, "refused: %s", why);
}

static void refuses_any_other_text(void)
{
	static const char *const cases[][2] = {
		{ "", "nothing" },
		{ "mreg-manifest 2\n", "another version" },
		{ "mreg-manifest 1", "no end of the first line" },
		{ HEAD "\n", "an empty line" },
		{ HEAD "file 0644 1 " HEX_A " a", "no end of a line" },
		{ HEAD "file 0644 1 " HEX_A " b\nfile 0644 1 " HEX_A " a\n", "no order" },
		{ HEAD "file 0644 1 " HEX_A " a\nfile 0644 1 " HEX_A " a\n", "a path twice" },
		{ HEAD "file 0644 1 " HEX_A " a\nfile 0644 1 " HEX_A " a-\nfile 0644 1 " HEX_A " a/b\n", "a path below a file" },
		{ HEAD "dir 0755 0 - a\nfile 0644 1 " HEX_A " a/b\n", "a line for a directory that is not empty" },
		{ HEAD "file 0600 1 " HEX_A " a\n", "another mode" },
		{ HEAD "file 0777 1 " HEX_A " a\n", "a link's mode on a file" },
		{ HEAD "dir 0644 0 - a\n", "a file's mode on a directory" },
		{ HEAD "dir 0755 1 - a\n", "a directory with a size" },
		{ HEAD "dir 0755 0 " HEX_A " a\n", "a directory with a digest" },
		{ HEAD "file 0644 - " HEX_A " a\n", "a file without size" },
		{ HEAD "file 0644 1 - a\n", "a file without digest" },
		{ HEAD "file 0644 01 " HEX_A " a\n", "a leading zero" },
		{ HEAD "file 0644 99999999999999999999 " HEX_A " a\n", "a size over 64 bits" },
		{ HEAD "file 0644 9223372036854775808 " HEX_A " a\n", "a size over 63 bits" },
		{ HEAD "file 0644 9223372036854775807 " HEX_A " a\nfile 0644 1 " HEX_A " b\n", "sizes whose sum is over 63 bits" },
		{ HEAD "file 0644 1 " HEX_A "a a\n", "65 digits" },
		{ HEAD "file 0644 1 AA" HEX_A " a\n", "upper case digits" },
		{ HEAD "file  0644 1 " HEX_A " a\n", "two spaces" },
		{ HEAD "file 0644 1 " HEX_A " \n", "no path" },
		{ HEAD "file 0644 1 " HEX_A " /a\n", "an absolute path" },
		{ HEAD "file 0644 1 " HEX_A " a/../b\n", "a path with .." },
		{ HEAD "file 0644 1 " HEX_A " a//b\n", "a path with an empty component" },
		{ HEAD "file 0644 1 " HEX_A " a\\x00\n", "a NUL in a path" },
		{ HEAD "file 0644 1 " HEX_A " \\x61\n", "an escape that is not needed" },
		{ HEAD "file 0644 1 " HEX_A " a\\x0a\n", "another escape for the newline" },
		{ HEAD "file 0644 1 " HEX_A " \\xFF\n", "an escape in upper case" },
		{ HEAD "file 0644 1 " HEX_A " \xff\n", "a byte that had to be escaped" },
		{ HEAD "file 0644 1 " HEX_A " \x7f\n", "a control byte" },
		{ HEAD "file 0644 1 " HEX_A " a\\\n", "half an escape" },
		{ HEAD "file 0644 1 " HEX_A " \\xc3\\xa9\n", "UTF-8 that is escaped" },
		{ HEAD "link 0777 2 x a\n", "a link with a wrong length" },
		{ HEAD "link 0777 0  a\n", "a link to nothing" },
		{ HEAD "link 0755 1 x a\n", "a link with a file's mode" },
		{ HEAD "ref 0644 - -  a\n", "a reference to nothing" },
		{ HEAD "fifo 0644 - - x a\n", "an unknown kind" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		refuses(cases[i][0], cases[i][1]);
}

static void names_the_line(void)
{
	const char *text = HEAD "file 0644 1 " HEX_A " a\nfile 0644 x " HEX_A " b\n";
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;
	struct error err = ERROR_INIT;

	ok(manifest_parse(text, strlen(text), &m, &err) < 0, "damage is found");
	is_str(err.text, "the manifest is damaged in line 3: no legal size", "and its line is named");
}

static void finish_checks(void)
{
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT, twice = MANIFEST_INIT, both = MANIFEST_INIT, full = MANIFEST_INIT;
	struct error err = ERROR_INIT;

	add_file(&m, "../x", 1);
	ok(manifest_finish(&m, &err) < 0 && err.code == ERR_INVALID, "a path that leaves the tree is refused");
	add_file(&twice, "a", 1);
	add_file(&twice, "a", 2);
	ok(manifest_finish(&twice, &err) < 0 && err.code == ERR_CONFLICT, "two entries for one path are a conflict");
	add_file(&both, "a/b", 1);
	add_file(&both, "a-", 1);
	add_file(&both, "a", 1);
	ok(manifest_finish(&both, &err) < 0 && err.code == ERR_CONFLICT, "a file that is also a folder is a conflict");
	add_file(&full, "d/x", 1);
	manifest_add(&full, ENTRY_DIR, "d");
	ok(manifest_finish(&full, &err) == 0 && full.count == 1 && !strcmp(full.entries[0].path, "d/x"),
	   "a directory that is not empty has no line");
}

static void limits_lengths(void)
{
	CLEANUP(ptr) char *path = xmalloc(MANIFEST_MAX_PATH + 2);
	CLEANUP(manifest) struct manifest fits = MANIFEST_INIT, over = MANIFEST_INIT;
	struct error err = ERROR_INIT;

	memset(path, 'x', MANIFEST_MAX_PATH + 1);
	path[MANIFEST_MAX_PATH + 1] = '\0';
	add_file(&over, path, 1);
	ok(manifest_finish(&over, &err) < 0 && err.code == ERR_INVALID, "a path of 4096 bytes is refused");
	path[MANIFEST_MAX_PATH] = '\0';
	add_file(&fits, path, 1);
	is_int(manifest_finish(&fits, &err), 0, "a path of 4095 bytes is stored");
}

static void compares_entries(void)
{
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;

	add_file(&m, "a", 1);
	add_file(&m, "b", 1);
	ok(entry_same(&m.entries[0], &m.entries[1]), "entries of equal content are the same whatever their paths");
	m.entries[1].mode = 0755;
	ok(!entry_same(&m.entries[0], &m.entries[1]), "another mode is another content");
	m.entries[1].mode = 0644;
	m.entries[1].digest.raw[31]++;
	ok(!entry_same(&m.entries[0], &m.entries[1]), "another digest is another content");
}

static bool clash(const char *first, const char *second, const char *third)
{
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;
	struct error err = ERROR_INIT;
	const char *a, *b;

	add_file(&m, first, 1);
	add_file(&m, second, 1);
	add_file(&m, third, 1);
	return manifest_finish(&m, &err) == 0 && manifest_case_clash(&m, &a, &b);
}

static void finds_case_clashes(void)
{
	ok(clash("readme", "other", "README"), "two files that differ only in case clash");
	ok(clash("Data/a", "data/b", "x"), "two folders that differ only in case clash");
	ok(clash("A/x", "a", "A!"), "a file and a folder that differ only in case clash");
	ok(!clash("A/x", "A/y", "B/x"), "names that differ otherwise do not clash");
	ok(!clash("Ab", "a", "aBc"), "a name that begins another does not clash");
}

int main(void)
{
	writes_every_kind();
	reads_what_it_writes();
	refuses_any_other_text();
	names_the_line();
	finish_checks();
	limits_lengths();
	compares_entries();
	finds_case_clashes();
	return tap_done();
}
