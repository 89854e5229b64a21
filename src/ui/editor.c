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

/* A note may well have lines that begin with '#'. */
#define SCISSORS "# ------------------------ >8 ------------------------\n"

struct scratch {
	struct strbuf path;
};

static void scratch_cleanup(struct scratch *s)
{
	if (s->path.len)
		unlink(s->path.buf);
	strbuf_release(&s->path);
}

static int write_scratch(struct scratch *s, const struct strbuf *content, struct error *err)
{
	const char *dir = env_get("TMPDIR");
	CLEANUP(fd) int fd = -1;

	path_join(&s->path, dir ? dir : "/tmp", "mreg-note-XXXXXX");
	fd = mkstemp(s->path.buf);
	if (fd < 0) {
		error_set_errno(err, "cannot make a file in '%s'", dir ? dir : "/tmp");
		strbuf_reset(&s->path);
		return -1;
	}
	return file_write(fd, content->buf, content->len, s->path.buf, err);
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

/* Where the last such line begins: an older text may have been pasted with its own. */
static size_t end_of_text(const struct strbuf *saved)
{
	size_t end = saved->len;

	for (const char *at = saved->buf; (at = strstr(at, SCISSORS)); at++)
		if (at == saved->buf || at[-1] == '\n')
			end = (size_t)(at - saved->buf);
	return end;
}

static void take_text(const struct strbuf *saved, struct strbuf *out)
{
	size_t begin = 0, end = end_of_text(saved);

	while (begin < end && saved->buf[begin] == '\n')
		begin++;
	while (end > begin && saved->buf[end - 1] == '\n')
		end--;
	strbuf_reset(out);
	strbuf_add(out, saved->buf + begin, end - begin);
}

int editor_run(const char *command, const char *text, const char *help, struct strbuf *out, struct error *err)
{
	CLEANUP(scratch) struct scratch scratch = { STRBUF_INIT };
	CLEANUP(strbuf) struct strbuf content = STRBUF_INIT, saved = STRBUF_INIT;

	strbuf_addf(&content, "%s\n\n" SCISSORS "%s", text, help);
	if (write_scratch(&scratch, &content, err) < 0 || edit(command, scratch.path.buf, err) < 0 ||
	    file_slurp(scratch.path.buf, &saved, EDITOR_TEXT_MAX, NULL, err) < 0)
		return -1;
	take_text(&saved, out);
	return 0;
}

int editor_keep(const char *text, struct strbuf *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf content = STRBUF_INIT;
	CLEANUP(scratch) struct scratch scratch = { STRBUF_INIT };

	strbuf_addf(&content, "%s\n", text);
	if (write_scratch(&scratch, &content, err) < 0)
		return -1;
	strbuf_reset(out);
	strbuf_adds(out, scratch.path.buf);
	strbuf_reset(&scratch.path);
	return 0;
}
