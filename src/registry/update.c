/* SPDX-License-Identifier: Apache-2.0 */
/* Compares a directory with a version, tells ours from foreign, stages what changed and swaps it in file by file. */
#include <config.h>

#include "registry/update.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "registry/absent.h"
#include "registry/target.h"
#include "registry/update-internal.h"
#include "registry/version.h"
#include "store/ingest.h"

#define HISTORY_MAX 1000 /* versions that say what is ours */

static void update_cleanup(struct update *u)
{
	fd_cleanup(&u->root_fd);
	tree_cleanup(&u->tree);
	stat_rows_cleanup(&u->learned);
	free(u->have);
	free(u->present);
}

/* ---- what is there ---- */

const struct entry *update_find_entry(const struct update *u, const char *path)
{
	size_t low = 0, high = u->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(u->entries[mid]->path, path);

		if (order == 0)
			return u->entries[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

bool update_has_entry_below(const struct update *u, const char *path)
{
	CLEANUP(strbuf) struct strbuf prefix = STRBUF_INIT;
	size_t low = 0, high = u->count;

	strbuf_addf(&prefix, "%s/", path);
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(u->entries[mid]->path, prefix.buf) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < u->count && strncmp(u->entries[low]->path, prefix.buf, prefix.len) == 0;
}

/* Would it keep an entry from its place: a file where a folder is needed, or below where a file is? */
static bool stands_in_way(const struct update *u, const char *path)
{
	CLEANUP(ptr) char *copy = xstrdup(path);
	char *slash;

	if (update_has_entry_below(u, path))
		return true;
	while ((slash = strrchr(copy, '/'))) {
		const struct entry *above;

		*slash = '\0';
		above = update_find_entry(u, copy);
		if (above && above->kind != ENTRY_DIR)
			return true;
	}
	return false;
}

static int scan(struct update *u, struct error *err)
{
	/* all of it, since what was not chosen may be in the way; --exact cannot promise anything about a closed directory */
	const struct tree_options options = {
		.no_ignore = true, .keep_special = true, .keep_links = true, .keep_closed = !u->options->exact,
	};

	if (tree_add(&u->tree, u->options->dir, NULL, &options, err) < 0 || tree_finish(&u->tree, err) < 0)
		return -1;
	u->have = xcalloc(u->tree.count + 1, sizeof *u->have);
	u->present = xcalloc(u->count + 1, sizeof *u->present);
	for (size_t i = 0; i < u->tree.count; i++) {
		struct have *h = &u->have[i];

		h->t = &u->tree.entries[i];
		h->wants = update_find_entry(u, h->t->path);
		h->in_way = !h->wants && stands_in_way(u, h->t->path);
		h->chosen = tree_is_wanted(u->options->include, u->options->exclude, h->t->path);
	}
	return 0;
}

/* The digest of a file that the stat cache knows. */
static int look_up(struct update *u, struct have *h, struct error *err)
{
	struct view *v = h->hashed ? NULL : registry_view(u->reg, err);
	int found = h->hashed ? 1 : v ? statcache_find(v, &h->t->st, &h->digest, err) : -1;

	h->hashed |= found == 1;
	return found < 0 ? -1 : 0;
}

/* What we may not read is nothing that we have written. */
static bool can_read(const struct have *h)
{
	return faccessat(AT_FDCWD, h->t->source, R_OK, AT_EACCESS) == 0;
}

/* Hashes what may be the very file of the version, several at a time; what the stat cache knows is not read. */
static int hash_candidates(struct update *u, struct error *err)
{
	CLEANUP(ptr) struct ingest_item *items = xcalloc(u->tree.count + 1, sizeof *items);
	CLEANUP(ptr) struct have **of = xcalloc(u->tree.count + 1, sizeof *of);
	size_t count = 0;

	for (size_t i = 0; i < u->tree.count; i++) {
		struct have *h = &u->have[i];

		if (!h->wants || h->t->nature || h->t->kind != ENTRY_FILE || !h->wants->has_digest)
			continue;
		if (look_up(u, h, err) < 0)
			return -1;
		if (h->hashed || (h->wants->has_size && (uint64_t)h->t->st.st_size != h->wants->size) || !can_read(h))
			continue;
		of[count] = h;
		items[count++] = (struct ingest_item){ .path = h->t->source, .fd = -1, .size_hint = (uint64_t)h->t->st.st_size };
	}
	if (ingest_hash(items, count, &u->learned, u->reg->report, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		of[i]->digest = items[i].digest;
		of[i]->hashed = true;
	}
	return 0;
}

static bool is_same(const struct have *h)
{
	enum entry_kind wanted = !h->wants || h->wants->kind == ENTRY_REF ? ENTRY_FILE : h->wants->kind;

	if (!h->wants || h->t->nature == TREE_SPECIAL || h->t->kind != wanted)
		return false;
	if (h->t->kind == ENTRY_LINK)
		return strcmp(h->t->target, h->wants->target) == 0;
	return h->t->kind == ENTRY_DIR || (h->hashed && h->wants->has_digest && oid_equal(&h->digest, &h->wants->digest));
}

/* Does it matter whether an older version had it?  Not where --force or --exact treat all alike. */
static bool must_be_told(const struct update *u, const struct have *h)
{
	return h->wants || h->in_way ? !u->options->force : h->chosen && !u->options->exact;
}

static int compare(struct update *u, struct error *err)
{
	if (hash_candidates(u, err) < 0)
		return -1;
	for (size_t i = 0, at = 0; i < u->tree.count; i++) {
		struct have *h = &u->have[i];

		h->same = is_same(h);
		while (h->same && u->entries[at] != h->wants)
			at++;
		if (h->same)
			u->present[at] = true;
		/* an empty folder holds nothing that could be lost */
		h->ours = h->same || (h->t->kind == ENTRY_DIR && h->t->nature == TREE_PLAIN);
		h->settled = h->ours || h->t->nature != TREE_PLAIN || !must_be_told(u, h);
		u->pending += !h->settled;
	}
	return 0;
}

/* ---- ours or foreign ---- */

static int hash_one(struct update *u, struct have *h, struct error *err)
{
	struct ingest_item item = { .path = h->t->source, .fd = -1, .size_hint = (uint64_t)h->t->st.st_size };

	if (look_up(u, h, err) < 0)
		return -1;
	if (h->hashed || !can_read(h))
		return 0;
	if (ingest_hash(&item, 1, &u->learned, u->reg->report, err) < 0)
		return -1;
	h->digest = item.digest;
	h->hashed = true;
	return 0;
}

static int match_version(struct update *u, const struct manifest *m, struct error *err)
{
	for (size_t i = 0; i < u->tree.count && u->pending; i++) {
		struct have *h = &u->have[i];
		const struct entry *e = h->settled ? NULL : manifest_find(m, h->t->path);

		if (!e || (e->kind == ENTRY_REF ? h->t->kind != ENTRY_FILE || !e->has_digest : e->kind != h->t->kind))
			continue;
		if (e->has_digest) {
			if (e->has_size && e->size != (uint64_t)h->t->st.st_size)
				continue;
			if (hash_one(u, h, err) < 0)
				return -1;
		}
		h->ours = e->has_digest ? h->hashed && oid_equal(&e->digest, &h->digest) : strcmp(e->target, h->t->target) == 0;
		h->settled = h->ours;
		u->pending -= h->ours;
	}
	return 0;
}

struct history {
	struct update *u;
	size_t seen;
};

static int ask_version(const struct version_row *row, void *arg, struct error *err)
{
	struct history *history = arg;
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;

	if (row->removed)
		return 0;
	if (interrupt_check(err) < 0)
		return -1;
	if (version_manifest(history->u->reg, &row->digest, &m, err) < 0) {
		if (err->code != ERR_INTEGRITY)
			return -1;
		error_clear(err); /* a damaged older version claims nothing */
	} else if (match_version(history->u, &m, err) < 0) {
		return -1;
	}
	return ++history->seen >= HISTORY_MAX || history->u->pending == 0;
}

static int tell_ours(struct update *u, struct error *err)
{
	struct history history = { u, 0 };
	struct view *v = registry_view(u->reg, err);

	if (!v)
		return -1;
	return u->pending ? view_each_version(v, &u->version->collection.cid, true, ask_version, &history, err) : 0;
}

/*
 * A file where a reference of unknown digest goes may be what was fetched for it, or anything else.  Unless another version claims it, it is left alone, with a note:
 * fetching it again could overwrite what somebody has changed.
 */
static void keep_unknown(struct update *u)
{
	for (size_t i = 0, at = 0; i < u->tree.count; i++) {
		struct have *h = &u->have[i];
		CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

		if (!h->wants || h->wants->kind != ENTRY_REF || h->wants->has_digest || h->t->kind != ENTRY_FILE || h->t->nature || h->ours ||
		    u->options->force || (h->wants->has_size && (uint64_t)h->t->st.st_size != h->wants->size))
			continue;
		while (u->entries[at] != h->wants)
			at++;
		u->present[at] = h->same = h->ours = true;
		utf8_add_visible(&shown, h->t->path, strlen(h->t->path));
		report_note(u->reg->report, "'%s' was left as it is: the version knows no digest of it; --force fetches it again", shown.buf);
	}
}

/* ---- may it be done ---- */

static void name_foreign(struct strbuf *names, size_t *count, const char *path)
{
	if (++*count > UPDATE_NAMED_MAX)
		return;
	strbuf_adds(names, *count > 1 ? ", '" : "'");
	utf8_add_visible(names, path, strlen(path));
	strbuf_addc(names, '\'');
}

/* A registry and a directory that we may not read are no place for a file, whatever the options say. */
static int check_opaque(const struct update *u, struct error *err)
{
	for (size_t i = 0; i < u->tree.count; i++) {
		const struct have *h = &u->have[i];
		CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

		if (h->t->nature != TREE_OPAQUE || h->same || !(h->wants || h->in_way))
			continue;
		utf8_add_visible(&shown, h->t->source, strlen(h->t->source));
		error_set(err, ERR_POLICY, "'%s' is in the way, and a registry or a directory that cannot be read is never touched", shown.buf);
		return error_hint(err, "Nothing was changed. -o DIR names another place.");
	}
	return 0;
}

static int check_foreign(struct update *u, struct error *err)
{
	CLEANUP(strbuf) struct strbuf names = STRBUF_INIT;
	size_t count = 0;

	if (u->options->force)
		return 0;
	for (size_t i = 0; i < u->tree.count; i++)
		if (!u->have[i].ours && (u->have[i].wants || u->have[i].in_way))
			name_foreign(&names, &count, u->have[i].t->path);
	if (count == 0)
		return 0;
	if (count > UPDATE_NAMED_MAX)
		strbuf_addf(&names, " and %zu more", count - UPDATE_NAMED_MAX);
	error_set(err, ERR_POLICY, "'%s' has files that are in no version of '%s' and in the way: %s", u->options->dir, u->version->collection.name,
		  names.buf);
	return error_hint(err, "Nothing was changed. --force overwrites them, -o DIR names another place.");
}

int update_run(struct registry *reg, const struct resolved *version, const struct manifest *m, const struct entry *const *entries, size_t count,
	       const struct get_options *options, struct get_result *out, struct error *err)
{
	CLEANUP(update) struct update u = { .reg = reg, .version = version, .entries = entries, .count = count, .options = options, .out = out,
					    .root_fd = -1 };
	CLEANUP(ptr) const struct entry **changed = xcalloc(count + 1, sizeof *changed);
	size_t changes = 0;

	u.objects = version_objects(reg, err);
	u.root_fd = u.objects ? file_open(options->dir, O_RDONLY | O_DIRECTORY, 0, err) : -1;
	if (u.root_fd < 0)
		return -1;
	if (!options->dry_run)
		target_sweep(options->dir);
	if (scan(&u, err) < 0 || compare(&u, err) < 0 || check_opaque(&u, err) < 0 || tell_ours(&u, err) < 0)
		return -1;
	keep_unknown(&u);
	if (check_foreign(&u, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (!u.present[i])
			changed[changes++] = entries[i];
	out->unchanged = count - changes;
	if (target_check_references(changed, changes, options->offline, err) < 0)
		return -1;
	if (options->dry_run) {
		update_apply_dry(&u, changed, changes);
		return 0;
	}
	if (absent_fetch(reg, &version->row.version, m, changed, changes, err) < 0)
		return -1;
	return update_apply(&u, changed, changes, err);
}
