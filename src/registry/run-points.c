/* SPDX-License-Identifier: Apache-2.0 */
/* Appends points to the file of a run, and reads them back from there or from the record of its end. */
#include <config.h>

#include "registry/run-points.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "registry/metadata.h"
#include "registry/run-file.h"
#include "registry/verify.h"
#include "registry/version.h"

#define PIECE (1u << 20)
#define FIT_MAX (256u << 10) /* bytes of names, summaries and values */
#define LINE_MAX_BYTES 2048 /* of one point; no more than that is kept of a text without newlines */

/* ---- points out of pieces of text ---- */

struct feed {
	const char *name; /* NULL: every metric */
	size_t name_len;
	run_point_fn fn;
	void *arg;
	struct strbuf rest, unescaped;
	uint64_t offset; /* of rest */
	bool is_done;    /* fn has had enough */
};

static void feed_cleanup(struct feed *f)
{
	strbuf_release(&f->rest);
	strbuf_release(&f->unescaped);
}

/* As many whole lines as there are; *used: their bytes. */
static int feed_lines(struct feed *f, const char *text, size_t len, size_t *used, struct error *err)
{
	struct point p;
	int got = 0;

	*used = 0;
	while (!f->is_done && (got = point_next(text, len, used, &p, &f->unescaped, err)) == 1) {
		if (f->name && (p.name_len != f->name_len || memcmp(p.name, f->name, p.name_len) != 0))
			continue;
		got = f->fn(&p, f->arg, err);
		if (got < 0)
			return -1;
		f->is_done = got == 1;
	}
	return got < 0 ? error_wrap(err, "the points from byte %llu on", (unsigned long long)f->offset) : 0;
}

static int feed(const void *data, size_t len, void *arg, struct error *err)
{
	struct feed *f = arg;
	size_t used;

	if (f->is_done)
		return 0;
	if (f->rest.len) {
		strbuf_add(&f->rest, data, len);
		data = f->rest.buf;
		len = f->rest.len;
	}
	if (feed_lines(f, data, len, &used, err) < 0)
		return -1;
	f->offset += used;
	if (len - used > LINE_MAX_BYTES && !f->is_done)
		return error_set(err, ERR_INTEGRITY, "there is no point of a metric at byte %llu", (unsigned long long)f->offset);
	if (data == f->rest.buf) {
		memmove(f->rest.buf, f->rest.buf + used, len - used);
		strbuf_set_len(&f->rest, len - used);
	} else {
		strbuf_add(&f->rest, (const char *)data + used, len - used);
	}
	return 0;
}

static int feed_file(struct feed *f, int fd, const char *path, uint64_t from, uint64_t to, struct error *err)
{
	CLEANUP(ptr) char *piece = xmalloc(PIECE);

	f->offset = from;
	while (from < to && !f->is_done) {
		size_t len = to - from < PIECE ? (size_t)(to - from) : PIECE;
		ssize_t got = file_pread(fd, piece, len, from, path, err);

		if (got < 0 || feed(piece, (size_t)got, f, err) < 0)
			return -1;
		if (got == 0)
			break;
		from += (uint64_t)got;
	}
	return 0;
}

/* ---- reading ---- */

static int feed_lines_of(struct feed *f, int fd, const char *path, struct error *err)
{
	struct stat st;
	uint64_t end;

	if (fstat(fd, &st) < 0)
		return error_set_errno(err, "cannot read '%s'", path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERR_INTEGRITY, "'%s' is not a regular file", path);
	return run_file_end(fd, path, (uint64_t)st.st_size, &end, err) < 0 ? -1 : feed_file(f, fd, path, 0, end, err);
}

static int each_running(struct registry *reg, const struct run *run, struct feed *f, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	CLEANUP(fd) int fd = -1;

	run_file_path(reg, &run->id, &path);
	fd = file_open(path.buf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, err);
	if (fd < 0 && errno == ENOENT) { /* it runs elsewhere */
		error_clear(err);
		return 0;
	}
	if (fd < 0 && (errno == ELOOP || errno == ENXIO)) { /* a symbolic link, a socket */
		error_clear(err);
		error_set(err, ERR_INTEGRITY, "'%s' is not a regular file", path.buf);
	}
	if (fd >= 0 && feed_lines_of(f, fd, path.buf, err) == 0)
		return 0;
	if (err->code == ERR_INTEGRITY && fd >= 0)
		error_hint(err, "When the run ends, what can be read of them is kept.");
	return error_wrap(err, "cannot read the metrics of '%s'", run->id.text);
}

