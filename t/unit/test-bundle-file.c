/* SPDX-License-Identifier: Apache-2.0 */
/* A bundle written and read back, cut, flipped, and where it does not belong. */
#include <config.h>

#include "store/bundle-file.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "store/bundle-writer.h"
#include "store/pack.h"
#include "tap.h"

static char dir[4200];

static const char *in_dir(const char *name)
{
	static struct strbuf path;

	strbuf_reset(&path);
	strbuf_addf(&path, "%s/%s", dir, name);
	return path.buf;
}

static void fill(struct bundle_header *h)
{
	*h = (struct bundle_header){ .seq = 3, .created = 1000000000, .user = xstrdup("u"), .host = xstrdup("h"), .program = xstrdup("mreg"), .count = 2 };
	bundle_header_add_scope(h, "00112233445566778899aabbccddeeff", "m")->is_whole = true;
	strvec_push(&h->refs, "m");
}

static struct oid add_chunk(struct bundle_writer *w, const char *text)
{
	struct record_head head = { .kind = OBJECT_CHUNK, .raw_len = strlen(text), .stored_len = strlen(text) };
	struct error err = ERROR_INIT;

	sha256_bytes(text, strlen(text), &head.id);
	need(bundle_writer_add(w, &head, text, &err) == 0, err.text);
	return head.id;
}

static struct oid write_bundle(const char *path)
{
	CLEANUP(bundle_header) struct bundle_header h;
	struct error err = ERROR_INIT;
	CLEANUP(bundle_writer) struct bundle_writer *w = bundle_writer_new(path, &err);
	struct oid id;

	need(w, err.text);
	fill(&h);
	need(bundle_writer_add_changes(w, &h, "one\n", 4, &err) == 0 && bundle_writer_add_changes(w, &h, "two\n", 4, &err) == 0, err.text);
	id = add_chunk(w, "some bytes");
	add_chunk(w, "some bytes");
	ok(!file_exists(path), "it has no name before it is whole");
	need(bundle_writer_seal(w, &h, &err) == 0 && bundle_writer_place(w, false, &err) == 0, err.text);
	return id;
}

static void test_round_trip(void)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct oid id = write_bundle(in_dir("b"));
	struct error err = ERROR_INIT;
	CLEANUP(bundle_file) struct bundle_file *b = bundle_file_open(in_dir("b"), &err);
	struct record_head head;

	need(b, err.text);
	is_int((int64_t)bundle_file_objects(b), 1, "an object that is added twice is there once");
	is_str(bundle_file_header(b)->scope[0].name, "m", "the header is read back");
	ok(bundle_file_changes(b, 1, &text, &err) == 0 && strcmp(text.buf, "two\n") == 0, "changes come by their number");
	ok(bundle_file_record(b, OBJECT_CHUNK, &id, &head, &text, &err) == 1 && head.stored_len == 10 && text.len == 10, "a record comes as it stands");
	id.raw[0] ^= 1;
	is_int(bundle_file_record(b, OBJECT_CHUNK, &id, &head, &text, &err), 0, "one that is not there does not");
	ok(bundle_file_check_records(b, NULL, &err) == 0, "all records are sound");
}

static void copy_damaged(const char *to, size_t len, size_t flip)
{
	CLEANUP(strbuf) struct strbuf data = STRBUF_INIT;
	struct error err = ERROR_INIT;

	need(file_slurp(in_dir("b"), &data, 1u << 20, NULL, &err) == 0, err.text);
	if (flip < data.len)
		data.buf[flip] = (char)~data.buf[flip];
	need(file_replace(in_dir(to), data.buf, len < data.len ? len : data.len, 0600, &err) == 0, err.text);
}

/* True when nothing of it is taken for good. */
static bool is_refused(const char *name)
{
	struct error err = ERROR_INIT;
	CLEANUP(bundle_file) struct bundle_file *b = bundle_file_open(in_dir(name), &err);

	return (!b || bundle_file_check_records(b, NULL, &err) < 0) && err.code == ERR_INTEGRITY;
}

static void test_damage(void)
{
	CLEANUP(strbuf) struct strbuf data = STRBUF_INIT;
	struct error err = ERROR_INIT;
	size_t refused = 0;

	need(file_slurp(in_dir("b"), &data, 1u << 20, NULL, &err) == 0, err.text);
	for (size_t i = 0; i < data.len; i++) {
		copy_damaged("d", SIZE_MAX, i);
		refused += is_refused("d");
	}
	/* the birth of a pack stands under the checksum of its header, too */
	is_int((int64_t)refused, (int64_t)data.len, "any byte that is flipped is found");
	refused = 0;
	for (size_t i = 0; i < data.len; i++) {
		copy_damaged("d", i, SIZE_MAX);
		refused += is_refused("d");
	}
	is_int((int64_t)refused, (int64_t)data.len, "so is a cut anywhere");
}

/* Whoever names a bundle as a pack is called does not make it one. */
static void test_as_pack(void)
{
	struct error err = ERROR_INIT;
	struct pack *p = pack_open_bundle(in_dir("b"), &err);
	struct oid name;

	need(p, err.text);
	name = p->name;
	pack_close(p);
	p = pack_open(in_dir("b"), &name, &err);
	ok(p && pack_check(p, &err) < 0 && err.code == ERR_INTEGRITY, "as a pack of a registry it is damaged");
	pack_close(p);
}

static void test_pack_is_none(void)
{
	struct record_head head = { .kind = OBJECT_CHUNK, .raw_len = 1, .stored_len = 1 };
	struct error err = ERROR_INIT;
	struct pack_writer *w = pack_writer_new(dir, 0, &err);
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	struct oid name;

	sha256_bytes("x", 1, &head.id);
	need(w && pack_writer_add(w, &head, "x", &err) == 0 && pack_writer_finish(&w, dir, &name, &err) == 0, err.text);
	pack_path(&path, dir, &name);
	ok(!bundle_file_open(path.buf, &err) && err.code == ERR_INTEGRITY, "a pack of a registry is no bundle");
	ok(!bundle_file_open(in_dir("nowhere"), &err) && err.code == ERR_LOCAL, "nor is what is not there");
	ok(!bundle_file_open(dir, &err) && err.code == ERR_INTEGRITY, "nor a folder");
}

int main(void)
{
	snprintf(dir, sizeof dir, "%s/bundles", tap_dir());
	need(mkdir(dir, 0777) == 0, "a directory can be made");
	test_round_trip();
	test_damage();
	test_as_pack();
	test_pack_is_none();
	return tap_done();
}
