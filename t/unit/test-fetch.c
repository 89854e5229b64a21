/* SPDX-License-Identifier: Apache-2.0 */
/* What push and pull count on: all that is needed comes, nothing that is wrong stays, and what was cut off goes on. */
#include <config.h>

#include <dirent.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "codec/codec.h"
#include "codec/deflate.h"
#include "fetch-fixture.h"

#define LEN (700u << 10)
#define PIECE (100u << 10)

static uint8_t data[LEN];

/* Files of all kinds: none, small, two that are equal, large, and two large ones that share chunks. */
static struct fetch_version make_mixed(const char *name)
{
	CLEANUP(registry) struct registry *reg = make_registry(name);
	struct maker m;

	begin(&m, reg);
	fill_noise(data, LEN, 1);
	add_file(&m, "empty", data, 0, PIECE);
	add_file(&m, "small", data, 1000, PIECE);
	add_file(&m, "again/small", data, 1000, PIECE);
	add_file(&m, "large", data, LEN, PIECE);
	add_file(&m, "more", data, LEN - 5 * PIECE, PIECE);
	manifest_add(&m.manifest, ENTRY_LINK, "link")->target = xstrdup("../elsewhere");
	manifest_add(&m.manifest, ENTRY_DIR, "folder");
	return finish(&m);
}

/* Fetches into the registry of a name: what fetch_versions() says. */
static int fetch_into(const char *name, struct giver *g, const char *from, struct fetch_version *v, uint64_t *count, struct error *e)
{
	CLEANUP(registry) struct registry *reg = open_registry(name);
	pid_t pid;
	struct connection *c = connect_to(g, from, &pid);
	CLEANUP(fetch) struct fetch *f = fetch_new(reg, c, e);
	int rc;

	need(f != NULL, e->text);
	rc = fetch_versions(f, v, 1, e);
	if (!rc)
		rc = fetch_commit(f, e);
	*count = fetch_objects_count(f);
	disconnect(c, pid);
	return rc;
}

static bool has(const char *name, enum object_kind kind, const struct oid *id)
{
	CLEANUP(registry) struct registry *reg = open_registry(name);
	struct objects *o = version_objects(reg, &err);

	return o && objects_has(o, kind, id);
}

/* All that the manifest names can be read. */
static bool is_whole(const char *name, const struct fetch_version *v)
{
	CLEANUP(registry) struct registry *reg = open_registry(name);
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;
	struct objects *o = version_objects(reg, &err);
	bool whole = o && version_manifest(reg, &v->digest, &m, &err) == 0;

	for (size_t i = 0; whole && i < m.count; i++)
		whole = m.entries[i].kind != ENTRY_FILE || objects_has_file(o, &m.entries[i].digest, m.entries[i].size);
	error_clear(&err);
	return whole;
}

static size_t left_over(const char *name)
{
	char path[4300];
	size_t count = 0;
	DIR *d;

	snprintf(path, sizeof path, "%s/.mreg/quarantine", in_dir(name));
	d = opendir(path);
	for (struct dirent *e; d && (e = readdir(d));)
		count += e->d_name[0] != '.';
	if (d)
		closedir(d);
	return count;
}

static void brings_all(void)
{
	struct fetch_version v = make_mixed("mixed");
	struct giver g = { .cut_at = 0 };
	uint64_t count;

	registry_close(make_registry("mixed-copy"));
	ok(fetch_into("mixed-copy", &g, "mixed", &v, &count, &err) == 0 && v.is_complete, "a version is brought");
	is_int((intmax_t)count, 2 + 2 + 2 + 7, "each object once");
	ok(is_whole("mixed-copy", &v), "and is there afterwards");
	is_int((intmax_t)left_over("mixed-copy"), 0, "nothing is left in quarantine");
	v.is_complete = false;
	ok(fetch_into("mixed-copy", &g, "mixed", &v, &count, &err) == 0 && v.is_complete && !count, "a second time nothing is asked for");
}

/* Another version of the same, of which two large files have changed, one of them in most places, and one piece is there again and again. */
static struct fetch_version make_changed(const char *name)
{
	CLEANUP(registry) struct registry *reg = open_registry(name);
	CLEANUP(ptr) uint8_t *again = xmalloc(LEN);
	struct maker m;

