/* SPDX-License-Identifier: Apache-2.0 */
/* Hands a text to the user's editor and takes back what was saved. */
#include <config.h>

#include "ui/editor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "base/path.h"
#include "base/process.h"
#include "base/strvec.h"

struct scratch {
	struct strbuf path;
};

static void scratch_cleanup(struct scratch *s)
{
	if (s->path.len)
		unlink(s->path.buf);
	strbuf_release(&s->path);
}

static int write_scratch(struct scratch *s, const char *text, const char *help, struct error *err)
{
	const char *dir = env_get("TMPDIR");
	CLEANUP(strbuf) struct strbuf content = STRBUF_INIT;
	CLEANUP(fd) int fd = -1;

	strbuf_addf(&content, "%s%s\n%s", text, *text ? "\n" : "", help);
	path_join(&s->path, dir ? dir : "/tmp", "mreg-note-XXXXXX");
	fd = mkstemp(s->path.buf);
	if (fd < 0) {
		error_set_errno(err, "cannot make a file in '%s'", dir ? dir : "/tmp");
		strbuf_reset(&s->path);
		return -1;
	}
	return file_write(fd, content.buf, content.len, s->path.buf, err);
}

static int edit(const char *command, const char *path, struct error *err)
{
	CLEANUP(strvec) struct strvec words = STRVEC_INIT;
	int status;
	pid_t pid;

	if (process_split(command, &words, err) < 0)
		return -1;
	strvec_push(&words, path);
	if (process_spawn((const char *const *)words.v, -1, -1, -1, &pid, err) < 0 || process_wait(pid, &status, err) < 0)
		return -1;
	return status == 0 ? 0 : error_set(err, ERR_POLICY, "the editor '%s' ended with %d: nothing was changed", command, status);
}

/* Line by line, without those of the help. */
static void take_text(const char *saved, struct strbuf *out)
{
	while (*saved) {
		size_t len = strcspn(saved, "\n");

		if (*saved != '#' && (len || out->len)) {
			strbuf_add(out, saved, len);
			strbuf_addc(out, '\n');
		}
		saved += len + (saved[len] == '\n');
	}
	while (out->len && out->buf[out->len - 1] == '\n')
		strbuf_set_len(out, out->len - 1);
}

int editor_run(const char *command, const char *text, const char *help, struct strbuf *out, struct error *err)
{
	CLEANUP(scratch) struct scratch scratch = { STRBUF_INIT };
	CLEANUP(strbuf) struct strbuf saved = STRBUF_INIT;

	if (write_scratch(&scratch, text, help, err) < 0 || edit(command, scratch.path.buf, err) < 0 ||
	    file_slurp(scratch.path.buf, &saved, EDITOR_TEXT_MAX, NULL, err) < 0)
		return -1;
	strbuf_reset(out);
	take_text(saved.buf, out);
	return 0;
}
