/* SPDX-License-Identifier: Apache-2.0 */
/* mreg get: writes a version's files into a directory. */
#include <config.h>

#include <string.h>

#include "base/clock.h"
#include "base/env.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/path.h"
#include "cmd/cmd.h"
#include "cmd/fields.h"
#include "cmd/references.h"
#include "registry/get.h"
#include "registry/run-use.h"
#include "ui/record.h"

#define ASK_MS 200 /* again, after so long, and ever longer */
#define ASK_MS_MAX 1000
#define ASK_REMOTE_MS 1000 /* each time is a connection */
#define ASK_REMOTE_MS_MAX 10000
#define WAIT_S_MAX UINT32_MAX

struct args {
	const char *dir, *stamp;
	struct strvec include, exclude, fallback;
	uint64_t wait; /* seconds */
	bool exact, force, dry_run;
};

static void args_cleanup(struct args *a)
{
	strvec_release(&a->include);
	strvec_release(&a->exclude);
	strvec_release(&a->fallback);
}

/* DIR or ./NAME for one reference, DIR/NAME-vN for several. */
static void target_path(struct strbuf *out, const struct resolved *version, const struct args *a, bool several)
{
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;

	if (!several) {
		strbuf_adds(out, a->dir ? a->dir : name_last_part(version->collection.name));
		return;
	}
	strbuf_addf(&name, "%s-v%llu", name_last_part(version->collection.name), (unsigned long long)version->row.number);
	path_join(out, a->dir ? a->dir : ".", name.buf);
}

static json_t *record(const struct resolved *version, const char *path, const struct get_result *r)
{
	json_t *doc = json_object();

	json_object_set_new(doc, "ref", fields_ref(version->collection.name, version->row.number));
	json_object_set_new(doc, "digest", json_oid(&version->row.digest));
	record_set_path(doc, "path", path);
	json_object_set_new(doc, "written", json_u64(r->written));
	json_object_set_new(doc, "removed", json_u64(r->removed));
	json_object_set_new(doc, "unchanged", json_u64(r->unchanged));
	json_object_set_new(doc, "bytes", json_u64(r->bytes));
	return doc;
}

static int get_one(struct session *s, const struct resolved *version, const struct args *a, bool several, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	struct get_options o = { .include = &a->include, .exclude = &a->exclude, .exact = a->exact, .force = a->force, .dry_run = a->dry_run,
				 .offline = s->offline };
	struct get_result result;

	target_path(&path, version, a, several);
	o.dir = path.buf;
	if (a->stamp && get_check_stamp(a->stamp, o.dir, err) < 0)
		return -1;
	if (get_run(s->registry, version, &o, &result, err) < 0)
		return error_wrap(err, "cannot get '%s:v%llu' into '%s'", version->collection.name, (unsigned long long)version->row.number, path.buf);
	if (a->stamp && !a->dry_run && get_stamp(a->stamp, &version->row.digest, err) < 0)
		return error_wrap(err, "cannot write the stamp");
	if (a->dry_run)
		report_note(s->report, "dry run: nothing was written; %llu would be written, %llu removed, %llu stay as they are",
			    (unsigned long long)result.written, (unsigned long long)result.removed, (unsigned long long)result.unchanged);
	return out_result(s->out, record(version, path.buf, &result), "path", err);
}

struct versions {
	struct resolved *v;
	size_t count;
};

static void versions_cleanup(struct versions *versions)
{
	for (size_t i = 0; i < versions->count; i++)
		resolved_cleanup(&versions->v[i]);
	ptr_cleanup(&versions->v);
}

static int resolve_one(struct view *v, const char *ref, struct resolved *out, struct error *err)
{
	resolved_cleanup(out);
	memset(out, 0, sizeof *out);
	return resolve_text(v, ref, out, err) < 0 ? error_wrap(err, "cannot get '%s'", ref) : 0;
}

/* All on one snapshot. *missing: the one that could not be resolved. */
static int resolve_all(struct session *s, const struct strvec *refs, struct versions *versions, const char **missing, struct error *err)
{
	struct view *v;

	*missing = refs->v[0];
	v = session_update(s, (const char *const *)refs->v, refs->count, err) < 0 ? NULL : registry_view(s->registry, err);
	for (size_t i = 0; v && i < refs->count; i++) {
		*missing = refs->v[i];
		if (resolve_one(v, refs->v[i], &versions->v[i], err) < 0)
			return -1;
	}
	return v ? 0 : -1;
}

static bool is_absent(const struct error *err)
{
	return err->code == ERR_NO_COLLECTION || err->code == ERR_NO_REFERENCE;
}

static uint64_t next_pause(const struct session *s, uint64_t ms)
{
	uint64_t max = s->remote_name ? ASK_REMOTE_MS_MAX : ASK_MS_MAX;

	return ms * 3 / 2 < max ? ms * 3 / 2 : max;
}

/* Asks again and again while the answer may still become another; in the end it is the last answer. */
static int await_all(struct session *s, const struct strvec *refs, const struct args *a, struct versions *versions, struct error *err)
{
	int64_t end = clock_monotonic() + (int64_t)(a->wait < WAIT_S_MAX ? a->wait : WAIT_S_MAX) * NS_PER_S, left;
	uint64_t ms = s->remote_name ? ASK_REMOTE_MS : ASK_MS;
	bool told = false;
	const char *missing;

	while (resolve_all(s, refs, versions, &missing, err) < 0) {
		struct error interrupted = ERROR_INIT;

		left = end - clock_monotonic();
		if (!is_absent(err) || left <= 0)
			return -1;
		if (!told)
			report_note(s->report, "'%s' is not there yet: waiting for it", missing);
		told = true;
		registry_drop_view(s->registry);
		if (interrupt_wait((uint64_t)left / 1000000 < ms ? (uint64_t)left / 1000000 + 1 : ms, &interrupted) < 0) {
			*err = interrupted;
			return -1;
		}
		error_clear(err);
		ms = next_pause(s, ms);
	}
	return 0;
}

