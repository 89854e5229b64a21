/* SPDX-License-Identifier: Apache-2.0 */
/* Marks what must stay, tells what goes, and has it collected. */
#include <config.h>

#include "registry/gc.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "format/manifest.h"
#include "registry/gc-refs.h"
#include "registry/run-alive.h"
#include "registry/run-file.h"
#include "registry/run-points.h"
#include "registry/version.h"
#include "store/collect.h"
#include "store/trace.h"

#define JOURNAL_WAIT_MS 2000 /* while all readers and writers wait for us */
#define WARNINGS_MAX 10
#define DROPPED_KEPT_S 3600  /* packs without what was dropped replace those that a copy being made may still want */
#define GRACE_MAX_S (INT64_C(100) * 366 * 86400)

struct gc_mark {
	struct registry *reg;
	const struct gc_options *options;
	int64_t grace_ns;
	struct gc_refs refs;
	struct trace trace;
	uint64_t problems;
	struct error problem; /* the first one */
	struct error *err;
	struct lock lock; /* LOCK_MERGE, when something is to be done */
};

static void mark_cleanup(struct gc_mark *m)
{
	gc_refs_cleanup(&m->refs);
	trace_cleanup(&m->trace);
	lock_release(&m->lock);
}

/* --- marking --- */

static bool is_past_grace(const struct gc_mark *m, const struct gc_ref *ref)
{
	int64_t at = gc_refs_removed_at(&m->refs, ref), now = clock_now();

	return !m->options->dropped && (!m->grace_ns || (at <= now && now - at >= m->grace_ns));
}

/* Damage is named and gone on from, so that all of it is known; all else stops. */
static int note_problem(struct gc_mark *m, struct error *err)
{
	if (err->code != ERR_INTEGRITY)
		return -1;
	if (m->problems++ == 0)
		m->problem = *err;
	else if (m->problems <= WARNINGS_MAX)
		report_warning(m->reg->report, "%s", err->text);
	error_clear(err);
	return 0;
}

static bool is_dropped(const struct gc_mark *m, const struct gc_target *target)
{
	/* somebody may have pulled it just now: then it is whole again, and stays so */
	return m->options->dropped && hashmap_has(m->options->dropped, &target->version, OID_LEN) &&
	       (!m->options->act || gc_refs_is_absent(&m->refs, &target->version));
}

static int mark_target(struct gc_mark *m, const struct gc_target *target, enum trace_care care)
{
	if (is_dropped(m, target))
		return trace_about(&m->trace, &target->version, &target->digest, m->err);
	return trace_version(&m->trace, &target->version, &target->digest, care, m->err);
}

/* Of what is elsewhere nothing can be missing. */
static enum trace_care care_for(const struct gc_mark *m, const struct gc_ref *ref, const struct gc_target *target)
{
	return gc_refs_is_current(&m->refs, ref, target) && !gc_refs_is_absent(&m->refs, &target->version) ? TRACE_WHOLE : TRACE_AS_FAR;
}

static int mark_live(struct gc_ref *ref, void *arg)
{
	struct gc_mark *m = arg;

	if (!gc_refs_is_live(&m->refs, ref))
		return 0;
	for (size_t i = 0; i < ref->count; i++) {
		const struct gc_target *target = &ref->targets[i];
		CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;

		if (mark_target(m, target, care_for(m, ref, target)) == 0)
			continue;
		gc_refs_name(&m->refs, ref, &name);
		error_wrap(m->err, "'%s'", name.buf);
		if (note_problem(m, m->err) < 0)
			return -1;
	}
	return interrupt_check(m->err);
}

/* An earlier gc with a shorter grace may have taken it, or some of it. */
static int mark_removed(struct gc_ref *ref, void *arg)
{
	struct gc_mark *m = arg;

	if (gc_refs_is_live(&m->refs, ref) || is_past_grace(m, ref))
		return 0;
	for (size_t i = 0; i < ref->count; i++)
		if (mark_target(m, &ref->targets[i], TRACE_AS_FAR) < 0)
			return -1;
	return interrupt_check(m->err);
}

int gc_keep_file(struct gc_mark *m, const struct oid *digest, uint64_t size, struct error *err)
{
	return trace_file(&m->trace, digest, size, TRACE_WHOLE, err);
}

int gc_keep_manifest(struct gc_mark *m, const struct oid *digest, struct error *err)
{
	return trace_manifest(&m->trace, digest, TRACE_WHOLE, err);
}