static int each_sealed(struct registry *reg, const struct run *run, const struct version_row *row, struct feed *f, struct error *err)
{
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;
	const struct entry *e;

	if (version_manifest(reg, &row->digest, &m, err) < 0)
		return -1;
	e = manifest_find(&m, RUN_POINTS_FILE);
	if (!e || e->kind != ENTRY_FILE)
		return 0;
	if (verify_stream(reg, &row->version, &m, e, feed, f, err) < 0)
		return error_wrap(err, "cannot read the metrics of '%s'", run->id.text);
	return 0;
}

int run_points_each(
	struct registry *reg, struct view *v, const struct run *run, const char *name, run_point_fn fn, void *arg, struct error *err)
{
	CLEANUP(feed) struct feed f = {
		.name = name, .name_len = name ? strlen(name) : 0, .fn = fn, .arg = arg, .rest = STRBUF_INIT, .unescaped = STRBUF_INIT,
	};
	struct version_row row = VERSION_ROW_INIT;
	bool is_ended;
	int found = run_row(v, run, &row, &is_ended, err);

	if (found <= 0)
		return found;
	return is_ended ? each_sealed(reg, run, &row, &f, err) : each_running(reg, run, &f, err);
}

static int add_to_summaries(const struct point *point, void *arg, struct error *err)
{
	(void)err;
	point_summaries_add(arg, point);
	return 0;
}

/* ---- what the record of an ended run says ---- */

static double number_in(const json_t *value)
{
	double number;

	return metadata_metric_value(value, &number) ? number : NAN;
}

static bool add_recorded(struct point_summaries *out, const char *name, const json_t *value, const json_t *last)
{
	struct point_summary s = {
		.min = number_in(json_object_get(value, "min")), .max = number_in(json_object_get(value, "max")), .last = number_in(last)
	};
	struct error ignored = ERROR_INIT;

	if (!last || point_check_name(name, strlen(name), &ignored) < 0 || !json_get_u64(value, "count", &s.count) ||
	    !json_get_u64(value, "first_step", &s.first_step) || !json_get_u64(value, "last_step", &s.last_step))
		return false;
	s.name = xstrdup(name);
	ARRAY_GROW(out->v, out->count + 1, out->cap);
	out->v[out->count++] = s;
	hashmap_put(&out->places, name, strlen(name), (void *)(uintptr_t)out->count);
	return true;
}

/* False: it does not say, and the points have to be read. */
static bool add_all_recorded(const struct version_object *object, struct point_summaries *out)
{
	const json_t *points = json_object_get(object->metadata, "points");
	json_t *mutable = (json_t *)(uintptr_t)points, *value; /* jansson's iterators know no const */
	const char *name;

	if (!json_is_object(points))
		return false;
	json_object_foreach(mutable, name, value) {
		if (!add_recorded(out, name, value, json_object_get(object->metrics, name))) {
			point_summaries_cleanup(out);
			return false;
		}
	}
	return true;
}

int run_points_summary(struct registry *reg, struct view *v, const struct run *run, struct point_summaries *out, struct error *err)
{
	CLEANUP(version_object) struct version_object object = { .time = 0 };
	struct version_row row = VERSION_ROW_INIT;
	bool is_ended;
	int found = run_row(v, run, &row, &is_ended, err);

	if (found <= 0)
		return found;
	if (is_ended && version_object_read_known(reg, &row.version, &object, err) < 0)
		return -1;
	if (is_ended && add_all_recorded(&object, out))
		return 0;
	return run_points_each(reg, v, run, NULL, add_to_summaries, out, err);
}

size_t run_points_fit(const struct point_summaries *s)
{
	size_t bytes = 0, count = 0;

	while (count < s->count && (bytes += 4 * strlen(s->v[count].name) + 256) <= FIT_MAX)
		count++;
	return count;
}