	begin(&m, reg);
	fill_noise(data, LEN, 1);
	for (size_t at = 0; at < LEN; at += PIECE)
		memcpy(again + at, data + PIECE, PIECE);
	fill_noise(again, PIECE, 2);
	fill_noise(again + 5 * PIECE, PIECE, 3);
	add_file(&m, "again", again, LEN, PIECE);
	fill_noise(data + 2 * PIECE, 4 * PIECE, 4);
	add_file(&m, "mostly", data, LEN, PIECE);
	fill_noise(data, LEN, 1);
	fill_noise(data + 3 * PIECE, PIECE, 5);
	add_file(&m, "hardly", data, LEN, PIECE);
	return finish(&m);
}

static void brings_what_has_changed(void)
{
	struct fetch_version first = make_mixed("changed"), second = make_changed("changed");
	struct giver g = { .cut_at = 0 };
	uint64_t count;

	registry_close(make_registry("changed-copy"));
	registry_close(make_registry("changed-other"));
	ok(fetch_into("changed-copy", &g, "changed", &first, &count, &err) == 0 && first.is_complete, "a version is brought");
	ok(fetch_into("changed-copy", &g, "changed", &second, &count, &err) == 0 && second.is_complete && is_whole("changed-copy", &second),
		"and then the next");
	is_int((intmax_t)count, 2 + 3 + 2 + 4 + 1, "of which only what is new comes");
	ok(fetch_into("changed-other", &g, "changed", &second, &count, &err) == 0 && is_whole("changed-other", &second), "it can be brought by itself, too");
	is_int((intmax_t)count, 2 + 3 + 6 + 2 + 4 + 1, "each object once");
}

static void brings_no_bytes_unasked(void)
{
	struct fetch_version v = make_mixed("meta");
	struct giver g = { .cut_at = 0 };
	uint64_t count;

	registry_close(make_registry("meta-copy"));
	v.wants_bytes = false;
	ok(fetch_into("meta-copy", &g, "meta", &v, &count, &err) == 0 && v.is_complete, "metadata can come alone");
	is_int((intmax_t)count, 2, "as version object and manifest");
	ok(!is_whole("meta-copy", &v), "without files");
	v.wants_bytes = true;
	ok(fetch_into("meta-copy", &g, "meta", &v, &count, &err) == 0 && v.is_complete && is_whole("meta-copy", &v), "which can follow");
	is_int((intmax_t)count, 2 + 2 + 7, "without what is there");
}

static void brings_large_manifests(void)
{
	CLEANUP(registry) struct registry *reg = make_registry("many");
	struct giver g = { .cut_at = 0 };
	struct fetch_version v;
	struct maker m;
	uint64_t count;
	char name[40];

	begin(&m, reg);
	for (unsigned i = 0; i < 3000; i++) {
		snprintf(name, sizeof name, "folder/file-%u", i);
		add_file(&m, name, (const uint8_t *)name, strlen(name), PIECE);
	}
	v = finish(&m);
	registry_close(make_registry("many-copy"));
	ok(fetch_into("many-copy", &g, "many", &v, &count, &err) == 0 && v.is_complete, "a manifest that is stored as a large file is brought");
	ok(count > 3000 + 5 && count < 3000 + 15, "with all that it names");
	ok(is_whole("many-copy", &v), "and is whole");
}

/* --- what the other side has not got --- */

static struct oid withheld;

static int withhold(struct giver *g, const struct want *want, struct record_head *head, struct strbuf *stored)
{
	(void)g, (void)head, (void)stored;
	return !oid_equal(&want->id, &withheld);
}