static int mark_all(struct gc_mark *m, struct error *err)
{
	m->err = err;
	if (gc_refs_each(&m->refs, mark_live, m) < 0)
		return -1;
	if (gc_drafts_keep(m->reg, m, err) < 0 && note_problem(m, err) < 0)
		return -1;
	if (gc_refs_each(&m->refs, mark_removed, m) < 0)
		return -1;
	if (!m->problems)
		return 0;
	*err = m->problem;
	error_wrap(err, m->problems == 1 ? "nothing can be collected" : "nothing can be collected: %" PRIu64 " versions are damaged", m->problems);
	return error_hint(err, "What is damaged may lead to anything.  'mreg fsck' tells more; a version that cannot be mended can be removed.");
}

/* With the objects locked exclusively.  A line that is not durable could still vanish, and its removal with it. */
static int mark_again(void *arg, struct error *err)
{
	struct gc_mark *m = arg;
	struct store *store = m->reg->store;
	CLEANUP(lock) struct lock lock = LOCK_INIT;
	uint64_t wait = store->lock_timeout_ms < JOURNAL_WAIT_MS ? store->lock_timeout_ms : JOURNAL_WAIT_MS;

	if (lock_take(&lock, store->dir, LOCK_JOURNAL, true, wait, store->verb, err) < 0 || gc_refs_read(&m->refs, store, err) < 0 ||
		journal_sync(&store->journal, err) < 0)
		return -1;
	lock_release(&lock);
	return mark_all(m, err);
}

/* --- versions that go for good --- */

void gc_result_cleanup(struct gc_result *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->versions[i].ref);
	free(r->versions);
	*r = (struct gc_result)GC_RESULT_INIT;
}

static bool takes_file(struct collector *c, const struct entry *e)
{
	return collect_takes(c, e->size > FILE_ONE_CHUNK_MAX ? OBJECT_FILE : OBJECT_CHUNK, &e->digest);
}

static bool takes_some(struct gc_mark *m, struct collector *c, const struct gc_target *target)
{
	CLEANUP(manifest) struct manifest manifest = MANIFEST_INIT;
	struct error ignored = ERROR_INIT;

	if (collect_takes(c, OBJECT_VERSION, &target->version) || collect_takes(c, OBJECT_MANIFEST, &target->digest) ||
		collect_takes(c, OBJECT_FILE, &target->digest))
		return true;
	if (version_manifest(m->reg, &target->digest, &manifest, &ignored) < 0)
		return false;
	for (size_t i = 0; i < manifest.count; i++)
		if (manifest.entries[i].kind == ENTRY_FILE && takes_file(c, &manifest.entries[i]))
			return true;
	return false;
}

struct listing {
	struct gc_mark *m;
	struct collector *c;
	struct gc_result *out;
};

/* A link is another way to a version, not a version. */
static int list_gone(struct gc_ref *ref, void *arg)
{
	struct listing *l = arg;
	struct gc_result *out = l->out;

	if (!gc_refs_is_version(ref) || gc_refs_is_live(&l->m->refs, ref) || !is_past_grace(l->m, ref))
		return 0;
	for (size_t i = 0; i < ref->count; i++) {
		CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;

		if (!takes_some(l->m, l->c, &ref->targets[i]))
			continue;
		gc_refs_name(&l->m->refs, ref, &name);
		ARRAY_GROW(out->versions, out->count + 1, out->cap);
		out->versions[out->count++] = (struct gc_version){
			.ref = strbuf_detach(&name), .version = ref->targets[i].version, .digest = ref->targets[i].digest,
			.size = ref->targets[i].size, .removed = gc_refs_removed_at(&l->m->refs, ref),
		};
	}
	return interrupt_check(l->m->err);
}

static int compare_refs(const char *a, const char *b)
{
	size_t a_len = strcspn(a, ":"), b_len = strcspn(b, ":"); /* no name has one, and a run has no number */
	int names = a_len == b_len ? memcmp(a, b, a_len) : strcmp(a, b);

	if (names)
		return names;
	return strlen(a) != strlen(b) ? (strlen(a) < strlen(b) ? -1 : 1) : strcmp(a, b);
}

