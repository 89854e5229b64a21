/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of fetching: two registries, and a child that gives the objects of one of them, honestly or not. */
#ifndef MREG_T_UNIT_FETCH_FIXTURE_H
#define MREG_T_UNIT_FETCH_FIXTURE_H

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/mem.h"
#include "format/manifest.h"
#include "format/version-object.h"
#include "registry/version.h"
#include "store/objects.h"
#include "store/record.h"
#include "tap.h"
#include "transport/connection.h"
#include "transport/fetch.h"
#include "transport/source.h"

static struct error err;
static struct config config = CONFIG_INIT;

/* The path of a name in the test's directory; 16 at a time. */
static inline char *in_dir(const char *name)
{
	static char paths[16][4200];
	static int turn;
	char *path = paths[turn++ % 16];

	snprintf(path, sizeof paths[0], "%s/%s", tap_dir(), name);
	return path;
}

static inline struct registry *make_registry(const char *name)
{
	CLEANUP(strbuf) struct strbuf dir = STRBUF_INIT;
	struct registry *reg;

	error_clear(&err);
	need(registry_init(in_dir(name), false, &dir, &err) == 0, err.text);
	reg = registry_open(dir.buf, &config, "test", NULL, &err);
	need(reg != NULL, err.text);
	return reg;
}

static inline struct registry *open_registry(const char *name)
{
	char path[4300];
	struct registry *reg;

	error_clear(&err);
	snprintf(path, sizeof path, "%s/.mreg", in_dir(name));
	reg = registry_open(path, &config, "test", NULL, &err);
	need(reg != NULL, err.text);
	return reg;
}

/* --- what a registry has: made object by object, so that it may be wrong --- */

struct maker {
	struct object_writer *writer;
	struct codec_context *codec;
	struct manifest manifest;
	struct strbuf text; /* of the manifest, when it is not to be written from entries */
};

static inline void begin(struct maker *m, struct registry *reg)
{
	struct objects *objects = version_objects(reg, &err);

	need(objects != NULL, err.text);
	*m = (struct maker){ .writer = object_writer_new(objects, &err), .codec = codec_new(), .manifest = MANIFEST_INIT, .text = STRBUF_INIT };
}

static inline struct oid add_object(struct maker *m, enum object_kind kind, const struct oid *file, const void *data, size_t len)
{
	struct oid id;

	sha256_bytes(data, len, &id);
	need(object_writer_add(m->writer, m->codec, NULL, kind, &id, file, data, len, NULL, &err) == 0, err.text);
	return id;
}

/* The bytes of a file, cut into pieces. */
static inline struct oid add_bytes(struct maker *m, const uint8_t *data, size_t len, size_t piece)
{
	CLEANUP(recipe) struct recipe recipe = RECIPE_INIT;
	CLEANUP(strbuf) struct strbuf bytes = STRBUF_INIT;
	struct oid file;

	if (len <= FILE_ONE_CHUNK_MAX)
		return add_object(m, OBJECT_CHUNK, NULL, data, len);
	for (size_t at = 0; at < len; at += piece) {
		size_t some = len - at < piece ? len - at : piece;
		struct oid chunk = add_object(m, OBJECT_CHUNK, NULL, data + at, some);

		recipe_add(&recipe, &chunk, (uint32_t)some);
	}
	recipe_write(&bytes, &recipe);
	sha256_bytes(data, len, &file);
	add_object(m, OBJECT_RECIPE, &file, bytes.buf, bytes.len);
	return file;
}

static inline struct entry *add_entry(struct maker *m, const char *path, const struct oid *digest, uint64_t size)
{
	struct entry *e = manifest_add(&m->manifest, ENTRY_FILE, path);

	e->digest = *digest;
	e->size = size;
	return e;
}

static inline void add_file(struct maker *m, const char *path, const uint8_t *data, size_t len, size_t piece)
{
	struct oid digest = add_bytes(m, data, len, piece);

	add_entry(m, path, &digest, len);
}

