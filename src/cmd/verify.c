/* SPDX-License-Identifier: Apache-2.0 */
/* mreg verify: is a directory what a version is, or are its stored bytes sound. */
#include <config.h>

#include <inttypes.h>
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "cmd/cmd.h"
#include "cmd/fields.h"
#include "registry/verify.h"
#include "ui/record.h"

static const struct column columns[] = {
	{ "kind", NULL, COLUMN_TEXT, false }, { "path", NULL, COLUMN_TEXT, false }, { NULL, NULL, COLUMN_TEXT, false },
};

/* -q and templates get a row a file; people a line a file and a summary; JSON one object. */
static int print_problems(struct session *s, json_t *record, json_t *problems, const char *summary, struct error *err)
{
	size_t i;
	json_t *row;

	if (out_mode(s->out) == OUT_JSON) {
		json_object_set(record, "problems", problems);
		return out_result(s->out, json_incref(record), "ref", err);
	}
	if (out_mode(s->out) != OUT_HUMAN) {
		if (out_list_begin(s->out, columns, NULL, "path", err) < 0)
			return -1;
		json_array_foreach(problems, i, row)
			if (out_list_row(s->out, json_incref(row), err) < 0)
				return -1;
		return out_list_end(s->out, err);
	}
	json_array_foreach(problems, i, row) {
		CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
		const char *text = json_string_value(json_object_get(row, "path")), *reason = json_string_value(json_object_get(row, "reason"));

		utf8_add_visible(&path, text, strlen(text));
		if (reason)
			strbuf_addf(&path, "  %s", reason);
		if (out_text(s->out, err, "%-8s  %s\n", json_string_value(json_object_get(row, "kind")), path.buf) < 0)
			return -1;
	}
	return out_text(s->out, err, "%s\n", summary);
}

static json_t *new_record(const struct resolved *version, bool ok)
{
	json_t *record = json_object();

	json_object_set_new(record, "ref", fields_ref(version->collection.name, version->row.number));
	json_object_set_new(record, "digest", json_oid(&version->row.digest));
	json_object_set_new(record, "ok", json_boolean(ok));
	return record;
}

/* ---- against a directory ---- */

static const char *problem_kind(const struct difference *d)
{
	return d->kind == DIFFERENCE_ADDED ? "extra" : d->kind == DIFFERENCE_DELETED ? "missing" : "changed";
}

static void add_problem(json_t *problems, const char *kind, const char *path, const char *reason)
{
	json_t *row = json_object();

	json_object_set_new(row, "kind", json_string(kind));
	record_set_path(row, "path", path);
	if (reason)
		json_object_set_new(row, "reason", json_string(reason));
	json_array_append_new(problems, row);
}

static void add_difference(json_t *problems, const struct difference *d)
{
	if (d->kind == DIFFERENCE_RENAMED) {
		add_problem(problems, "missing", d->before->path, NULL);
		add_problem(problems, "extra", d->after->path, NULL);
	} else {
		add_problem(problems, problem_kind(d), d->after ? d->after->path : d->before->path, NULL);
	}
}

static int verify_directory(struct session *s, const struct resolved *version, const char *dir, struct error *err)
{
	CLEANUP(manifest) struct manifest want = MANIFEST_INIT;
	CLEANUP(manifest) struct manifest have = MANIFEST_INIT;
	CLEANUP(differences) struct differences d = DIFFERENCES_INIT;
	CLEANUP(json) json_t *problems = json_array();
	CLEANUP(json) json_t *record = NULL;
	CLEANUP(strbuf) struct strbuf summary = STRBUF_INIT;

	if (version_manifest(s->registry, &version->row.digest, &want, err) < 0 || verify_scan(s->registry, dir, &have, err) < 0)
		return -1;
	external_as_files(&want, &have);
	compare_manifests(&want, &have, &d);
	for (size_t i = 0; i < d.count; i++)
		add_difference(problems, &d.v[i]);
	record = new_record(version, d.count == 0);
	record_set_path(record, "dir", dir);
	strbuf_addf(&summary, "%s is%s %s:v%" PRIu64, dir, d.count ? " not" : "", version->collection.name, version->row.number);
	if (print_problems(s, record, problems, summary.buf, err) < 0)
		return -1;
	return d.count ? error_set(err, ERR_NO, "'%s' differs from '%s:v%" PRIu64 "' in %zu file%s", dir, version->collection.name,
				   version->row.number, json_array_size(problems), json_array_size(problems) == 1 ? "" : "s")
		       : 0;
}

/* ---- the stored bytes ---- */

static void damaged(const char *path, const struct error *why, void *arg)
{
	add_problem(arg, "damaged", path, why->text);
}