/* By name, then by number; several artifacts may have had the same name. */
static int compare_versions(const void *left, const void *right)
{
	const struct gc_version *a = left, *b = right;
	int refs = compare_refs(a->ref, b->ref);

	if (refs || a->removed == b->removed)
		return refs ? refs : oid_compare(&a->version, &b->version);
	return a->removed < b->removed ? -1 : 1;
}

static int list_versions(struct gc_mark *m, struct collector *c, struct gc_result *out, struct error *err)
{
	struct listing l = { m, c, out };

	m->err = err;
	if (gc_refs_each(&m->refs, list_gone, &l) < 0)
		return -1;
	if (out->count)
		qsort(out->versions, out->count, sizeof *out->versions, compare_versions);
	return 0;
}

/* --- points of runs --- */

/* A crash behind the end of a run leaves its file: all of it stands in the record. */
static bool is_sealed(struct gc_mark *m, const struct gc_ref *ref, const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode) || strcmp(strrchr(ref->key, '/'), "/0") == 0)
		return false;
	for (size_t i = 0; i < ref->count; i++) {
		CLEANUP(manifest) struct manifest files = MANIFEST_INIT;
		struct error ignored = ERROR_INIT;
		const struct entry *e;

		if (version_manifest(m->reg, &ref->targets[i].digest, &files, &ignored) < 0)
			continue;
		e = manifest_find(&files, RUN_POINTS_FILE);
		if (e ? e->size == (uint64_t)st.st_size : st.st_size == 0)
			return true;
	}
	return false;
}

struct sweep {
	struct gc_mark *m;
	struct hashmap live; /* ids of runs that are there: another registry may have removed one that it called the same */
};

static void sweep_cleanup(struct sweep *s)
{
	hashmap_cleanup(&s->live);
}

static bool run_id_of(const struct gc_mark *m, const struct gc_ref *ref, struct run_id *out)
{
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;

	if (!gc_refs_is_version(ref))
		return false;
	gc_refs_name(&m->refs, ref, &name);
	if (!run_id_is(name.buf, name.len))
		return false;
	memcpy(out->text, name.buf, sizeof out->text);
	return true;
}

static int note_live(struct gc_ref *ref, void *arg)
{
	struct sweep *s = arg;
	struct run_id id;

	if (gc_refs_is_live(&s->m->refs, ref) && run_id_of(s->m, ref, &id))
		(void)hashmap_put(&s->live, id.text, RUN_ID_LEN, s);
	return 0;
}

/* They stand in a file of their own, which goes when nothing can bring the run back, or is not needed any more. */
static int sweep_points(struct gc_ref *ref, void *arg)
{
	struct sweep *s = arg;
	struct gc_mark *m = s->m;
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	struct run_id id;

	if (!run_id_of(m, ref, &id) || (!gc_refs_is_live(&m->refs, ref) && hashmap_has(&s->live, id.text, RUN_ID_LEN)))
		return 0;
	run_file_path(m->reg, &id, &path);
	if (gc_refs_is_live(&m->refs, ref) ? !is_sealed(m, ref, path.buf) : !is_past_grace(m, ref))
		return 0;
	if (unlink(path.buf) < 0 && errno != ENOENT)
		report_warning(m->reg->report, "'%s' is not needed any more, and cannot be removed: %s", path.buf, strerror(errno));
	run_alive_forget(m->reg, &id);
	return 0;
}

static int sweep_all_points(struct gc_mark *m)
{
	CLEANUP(sweep) struct sweep s = { m, HASHMAP_INIT };

	(void)gc_refs_each(&m->refs, note_live, &s);
	return gc_refs_each(&m->refs, sweep_points, &s);
}

/* --- all of it --- */

static int open_mark(struct gc_mark *m, struct error *err)
{
	struct store *store = m->reg->store;
	struct objects *objects;

	/* a journal that lost lines which the index knows says of living versions that they never were */
	if (!registry_view(m->reg, err))
		return -1;
	registry_drop_view(m->reg);
	if (m->options->act && (store_check_writable(store, err) < 0 ||
		lock_take(&m->lock, store->dir, LOCK_MERGE, true, store->lock_timeout_ms, store->verb, err) < 0))
		return -1;
	objects = version_objects(m->reg, err);
	if (!objects)
		return -1;
	trace_init(&m->trace, objects);
	return gc_refs_read(&m->refs, store, err);
}

