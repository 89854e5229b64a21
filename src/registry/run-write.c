/* SPDX-License-Identifier: Apache-2.0 */
/* Begins runs and ends them: each a record, put as versions are. */
#include <config.h>

#include "registry/run-write.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/tempfile.h"
#include "base/utf8.h"
#include "registry/absent.h"
#include "registry/metadata.h"
#include "registry/put.h"
#include "registry/run-alive.h"
#include "registry/run-code.h"
#include "registry/run-environment.h"
#include "registry/run-file.h"
#include "registry/run-points.h"

#define CONFIG_MAX (256u << 10) /* of JSON that becomes part of the record; a larger file is only kept */
#define ARGV_MAX (128u << 10)
#define ENVIRONMENT_MAX (256u << 10)

/* A file that is ours until it is stored. */
struct scratch {
	struct strbuf path;
};

static void scratch_cleanup(struct scratch *s)
{
	if (s->path.len)
		(void)unlink(s->path.buf);
	strbuf_release(&s->path);
}

static int scratch_open(struct scratch *s, const struct registry *reg, struct error *err)
{
	CLEANUP(strbuf) struct strbuf tmp = STRBUF_INIT;

	path_join(&tmp, reg->store->dir, "tmp");
	tempfile_name(&s->path, tmp.buf, "run");
	return file_open(s->path.buf, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600, err);
}

static int scratch_write(struct scratch *s, const struct registry *reg, const struct strbuf *text, struct error *err)
{
	CLEANUP(fd) int fd = scratch_open(s, reg, err);

	return fd < 0 ? -1 : file_write(fd, text->buf, text->len, s->path.buf, err);
}

/* ---- the record at the start ---- */

/* A run that begins, from what was asked for to its record. */
struct beginning {
	struct registry *reg;
	const struct run_start *start;
	struct run_code code;
	struct scratch diff;
	json_t *argv, *config, *environment, *metadata;
	struct strbuf directory;
	struct put_source *sources;
	struct strvec names; /* under which they are stored */
	size_t count;
};
#define BEGINNING_INIT(registry, run_start)                                                                                        \
	{                                                                                                                          \
		.reg = (registry), .start = (run_start), .code = RUN_CODE_INIT, .diff = { STRBUF_INIT }, .directory = STRBUF_INIT, \
		.names = STRVEC_INIT                                                                                               \
	}

static void beginning_cleanup(struct beginning *b)
{
	run_code_cleanup(&b->code);
	scratch_cleanup(&b->diff);
	json_decref(b->argv);
	json_decref(b->config);
	json_decref(b->environment);
	json_decref(b->metadata);
	strbuf_release(&b->directory);
	free(b->sources);
	strvec_release(&b->names);
}

static void read_argv(struct beginning *b)
{
	const struct strvec *words = b->start->argv;
	size_t bytes = 0;

	if (!words)
		return;
	b->argv = json_array();
	for (size_t i = 0; i < words->count; i++) {
		bytes += strlen(words->v[i]) + 1;
		if (bytes > ARGV_MAX) {
			report_warning(b->reg->report, "the command has more than %u bytes: %zu of its %zu words are recorded", ARGV_MAX, i,
				words->count);
			return;
		}
		json_array_append_new(b->argv, json_escaped(words->v[i], strlen(words->v[i])));
	}
}

static size_t count_of(const struct strvec *list)
{
	return list ? list->count : 0;
}

static int read_directory(struct beginning *b, struct error *err)
{
	CLEANUP(ptr) char *path = getcwd(NULL, 0);

	if (!path)
		return error_set_errno(err, "cannot tell the current directory");
	utf8_add_escaped(&b->directory, path, strlen(path));
	return 0;
}

/* Objects within objects come together, of anything else the later one stays. */
static void merge(json_t *into, json_t *from)
{
	const char *key;
	json_t *value;

	json_object_foreach(from, key, value) {
		json_t *old = json_object_get(into, key);

		if (json_is_object(old) && json_is_object(value))
			merge(old, value);
		else
			json_object_set(into, key, value);
	}
}