/* Manifest and version object; all is durable. */
static inline struct fetch_version finish(struct maker *m)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct fetch_version out = { .wants_bytes = true };
	struct version_object object = {
		.type = (char *)(uintptr_t) "model", .collection = (char *)(uintptr_t) "m", .description = (char *)(uintptr_t) "",
		.user = (char *)(uintptr_t) "ada", .host = (char *)(uintptr_t) "host", .run = (char *)(uintptr_t) "",
		.metadata = json_object(), .metrics = json_object(), .time = 1,
	};

	if (!m->text.len) {
		need(manifest_finish(&m->manifest, &err) == 0, err.text);
		manifest_write(&m->text, &m->manifest);
	}
	out.size = manifest_bytes(&m->manifest);
	out.files = manifest_files(&m->manifest);
	if (m->text.len <= FILE_ONE_CHUNK_MAX)
		out.digest = add_object(m, OBJECT_MANIFEST, NULL, m->text.buf, m->text.len);
	else
		out.digest = add_bytes(m, (const uint8_t *)m->text.buf, m->text.len, 40000);
	object.manifest = out.digest;
	need(version_object_write(&text, &object, &out.version, &err) == 0, err.text);
	add_object(m, OBJECT_VERSION, NULL, text.buf, text.len);
	need(object_writer_commit(m->writer, &err) == 0, err.text);
	object_writer_free(m->writer);
	codec_free(m->codec);
	manifest_cleanup(&m->manifest);
	strbuf_release(&m->text);
	json_decref(object.metadata);
	json_decref(object.metrics);
	return out;
}

/* The same bytes for the same seed. */
static inline void fill_noise(uint8_t *data, size_t len, uint64_t seed)
{
	uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;

	for (size_t i = 0; i < len; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		data[i] = (uint8_t)(x >> 32);
	}
}

/* --- who gives --- */

struct giver {
	struct source source;
	struct objects *objects;
	uint64_t cut_at;   /* 0, or it dies after so many bytes, in the middle of an object */
	uint64_t given;
	int fd;
	/* what a liar does to an answer that would be honest: 1: this is sent, 0: it has not got it */
	int (*lie)(struct giver *g, const struct want *want, struct record_head *head, struct strbuf *stored);
	struct connection *connection;
};

static inline void die(struct giver *g, const struct record_head *head, const struct strbuf *stored)
{
	uint8_t bytes[FRAME_HEAD_LEN + RECORD_HEAD_LEN + RECORD_FILE_LEN];
	size_t len = FRAME_HEAD_LEN + record_put_head(bytes + FRAME_HEAD_LEN, head);

	frame_head_write(bytes, FRAME_OBJECT, len - FRAME_HEAD_LEN + stored->len);
	if (connection_flush(g->connection, &err) < 0 || file_write(g->fd, bytes, len, "the test", &err) < 0 ||
	    file_write(g->fd, stored->buf, stored->len / 2, "the test", &err) < 0)
		_exit(1);
	_exit(0);
}

static int give_record(struct source *s, const struct want *want, struct record_head *head, struct strbuf *stored, struct error *e)
{
	struct giver *g = (struct giver *)(void *)s;
	int found = objects_read_record(g->objects, want->kind, &want->id, head, stored, e);

	if (found > 0 && g->cut_at && (g->given += stored->len) >= g->cut_at)
		die(g, head, stored);
	return found > 0 && g->lie ? g->lie(g, want, head, stored) : found;
}

static const struct source_methods giver_methods = { .record = give_record };

/* Answers what is wanted until nobody asks any more. */
static inline void give(struct giver *g, const char *name, int fd)
{
	struct registry *reg = open_registry(name);
	struct frame frame;

	g->source.methods = &giver_methods;
	g->fd = fd;
	g->objects = version_objects(reg, &err);
	need(g->objects != NULL, err.text);
	g->connection = connection_new(fd, dup(fd), "the test", 0, NULL);
	while (connection_read(g->connection, &frame, &err) == 0) {
		if (frame.type != FRAME_WANT || provide_answer(&g->source, g->connection, frame.data, frame.len, &err) < 0)
			break;
	}
	_exit(0);
}

/* A connection to a child that gives what the registry of that name has. */
static inline struct connection *connect_to(struct giver *g, const char *name, pid_t *pid)
{
	int pair[2];

	need(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0, "a socket pair can be made");
	fflush(stdout);
	*pid = fork();
	need(*pid >= 0, "a process can be forked");
	if (!*pid) {
		close(pair[0]);
		give(g, name, pair[1]);
	}
	close(pair[1]);
	return connection_new(pair[0], dup(pair[0]), "'origin'", 60, NULL);
}

static inline void disconnect(struct connection *c, pid_t pid)
{
	connection_close(c);
	waitpid(pid, NULL, 0);
}

#endif
