/* SPDX-License-Identifier: Apache-2.0 */
/* Fetches and probes external references, and makes plain files of them for comparisons. */
#include <config.h>

#include "registry/external.h"

#include <inttypes.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/tempfile.h"
#include "base/utf8.h"
#include "format/uri.h"
#include "registry/external-read.h"

#define HEADS_MAX (1u << 20) /* of all the answers on the way to the last */
#define PIECE (256u << 10)

const char *external_state_name(enum external_state state)
{
	static const char *const names[EXTERNAL_STATES] = { "same", "drifted", "gone", "unreachable", "unchecked" };

	return names[state];
}

/* ---- what cannot be fetched ---- */

static int no_helper(const struct uri *uri, struct error *err)
{
	int len = uri->scheme.len < 64 ? (int)uri->scheme.len : 64;

	error_set(err, ERR_REMOTE, "nothing here speaks '%.*s': mreg-remote-%.*s is missing", len, uri->scheme.at, len, uri->scheme.at);
	return error_hint(err, "mreg itself fetches file, http and https.");
}

/* "'PATH' is kept elsewhere, at 'URI', and …" around what is wrong. */
static int say_where(const struct entry *ref, const char *doing, struct error *err)
{
	CLEANUP(strbuf) struct strbuf uri = STRBUF_INIT, path = STRBUF_INIT;

	uri_add_shown(&uri, ref->target);
	utf8_add_visible(&path, ref->path, strlen(ref->path));
	return error_wrap(err, "cannot %s '%.150s' from '%.250s'", doing, path.buf, uri.buf);
}

/* A manifest that another made may say anything for a URI. */
static int parse(const struct entry *ref, struct uri *uri, struct error *err)
{
	if (uri_parse(ref->target, uri, err) == 0)
		return 0;
	err->code = ERR_REMOTE;
	return -1;
}

static int check(const struct entry *ref, bool offline, struct error *err)
{
	struct uri uri;

	if (parse(ref, &uri, err) < 0)
		return -1;
	if (uri_scheme(&uri) == URI_OTHER)
		return no_helper(&uri, err);
	if (offline && uri_scheme(&uri) != URI_FILE)
		return error_set(err, ERR_REMOTE, "--offline forbids the network");
	return 0;
}

int external_check(const struct entry *ref, bool offline, struct error *err)
{
	return check(ref, offline, err) < 0 ? say_where(ref, "fetch", err) : 0;
}

/* ---- reading ---- */

/* Bytes on their way: counted, hashed, and written where they are wanted. */
struct intake {
	const struct entry *ref;
	int fd; /* -1: they are not kept */
	uint64_t size;
	struct sha256 hash;
	struct report *report;
	enum external_state state;
};

static int differs(struct intake *in, struct error *err)
{
	in->state = EXTERNAL_DRIFTED;
	if (in->size > in->ref->size)
		return error_set(err, ERR_INTEGRITY, "it has more than the %" PRIu64 " bytes that the version says", in->ref->size);
	return error_set(err, ERR_INTEGRITY, "it has %" PRIu64 " bytes, and the version says %" PRIu64, in->size, in->ref->size);
}

/* What is too long is not read to its end. */
static int take(const void *data, size_t len, void *arg, struct error *err)
{
	struct intake *in = arg;

	if (u64_add_overflows(in->size, len, &in->size) || (in->ref->has_size && in->size > in->ref->size))
		return differs(in, err);
	sha256_update(&in->hash, data, len);
	report_progress(in->report, in->fd < 0 ? "checking" : "fetching", in->size, in->ref->has_size ? in->ref->size : 0);
	return in->fd < 0 ? 0 : file_write(in->fd, data, len, in->ref->path, err);
}

/* All of it; 0: size and digest are as the version says, as far as it does. */
static int read_all(struct intake *in, const struct uri *uri, struct oid *digest, struct error *err)
{
	const char *text = in->ref->target;

	in->state = EXTERNAL_SAME;
	in->size = 0;
	sha256_init(&in->hash);
	if ((uri_scheme(uri) == URI_FILE ? external_read_file(uri, take, in, &in->state, err)
					 : external_read_http(text, uri, false, take, in, &in->state, err)) < 0)
		return -1;
	if (in->ref->has_size && in->size != in->ref->size)
		return differs(in, err);
	sha256_finish(&in->hash, digest);
	if (!in->ref->has_digest || oid_equal(digest, &in->ref->digest))
		return 0;
	in->state = EXTERNAL_DRIFTED;
	return error_set(err, ERR_INTEGRITY, "its SHA-256 is %.12s…, and the version says %.12s…", oid_hex(digest).text, oid_hex(&in->ref->digest).text);
}

int external_fetch(const struct entry *ref, int fd, struct report *report, struct oid *digest, struct error *err)
{
	struct intake in = { .ref = ref, .fd = fd, .report = report };
	struct uri uri;

	if (check(ref, false, err) < 0 || parse(ref, &uri, err) < 0 || read_all(&in, &uri, digest, err) < 0)
		return say_where(ref, "fetch", err);
	if (!ref->has_digest) {
		CLEANUP(strbuf) struct strbuf path = STRBUF_INIT, from = STRBUF_INIT;

		utf8_add_visible(&path, ref->path, strlen(ref->path));
		uri_add_shown(&from, ref->target);
		report_warning(report, "'%s' came from '%s' as it is there now: the version knows no digest to check it with", path.buf, from.buf);
	}
	return 0;
}

