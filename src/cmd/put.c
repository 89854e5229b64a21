/* SPDX-License-Identifier: Apache-2.0 */
/* mreg put: stores files as a new version. */
#include <config.h>

#include "cmd/put.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd/fields.h"
#include "cmd/put-ref.h"
#include "registry/gc.h"
#include "registry/metadata.h"

/* --as belongs to the PATH or --ref before it, or to the first PATH when it stands before all. */
struct as_option {
	char *name;
	size_t operand; /* index among the PATHs */
};
struct args {
	size_t names; /* operands before the first PATH */
	struct as_option *as;
	size_t as_count, as_cap;
	struct strvec aliases, words, include, exclude, tags, metrics, linked;
	struct link_target *links;
	size_t link_count, link_cap;
	const char *type, *message, *meta_file, *expect, *best_by, *only_if_better, *run, *from;
	uint64_t keep_last;
	bool dereference, unpack, allow_empty, new_version, fail_if_unchanged, dry_run, override;
	struct best_rule best;
	json_t *metadata, *metric_object;
	struct put_source *sources;
	struct put_refs refs;
};

static void args_cleanup(struct args *a)
{
	for (size_t i = 0; i < a->as_count; i++)
		free(a->as[i].name);
	free(a->as);
	strvec_release(&a->aliases);
	strvec_release(&a->words);
	strvec_release(&a->include);
	strvec_release(&a->exclude);
	strvec_release(&a->tags);
	strvec_release(&a->metrics);
	strvec_release(&a->linked);
	for (size_t i = 0; i < a->link_count; i++)
		link_target_cleanup(&a->links[i]);
	free(a->links);
	best_rule_cleanup(&a->best);
	json_decref(a->metadata);
	json_decref(a->metric_object);
	free(a->sources);
	put_refs_cleanup(&a->refs);
}

static int take_as(void *arg, const char *value, size_t operands_before, struct error *err)
{
	struct args *a = arg;
	size_t operand = operands_before > a->names ? operands_before - a->names - 1 : 0;

	if (put_ref_is_last(&a->refs, operands_before))
		return put_ref_as(&a->refs, value, err);
	for (size_t i = 0; i < a->as_count; i++)
		if (a->as[i].operand == operand)
			return error_set(err, ERR_USAGE, "two --as for one PATH: '%s' and '%s'", a->as[i].name, value);
	ARRAY_GROW(a->as, a->as_count + 1, a->as_cap);
	a->as[a->as_count++] = (struct as_option){ xstrdup(value), operand };
	return 0;
}

static int take_link(void *arg, const char *value, size_t operands_before, struct error *err)
{
	struct args *a = arg;

	(void)operands_before;
	ARRAY_GROW(a->links, a->link_count + 1, a->link_cap);
	a->links[a->link_count] = (struct link_target){ .aliases = STRVEC_INIT };
	return link_target_parse(value, &a->links[a->link_count++], err);
}

static int read_rule(struct args *a, struct error *err)
{
	if (a->best_by && a->only_if_better && strcmp(a->best_by, a->only_if_better) != 0)
		return error_set(err, ERR_USAGE, "--best-by '%s' and --only-if-better '%s' differ", a->best_by, a->only_if_better);
	return best_rule_parse(a->only_if_better ? a->only_if_better : a->best_by, &a->best, err);
}

static int read_metadata(struct args *a, struct error *err)
{
	a->metric_object = json_object();
	for (size_t i = 0; i < a->metrics.count; i++)
		if (metadata_add_metric(a->metric_object, a->metrics.v[i], err) < 0)
			return -1;
	a->metadata = json_object();
	if (a->meta_file && metadata_add_file(a->metadata, a->meta_file, err) < 0)
		return -1;
	for (size_t i = 0; i < a->words.count; i++)
		if (metadata_add_word(a->metadata, a->words.v[i], err) < 0)
			return -1;
	return 0;
}

static int make_sources(struct args *a, const struct operands *operands, struct error *err)
{
	a->sources = xcalloc(operands->count, sizeof *a->sources);
	for (size_t i = a->names; i < operands->count; i++)
		a->sources[i - a->names].path = operands->v[i];
	for (size_t i = 0; i < a->as_count; i++) {
		if (a->as[i].operand + a->names >= operands->count)
			return error_set(err, ERR_USAGE, "--as '%s' belongs to no PATH", a->as[i].name);
		a->sources[a->as[i].operand].as = a->as[i].name;
	}
	return 0;
}