/* JSON in it becomes part of the record.  Whoever wrote it in another form would miss it there only when it is too late. */
static int read_config_file(struct beginning *b, const char *path, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	CLEANUP(json) json_t *doc = NULL;
	struct error ignored = ERROR_INIT;
	struct stat st;

	if (stat(path, &st) < 0)
		return error_set_errno(err, "cannot read '%s'", path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERR_LOCAL, "'%s' is not a regular file", path);
	if (st.st_size > CONFIG_MAX) {
		report_warning(b->reg->report, "'%s' has more than %u bytes: it is kept as a file, and run.config has nothing of it", path, CONFIG_MAX);
		return 0;
	}
	if (file_slurp(path, &text, CONFIG_MAX, NULL, err) < 0)
		return -1;
	doc = json_parse(text.buf, text.len, path, &ignored);
	if (!json_is_object(doc)) {
		report_warning(b->reg->report, "'%s' is no JSON object: it is kept as a file, and run.config has nothing of it", path);
		return 0;
	}
	if (!b->config)
		b->config = json_object();
	merge(b->config, doc);
	return 0;
}

/* "opt.lr" is lr within opt, where that is an object. */
static void set_value(json_t *config, const char *key, const json_t *value)
{
	json_t *within = NULL;
	const char *dot = key;

	while (!json_object_get(config, key) && !within && (dot = strchr(dot, '.'))) {
		CLEANUP(ptr) char *name = xstrndup(key, (size_t)(dot - key));

		dot++;
		within = json_object_get(config, name);
		within = json_is_object(within) ? within : NULL;
	}
	if (within)
		set_value(within, dot, value);
	else
		json_object_set_new(config, key, json_deep_copy(value));
}

static int read_config(struct beginning *b, struct error *err)
{
	const struct run_start *start = b->start;
	const char *key;
	json_t *value;

	for (size_t i = 0; i < count_of(start->config_files); i++)
		if (read_config_file(b, start->config_files->v[i], err) < 0)
			return error_wrap(err, "cannot take the configuration");
	if (json_object_size(start->config) && !b->config)
		b->config = json_object();
	json_object_foreach((json_t *)(uintptr_t)start->config, key, value) /* it is only read */
		set_value(b->config, key, value);
	return 0;
}

static size_t size_of(const json_t *value)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	if (value)
		json_canonical(&text, value);
	return text.len;
}

static void read_environment(struct beginning *b)
{
	b->environment = run_environment_read(b->reg->config, b->start->environment, b->reg->report);
	if (size_of(b->environment) <= ENVIRONMENT_MAX)
		return;
	report_warning(b->reg->report, "the variables of the environment are not recorded: they have more than %u bytes", ENVIRONMENT_MAX);
	json_object_clear(b->environment);
}

static void add_source(struct beginning *b, const char *path, const char *folder, const char *name, size_t len)
{
	CLEANUP(strbuf) struct strbuf as = STRBUF_INIT;

	strbuf_addf(&as, "%s%s%.*s", folder, len ? "/" : "", (int)len, name);
	strvec_push(&b->names, as.buf);
	b->sources[b->count++].path = path;
}

/* A path that stays below the current directory is kept as it is, of any other the last part. */
static void add_code(struct beginning *b, const char *path)
{
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;
	size_t len;

	path_normalise(&name, path);
	if (path_is_safe(name.buf, name.len)) {
		add_source(b, path, "code", name.buf, name.len);
	} else {
		const char *base = path_base(name.buf, &len);

		add_source(b, path, "code", base, path_is_safe(base, len) ? len : 0);
	}
}

static int read_sources(struct beginning *b, struct error *err)
{
	const struct run_start *start = b->start;
	size_t configs = count_of(start->config_files), codes = count_of(start->code), len;

	b->sources = xcalloc(configs + codes + 1, sizeof *b->sources);
	for (size_t i = 0; i < configs; i++) {
		const char *base = path_base(start->config_files->v[i], &len);

		add_source(b, start->config_files->v[i], "config", base, len);
	}
	for (size_t i = 0; i < codes; i++)
		add_code(b, start->code->v[i]);
	for (size_t i = 0; i < b->count; i++) /* now that none of them moves any more */
		b->sources[i].as = b->names.v[i];
	return b->code.diff.len && !start->dry_run ? scratch_write(&b->diff, b->reg, &b->code.diff, err) : 0;
}

static int read_beginning(struct beginning *b, struct error *err)
{
	const struct run_start *start = b->start;
	struct run_record record = { .started = clock_now(), .host = b->reg->host, .pid = start->pid };

	read_argv(b);
	if (read_directory(b, err) < 0 || read_config(b, err) < 0)
		return -1;
	if (size_of(b->config) > CONFIG_MAX)
		return error_set(err, ERR_INVALID, "the configuration has more than %u bytes", CONFIG_MAX);
	if (!start->no_git && run_code_read(".", b->reg->report, &b->code, err) < 0)
		return -1;
	read_environment(b);
	record.directory = b->directory.buf;
	record.argv = b->argv;
	record.config = b->config;
	record.code = b->code.record;
	record.environment = json_object_size(b->environment) ? b->environment : NULL;
	b->metadata = run_record_write(&record);
	return read_sources(b, err);
}

