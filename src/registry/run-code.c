/* SPDX-License-Identifier: Apache-2.0 */
/* Runs git with everything switched off by which a repository could make it run programs. */
#include <config.h>

#include "registry/run-code.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/strvec.h"

#define ANSWER_MAX (1u << 20) /* of all but the diff */
#define PIECE (64u << 10)
#define SCHEME "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-.:" /* also of a helper before it: "hg::https" */

/* ---- git ---- */

struct git {
	const char *directory;
	struct strvec settings;  /* "-c", "key=value" … */
	struct strvec variables;
	bool is_missing;         /* it is not installed */
	struct strbuf complaint; /* what the last one said on stderr */
};

static void git_cleanup(struct git *git)
{
	strvec_release(&git->settings);
	strvec_release(&git->variables);
	strbuf_release(&git->complaint);
}

static void set(struct git *git, const char *setting)
{
	strvec_push(&git->settings, "-c");
	strvec_push(&git->settings, setting);
}

/* Objects that a partial clone lacks are not fetched either: that would run whatever the repository says leads to its remote. */
static void git_init(struct git *git, const char *directory)
{
	*git = (struct git){ .directory = directory, .settings = STRVEC_INIT, .variables = STRVEC_INIT, .complaint = STRBUF_INIT };
	set(git, "core.fsmonitor=false");
	set(git, "core.hooksPath=/dev/null");
	set(git, "core.pager=cat");
	set(git, "core.quotePath=true");
	strvec_push(&git->variables, "GIT_ALLOW_PROTOCOL=none");
	strvec_push(&git->variables, "GIT_NO_LAZY_FETCH=1");
	strvec_push(&git->variables, "GIT_OPTIONAL_LOCKS=0");
	strvec_push(&git->variables, "GIT_TERMINAL_PROMPT=0");
}

static void make_argv(const struct git *git, const char *const *words, struct strvec *out)
{
	strvec_push(out, "git");
	strvec_push(out, "-C");
	strvec_push(out, git->directory);
	strvec_push(out, "--no-pager");
	for (size_t i = 0; i < git->settings.count; i++)
		strvec_push(out, git->settings.v[i]);
	for (; *words; words++)
		strvec_push(out, *words);
}

/* Up to max bytes and one more. */
static int read_answer(int fd, struct strbuf *out, size_t max, struct error *err)
{
	size_t n;
	ssize_t got;

	while (out->len <= max) {
		n = max + 1 - out->len < PIECE ? max + 1 - out->len : PIECE;
		strbuf_grow(out, n);
		got = file_read_stream(fd, out->buf + out->len, n, "what git says", err);
		if (got < 0)
			return -1;
		if (got == 0)
			return 0;
		strbuf_set_len(out, out->len + (size_t)got);
	}
	return 0;
}

static void read_complaint(struct git *git, int fd)
{
	char text[4096];
	struct error ignored = ERROR_INIT;
	ssize_t len = file_pread(fd, text, sizeof text, 0, "what git says", &ignored);

	strbuf_reset(&git->complaint);
	strbuf_add(&git->complaint, text, len > 0 ? (size_t)len : 0);
}

static int run_git(struct git *git, int in, int out, int said, const char *const *words, pid_t *pid, struct error *err)
{
	CLEANUP(strvec) struct strvec argv = STRVEC_INIT;

	make_argv(git, words, &argv);
	return process_spawn_with((const char *const *)argv.v, &git->variables, in, out, said, pid, err);
}

/*
 * Its answer into out, up to max bytes: 1, 0 when its status is not 0 or it is not installed, -1.  An answer longer than that is 1, too: out->len is
 * then max + 1, and git ends by itself, because nobody reads it any more.
 */
