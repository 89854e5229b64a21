/* SPDX-License-Identifier: Apache-2.0 */
/* A registry directory that is open: its parts are opened when they are first needed. */
#include <config.h>

#include "store/store.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "base/tempfile.h"
#include "store/kv.h"
#include "store/objects.h"

#define STAMP_MAX_BYTES 4096

static int read_stamp(const char *mreg_dir, struct stamp *stamp, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	bool absent;

	path_join(&path, mreg_dir, "format");
	if (file_slurp(path.buf, &text, STAMP_MAX_BYTES, &absent, err) < 0)
		return -1;
	if (absent)
		return error_set(err, ERR_NO_REGISTRY, "'%s' is no registry: it has no file 'format'", mreg_dir);
	if (stamp_parse(text.buf, text.len, stamp, err) < 0)
		return error_wrap(err, "cannot use registry '%s'", mreg_dir);
	return 0;
}

struct store *store_open(const char *mreg_dir, const struct store_options *options, struct error *err)
{
	struct stamp stamp;
	struct store *s;

	if (read_stamp(mreg_dir, &stamp, err) < 0)
		return NULL;
	s = xcalloc(1, sizeof *s);
	*s = (struct store){
		.dir = xstrdup(mreg_dir),
		.stamp = stamp,
		.report = options->report,
		.lock_timeout_ms = options->lock_timeout_ms,
		.verb = options->verb,
		.rule = options->rule,
		.scope = options->scope,
		.journal = JOURNAL_INIT,
		.objects_lock = LOCK_INIT,
	};
	return s;
}

/* The objects' lock goes last: what is mapped may go only after nobody reads it. */
void store_close(struct store *s)
{
	if (!s)
		return;
	kv_close(s->index);
	objects_close(s->objects);
	journal_close(&s->journal);
	lock_release(&s->objects_lock);
	free(s->dir);
	free(s);
}

void store_cleanup(struct store **s)
{
	store_close(*s);
}

int store_use_objects(struct store *s, struct error *err)
{
	CLEANUP(strbuf) struct strbuf tmp = STRBUF_INIT;

	if (s->objects)
		return 0;
	if (s->objects_lock.fd < 0 && lock_take(&s->objects_lock, s->dir, LOCK_OBJECTS, false, s->lock_timeout_ms, s->verb, err) < 0)
		return -1;
	/* a copied registry has no tmp: whoever writes makes it */
	path_join(&tmp, s->dir, "tmp");
	tempfile_sweep(tmp.buf);
	s->objects = objects_open(s->dir, s->report, err);
	return s->objects ? 0 : -1;
}

int store_lock_objects(struct store *s, bool exclusive, struct error *err)
{
	lock_release(&s->objects_lock);
	return lock_take(&s->objects_lock, s->dir, LOCK_OBJECTS, exclusive, s->lock_timeout_ms, s->verb, err);
}

static int tidy(struct store *s, struct error *err)
{
	CLEANUP(lock) struct lock lock = LOCK_INIT;

	if (!objects_want_tidying(s->objects))
		return 0;
	if (lock_take(&lock, s->dir, LOCK_MERGE, true, 0, s->verb, err) == 0)
		return objects_tidy(s->objects, err);
	if (err->code != ERR_LOCK_TIMEOUT)
		return -1;
	error_clear(err);
	return 0;
}

void store_tidy_objects(struct store *s)
{
	struct error problem = ERROR_INIT;

	if (!s->objects)
		return;
	if (tidy(s, &problem) < 0)
		report_note(s->report, "%s", problem.text);
	if (objects_consolidate(s->objects, &problem) < 0)
		report_note(s->report, "%s", problem.text);
}

int store_check_writable(struct store *s, struct error *err)
{
	CLEANUP(strbuf) struct strbuf objects = STRBUF_INIT;

	if (store_use_journal(s, err) < 0)
		return -1;
	path_join(&objects, s->dir, "objects");
	if (s->journal.writable && access(objects.buf, W_OK | X_OK) == 0)
		return 0;
	return error_set(err, ERR_READ_ONLY, "registry '%s' is read-only", s->dir);
}

int store_use_journal(struct store *s, struct error *err)
{
	if (s->journal.path)
		return 0;
	return journal_open(&s->journal, s->dir, &s->stamp, err);
}
