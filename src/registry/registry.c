/* SPDX-License-Identifier: Apache-2.0 */
/* Finds, makes and opens a registry, and knows the rules that hold across its keys. */
#include <config.h>

#include "registry/registry.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "registry/absent.h"
#include "registry/hook.h"
#include "registry/rules.h"
#include "store/objects.h"

/*
 * 1: there is one, 0: there is none; -1: there is something that must not be passed over: no permission to look, or a registry that has lost its
 * format file, over which an init would make another one.
 */
static int is_registry(const char *mreg_dir, struct error *err)
{
	CLEANUP(strbuf) struct strbuf stamp = STRBUF_INIT, journal = STRBUF_INIT;
	struct stat st;

	path_join(&stamp, mreg_dir, "format");
	path_join(&journal, mreg_dir, "journal");
	if (lstat(stamp.buf, &st) == 0)
		return !S_ISDIR(st.st_mode); /* a folder of that name may be anywhere */
	if (errno == EACCES)
		return error_set_errno(err, "cannot look into '%s'", mreg_dir);
	if (stat(journal.buf, &st) < 0 || st.st_size == 0)
		return 0;
	error_set(err, ERR_INTEGRITY, "'%s' has a journal but no file 'format'", mreg_dir);
	return error_hint(err, "Put that file back from a copy of the registry: its three lines are in mreg-registry(5).");
}

static int absolute(const char *path, struct strbuf *out, struct error *err)
{
	char *real = realpath(path, NULL);

	if (!real)
		return error_set_errno(err, "cannot resolve '%s'", path);
	strbuf_adds(out, real);
	free(real);
	return 0;
}

static int discover_given(const char *given, struct strbuf *mreg_dir, struct error *err)
{
	CLEANUP(strbuf) struct strbuf inner = STRBUF_INIT;
	int found;

	path_join(&inner, given, ".mreg");
	found = is_registry(inner.buf, err);
	if (found)
		return found < 0 ? -1 : absolute(inner.buf, mreg_dir, err);
	found = is_registry(given, err);
	if (found)
		return found < 0 ? -1 : absolute(given, mreg_dir, err);
	error_set(err, ERR_NO_REGISTRY, "no registry in '%s'", given);
	return error_hint(err, "'mreg init %s' makes one.", given);
}

int registry_discover(const char *given, struct strbuf *mreg_dir, struct error *err)
{
	CLEANUP(ptr) char *here = NULL;
	CLEANUP(strbuf) struct strbuf candidate = STRBUF_INIT;
	int found;

	if (given)
		return discover_given(given, mreg_dir, err);
	here = getcwd(NULL, 0);
	if (!here)
		return error_set_errno(err, "cannot tell the current directory");
	for (char *end = here + strlen(here);;) {
		*end = '\0';
		strbuf_reset(&candidate);
		path_join(&candidate, *here ? here : "/", ".mreg");
		found = is_registry(candidate.buf, err);
		if (found == 1)
			strbuf_adds(mreg_dir, candidate.buf);
		if (found)
			return found < 0 ? -1 : 0;
		if (end == here)
			break;
		end = strrchr(here, '/');
	}
	error_set(err, ERR_NO_REGISTRY, "no registry here or in any directory above");
	return error_hint(err, "'mreg init' makes one here, 'mreg clone URL' brings one; --registry DIR or MREG_DIR name another place.");
}

int registry_init(const char *dir, bool shared, struct strbuf *mreg_dir, struct error *err)
{
	CLEANUP(strbuf) struct strbuf inner = STRBUF_INIT;

	if (store_init(dir, shared, err) < 0)
		return -1;
	path_join(&inner, dir, ".mreg");
	return absolute(inner.buf, mreg_dir, err);
}

char *registry_user(const struct config *config)
{
	const char *name = config ? config_get(config, "user.name") : NULL;
	struct passwd entry, *found = NULL;
	char text[4096];
	CLEANUP(strbuf) struct strbuf uid = STRBUF_INIT;

	if (name && *name)
		return xstrdup(name);
	if (getpwuid_r(geteuid(), &entry, text, sizeof text, &found) == 0 && found)
		return xstrdup(found->pw_name);
	strbuf_addf(&uid, "%lu", (unsigned long)geteuid());
	return strbuf_detach(&uid);
}

static char *host_name(void)
{
	char name[256] = "";

	if (gethostname(name, sizeof name - 1) < 0 || !*name)
		return xstrdup("localhost");
	return xstrdup(name);
}