static void elsewhere(const char *path, enum external_state state, const struct error *why, void *arg)
{
	add_problem(arg, external_state_name(state), path, why->text);
}

/* What is known to be wrong outweighs what is not known. */
static int judge(const struct resolved *version, uint64_t bad, const uint64_t states[EXTERNAL_STATES], struct error *err)
{
	uint64_t changed = states[EXTERNAL_DRIFTED] + states[EXTERNAL_GONE], unknown = states[EXTERNAL_UNREACHABLE] + states[EXTERNAL_UNCHECKED];
	const char *name = version->collection.name;

	if (bad) {
		error_set(err, ERR_INTEGRITY, "%" PRIu64 " file%s of '%s:v%" PRIu64 "' cannot be restored", bad, bad == 1 ? "" : "s", name, version->row.number);
		return error_hint(err, "'mreg fsck' tells what is damaged and which other versions it hits.");
	}
	if (changed)
		return error_set(err, ERR_INTEGRITY, "%" PRIu64 " external reference%s of '%s:v%" PRIu64 "' %s not what %s", changed, changed == 1 ? "" : "s",
				 name, version->row.number, changed == 1 ? "is" : "are", changed == 1 ? "it was" : "they were");
	if (unknown)
		return error_set(err, ERR_REMOTE, "%" PRIu64 " external reference%s of '%s:v%" PRIu64 "' could not be checked", unknown,
				 unknown == 1 ? "" : "s", name, version->row.number);
	return 0;
}

static void summarise(struct strbuf *out, const struct resolved *version, uint64_t bad, uint64_t files, uint64_t bytes)
{
	strbuf_addf(out, "%s:v%" PRIu64 " is %s: %" PRIu64 " file%s, ", version->collection.name, version->row.number, bad ? "damaged" : "sound", files,
		    files == 1 ? "" : "s");
	size_format(out, bytes);
}

static int verify_store(struct session *s, const struct resolved *version, bool with_refs, struct error *err)
{
	CLEANUP(json) json_t *problems = json_array();
	CLEANUP(json) json_t *record = NULL;
	CLEANUP(strbuf) struct strbuf summary = STRBUF_INIT;
	uint64_t files = 0, bytes = 0, refs = 0, bad = 0, states[EXTERNAL_STATES] = { 0 };

	if (verify_stored(s->registry, &version->row, damaged, problems, &files, &bytes, &refs, &bad, err) < 0 ||
	    (with_refs && verify_references(s->registry, &version->row.digest, elsewhere, problems, states, err) < 0))
		return -1;
	record = new_record(version, json_array_size(problems) == 0);
	json_object_set_new(record, "files", json_u64(files));
	json_object_set_new(record, "bytes", json_u64(bytes));
	json_object_set_new(record, "references", json_u64(refs));
	json_object_set_new(record, "references_checked", json_u64(with_refs ? refs - states[EXTERNAL_UNREACHABLE] - states[EXTERNAL_UNCHECKED] : 0));
	summarise(&summary, version, bad, files, bytes);
	if (with_refs)
		strbuf_addf(&summary, "; %" PRIu64 " of %" PRIu64 " external reference%s", states[EXTERNAL_SAME], refs, refs == 1 ? " as it was" : "s as they were");
	else if (refs)
		report_note(s->report, "%" PRIu64 " external reference%s not looked at: --refs does", refs, refs == 1 ? " was" : "s were");
	if (print_problems(s, record, problems, summary.buf, err) < 0)
		return -1;
	return judge(version, bad, states, err);
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	CLEANUP(operands) struct operands operands = { NULL, 0 };
	CLEANUP(resolved) struct resolved version = RESOLVED_INIT;
	struct view *v;
	bool with_refs = false;
	const struct opt opts[] = {
		OPT_FLAG(0, "refs", &with_refs, "also look whether external references are what they were"),
		OPT_OFFLINE(&s->offline),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 1, 2, &operands, err) < 0)
		return -1;
	if (with_refs && operands.count == 2)
		return error_set(err, ERR_USAGE, "--refs looks where the references point, and takes no DIR");
	if (with_refs && s->offline)
		return error_set(err, ERR_USAGE, "--refs looks where the references point, which --offline forbids");
	if (!(v = registry_view(s->registry, err)) ||
	    resolve_text(v, operands.v[0], &version, err) < 0)
		return -1;
	return operands.count == 2 ? verify_directory(s, &version, operands.v[1], err) : verify_store(s, &version, with_refs, err);
}

const struct command cmd_verify = {
	.name = "verify", .synopsis = "[options] REF [DIR]", .summary = "check a directory against a version, or its stored bytes", .group = GROUP_STORE,
	.needs = NEEDS_REGISTRY, .run = run,
};