static int check_stdin(const struct args *a, const struct operands *operands, struct error *err)
{
	size_t readers = a->meta_file && strcmp(a->meta_file, "-") == 0;

	for (size_t i = a->names; i < operands->count; i++)
		readers += strcmp(operands->v[i], "-") == 0;
	return readers <= 1 ? 0 : error_set(err, ERR_USAGE, "standard input can be read only once, not for %zu operands", readers);
}

static json_t *record(const struct put_options *o, const struct put_result *r)
{
	json_t *doc = json_object();

	json_object_set_new(doc, "ref", fields_ref(r->name, r->number));
	json_object_set_new(doc, "number", json_u64(r->number));
	json_object_set_new(doc, "digest", json_oid(&r->digest));
	json_object_set_new(doc, "created", json_boolean(r->created));
	json_object_set_new(doc, "annotated", json_boolean(r->annotated));
	json_object_set_new(doc, "reason", r->reason ? json_string(r->reason) : json_null());
	json_object_set_new(doc, "bytes", json_u64(r->bytes));
	json_object_set_new(doc, "files", json_u64(r->files));
	json_object_set_new(doc, "stored", json_u64(r->stored));
	json_object_set_new(doc, "removed", json_u64(r->removed));
	json_object_set_new(doc, "links", fields_strings(o->linked));
	json_object_set_new(doc, "run", json_text_or_null(r->run));
	return doc;
}

/* Points into a and the operands. */
static int fill(struct args *a, const struct operands *operands, struct put_options *out, struct error *err)
{
	struct put_options o = {
		.name = operands->v[0], .source_count = operands->count > a->names ? operands->count - a->names : 0,
		.type = a->type, .aliases = &a->aliases, .message = a->message, .run = a->run, .from = a->from,
		.tree = { .include = &a->include, .exclude = &a->exclude, .dereference = a->dereference },
		.unpack = a->unpack, .allow_empty = a->allow_empty, .new_version = a->new_version,
		.fail_if_unchanged = a->fail_if_unchanged, .dry_run = a->dry_run, .override = a->override,
	};

	if (expect_parse(a->expect, false, &o.expect, err) < 0 || check_stdin(a, operands, err) < 0 || read_metadata(a, err) < 0 || read_rule(a, err) < 0)
		return -1;
	if (make_sources(a, operands, err) < 0)
		return -1;
	o.sources = a->sources;
	o.refs = a->refs.v;
	o.ref_count = a->refs.count;
	o.metadata = a->metadata;
	o.metrics = a->metric_object;
	o.tags = &a->tags;
	o.links = a->links;
	o.link_count = a->link_count;
	o.linked = &a->linked;
	o.best = a->best;
	o.only_if_better = a->only_if_better != NULL;
	o.has_keep_last = a->keep_last != UINT64_MAX;
	o.keep_last = a->keep_last;
	if (a->keep_last == 0)
		return error_set(err, ERR_USAGE, "--keep-last 0 would remove the version that is put");
	*out = o;
	return 0;
}

int put_finish(struct session *s, const struct put_options *o, const struct put_result *r, struct error *err)
{
	if (o->has_keep_last && !o->dry_run)
		gc_auto(s->registry);
	if (!r->created && strcmp(r->reason, "not-better") == 0)
		report_note(s->report, "'%s' is not better than that of '%s:v%llu': no new version was made", o->best.metric, r->name,
			    (unsigned long long)r->number);
	else if (!r->created)
		report_note(s->report, "the content is that of '%s:v%llu': no new version was made%s", r->name, (unsigned long long)r->number,
			    r->annotated ? ", what was said of it was added" : "");
	if (r->removed)
		report_note(s->report, "%llu older version%s removed", (unsigned long long)r->removed, r->removed == 1 ? " was" : "s were");
	if (o->dry_run)
		report_note(s->report, "dry run: nothing was stored");
	return out_result(s->out, record(o, r), "ref", err);
}

/* "--metric a=1 b=2" reads well, and makes a PATH of b=2. */
static int hint_value(const struct put_options *o, const struct operands *operands, struct error *err)
{
	bool has_values = json_object_size(o->metrics) || json_object_size(o->metadata);

	for (size_t i = 1; has_values && err->code == ERR_LOCAL && !*err->hint && i < operands->count; i++)
		if (strchr(operands->v[i], '=') && access(operands->v[i], F_OK) < 0)
			return error_hint(err, "'%s' is taken for a PATH: say -M or --metric again for each value.", operands->v[i]);
	return -1;
}

