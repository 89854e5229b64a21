/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps the events whose post-hook has failed. */
#include <config.h>

#include "registry/hook-failed.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "base/strvec.h"
#include "base/tempfile.h"

#define SUFFIX ".json"
#define EVENT_MAX_BYTES (4u << 20)

static void directory(struct strbuf *out, const char *mreg_dir)
{
	path_join(out, mreg_dir, "failed-hooks");
}

/* In a shared registry everybody may add to it and take from it. */
static int make_directory(const char *path, const char *mreg_dir, struct error *err)
{
	struct stat above;

	if (file_exists(path))
		return 0;
	if (file_mkdir(path, 0777, err) < 0)
		return -1;
	if (stat(mreg_dir, &above) == 0 && above.st_mode & S_IWGRP && chmod(path, above.st_mode & 07777) < 0)
		return error_set_errno(err, "cannot set the permissions of '%s'", path);
	return 0;
}

/* Names sort by when the hook failed. */
int hook_failed_keep(const char *mreg_dir, const json_t *event, struct error *err)
{
	CLEANUP(strbuf) struct strbuf dir = STRBUF_INIT, path = STRBUF_INIT, when = STRBUF_INIT, text = STRBUF_INIT;

	directory(&dir, mreg_dir);
	if (make_directory(dir.buf, mreg_dir, err) < 0)
		return -1;
	strbuf_addf(&when, "%020" PRId64, clock_real());
	tempfile_name(&path, dir.buf, when.buf);
	strbuf_adds(&path, SUFFIX);
	json_print(&text, event);
	strbuf_addc(&text, '\n');
	return file_replace(path.buf, text.buf, text.len, 0666, err);
}

static int list(const char *dir, struct strvec *out, struct error *err)
{
	DIR *d = opendir(dir);
	const struct dirent *entry;

	if (!d)
		return errno == ENOENT ? 0 : error_set_errno(err, "cannot read '%s'", dir);
	while ((entry = readdir(d))) {
		size_t len = strlen(entry->d_name);
		CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;

		if (entry->d_name[0] == '.' || len < strlen(SUFFIX) || strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX) != 0)
			continue;
		path_join(&path, dir, entry->d_name);
		strvec_push(out, path.buf);
	}
	closedir(d);
	strvec_sort(out);
	return 0;
}

/* NULL without an error: it is no event, or gone. */
static json_t *read_event(const char *path, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	CLEANUP(json) json_t *event = NULL;
	bool absent = false;
	const char *hook;

	if (file_slurp(path, &text, EVENT_MAX_BYTES, &absent, err) < 0 && err->code != ERR_INTEGRITY)
		return NULL;
	error_clear(err);
	event = absent ? NULL : json_parse(text.buf, text.len, path, err);
	error_clear(err);
	return event && json_get_string(event, "hook", &hook) ? STEAL(event) : NULL;
}

int hook_failed_each(const char *mreg_dir, hook_failed_fn fn, void *arg, struct error *err)
{
	CLEANUP(strbuf) struct strbuf dir = STRBUF_INIT;
	CLEANUP(strvec) struct strvec paths = STRVEC_INIT;
	int stop = 0;

	directory(&dir, mreg_dir);
	if (list(dir.buf, &paths, err) < 0)
		return -1;
	for (size_t i = 0; i < paths.count && !stop; i++) {
		CLEANUP(json) json_t *event = read_event(paths.v[i], err);

		if (!event && err->code != ERR_NONE)
			return -1;
		if (event)
			stop = fn(paths.v[i], event, arg, err);
	}
	return stop < 0 ? -1 : 0;
}

int hook_failed_forget(const char *path, struct error *err)
{
	if (unlink(path) < 0 && errno != ENOENT)
		return error_set_errno(err, "cannot remove '%s'", path);
	return 0;
}