static int find_work(struct gc_ref *ref, void *arg)
{
	struct gc_mark *m = arg;

	if (gc_refs_is_live(&m->refs, ref) || !is_past_grace(m, ref))
		return 0;
	for (size_t i = 0; i < ref->count; i++)
		if (objects_has(m->trace.objects, OBJECT_VERSION, &ref->targets[i].version))
			return 1;
	return 0;
}

static void set_sums(struct gc_result *out, const struct collect_sums *sums)
{
	out->packs = sums->packs;
	out->objects = sums->objects;
	out->bytes = sums->bytes;
	out->left = sums->left;
}

static int collect(struct gc_mark *m, struct gc_result *out, struct error *err)
{
	const bool drops = m->options->dropped != NULL;
	const int64_t kept = m->options->at_once ? 0 : DROPPED_KEPT_S * NS_PER_S;
	const struct collect_options how = {
		.grace_ns = drops ? 0 : m->grace_ns, .keep_ns = drops ? kept : m->grace_ns, .is_thrifty = m->options->is_thrifty,
	};
	CLEANUP(collect) struct collector *c = NULL;
	struct collect_sums sums;
	int rc;

	if (m->options->act && collect_prepare(m->reg->store, err) < 0)
		return -1;
	if (mark_all(m, err) < 0)
		return -1;
	c = collect_plan(m->reg->store, &m->trace.live, &how, err);
	if (!c || list_versions(m, c, out, err) < 0)
		return -1;
	collect_sum_up(c, &sums);
	set_sums(out, &sums);
	if (!m->options->act)
		return 0;
	rc = collect_run(c, mark_again, m, &sums, err);
	set_sums(out, &sums);
	if (rc == 0)
		rc = sweep_all_points(m);
	return rc < 0 && sums.packs ? error_wrap(err, "%" PRIu64 " packs were collected, but not the rest", sums.packs) : rc;
}

int gc_run(struct registry *reg, const struct gc_options *options, struct gc_result *out, struct error *err)
{
	uint64_t grace_s = options->grace_s < GRACE_MAX_S ? options->grace_s : GRACE_MAX_S;
	CLEANUP(mark) struct gc_mark m = {
		.reg = reg, .options = options, .grace_ns = (int64_t)grace_s * NS_PER_S, .refs = GC_REFS_INIT, .lock = LOCK_INIT,
	};

	if (open_mark(&m, err) < 0)
		return -1;
	if (options->is_thrifty && !gc_refs_each(&m.refs, find_work, &m))
		return 0;
	return collect(&m, out, err);
}

void gc_auto(struct registry *reg)
{
	CLEANUP(gc_result) struct gc_result result = GC_RESULT_INIT;
	struct gc_options options = { .act = true, .is_thrifty = true };
	uint64_t ms, timeout = reg->store->lock_timeout_ms;
	struct error err = ERROR_INIT;
	int rc;

	if (!reg->config || !config_find(reg->config, "gc.auto"))
		return;
	reg->store->lock_timeout_ms = 0;
	rc = config_get_duration_ms(reg->config, "gc.auto", 0, &ms, &err);
	if (rc == 0) {
		options.grace_s = ms / 1000 + (ms % 1000 > 0);
		rc = gc_run(reg, &options, &result, &err);
	}
	reg->store->lock_timeout_ms = timeout;
	if (rc < 0 && err.code != ERR_LOCK_TIMEOUT && err.code != ERR_INTERRUPTED)
		report_warning(reg->report, "gc.auto: %s", err.text);
}

/* --- restoring --- */

static bool has_files(struct objects *objects, const struct manifest *m)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->entries[i].kind == ENTRY_FILE && !objects_has_file(objects, &m->entries[i].digest, m->entries[i].size))
			return false;
	return true;
}

int gc_has_version(struct registry *reg, const struct oid *version, const struct oid *digest, bool is_absent, struct error *err)
{
	CLEANUP(object_reader) struct object_reader *reader = NULL;
	CLEANUP(manifest) struct manifest manifest = MANIFEST_INIT;
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct objects *objects = version_objects(reg, err);

	if (!objects)
		return -1;
	if (!objects_has(objects, OBJECT_VERSION, version))
		return 0;
	reader = object_reader_new(objects);
	object_reader_skip_retired(reader);
	if (object_read_manifest(reader, digest, &text, err) < 0 || manifest_parse(text.buf, text.len, &manifest, err) < 0) {
		if (err->code != ERR_INTEGRITY)
			return -1;
		error_clear(err);
		return 0;
	}
	return is_absent || has_files(objects, &manifest);
}