/* In the registry where it may be written, since that is where large files fit; else where everybody writes. */
static int make_nameless(struct registry *reg, struct error *err)
{
	CLEANUP(strbuf) struct strbuf dir = STRBUF_INIT, path = STRBUF_INIT;
	int fd;

	strbuf_addf(&dir, "%s/tmp", reg->store->dir);
	tempfile_name(&path, access(dir.buf, W_OK | X_OK) == 0 ? dir.buf : "/tmp", "fetch");
	fd = file_open(path.buf, O_RDWR | O_CREAT | O_EXCL, 0600, err);
	if (fd >= 0)
		unlink(path.buf);
	return fd;
}

int external_stream(struct registry *reg, const struct entry *ref, int (*fn)(const void *data, size_t len, void *arg, struct error *err), void *arg,
		    struct error *err)
{
	CLEANUP(ptr) char *piece = xmalloc(PIECE);
	CLEANUP(fd) int fd = -1;
	struct oid digest;
	ssize_t got;

	if (external_check(ref, false, err) < 0)
		return -1;
	fd = make_nameless(reg, err);
	if (fd < 0 || external_fetch(ref, fd, reg->report, &digest, err) < 0)
		return -1;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return error_set_errno(err, "cannot read what was fetched");
	while ((got = file_read(fd, piece, PIECE, ref->path, err)) > 0)
		if (interrupt_check(err) < 0 || fn(piece, (size_t)got, arg, err) < 0)
			return -1;
	return got < 0 ? -1 : 0;
}

/* ---- probing ---- */

static int add_heads(const void *data, size_t len, void *arg, struct error *err)
{
	struct strbuf *heads = arg;

	if (heads->len + len > HEADS_MAX)
		return error_set(err, ERR_REMOTE, "the server's heads are longer than 1 MiB");
	strbuf_add(heads, data, len);
	return 0;
}

/* Of the last answer; false: it does not say. */
static bool find_length(const char *heads, uint64_t *out)
{
	static const char name[] = "content-length:";
	bool found = false;

	for (const char *line = heads; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (strncasecmp(line, "http/", 5) == 0) {
			found = false;
		} else if (strncasecmp(line, name, sizeof name - 1) == 0) {
			const char *number = line + sizeof name - 1;

			number += strspn(number, " \t");
			found = number_parse_u64(number, strspn(number, "0123456789"), out);
		}
	}
	return found;
}

/* 1: the heads have told; 0: the bytes must be read, since many a server and signed link answers to GET alone; -1: gone, or nobody answered. */
static int probe_heads(struct intake *in, const struct uri *uri, struct error *why)
{
	CLEANUP(strbuf) struct strbuf heads = STRBUF_INIT;

	if (external_read_http(in->ref->target, uri, true, add_heads, &heads, &in->state, why) < 0) {
		if (in->state == EXTERNAL_GONE || heads.len == 0)
			return -1;
		error_clear(why);
		return 0;
	}
	if (!in->ref->has_size)
		return 1;
	if (!find_length(heads.buf, &in->size))
		return 0;
	return in->size == in->ref->size ? 1 : differs(in, why);
}

static int probe(struct intake *in, struct error *why)
{
	struct uri uri;
	struct oid digest;
	int told = 0;

	in->state = EXTERNAL_UNREACHABLE;
	if (parse(in->ref, &uri, why) < 0)
		return -1;
	if (uri_scheme(&uri) == URI_OTHER) {
		in->state = EXTERNAL_UNCHECKED;
		return no_helper(&uri, why);
	}
	if (uri_scheme(&uri) != URI_FILE && !in->ref->has_digest)
		told = probe_heads(in, &uri, why);
	in->state = told > 0 ? EXTERNAL_SAME : in->state;
	return told ? (told < 0 ? -1 : 0) : read_all(in, &uri, &digest, why);
}

int external_probe(const struct entry *ref, struct report *report, enum external_state *state, struct error *why, struct error *err)
{
	struct intake in = { .ref = ref, .fd = -1, .report = report };

	error_clear(why);
	*state = EXTERNAL_SAME;
	if (probe(&in, why) == 0)
		return 0;
	if (why->code != ERR_INTEGRITY && why->code != ERR_REMOTE) {
		*err = *why; /* this side failed, which says nothing of the other */
		return say_where(ref, "check", err);
	}
	*state = in.state;
	return 0;
}

/* ---- as a directory shows them ---- */

void external_as_files(struct manifest *m, const struct manifest *have)
{
	for (size_t i = 0; i < m->count; i++) {
		struct entry *e = &m->entries[i];
		const struct entry *there = e->kind == ENTRY_REF ? manifest_find(have, e->path) : NULL;

		if (e->kind != ENTRY_REF)
			continue;
		if (there && there->kind == ENTRY_FILE && !e->has_digest && (!e->has_size || e->size == there->size))
			e->digest = there->digest;
		if (there && !e->has_size && there->kind == ENTRY_FILE)
			e->size = there->size;
		e->kind = ENTRY_FILE;
		e->has_size = e->has_digest = true;
		free(e->target);
		e->target = NULL;
	}
}

uint64_t external_bytes(const struct entry *e)
{
	return e->kind == ENTRY_FILE || (e->kind == ENTRY_REF && e->has_size) ? e->size : 0;
}