static int put(struct session *s, const struct put_options *o, const struct operands *operands, struct error *err)
{
	struct put_result result;

	if (o->source_count == 0 && o->ref_count == 0) {
		error_set(err, ERR_USAGE, "an operand is missing after '%s': a PATH, or --ref URI", operands->v[0]);
		return error_hint(err, "usage: mreg put %s", cmd_put.synopsis);
	}
	if (put_run(s->registry, o, &result, err) < 0)
		return hint_value(o, operands, err);
	return put_finish(s, o, &result, err);
}

int put_parse(struct session *s, int argc, char **argv, size_t names, size_t min, put_parsed_fn fn, struct error *err)
{
	CLEANUP(args) struct args a = { .names = names, .keep_last = UINT64_MAX };
	struct put_options o;
	CLEANUP(operands) struct operands operands = { NULL, 0 };
	const struct opt opts[] = {
		OPT_STRING('t', "type", &a.type, "TYPE", "type of a new artifact (default: model); another than it has is refused"),
		OPT_STRVEC('a', "alias", &a.aliases, "ALIAS", "set this alias to the version"),
		OPT_STRING('m', "message", &a.message, "TEXT", "describe the version"),
		OPT_STRVEC('M', "metadata", &a.words, "KEY=VALUE", "metadata; numbers, true, false, null and JSON are kept as such"),
		OPT_STRVEC(0, "metric", &a.metrics, "KEY=NUMBER", "a metric, such as val_loss=0.31"),
		OPT_STRVEC(0, "tag", &a.tags, "TAG", "tag the version"),
		OPT_CALLBACK(0, "link", take_link, &a, "MODEL[:ALIAS,...]", "link the version into a registered model, and set aliases there"),
		OPT_STRING(0, "best-by", &a.best_by, "METRIC:min|max", "set the alias best if the metric is better than that of the version that has it"),
		OPT_STRING(0, "only-if-better", &a.only_if_better, "METRIC:min|max", "the same, and make no version if it is not"),
		OPT_U64(0, "keep-last", &a.keep_last, "N", "remove versions that are not among the newest N and that nothing holds"),
		OPT_STRING(0, "meta-file", &a.meta_file, "FILE", "metadata from a JSON object"),
		OPT_CALLBACK(0, "as", take_as, &a, "PATH", "store the PATH before it under this name, or a directory below it"),
		OPT_CALLBACK(0, "ref", put_ref_add, &a.refs, "URI", "record a file that stays where it is; --as, --digest and --size after it say more"),
		OPT_CALLBACK(0, "digest", put_ref_digest, &a.refs, "SHA256", "digest of the --ref before it"),
		OPT_CALLBACK(0, "size", put_ref_size, &a.refs, "BYTES", "size of the --ref before it"),
		OPT_FLAG(0, "unpack", &a.unpack, "store what is in a PATH that is a tar or zip instead of the file"),
		OPT_STRVEC(0, "include", &a.include, "PATTERN", "only what matches"),
		OPT_STRVEC(0, "exclude", &a.exclude, "PATTERN", "nothing that matches"),
		OPT_FLAG(0, "dereference", &a.dereference, "store what links point to instead of the links"),
		OPT_FLAG(0, "allow-empty", &a.allow_empty, "make a version even if there is no file"),
		OPT_FLAG(0, "new-version", &a.new_version, "make a version even if the content is there already"),
		OPT_FLAG(0, "fail-if-unchanged", &a.fail_if_unchanged, "end with 1 when the content is there already"),
		OPT_STRING(0, "expect", &a.expect, "vN", "refuse unless this is the latest version"),
		OPT_RUN(&a.run),
		OPT_STRING(0, "from", &a.from, "REF", "record that the artifact began at this version of another one"),
		OPT_OVERRIDE(&a.override),
		OPT_FLAG('n', "dry-run", &a.dry_run, "read and decide, store nothing"),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, min, SIZE_MAX, &operands, err) < 0 || fill(&a, &operands, &o, err) < 0)
		return -1;
	return fn(s, &o, &operands, err);
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	return put_parse(s, argc, argv, 1, 1, put, err);
}

const struct command cmd_put = {
	.name = "put", .synopsis = "[options] NAME [PATH...]", .summary = "store files as a new version", .group = GROUP_STORE, .needs = NEEDS_REGISTRY,
	.run = run,
};