json_t *run_points_last(struct registry *reg, struct view *v, const struct run *run, struct error *err)
{
	CLEANUP(point_summaries) struct point_summaries s = POINT_SUMMARIES_INIT;
	json_t *doc;
	size_t fit;

	if (run_points_summary(reg, v, run, &s, err) < 0)
		return NULL;
	fit = run_points_fit(&s);
	if (fit < s.count)
		report_warning(reg->report, "'%s' has %zu metrics: the first %zu are taken", run->id.text, s.count, fit);
	doc = json_object();
	for (size_t i = 0; i < fit; i++)
		json_object_set_new(doc, s.v[i].name, metadata_metric_json(s.v[i].last));
	return doc;
}

/* ---- mending ---- */

struct mending {
	struct point_summaries *summaries;
	struct strbuf good, unescaped;
	uint64_t bad;
};

static void mending_cleanup(struct mending *m)
{
	strbuf_release(&m->good);
	strbuf_release(&m->unescaped);
}

/* Whole lines; how many bytes they are. */
static size_t mend_lines(struct mending *m, const char *text, size_t len)
{
	const char *newline;
	size_t at = 0;

	while ((newline = memchr(text + at, '\n', len - at))) {
		size_t line = (size_t)(newline - text) + 1 - at, used = 0;
		struct error ignored = ERROR_INIT;
		struct point p;

		if (point_next(text + at, line, &used, &p, &m->unescaped, &ignored) == 1) {
			point_summaries_add(m->summaries, &p);
			strbuf_add(&m->good, text + at, line);
		} else {
			m->bad++;
		}
		at += line;
	}
	return at;
}

int run_points_mend(int fd, uint64_t len, int to, const char *name, struct point_summaries *out, uint64_t *lines, struct error *err)
{
	CLEANUP(mending) struct mending m = { .summaries = out, .good = STRBUF_INIT, .unescaped = STRBUF_INIT };
	CLEANUP(ptr) char *piece = xmalloc(PIECE);
	size_t used;

	for (uint64_t from = 0; from < len; from += used) {
		ssize_t got = file_pread(fd, piece, PIECE, from, name, err);

		if (got < 0)
			return -1;
		if (got == 0)
			break;
		used = mend_lines(&m, piece, (size_t)got);
		if (!used) { /* no line is so long */
			used = (size_t)got;
			m.bad++;
		}
		if (file_write(to, m.good.buf, m.good.len, name, err) < 0)
			return -1;
		strbuf_reset(&m.good);
	}
	*lines = m.bad;
	return 0;
}

/* ---- logging ---- */

struct pending {
	size_t name, name_len; /* in names */
	struct point point;
};
struct run_log {
	struct registry *reg;
	struct run_id id;
	struct cid cid;
	struct pending *pending;
	size_t count, cap;
	struct strbuf names;
	bool counts_steps;       /* some point asked for its step: greatest is kept up to `seen` bytes of the file */
	uint64_t seen;
	struct hashmap greatest; /* name → place in steps, from 1 */
	uint64_t *steps;         /* the next one */
	size_t step_count, step_cap;
};

void run_log_close(struct run_log *log)
{
	if (!log)
		return;
	free(log->pending);
	strbuf_release(&log->names);
	hashmap_cleanup(&log->greatest);
	free(log->steps);
	free(log);
}

void run_log_cleanup(struct run_log **log)
{
	int saved = errno;

	run_log_close(*log);
	*log = NULL;
	errno = saved;
}

/* As it stands now. */
static int check_running(struct run_log *log, struct error *err)
{
	const struct run run = { .cid = log->cid, .id = log->id };
	struct version_row row = VERSION_ROW_INIT;
	struct view *v;
	bool is_ended;
	int found;

	registry_drop_view(log->reg);
	v = registry_view(log->reg, err);
	found = v ? run_row(v, &run, &row, &is_ended, err) : -1;
	if (found < 0)
		return -1;
	if (!found)
		return error_set(err, ERR_NO_COLLECTION, "the run '%s' was removed", log->id.text);
	return is_ended ? error_set(err, ERR_CONFLICT, "the run '%s' has ended", log->id.text) : 0;
}