static int check_start(const struct run_start *start, const char *type, struct error *err)
{
	if (name_check(NAME_TYPE, type, strlen(type), err) < 0)
		return error_wrap(err, "the job type");
	if (start->pid && run_alive_check(start->pid, err) < 0)
		return -1;
	return start->label ? name_check_label(start->label, strlen(start->label), err) : 0;
}

int run_start(struct registry *reg, const struct run_start *start, struct run *out, struct error *err)
{
	CLEANUP(beginning) struct beginning b = BEGINNING_INIT(reg, start);
	CLEANUP(run_file) struct run_file file = RUN_FILE_INIT;
	const char *type = start->job_type ? start->job_type : "run";
	struct put_options o = {
		.verb = "run",
		.record = out,
		.parent = start->parent,
		.message = start->note,
		.why = start->note,
		.tags = start->tags,
		.allow_empty = true,
		.dry_run = start->dry_run,
	};
	struct put_source diff;
	struct put_result result;

	registry_name_user(reg);
	if (check_start(start, type, err) < 0 || (!start->dry_run && store_check_writable(reg->store, err) < 0) ||
		read_beginning(&b, err) < 0)
		return -1;
	diff = (struct put_source){ b.diff.path.buf, RUN_CODE_DIFF_FILE };
	*out = (struct run){ .job_type = xstrdup(type), .label = xstrdup(start->label ? start->label : "") };
	o.sources = b.sources;
	o.source_count = b.count;
	o.own = &diff;
	o.own_count = b.diff.path.len > 0;
	o.metadata = b.metadata;
	if (put_run(reg, &o, &result, err) < 0)
		return error_wrap(err, "cannot start a run");
	if (start->dry_run)
		return 0;
	if (run_file_lock(reg, &out->id, &file, err) < 0 || (start->pid && run_alive_note(reg, &out->id, start->pid, err) < 0))
		return error_wrap(err, "'%s' has begun, but", out->id.text);
	return 0;
}

/* ---- the record at the end ---- */

struct ending {
	struct registry *reg;
	const struct run *run;
	struct version_object object;  /* of the record at the start */
	struct manifest files;         /* of that */
	struct run_file file;          /* locked: nobody logs any more */
	struct scratch mended;         /* what could be read of it, when it is damaged */
	json_t *points, *metrics, *metadata;
};
#define ENDING_INIT(registry, struct_run)                                                                                        \
	{                                                                                                                        \
		.reg = (registry), .run = (struct_run), .files = MANIFEST_INIT, .file = RUN_FILE_INIT, .mended = { STRBUF_INIT } \
	}

static void ending_cleanup(struct ending *e)
{
	version_object_cleanup(&e->object);
	manifest_cleanup(&e->files);
	run_file_cleanup(&e->file);
	scratch_cleanup(&e->mended);
	json_decref(e->points);
	json_decref(e->metrics);
	json_decref(e->metadata);
}

static int read_start(struct ending *e, struct view *v, struct error *err)
{
	struct version_row row = VERSION_ROW_INIT;
	bool is_ended;
	int found = run_row(v, e->run, &row, &is_ended, err);

	if (found < 0)
		return -1;
	if (!found)
		return error_set(err, ERR_NO_COLLECTION, "the run '%s' was removed", e->run->id.text);
	if (is_ended)
		return error_set(err, ERR_CONFLICT, "the run '%s' has ended", e->run->id.text);
	/* what it began with will be another version's as well */
	if (version_object_read_known(e->reg, &row.version, &e->object, err) < 0 ||
		version_manifest(e->reg, &row.digest, &e->files, err) < 0 ||
		absent_fetch(e->reg, &row.version, &e->files, NULL, e->files.count, err) < 0)
		return -1;
	return 0;
}

static json_t *summary_record(const struct point_summary *s)
{
	json_t *doc = json_object();

	json_object_set_new(doc, "count", json_u64(s->count));
	json_object_set_new(doc, "first_step", json_u64(s->first_step));
	json_object_set_new(doc, "last_step", json_u64(s->last_step));
	json_object_set_new(doc, "max", metadata_metric_json(s->max));
	json_object_set_new(doc, "min", metadata_metric_json(s->min));
	return doc;
}