static void says_what_is_lacking(void)
{
	struct fetch_version v = make_mixed("lacks");
	struct giver g = { .lie = withhold }, honest = { .cut_at = 0 };
	struct oid large;
	uint64_t count;

	registry_close(make_registry("lacks-copy"));
	sha256_bytes(data, LEN, &large);
	sha256_bytes(data + 6 * PIECE, LEN - 6 * PIECE, &withheld);
	ok(fetch_into("lacks-copy", &g, "lacks", &v, &count, &err) == 0 && !v.is_complete, "a version of which a chunk is lacking is incomplete");
	ok(has("lacks-copy", OBJECT_VERSION, &v.version), "what could be verified is kept");
	ok(!has("lacks-copy", OBJECT_FILE, &large), "a recipe that could not be proved is not");
	ok(fetch_into("lacks-copy", &honest, "lacks", &v, &count, &err) == 0 && v.is_complete && is_whole("lacks-copy", &v),
		"the rest can be had from elsewhere");
	is_int((intmax_t)count, 2, "and only that is asked for");
}

/* Ours knows the file, cut at other places, and has lost chunks. */
static void takes_their_recipe(void)
{
	CLEANUP(registry) struct registry *reg = make_registry("cut-copy");
	struct fetch_version v = make_mixed("cut");
	struct giver g = { .cut_at = 0 };
	CLEANUP(recipe) struct recipe recipe = RECIPE_INIT;
	CLEANUP(strbuf) struct strbuf bytes = STRBUF_INIT;
	struct oid file, chunk;
	struct maker m;
	uint64_t count;

	begin(&m, reg);
	sha256_bytes(data, LEN, &file);
	for (size_t at = 0; at < LEN; at += LEN / 2) {
		sha256_bytes(data + at, LEN / 2, &chunk);
		recipe_add(&recipe, &chunk, LEN / 2);
	}
	recipe_write(&bytes, &recipe);
	add_object(&m, OBJECT_RECIPE, &file, bytes.buf, bytes.len);
	add_object(&m, OBJECT_CHUNK, NULL, data, LEN / 2);
	finish(&m);
	ok(fetch_into("cut-copy", &g, "cut", &v, &count, &err) == 0 && v.is_complete, "a file is brought that we cut otherwise");
	ok(is_whole("cut-copy", &v), "and is whole");
}

/* --- who lies --- */

static int of_kind(const struct record_head *head, enum object_kind kind)
{
	return head->kind == kind;
}

/* Another payload, with all checksums right. */
static void replace(struct record_head *head, struct strbuf *stored, const void *bytes, size_t len)
{
	strbuf_reset(stored);
	strbuf_add(stored, bytes, len);
	head->stored_len = len;
	head->codec = 0;
	head->params = 0;
	head->crc = deflate_crc32(0, bytes, len);
}

static int other_bytes(struct giver *g, const struct want *want, struct record_head *head, struct strbuf *stored)
{
	CLEANUP(strbuf) struct strbuf other = STRBUF_INIT;

	(void)g, (void)want;
	if (!of_kind(head, OBJECT_CHUNK) || !head->raw_len)
		return 1;
	strbuf_grow(&other, (size_t)head->raw_len);
	memset(other.buf, 'x', (size_t)head->raw_len);
	replace(head, stored, other.buf, (size_t)head->raw_len);
	return 1;
}

static int wrong_sum(struct giver *g, const struct want *want, struct record_head *head, struct strbuf *stored)
{
	(void)g, (void)want, (void)stored;
	head->crc ^= of_kind(head, OBJECT_CHUNK);
	return 1;
}

static int other_id(struct giver *g, const struct want *want, struct record_head *head, struct strbuf *stored)
{
	(void)g, (void)want, (void)stored;
	head->id.raw[5] ^= of_kind(head, OBJECT_CHUNK);
	return 1;
}

static int other_kind(struct giver *g, const struct want *want, struct record_head *head, struct strbuf *stored)
{
	(void)g, (void)want, (void)stored;
	if (of_kind(head, OBJECT_MANIFEST))
		head->kind = OBJECT_VERSION;
	return 1;
}

static int huge(struct giver *g, const struct want *want, struct record_head *head, struct strbuf *stored)
{
	(void)g, (void)want, (void)stored;
	if (of_kind(head, OBJECT_CHUNK))
		head->raw_len = UINT64_C(1) << 63;
	return 1;
}

static int large_version(struct giver *g, const struct want *want, struct record_head *head, struct strbuf *stored)
{
	(void)g, (void)want, (void)stored;
	if (of_kind(head, OBJECT_VERSION))
		head->raw_len = (1u << 20) + 1;
	return 1;
}