static int ask(struct git *git, struct strbuf *out, size_t max, const char *const *words, struct error *err)
{
	CLEANUP(fd) int from = -1;
	CLEANUP(fd) int to = -1;
	CLEANUP(fd) int nothing = file_open("/dev/null", O_RDONLY, 0, err);
	CLEANUP(fd) int said = memfd_create("mreg-git", MFD_CLOEXEC);
	struct error ignored = ERROR_INIT;
	int ends[2], status, rc;
	pid_t pid;

	if (git->is_missing)
		return 0;
	if (nothing < 0)
		return -1;
	if (said < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return error_set_errno(err, "cannot make a pipe");
	from = ends[0];
	to = ends[1];
	if (run_git(git, nothing, to, said, words, &pid, err) < 0) {
		git->is_missing = true;
		error_clear(err);
		return 0;
	}
	fd_cleanup(&to);
	to = -1;
	rc = read_answer(from, out, max, err);
	fd_cleanup(&from);
	from = -1;
	if (process_wait(pid, &status, rc < 0 ? &ignored : err) < 0 || rc < 0 || interrupt_check(err) < 0)
		return -1;
	read_complaint(git, said);
	return status == 0 || out->len > max ? 1 : 0;
}

#define ASK(git, out, ...) ask(git, out, ANSWER_MAX, (const char *const[]){ __VA_ARGS__, NULL }, err)

/* One line; the newline at its end is not part of it. */
static int ask_member(struct git *git, json_t *record, const char *member, const char *const *words, struct error *err)
{
	CLEANUP(strbuf) struct strbuf answer = STRBUF_INIT;
	int got = ask(git, &answer, ANSWER_MAX, words, err);

	if (got <= 0)
		return got;
	if (answer.len && answer.buf[answer.len - 1] == '\n')
		strbuf_set_len(&answer, answer.len - 1);
	if (answer.len && answer.len <= ANSWER_MAX)
		json_object_set_new(record, member, json_escaped(answer.buf, answer.len));
	return answer.len > 0;
}

#define ASK_MEMBER(git, record, member, ...) ask_member(git, record, member, (const char *const[]){ __VA_ARGS__, NULL }, err)

/* ---- the remote's URL ---- */

/* Helpers ("ext::…") have a command line there, or whatever else. */
void run_code_add_url(struct strbuf *out, const char *url)
{
	const char *rest = strstr(url, "://"), *end, *at = NULL, *colon;
	bool is_ssh;

	if (!rest) {
		if (!strstr(url, "::"))
			strbuf_adds(out, url);
		return;
	}
	if (strspn(url, SCHEME) != (size_t)(rest - url) + 1) /* with the colon of "://" */
		return;
	is_ssh = memmem(url, (size_t)(rest - url), "ssh", 3) != NULL;
	rest += 3;
	end = rest + strcspn(rest, "/?#");
	for (const char *p = rest; p < end; p++)
		if (*p == '@')
			at = p;
	strbuf_add(out, url, (size_t)(rest - url));
	if (at && is_ssh) {
		colon = memchr(rest, ':', (size_t)(at - rest));
		strbuf_add(out, rest, (size_t)((colon ? colon : at) - rest));
		strbuf_addc(out, '@');
	}
	rest = at ? at + 1 : rest;
	strbuf_add(out, rest, strncasecmp(url, "http", 4) ? strlen(rest) : strcspn(rest, "?#"));
}

static int ask_remote(struct git *git, json_t *record, struct error *err)
{
	CLEANUP(strbuf) struct strbuf answer = STRBUF_INIT, url = STRBUF_INIT;
	int got = ASK(git, &answer, "config", "--get", "remote.origin.url");

	if (got <= 0)
		return got;
	if (answer.len && answer.buf[answer.len - 1] == '\n')
		strbuf_set_len(&answer, answer.len - 1);
	run_code_add_url(&url, answer.buf);
	if (url.len)
		json_object_set_new(record, "remote", json_escaped(url.buf, url.len));
	return 0;
}

/* ---- its files ---- */

/* "SCOPE\0KEY\0" pairs.  A key is "filter.NAME.clean"; NAME may hold anything, even '=', which would end the key in a setting. */
static bool switch_off_filter(struct git *git, const char *key)
{
	CLEANUP(strbuf) struct strbuf setting = STRBUF_INIT;
	const char *last = strrchr(key, '.');

	if (strchr(key, '=') || strncmp(key, "filter.", 7) != 0 || last < key + 7)
		return false;
	strbuf_add(&setting, key, (size_t)(last - key));
	strbuf_adds(&setting, ".required=false");
	set(git, setting.buf);
	strbuf_set_len(&setting, (size_t)(last - key));
	strbuf_adds(&setting, ".clean=");
	set(git, setting.buf);
	strbuf_set_len(&setting, (size_t)(last - key));
	strbuf_adds(&setting, ".process=");
	set(git, setting.buf);
	return true;
}

static const char *next_text(const char **at, const char *end)
{
	const char *text = *at, *nul = text < end ? memchr(text, '\0', (size_t)(end - text)) : NULL;

	*at = nul ? nul + 1 : end;
	return nul ? text : NULL;
}

/* What a repository itself says of filters is not heeded: they are programs.  1, 0 when that cannot be done, -1. */
static int switch_off_filters(struct git *git, struct error *err)
{
	CLEANUP(strbuf) struct strbuf answer = STRBUF_INIT;
	const char *at, *end, *scope, *key;
	/* ends with 1 when there is none */
	int got = ASK(git, &answer, "config", "--show-scope", "--name-only", "-z", "--get-regexp", "^filter\\.");

	if (got < 0 || answer.len > ANSWER_MAX)
		return got < 0 ? -1 : 0;
	if (got == 0)
		return !git->complaint.len;
	for (at = answer.buf, end = at + answer.len; (scope = next_text(&at, end)) && (key = next_text(&at, end));)
		if (strcmp(scope, "system") != 0 && strcmp(scope, "global") != 0 && !switch_off_filter(git, key))
			return 0;
	return 1;
}

/* None of the settings by which people change how diffs look: it is read by git apply. */
static const char *const diff_words[] = {
	"diff", "--no-ext-diff", "--no-textconv", "--binary", "--no-color", "--src-prefix=a/", "--dst-prefix=b/", "--no-relative", "-U3",
	"--inter-hunk-context=0", "-O/dev/null", "--submodule=short", "--ignore-submodules=dirty", "--diff-algorithm=default", "HEAD", "--", NULL,
};

static int read_diff(struct git *git, struct report *report, struct run_code *out, struct error *err)
{
	int got = switch_off_filters(git, err);

	if (got > 0)
		got = ask(git, &out->diff, RUN_CODE_DIFF_MAX, diff_words, err);
	if (got < 0)
		return -1;
	json_object_set_new(out->record, "dirty", json_boolean(got == 0 || out->diff.len > 0));
	if (got > 0 && out->diff.len <= RUN_CODE_DIFF_MAX)
		return 0;
	if (got == 0)
		report_warning(report, "git cannot tell what was changed in '%s' since the commit: it is not recorded", git->directory);
	else
		report_warning(report, "what was changed in '%s' since the commit is not recorded: it is over %u MiB", git->directory,
			RUN_CODE_DIFF_MAX >> 20);
	strbuf_release(&out->diff);
	return 0;
}

static int read_untracked(struct git *git, json_t *record, struct error *err)
{
	CLEANUP(strbuf) struct strbuf answer = STRBUF_INIT;
	CLEANUP(json) json_t *names = json_array();
	int got = ASK(git, &answer, "ls-files", "--others", "--exclude-standard", "--directory", "--no-empty-directory", "-z");
	const char *at = answer.buf, *end = at + answer.len, *name;
	size_t count = 0;

	if (got <= 0)
		return got;
	for (; (name = next_text(&at, end)); count++)
		if (count < RUN_CODE_UNTRACKED_MAX)
			json_array_append_new(names, json_escaped(name, strlen(name)));
	if (!count)
		return 0;
	json_object_set(record, "untracked", names);
	json_object_set_new(record, "untracked_count", json_u64(count));
	return 0;
}

/* ---- all of it ---- */

/* 1, 0 when there is none, -1. */
static int find_root(struct git *git, struct report *report, struct strbuf *root, struct error *err)
{
	int got = ASK(git, root, "rev-parse", "--show-toplevel");

	if (got < 0)
		return -1;
	if (got == 0) {
		if (strstr(git->complaint.buf, "safe.directory"))
			report_warning(report, "git does not trust the repository of '%s': the state of the code is not recorded", git->directory);
		return 0;
	}
	if (root->len && root->buf[root->len - 1] == '\n')
		strbuf_set_len(root, root->len - 1);
	return root->len > 0 && root->len <= ANSWER_MAX && !memchr(root->buf, '\0', root->len);
}

int run_code_read(const char *directory, struct report *report, struct run_code *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf root = STRBUF_INIT;
	CLEANUP(git) struct git git;
	int got;

	git_init(&git, directory);
	got = find_root(&git, report, &root, err);
	if (got <= 0)
		return got;
	git.directory = root.buf;
	out->record = json_object();
	json_object_set_new(out->record, "root", json_escaped(root.buf, root.len));
	got = ASK_MEMBER(&git, out->record, "commit", "rev-parse", "--verify", "--quiet", "HEAD^{commit}");
	if (got < 0 || ASK_MEMBER(&git, out->record, "branch", "symbolic-ref", "--quiet", "--short", "HEAD") < 0 ||
		ask_remote(&git, out->record, err) < 0)
		return -1;
	if (got == 0)
		json_object_set_new(out->record, "dirty", json_true());
	else if (read_diff(&git, report, out, err) < 0)
		return -1;
	return read_untracked(&git, out->record, err);
}

void run_code_cleanup(struct run_code *code)
{
	json_cleanup(&code->record);
	strbuf_release(&code->diff);
}