/* Metrics without number would not fit into a record: the summary is then left to who reads the points, and the first metrics have their values here. */
static void summarise(struct ending *e, const struct point_summaries *s)
{
	size_t fit = run_points_fit(s);

	e->points = json_object();
	e->metrics = json_object();
	for (size_t i = 0; i < fit; i++) {
		json_object_set_new(e->points, s->v[i].name, summary_record(&s->v[i]));
		json_object_set_new(e->metrics, s->v[i].name, metadata_metric_json(s->v[i].last));
	}
	if (fit == s->count)
		return;
	report_warning(e->reg->report, "'%s' has %zu metrics: the last values of %zu stand in its record, the points of all are kept",
		e->run->id.text, s->count, fit);
	json_decref(e->points);
	e->points = NULL;
}

/* An end must be possible whatever the file looks like. */
static int mend(struct ending *e, struct point_summaries *s, struct error *err)
{
	CLEANUP(fd) int to = scratch_open(&e->mended, e->reg, err);
	uint64_t lines;

	if (to < 0 || run_points_mend(e->file.fd, e->file.len, to, e->file.path.buf, s, &lines, err) < 0)
		return -1;
	report_warning(e->reg->report, "the metrics of '%s' are damaged: %llu line%s could not be read and %s left out", e->run->id.text,
		       (unsigned long long)lines, lines == 1 ? "" : "s", lines == 1 ? "is" : "are");
	return 0;
}

static int read_points(struct ending *e, struct view *v, struct error *err)
{
	CLEANUP(point_summaries) struct point_summaries s = POINT_SUMMARIES_INIT;

	if (run_points_summary(e->reg, v, e->run, &s, err) < 0) {
		if (err->code != ERR_INTEGRITY || e->file.fd < 0)
			return -1;
		error_clear(err);
		point_summaries_cleanup(&s);
		if (mend(e, &s, err) < 0)
			return -1;
	}
	summarise(e, &s);
	return 0;
}

static void write_ending(struct ending *e, const struct run_finish *finish)
{
	struct run_record record;

	run_record_read(e->object.metadata, &record);
	record.ended = clock_now();
	record.has_status = finish->has_status;
	record.status = finish->status;
	record.signal = finish->signal;
	record.reason = finish->why;
	record.points = json_object_size(e->points) ? e->points : NULL;
	e->metadata = run_record_write(&record);
}

static int put_ending(struct ending *e, const struct run_finish *finish, struct error *err)
{
	struct run record = *e->run; /* borrowed: an end gives it no other id */
	const struct put_source points = { e->mended.path.len ? e->mended.path.buf : e->file.path.buf, RUN_POINTS_FILE };
	const struct put_options o = {
		.verb = "run",
		.record = &record,
		.parent = e->object.run,
		.message = e->object.description,
		.why = finish->why ? finish->why : "", /* not the note, which says why it was begun */
		.metadata = e->metadata,
		.metrics = e->metrics,
		.allow_empty = true,
		.dry_run = finish->dry_run,
		.own = &points,
		.own_count = e->file.len > 0,
		.base = &e->files,
	};
	struct put_result result;

	return put_run(e->reg, &o, &result, err);
}

static int end(struct ending *e, const struct run_finish *finish, struct error *err)
{
	struct view *v;

	registry_drop_view(e->reg);
	if ((!finish->dry_run && store_check_writable(e->reg->store, err) < 0) || !(v = registry_view(e->reg, err)) ||
		read_start(e, v, err) < 0)
		return -1;
	if (!finish->dry_run && run_file_lock(e->reg, &e->run->id, &e->file, err) < 0)
		return -1;
	if (read_points(e, v, err) < 0)
		return -1;
	write_ending(e, finish);
	return put_ending(e, finish, err);
}

int run_finish(struct registry *reg, const struct run *run, const struct run_finish *finish, struct error *err)
{
	CLEANUP(ending) struct ending e = ENDING_INIT(reg, run);

	if (end(&e, finish, err) < 0) {
		if (e.file.fd >= 0 && e.file.len == 0) /* made by us, of a run that has ended meanwhile */
			run_file_remove(&e.file);
		return error_wrap(err, "cannot finish '%s'", run->id.text);
	}
	if (!finish->dry_run) {
		run_file_remove(&e.file);
		run_alive_forget(reg, &run->id);
	}
	return 0;
}