static int longer_file(struct giver *g, const struct want *want, struct record_head *head, struct strbuf *stored)
{
	(void)g, (void)want, (void)stored;
	if (of_kind(head, OBJECT_CHUNK) && head->raw_len == 1000)
		head->raw_len++;
	return 1;
}

static int padded(struct giver *g, const struct want *want, struct record_head *head, struct strbuf *stored)
{
	CLEANUP(strbuf) struct strbuf other = STRBUF_INIT;

	(void)g, (void)want;
	strbuf_grow(&other, 1u << 20);
	memset(other.buf, 0, 1u << 20);
	if (of_kind(head, OBJECT_CHUNK))
		replace(head, stored, other.buf, 1u << 20);
	return 1;
}

/* 1,032 bytes for each one that is sent, far more than it says. */
static int bomb(struct giver *g, const struct want *want, struct record_head *head, struct strbuf *stored)
{
	CLEANUP(ptr) uint8_t *zeros = xcalloc(1, 60u << 20);
	CLEANUP(codec) struct codec_context *codec = codec_new();
	struct encoded made;

	(void)g, (void)want;
	if (!of_kind(head, OBJECT_CHUNK) || head->raw_len != PIECE)
		return 1;
	codec_encode(codec, &(struct codec_hint){ .element_size = 0 }, zeros, 60u << 20, &made);
	replace(head, stored, made.data, made.len);
	head->codec = CODEC_ZLIB;
	return 1;
}

static int sent_twice(struct giver *g, const struct want *want, struct record_head *head, struct strbuf *stored)
{
	uint8_t bytes[RECORD_HEAD_LEN + RECORD_FILE_LEN];
	size_t len = record_put_head(bytes, head);

	(void)want;
	if (of_kind(head, OBJECT_CHUNK) && connection_send_pair(g->connection, FRAME_OBJECT, bytes, len, stored->buf, stored->len, &err) < 0)
		_exit(1);
	return 1;
}

static int out_of_turn(struct giver *g, const struct want *want, struct record_head *head, struct strbuf *stored)
{
	(void)want, (void)stored;
	if (of_kind(head, OBJECT_MANIFEST) && connection_send(g->connection, FRAME_END, "{}", 2, &err) < 0)
		_exit(1);
	return 1;
}

static int lacks_another(struct giver *g, const struct want *want, struct record_head *head, struct strbuf *stored)
{
	CLEANUP(strbuf) struct strbuf payload = STRBUF_INIT;
	struct want other = *want;

	(void)stored;
	other.id.raw[0] ^= 1;
	want_add(&payload, &other);
	if (of_kind(head, OBJECT_MANIFEST) && connection_send(g->connection, FRAME_LACK, payload.buf, payload.len, &err) < 0)
		_exit(1);
	return 1;
}

static int cut_short(struct giver *g, const struct want *want, struct record_head *head, struct strbuf *stored)
{
	uint8_t bytes[RECORD_HEAD_LEN + RECORD_FILE_LEN];
	size_t len = record_put_head(bytes, head);

	(void)want;
	if (of_kind(head, OBJECT_CHUNK) && stored->len && connection_send_pair(g->connection, FRAME_OBJECT, bytes, len, stored->buf, stored->len - 1, &err) < 0)
		_exit(1);
	return 1;
}

/* The chunks of another file of the same length, with a recipe that says that they are this one. */
static int other_recipe(struct giver *g, const struct want *want, struct record_head *head, struct strbuf *stored)
{
	CLEANUP(strbuf) struct strbuf bytes = STRBUF_INIT;
	CLEANUP(recipe) struct recipe recipe = RECIPE_INIT;
	struct oid chunk;

	(void)g, (void)want;
	if (!of_kind(head, OBJECT_RECIPE) || head->raw_len != 7 * 36)
		return 1;
	for (size_t i = 0; i < 7; i++) {
		sha256_bytes(data + (i ^ (i < 6)) * PIECE, PIECE, &chunk);
		recipe_add(&recipe, &chunk, PIECE);
	}
	recipe_write(&bytes, &recipe);
	sha256_bytes(bytes.buf, bytes.len, &head->id);
	replace(head, stored, bytes.buf, bytes.len);
	return 1;
}

