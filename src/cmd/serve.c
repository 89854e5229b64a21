/* SPDX-License-Identifier: Apache-2.0 */
/* mreg serve: answers another mreg on standard input and output; the far end of a path, of ssh, and of a forced command. */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/env.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/process.h"
#include "cmd/cmd.h"
#include "registry/registry.h"
#include "transport/serve.h"
#include "ui/terminal.h"

#define DEFAULT_IDLE_MS 600000u
#define NO_SHELL_HINT "This account only serves registries: 'mreg clone HOST:PATH'."

/* A forced command hands on nothing that the client may have set; without one the client is whoever could run anything here. */
static void clear_environment(bool is_forced)
{
	static const char *const names[] = { "HOME", "LANG", "LANGUAGE", "LC_*", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "USER", "XDG_CACHE_HOME",
		"XDG_CONFIG_HOME", "MREG_CRASH", "MREG_NOW", "MREG_SEED", NULL };
	const char *some[COUNT_OF(names)];
	size_t count = 0;

	for (const char *const *name = names; *name; name++)
		if (!is_forced || strncmp(*name, "MREG_", 5) != 0)
			some[count++] = *name;
	some[count] = NULL;
	env_keep(some);
}

/* ---- which registry ---- */

/* The command that the client gave to ssh: exactly mreg serve PATH, with the path quoted as a shell would have it. */
static char *asked_path(const char *command, struct error *err)
{
	CLEANUP(strvec) struct strvec words = STRVEC_INIT;
	struct error ignored = ERROR_INIT;

	if (!command) {
		error_set(err, ERR_USAGE, "there is no shell for you here");
	} else if (process_split(command, &words, &ignored) == 0 && words.count == 3 && !strcmp(words.v[0], "mreg") && !strcmp(words.v[1], "serve")) {
		return xstrdup(words.v[2]);
	} else {
		error_set(err, ERR_POLICY, "'%.200s' is not run here", command);
	}
	(void)!error_hint(err, "%s", NO_SHELL_HINT);
	return NULL;
}

/* What a client asks for may be told it, but not whether anything is there that it may not have. */
static int refuse_path(const char *asked, struct error *err)
{
	error_set(err, ERR_NO_REGISTRY, "there is no registry '%.300s' that is served", asked);
	return error_hint(err, "Check the path: it is below the directory that 'mreg serve --root' names there.");
}

static bool is_below(const char *path, const char *root)
{
	size_t len = strlen(root);

	return !strncmp(path, root, len) && (!path[len] || path[len] == '/' || (len && root[len - 1] == '/'));
}

/* The far shell does not expand a tilde that stands in quotes. */
static char *path_of_user(const char *path)
{
	const char *home = env_get("HOME");
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

	if (!home || strncmp(path, "~/", 2))
		return xstrdup(path);
	path_join(&out, home, path + 2);
	return strbuf_detach(&out);
}

/* ---- what is served ---- */

static bool is_file(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode);
}

struct target {
	char *path;
	char *root;        /* nothing outside of it is served; NULL: it may lie anywhere */
	const char *asked; /* what the client calls it, told in place of where it lies; with a root alone */
};

static void target_cleanup(struct target *t)
{
	free(t->path);
	free(t->root);
}

/* "/a", "~/a" and "a" are all ROOT/a; dots and links may lead anywhere, as long as that is below ROOT. */
static int find_below(const char *root, const char *asked, struct target *out, struct error *err)
{
	const char *relative = asked + (!strncmp(asked, "~/", 2) || !strcmp(asked, "~") ? 1 : 0);
	CLEANUP(strbuf) struct strbuf wanted = STRBUF_INIT;

	out->root = realpath(root, NULL);
	if (!out->root)
		return error_set_errno(err, "cannot serve what is below '%s'", root);
	relative += strspn(relative, "/");
	path_join(&wanted, out->root, *relative ? relative : ".");
	out->path = realpath(wanted.buf, NULL);
	return out->path && is_below(out->path, out->root) ? 0 : refuse_path(asked, err);
}