/* The first of them that is there; what err says already stays when none is. */
static int fall_back(struct session *s, const char *ref, const struct strvec *fallback, struct resolved *out, struct error *err)
{
	for (size_t i = 0; i < fallback->count; i++) {
		struct error why = ERROR_INIT;
		const char *name = fallback->v[i];
		struct view *v = session_update(s, &name, 1, &why) < 0 ? NULL : registry_view(s->registry, &why);

		if (v && resolve_one(v, fallback->v[i], out, &why) == 0) {
			report_note(s->report, "'%s' is not there: '%s' is taken", ref, fallback->v[i]);
			error_clear(err);
			return 0;
		}
		if (!is_absent(&why)) {
			*err = why;
			return -1;
		}
	}
	return -1;
}

/* ---- the run that it is done in ---- */

/* Before anything is written: a run that is unknown here is never passed over.  1: there is one. */
static int find_run(struct session *s, const struct args *a, struct run *run, struct error *err)
{
	int found;

	if (!env_get("MREG_RUN"))
		return 0;
	if (session_use_local(s, err) < 0)
		return error_wrap(err, "MREG_RUN names a run of this registry");
	found = run_use_begin(s->registry, a->dry_run, run, err);
	return found < 0 || session_use_remote(s, err) < 0 ? -1 : found;
}

/* What came from a remote can be told of only if it is known here as well. */
static int record_inputs(struct session *s, const struct run *run, const struct versions *versions, struct error *err)
{
	CLEANUP(ptr) struct resolved *known = xcalloc(versions->count + 1, sizeof *known);
	struct run_use_versions used = { known, 0 };

	if (session_use_local(s, err) < 0)
		return -1;
	for (size_t i = 0; i < versions->count; i++) {
		const struct resolved *r = &versions->v[i];
		int is_known = s->remote_name ? run_use_is_known(s->registry, &r->row.version, err) : 1;

		if (is_known < 0)
			return -1;
		if (is_known)
			known[used.count++] = *r; /* still owned by versions */
		else
			report_warning(s->report, "'%s:v%llu' is not known in this registry, so the run '%s' does not tell of it", r->collection.name,
				       (unsigned long long)r->row.number, run->id.text);
	}
	return used.count ? run_use_all(s->registry, run, &used, err) : 0;
}

/* All are resolved before the first is written, so that a wrong name changes nothing. */
static int get_all(struct session *s, const struct strvec *refs, const struct args *a, bool several, struct error *err)
{
	CLEANUP(versions) struct versions versions = { xcalloc(refs->count + 1, sizeof *versions.v), refs->count };
	CLEANUP(run) struct run run = RUN_INIT;
	int in_run = find_run(s, a, &run, err);

	if (in_run < 0)
		return -1;
	if (await_all(s, refs, a, &versions, err) < 0 &&
	    (!is_absent(err) || fall_back(s, refs->v[0], &a->fallback, &versions.v[0], err) < 0))
		return -1;
	for (size_t i = 0; i < refs->count; i++)
		if (get_one(s, &versions.v[i], a, several, err) < 0)
			return -1;
	return in_run && !a->dry_run ? record_inputs(s, &run, &versions, err) : 0;
}

static int check_args(const struct args *a, const struct strvec *refs, struct error *err)
{
	struct reference ref;

	if (a->stamp && refs->count > 1)
		return error_set(err, ERR_USAGE, "--stamp takes one reference, not %zu", refs->count);
	if (a->fallback.count && refs->count > 1)
		return error_set(err, ERR_USAGE, "--fallback is for one reference, not %zu", refs->count);
	for (size_t i = 0; i < a->fallback.count; i++)
		if (reference_parse(a->fallback.v[i], &ref, err) < 0)
			return -1;
	return 0;
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	CLEANUP(args) struct args a = { .dir = NULL };
	CLEANUP(operands) struct operands operands = { NULL, 0 };
	CLEANUP(strvec) struct strvec refs = STRVEC_INIT;
	bool piped = false;
	const struct opt opts[] = {
		OPT_STRING('o', "output", &a.dir, "DIR", "write into DIR instead of ./NAME"),
		OPT_STRVEC(0, "include", &a.include, "PATTERN", "only files that match"),
		OPT_STRVEC(0, "exclude", &a.exclude, "PATTERN", "no file that matches"),
		OPT_FLAG(0, "exact", &a.exact, "also remove files that are in no version"),
		OPT_FLAG('f', "force", &a.force, "overwrite files that are in no version"),
		OPT_STRVEC(0, "fallback", &a.fallback, "REF", "get this when REF is not there"),
		OPT_DURATION(0, "wait", &a.wait, "TIME", "wait so long for REF to be there"),
		OPT_STRING(0, "stamp", &a.stamp, "FILE", "write the digest to FILE, last and only when it changed"),
		OPT_REMOTE(&s->remote_name),
		OPT_OFFLINE(&s->offline),
		OPT_FLAG('n', "dry-run", &a.dry_run, "compare and decide, write nothing"),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 1, SIZE_MAX, &operands, err) < 0)
		return -1;
	if (references_read(&operands, 0, &refs, &piped, err) < 0 || check_args(&a, &refs, err) < 0)
		return -1;
	return get_all(s, &refs, &a, piped || refs.count > 1, err);
}

const struct command cmd_get = {
	.name = "get", .synopsis = "[options] REF...", .summary = "write a version's files into a directory", .group = GROUP_STORE,
	.needs = NEEDS_REGISTRY, .run = run,
};