static void refuses_lies(void)
{
	static const struct {
		const char *what;
		int (*lie)(struct giver *g, const struct want *want, struct record_head *head, struct strbuf *stored);
		enum error_code code;
	} lies[] = {
		{ "other bytes than the id stands for", other_bytes, ERR_INTEGRITY },
		{ "a wrong checksum", wrong_sum, ERR_INTEGRITY },
		{ "another object", other_id, ERR_REMOTE },
		{ "an object of another kind", other_kind, ERR_REMOTE },
		{ "a chunk of 2^63 bytes", huge, ERR_INTEGRITY },
		{ "a version object over the limit", large_version, ERR_INTEGRITY },
		{ "a file longer than the manifest says", longer_file, ERR_INTEGRITY },
		{ "more stored bytes than raw ones", padded, ERR_INTEGRITY },
		{ "a bomb", bomb, ERR_INTEGRITY },
		{ "an object twice", sent_twice, ERR_REMOTE },
		{ "another frame", out_of_turn, ERR_REMOTE },
		{ "a lack of what was not asked for", lacks_another, ERR_REMOTE },
		{ "a record that ends early", cut_short, ERR_INTEGRITY },
		{ "a recipe of another file", other_recipe, ERR_INTEGRITY },
	};
	struct fetch_version v = make_mixed("liar");

	for (size_t i = 0; i < COUNT_OF(lies); i++) {
		struct giver g = { .lie = lies[i].lie };
		struct error why = ERROR_INIT;
		char name[40];
		uint64_t count;

		snprintf(name, sizeof name, "liar-copy-%zu", i);
		registry_close(make_registry(name));
		ok(fetch_into(name, &g, "liar", &v, &count, &why) < 0 && why.code == lies[i].code, "%s is refused: %s", lies[i].what, why.text);
		ok(!has(name, OBJECT_VERSION, &v.version), "and nothing was taken over");
		g.lie = NULL;
		error_clear(&why);
		ok(fetch_into(name, &g, "liar", &v, &count, &why) == 0 && v.is_complete && is_whole(name, &v), "the truth is accepted afterwards");
	}
}

/* --- versions that are wrong in themselves --- */

static const char zero_file[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static void refuses_wrong_versions(void)
{
	static const struct {
		const char *what, *lines;
		uint64_t files, size;
	} wrong[] = {
		{ "a path that leads out", "file 0644 0 % ../x\n", 1, 0 },
		{ "an absolute path", "file 0644 0 % /etc/x\n", 1, 0 },
		{ "a file below a link", "link 0777 4 /etc a\nfile 0644 0 % a/b\n", 2, 0 },
		{ "a file below a file", "file 0644 0 % a\nfile 0644 0 % a/b\n", 2, 0 },
		{ "a path that is there twice", "file 0644 0 % a\nfile 0644 0 % a\n", 2, 0 },
		{ "paths out of order", "file 0644 0 % b\nfile 0644 0 % a\n", 2, 0 },
		{ "a control byte", "file 0644 0 % a\x1b[31m\n", 1, 0 },
		{ "a size of 2^63", "file 0644 9223372036854775808 % a\n", 1, UINT64_C(1) << 63 },
		{ "sizes that overflow", "file 0644 9223372036854775807 % a\nfile 0644 9223372036854775807 % b\n", 2, 0 },
		{ "another number of files", "file 0644 0 % a\n", 2, 0 },
		{ "another size", "file 0644 0 % a\n", 1, 5 },
		{ "a size that its bytes have not", "file 0644 5 % a\n", 1, 5 },
		{ "no line end", "file 0644 0 % a", 1, 0 },
	};

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		char from[40], to[40];
		struct registry *reg;
		struct giver g = { .cut_at = 0 };
		struct error why = ERROR_INIT;
		struct fetch_version v;
		struct maker m;
		uint64_t count;

		snprintf(from, sizeof from, "wrong-%zu", i);
		snprintf(to, sizeof to, "wrong-copy-%zu", i);
		reg = make_registry(from);
		begin(&m, reg);
		add_bytes(&m, data, 0, PIECE);
		strbuf_adds(&m.text, "mreg-manifest 1\n");
		for (const char *at = wrong[i].lines; *at; at++)
			if (*at == '%')
				strbuf_adds(&m.text, zero_file);
			else
				strbuf_addc(&m.text, *at);
		v = finish(&m);
		v.files = wrong[i].files;
		v.size = wrong[i].size;
		registry_close(reg);
		registry_close(make_registry(to));
		ok(fetch_into(to, &g, from, &v, &count, &why) < 0 && why.code == ERR_INTEGRITY && !has(to, OBJECT_VERSION, &v.version),
			"a manifest with %s is refused", wrong[i].what);
	}
}