/* DIR/.mreg may be a link of its own. */
static int check_inside(const struct target *t, const char *mreg_dir, struct error *err)
{
	CLEANUP(ptr) char *real = realpath(mreg_dir, NULL);

	return !t->root || (real && is_below(real, t->root)) ? 0 : refuse_path(t->asked, err);
}

static struct source *open_registry(struct session *s, const struct target *t, struct error *err)
{
	CLEANUP(strbuf) struct strbuf dir = STRBUF_INIT;

	if (registry_discover(t->path, &dir, err) < 0 || check_inside(t, dir.buf, err) < 0)
		return NULL;
	s->mreg_dir = strbuf_detach(&dir);
	if (config_load(&s->config, s->mreg_dir, &s->overrides, err) < 0)
		return NULL;
	s->registry = registry_open(s->mreg_dir, &s->config, "serve", s->report, err);
	return s->registry ? source_of_registry(s->registry, err) : NULL;
}

static struct source *open_source(struct session *s, const struct target *t, struct error *err)
{
	if (!is_file(t->path))
		return open_registry(s, t, err);
	return config_load(&s->config, NULL, &s->overrides, err) < 0 ? NULL : source_of_bundle(t->path, err);
}

static int serve(struct session *s, const struct target *t, struct serve_options *options, struct error *err)
{
	CLEANUP(source) struct source *source = open_source(s, t, err);
	uint64_t idle_ms;

	if (!source && t->root && err->code == ERR_NO_REGISTRY)
		(void)!refuse_path(t->asked, err);
	if (!source || config_get_duration_ms(&s->config, "serve.idleTimeout", DEFAULT_IDLE_MS, &idle_ms, err) < 0)
		return serve_refuse(err);
	options->idle_s = (unsigned)(idle_ms / 1000 + (idle_ms % 1000 != 0));
	return serve_run(source, options, s->report, err);
}

static int serve_forced(struct session *s, const char *root, struct serve_options *options, struct error *err)
{
	CLEANUP(ptr) char *asked = asked_path(env_get("SSH_ORIGINAL_COMMAND"), err);
	CLEANUP(target) struct target t = { .asked = asked };

	clear_environment(true);
	if (!asked)
		return -1;
	return find_below(root, asked, &t, err) < 0 ? serve_refuse(err) : serve(s, &t, options, err);
}

static int serve_path(struct session *s, const char *path, struct serve_options *options, struct error *err)
{
	CLEANUP(target) struct target t = { .path = path_of_user(path) };

	if (terminal_is_stdin() || terminal_is_stdout()) {
		error_set(err, ERR_USAGE, "serve speaks to another mreg, not to a terminal");
		return error_hint(err, "'mreg pull %s' in another registry starts it.", path);
	}
	clear_environment(false);
	return serve(s, &t, options, err);
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	struct serve_options options = { .user = NULL };
	const char *root = NULL;
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	const struct opt opts[] = {
		OPT_STRING(0, "root", &root, "DIR", "serve what ssh was asked for, if it lies below DIR"),
		OPT_FLAG(0, "read-only", &options.is_read_only, "refuse pushes"),
		OPT_STRING(0, "user", &options.user, "NAME", "who the client is, whatever it says itself"),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 0, 1, &operands, err) < 0)
		return -1;
	if (options.user && config_check("user.name", options.user, err) < 0)
		return error_wrap(err, "option '--user'");
	if (root && operands.count)
		return error_set(err, ERR_USAGE, "--root takes the path from ssh, not '%s' from the command line", operands.v[0]);
	if (!root && !operands.count)
		return error_set(err, ERR_USAGE, "an operand is missing: PATH, or --root DIR");
	return root ? serve_forced(s, root, &options, err) : serve_path(s, operands.v[0], &options, err);
}

const struct command cmd_serve = {
	.name = "serve", .synopsis = "[options] PATH | --root DIR", .summary = "answer another mreg on standard input and output",
	.group = GROUP_SHARE, .needs = NEEDS_NOTHING, .run = run,
};