static int read_scope(const struct config *config, struct name_scope *scope, struct error *err)
{
	scope->entity = config_get(config, "core.entity");
	scope->project = config_get(config, "core.project");
	if (scope->entity && *scope->entity && name_check(NAME_COLLECTION, scope->entity, strlen(scope->entity), err) < 0)
		return error_wrap(err, "core.entity");
	if (scope->project && *scope->project && name_check(NAME_COLLECTION, scope->project, strlen(scope->project), err) < 0)
		return error_wrap(err, "core.project");
	return 0;
}

struct registry *registry_open(const char *mreg_dir, const struct config *config, const char *verb, struct report *report, struct error *err)
{
	CLEANUP(registry) struct registry *r = xcalloc(1, sizeof *r);
	CLEANUP(strbuf) struct strbuf root = STRBUF_INIT;
	struct store_options options = { .report = report, .verb = verb, .rule = rules_check };

	if (config_get_duration_ms(config, "core.locktimeout", 10000, &options.lock_timeout_ms, err) < 0)
		return NULL;
	if (read_scope(config, &r->scope, err) < 0)
		return NULL;
	options.scope = &r->scope;
	r->arrived = (struct strvec)STRVEC_INIT;
	path_dir(&root, mreg_dir);
	r->root = strbuf_detach(&root);
	r->config = config;
	r->report = report;
	r->store = store_open(mreg_dir, &options, err);
	if (!r->store)
		return NULL;
	return STEAL(r);
}

void registry_close(struct registry *r)
{
	struct hooks_after *after;

	if (!r)
		return;
	object_reader_free(r->reader);
	view_close(r->view);
	absent_settle(r);
	strvec_release(&r->arrived);
	store_close(r->store);
	free(r->root);
	free(r->user);
	free(r->host);
	after = r->after;
	free(r);
	hooks_run_after(after);
}

void registry_cleanup(struct registry **r)
{
	registry_close(*r);
}

/* The real path of what exists of a path. */
static char *real_part(const char *path)
{
	CLEANUP(strbuf) struct strbuf at = STRBUF_INIT;
	char *real;

	path_normalise(&at, path);
	while (!(real = realpath(at.buf, NULL)) && strcmp(at.buf, "/") != 0 && strcmp(at.buf, ".") != 0) {
		CLEANUP(strbuf) struct strbuf above = STRBUF_INIT;

		path_dir(&above, at.buf);
		strbuf_reset(&at);
		strbuf_adds(&at, above.buf);
	}
	return real;
}

int registry_check_outside(const struct registry *r, const char *path, struct error *err)
{
	CLEANUP(ptr) char *real = real_part(path), *own = realpath(r->store->dir, NULL);
	size_t len = own ? strlen(own) : 0;
	bool inside = real && own && strncmp(real, own, len) == 0 && (real[len] == '/' || real[len] == '\0');

	for (const char *part = real; part && !inside; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL)
		inside = strncmp(part, ".mreg", 5) == 0 && (part[5] == '/' || part[5] == '\0');
	if (inside)
		return error_set(err, ERR_POLICY, "'%s' lies inside a registry, whose files are not for other use", path);
	return 0;
}

struct view *registry_view(struct registry *r, struct error *err)
{
	if (!r->view)
		r->view = view_open(r->store, err);
	return r->view;
}

void registry_drop_view(struct registry *r)
{
	view_close(r->view);
	r->view = NULL;
}

void registry_save_stats(struct registry *r, struct stat_rows *rows)
{
	if (!rows->count)
		return;
	registry_drop_view(r);
	statcache_save(r->store, rows);
}

void registry_learn(struct registry *r, const struct cid *cid, const struct version_row *rows, size_t count)
{
	view_learn(r->store, cid, rows, count);
}

void registry_learn_facts(struct registry *r, const struct facts_row *rows, size_t count)
{
	view_learn_facts(r->store, rows, count);
}

void registry_name_user(struct registry *r)
{
	if (r->user)
		return;
	r->user = registry_user(r->config);
	r->host = host_name();
}

struct txn_info registry_txn_info(struct registry *r, const char *verb, const char *why, bool dry_run)
{
	registry_name_user(r);
	return (struct txn_info){ .verb = verb, .why = why, .user = r->user, .host = r->host, .dry_run = dry_run };
}