static void refuses_another_manifest(void)
{
	struct fetch_version v = make_mixed("tied"), other;
	CLEANUP(registry) struct registry *reg = open_registry("tied");
	struct giver g = { .cut_at = 0 };
	struct error why = ERROR_INIT;
	struct maker m;
	uint64_t count;

	begin(&m, reg);
	add_file(&m, "a", data, 10, PIECE);
	other = finish(&m);
	v.digest = other.digest;
	v.size = other.size;
	v.files = other.files;
	registry_close(make_registry("tied-copy"));
	ok(fetch_into("tied-copy", &g, "tied", &v, &count, &why) < 0 && why.code == ERR_INTEGRITY, "a version object that names another manifest is refused");
}

/* --- cuts --- */

static void goes_on_after_cuts(void)
{
	struct fetch_version v = make_mixed("long");
	struct error why = ERROR_INIT;
	uint64_t count, asked = 0;
	int turns = 0;

	registry_close(make_registry("long-copy"));
	for (uint64_t at = 150 << 10; turns < 40 && !is_whole("long-copy", &v); turns++) {
		struct giver g = { .cut_at = at };

		error_clear(&why);
		if (fetch_into("long-copy", &g, "long", &v, &count, &why) == 0)
			break;
		if (why.code != ERR_REMOTE)
			printf("# %s\n", why.text);
		asked += count;
	}
	ok(turns > 3 && turns < 15 && v.is_complete && is_whole("long-copy", &v), "cut off again and again, a transfer comes to its end");
	ok(asked + count == 13, "and does not ask again for what it has: %ju objects", (uintmax_t)(asked + count));
	is_int((intmax_t)left_over("long-copy"), 0, "nothing is left in quarantine");
}

/* --- repair --- */

static void brings_objects_by_id(void)
{
	struct fetch_version v = make_mixed("repair");
	CLEANUP(registry) struct registry *reg = make_registry("repair-copy");
	struct giver g = { .cut_at = 0 };
	pid_t pid;
	struct connection *c = connect_to(&g, "repair", &pid);
	CLEANUP(fetch) struct fetch *f = fetch_new(reg, c, &err);
	struct want wants[] = { { .kind = OBJECT_VERSION, .id = v.version }, { .kind = OBJECT_CHUNK }, { .kind = OBJECT_FILE }, { .kind = OBJECT_CHUNK } };
	bool complete[4];

	sha256_bytes(data, PIECE, &wants[1].id);
	sha256_bytes(data, LEN, &wants[2].id);
	ok(f && fetch_objects(f, wants, 4, complete, &err) == 0, "objects can be had by their ids");
	ok(complete[0] && complete[1] && !complete[3], "it is told which came");
	ok(!complete[2], "a recipe only counts when it makes its file");
	ok(fetch_commit(f, &err) == 0, "and kept");
	fetch_free(STEAL(f));
	disconnect(c, pid);
	ok(has("repair-copy", OBJECT_CHUNK, &wants[1].id) && !has("repair-copy", OBJECT_FILE, &wants[2].id), "as far as they are good");
}

int main(void)
{
	brings_all();
	brings_what_has_changed();
	brings_no_bytes_unasked();
	brings_large_manifests();
	says_what_is_lacking();
	takes_their_recipe();
	refuses_lies();
	refuses_wrong_versions();
	refuses_another_manifest();
	goes_on_after_cuts();
	brings_objects_by_id();
	return tap_done();
}