struct run_log *run_log_open(struct registry *reg, const struct run *run, struct error *err)
{
	CLEANUP(run_log) struct run_log *log = xcalloc(1, sizeof *log);

	log->reg = reg;
	log->id = run->id;
	log->cid = run->cid;
	strbuf_init(&log->names);
	if (store_check_writable(reg->store, err) < 0 || check_running(log, err) < 0)
		return NULL;
	return STEAL(log);
}

/* Where the next step of a metric stands. */
static uint64_t *next_step(struct run_log *log, const char *name, size_t len)
{
	size_t place = (size_t)(uintptr_t)hashmap_find(&log->greatest, name, len);

	if (!place) {
		ARRAY_GROW(log->steps, log->step_count + 1, log->step_cap);
		log->steps[log->step_count++] = 0;
		place = log->step_count;
		hashmap_put(&log->greatest, name, len, (void *)(uintptr_t)place);
	}
	return &log->steps[place - 1];
}

static int count_step(const struct point *p, void *arg, struct error *err)
{
	uint64_t *next = next_step(arg, p->name, p->name_len);

	(void)err;
	if (p->step >= *next)
		*next = p->step + 1;
	return 0;
}

static int give_step(struct run_log *log, struct point *p, struct error *err)
{
	if (p->step == UINT64_MAX) {
		p->step = *next_step(log, p->name, p->name_len);
		if (p->step > POINT_STEP_MAX)
			return error_set(err, ERR_INVALID, "there is no step after the greatest one of '%.*s'", (int)p->name_len, p->name);
	}
	return count_step(p, log, err);
}

/* With the file locked, so that no two points of a metric get one step. */
static int write_pending(struct run_log *log, struct run_file *f, struct error *err)
{
	CLEANUP(feed) struct feed others = { .fn = count_step, .arg = log, .rest = STRBUF_INIT, .unescaped = STRBUF_INIT };
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	if (log->counts_steps && feed_file(&others, f->fd, f->path.buf, log->seen, f->len, err) < 0)
		return -1;
	for (size_t i = 0; i < log->count; i++) {
		struct pending *p = &log->pending[i];

		p->point.name = log->names.buf + p->name;
		p->point.name_len = p->name_len;
		if (log->counts_steps && give_step(log, &p->point, err) < 0)
			return -1;
		point_write(&text, &p->point);
	}
	if (run_file_append(f, text.buf, text.len, err) < 0)
		return -1;
	if (log->counts_steps)
		log->seen = f->len;
	return 0;
}

int run_log_flush(struct run_log *log, struct error *err)
{
	CLEANUP(run_file) struct run_file f = RUN_FILE_INIT;
	int rc;

	if (!log->count)
		return 0;
	if (run_file_lock(log->reg, &log->id, &f, err) < 0)
		return error_wrap(err, "cannot log to '%s'", log->id.text);
	/* asked under the lock: whoever ends the run holds it meanwhile */
	rc = check_running(log, err);
	if (rc < 0 && f.len == 0) /* we have just made it */
		run_file_remove(&f);
	else if (rc == 0 && (rc = write_pending(log, &f, err)) < 0)
		error_wrap(err, "cannot log to '%s'", log->id.text);
	log->count = 0;
	strbuf_reset(&log->names);
	return rc;
}

int run_log_add(struct run_log *log, const struct point *point, struct error *err)
{
	if (point_check_name(point->name, point->name_len, err) < 0)
		return -1;
	if (point->step > POINT_STEP_MAX && point->step != UINT64_MAX)
		return error_set(err, ERR_INVALID, "the step %llu is too large", (unsigned long long)point->step);
	ARRAY_GROW(log->pending, log->count + 1, log->cap);
	log->pending[log->count++] = (struct pending){ .name = log->names.len, .name_len = point->name_len, .point = *point };
	strbuf_add(&log->names, point->name, point->name_len);
	log->counts_steps |= point->step == UINT64_MAX;
	return log->count >= RUN_LOG_PENDING_MAX ? run_log_flush(log, err) : 0;
}
