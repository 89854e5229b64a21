/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a file of this machine, or what curl writes to a pipe. */
#include <config.h>

#include "registry/external-read.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/utf8.h"

#define PIECE (256u << 10)
#define SAID_MAX 8192 /* of what curl says on stderr; a pipe holds more */
#define HTTP_MARK "mreg-http-status "

/* ---- a file of this machine ---- */

static int open_file(const char *path, enum external_state *state, struct error *err)
{
	CLEANUP(fd) int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	int opened;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		*state = EXTERNAL_GONE;
		return error_set(err, ERR_INTEGRITY, "there is no such file");
	}
	if (fd < 0) {
		*state = EXTERNAL_UNREACHABLE;
		return error_set(err, ERR_REMOTE, "it cannot be opened: %s", strerror(errno));
	}
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		*state = EXTERNAL_DRIFTED;
		return error_set(err, ERR_INTEGRITY, "it is no regular file");
	}
	opened = fd;
	fd = -1;
	return opened;
}

int external_read_file(const struct uri *uri, external_fn fn, void *arg, enum external_state *state, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	CLEANUP(ptr) char *piece = xmalloc(PIECE);
	CLEANUP(fd) int fd = -1;
	ssize_t got;

	uri_file_path(uri, &path);
	fd = open_file(path.buf, state, err);
	if (fd < 0)
		return -1;
	while ((got = file_read(fd, piece, PIECE, path.buf, err)) > 0)
		if (interrupt_check(err) < 0 || fn(piece, (size_t)got, arg, err) < 0)
			return -1;
	return got < 0 ? -1 : 0;
}

/* ---- curl ---- */

/* A running curl: ended and waited for when it goes out of scope. */
struct curl {
	pid_t pid; /* 0: none */
	int out, said;
};

static void curl_cleanup(struct curl *c)
{
	struct error ignored = ERROR_INIT;
	int status;

	fd_cleanup(&c->out);
	fd_cleanup(&c->said);
	if (c->pid && kill(c->pid, SIGTERM) == 0 && process_wait(c->pid, &status, &ignored) < 0)
		error_clear(&ignored);
}

static int make_pipe(int *reads, int *writes, struct error *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set_errno(err, "cannot make a pipe");
	*reads = ends[0];
	*writes = ends[1];
	return 0;
}

/* No configuration and no shell see the URI; a server that says nothing for a minute has failed. */
static int curl_start(struct curl *c, const char *url, bool https_only, bool heads, struct error *err)
{
	const char *const argv[] = {
		"curl", "-q", "--silent", "--show-error", "--fail", "--globoff", "--proto", "=http,https", "--proto-redir",
		https_only ? "=https" : "=http,https", "--location", "--max-redirs", "10", "--connect-timeout", "30", "--speed-limit", "1", "--speed-time",
		"60", "--write-out", "%{stderr}\n" HTTP_MARK "%{http_code}\n", heads ? "--head" : "--no-buffer", "--", url, NULL,
	};
	CLEANUP(fd) int in = file_open("/dev/null", O_RDONLY, 0, err);
	CLEANUP(fd) int out = -1;
	CLEANUP(fd) int said = -1;

	if (in < 0 || make_pipe(&c->out, &out, err) < 0 || make_pipe(&c->said, &said, err) < 0)
		return -1;
	if (process_spawn(argv, in, out, said, &c->pid, err) == 0)
		return 0;
	c->pid = 0;
	err->code = ERR_REMOTE;
	return error_hint(err, "http and https are fetched by the curl program: install it.");
}

static int curl_pass_on(const struct curl *c, external_fn fn, void *arg, struct error *err)
{
	CLEANUP(ptr) char *piece = xmalloc(PIECE);
	ssize_t got;

	while ((got = file_read_stream(c->out, piece, PIECE, "what curl writes", err)) > 0)
		if (interrupt_check(err) < 0 || fn(piece, (size_t)got, arg, err) < 0)
			return -1;
	return got < 0 ? -1 : 0;
}

/* Its one line of complaint, without its own name and number. */
static void add_complaint(struct strbuf *out, const char *said)
{
	const char *at = strstr(said, "curl: ("), *text = at ? strstr(at, ") ") : NULL;

	if (text)
		utf8_add_visible(out, text + 2, strcspn(text + 2, "\n"));
}

static int curl_judge(const char *said, int status, enum external_state *state, struct error *err)
{
	CLEANUP(strbuf) struct strbuf why = STRBUF_INIT;
	const char *mark = strstr(said, HTTP_MARK);
	int http = mark ? atoi(mark + strlen(HTTP_MARK)) : 0;

	if (status == 0)
		return 0;
	if (http == 404 || http == 410) {
		*state = EXTERNAL_GONE;
		return error_set(err, ERR_INTEGRITY, "the server does not have it (HTTP %d)", http);
	}
	*state = EXTERNAL_UNREACHABLE;
	add_complaint(&why, said);
	if (!why.len)
		strbuf_addf(&why, "curl ended with %d", status);
	return error_set(err, ERR_REMOTE, "%.300s", why.buf);
}

int external_read_http(const char *text, const struct uri *uri, bool heads, external_fn fn, void *arg, enum external_state *state, struct error *err)
{
	CLEANUP(strbuf) struct strbuf url = STRBUF_INIT, said = STRBUF_INIT;
	CLEANUP(curl) struct curl c = { 0, -1, -1 };
	ssize_t got;
	pid_t pid;
	int status;

	uri_add_encoded(&url, text);
	if (curl_start(&c, url.buf, uri_scheme(uri) == URI_HTTPS, heads, err) < 0) {
		if (err->code == ERR_REMOTE)
			*state = EXTERNAL_UNREACHABLE;
		return -1;
	}
	if (curl_pass_on(&c, fn, arg, err) < 0)
		return -1;
	strbuf_grow(&said, SAID_MAX);
	got = file_read_stream(c.said, said.buf, SAID_MAX, "what curl says", err);
	if (got < 0)
		return -1;
	strbuf_set_len(&said, (size_t)got);
	pid = c.pid;
	c.pid = 0;
	if (process_wait(pid, &status, err) < 0 || interrupt_check(err) < 0)
		return -1;
	return curl_judge(said.buf, status, state, err);
}
