/* SPDX-License-Identifier: Apache-2.0 */
/* Makes entries of the references that a put is given. */
#include <config.h>

#include "registry/external.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/utf8.h"
#include "format/uri.h"
#include "registry/tree.h"
#include "store/ingest.h"

/* One that is being added. */
struct adding {
	struct registry *reg;
	const struct external *ref;
	struct uri uri;
	struct strbuf shown; /* the URI in messages */
	struct stat_rows *rows;
};

static void adding_cleanup(struct adding *a)
{
	strbuf_release(&a->shown);
}

static int choose_path(const struct adding *a, struct strbuf *path, struct error *err)
{
	const char *as = a->ref->as;
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	if (as)
		strbuf_adds(path, as);
	else if (!uri_base_name(&a->uri, path)) {
		error_set(err, ERR_INVALID, "'%.300s' does not end in a file name", a->shown.buf);
		return error_hint(err, "Say --ref URI --as PATH.");
	}
	utf8_add_visible(&shown, path->buf, path->len);
	if (tree_is_reserved(path->buf))
		return error_set(err, ERR_INVALID, "'%s' cannot be stored: the name '.mreg' is kept for registries", shown.buf);
	if (path_is_safe(path->buf, path->len))
		return 0;
	return error_set(err, ERR_INVALID, "'%s' is no path inside a version: it must be relative, without '..', '.' or empty parts", shown.buf);
}

static int hash_file(const struct adding *a, const char *path, const struct stat *st, struct entry *e, struct error *err)
{
	struct ingest_item item = { .path = path, .follow = true, .fd = -1, .size_hint = (uint64_t)st->st_size };
	struct view *v = registry_view(a->reg, err);
	int found = v ? statcache_find(v, st, &e->digest, err) : -1;

	e->mode = st->st_mode & S_IXUSR ? 0755 : 0644;
	e->size = (uint64_t)st->st_size;
	e->has_size = e->has_digest = true;
	if (found)
		return found < 0 ? -1 : 0;
	if (ingest_hash(&item, 1, a->rows, a->reg->report, err) < 0)
		return -1;
	e->mode = item.executable ? 0755 : 0644;
	e->size = item.size;
	e->digest = item.digest;
	return 0;
}

static int check_given(const struct adding *a, const struct entry *e, struct error *err)
{
	if (a->ref->has_size && a->ref->size != e->size)
		return error_set(err, ERR_INTEGRITY, "'%.300s' has %" PRIu64 " bytes, and --size says %" PRIu64, a->shown.buf, e->size, a->ref->size);
	if (a->ref->has_digest && !oid_equal(&a->ref->digest, &e->digest))
		return error_set(err, ERR_INTEGRITY, "the SHA-256 of '%.300s' is %s, not what --digest says", a->shown.buf, oid_hex(&e->digest).text);
	return 0;
}

static int add_file(const struct adding *a, struct entry *e, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	struct stat st;
	bool is_absent;

	uri_file_path(&a->uri, &path);
	if (stat(path.buf, &st) < 0) {
		is_absent = errno == ENOENT || errno == ENOTDIR;
		if (is_absent && a->ref->has_digest)
			return 0; /* it may be on another machine */
		error_set_errno(err, "cannot read '%.300s'", a->shown.buf);
		return is_absent ? error_hint(err, "With --digest it is recorded although it is not here.") : -1;
	}
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERR_LOCAL, "'%.300s' is no regular file, and a reference is one file", a->shown.buf);
	return hash_file(a, path.buf, &st, e, err) < 0 ? -1 : check_given(a, e, err);
}

static void warn(const struct adding *a, const struct entry *e)
{
	CLEANUP(strbuf) struct strbuf part = STRBUF_INIT;

	if (uri_find_secret(&a->uri, &part))
		report_warning(a->reg->report, "'%s' seems to have a credential in it (%s), and everybody who reads the version will see it", a->shown.buf,
			       part.buf);
	if (!e->has_digest)
		report_note(a->reg->report, "'%s' is recorded without a digest: nobody will notice when it changes; --digest gives one", a->shown.buf);
}

static int add_one(struct adding *a, struct manifest *m, struct error *err)
{
	const struct external *ref = a->ref;
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	struct entry *e;

	if (uri_parse(ref->uri, &a->uri, err) < 0)
		return -1;
	uri_add_shown(&a->shown, ref->uri);
	if (choose_path(a, &path, err) < 0)
		return -1;
	e = manifest_add(m, ENTRY_REF, path.buf);
	e->target = xstrdup(ref->uri);
	e->has_digest = ref->has_digest;
	e->has_size = ref->has_size;
	e->digest = ref->digest;
	e->size = ref->size;
	if (uri_scheme(&a->uri) == URI_FILE && add_file(a, e, err) < 0)
		return -1;
	warn(a, e);
	return 0;
}

int external_add(struct registry *reg, struct manifest *m, const struct external *refs, size_t count, struct stat_rows *rows, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		CLEANUP(adding) struct adding a = { .reg = reg, .ref = &refs[i], .shown = STRBUF_INIT, .rows = rows };

		if (add_one(&a, m, err) < 0)
			return -1;
	}
	return 0;
}
