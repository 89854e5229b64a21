/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the hooks of a registry and runs them. */
#include <config.h>

#include "registry/hook.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/interrupt.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/process.h"
#include "base/suggest.h"
#include "registry/hook-failed.h"
#include "registry/registry.h"

/* ---- what there is ---- */

void hooks_cleanup(struct hooks *hooks)
{
	for (int when = 0; when < HOOK_WHEN_COUNT; when++)
		for (int kind = 0; kind < EVENT_KIND_COUNT; kind++)
			free(hooks->v[when][kind].path);
	for (size_t i = 0; i < hooks->check_count; i++) {
		free(hooks->checks[i].name);
		free(hooks->checks[i].alias);
	}
	free(hooks->checks);
	memset(hooks, 0, sizeof *hooks);
}

/* What may be a hook, and cannot be looked at or run by us, is not to be skipped: to run it fails then. */
static void find_file(struct hook *hook)
{
	struct stat st;
	bool is_known = stat(hook->path, &st) == 0;

	hook->is_there = is_known ? S_ISREG(st.st_mode) : errno != ENOENT && errno != ENOTDIR;
	hook->is_runnable = hook->is_there && (!is_known || (st.st_mode & 0111));
}

/* One look tells that there are none, which is the usual case. */
static bool is_empty(const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *entry = NULL;

	if (!d)
		return errno == ENOENT || errno == ENOTDIR;
	while ((entry = readdir(d)) && entry->d_name[0] == '.')
		;
	closedir(d);
	return !entry;
}

static void find_files(const struct registry *reg, struct hooks *out)
{
	CLEANUP(strbuf) struct strbuf dir = STRBUF_INIT;
	bool empty;

	path_join(&dir, reg->store->dir, "hooks");
	empty = is_empty(dir.buf);
	for (int when = 0; when < HOOK_WHEN_COUNT; when++) {
		for (int kind = 0; kind < EVENT_KIND_COUNT; kind++) {
			struct hook *hook = &out->v[when][kind];
			CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;

			snprintf(hook->name, sizeof hook->name, "%s-%s", when == HOOK_PRE ? "pre" : "post", event_kind_name(kind));
			path_join(&path, dir.buf, hook->name);
			hook->path = strbuf_detach(&path);
			if (!empty)
				find_file(hook);
		}
	}
}

static void add_check(struct hooks *out, const char *name, const char *alias, const char *command)
{
	ARRAY_GROW(out->checks, out->check_count + 1, out->check_cap);
	out->checks[out->check_count++] = (struct hook_check){ xstrdup(name), xstrdup(alias), command };
}

/* key: "protect.NAME:ALIAS.check".  As wherever a name is read, it is completed, or stands as it is. */
static void take_key(const struct registry *reg, struct hooks *out, const char *key, const char *command)
{
	static const char head[] = "protect.", tail[] = ".check";
	size_t len = strlen(key), head_len = sizeof head - 1, tail_len = sizeof tail - 1;
	CLEANUP(strbuf) struct strbuf full = STRBUF_INIT;
	CLEANUP(ptr) char *name = NULL;
	char *colon;

	if (len <= head_len + tail_len || strncmp(key, head, head_len) != 0 || strcmp(key + len - tail_len, tail) != 0)
		return;
	name = xstrndup(key + head_len, len - head_len - tail_len);
	colon = strrchr(name, ':');
	if (!colon)
		return;
	*colon = '\0';
	name_complete(&full, name, &reg->scope);
	add_check(out, full.buf, colon + 1, command);
	if (strcmp(full.buf, name) != 0)
		add_check(out, name, colon + 1, command);
}

void hooks_find(const struct registry *reg, struct hooks *out)
{
	const struct config *c = reg->config;

	find_files(reg, out);
	out->is_trusted = config_trusts(c, reg->store->dir);
	for (size_t i = 0; i < c->count; i++)
		if (config_find(c, c->items[i].key) == &c->items[i])
			take_key(reg, out, c->items[i].key, c->items[i].value);
	for (size_t i = 0; i < c->passed_over.count; i++)
		take_key(reg, out, c->passed_over.v[i], NULL);
}

unsigned hooks_kinds(const struct hooks *hooks)
{
	unsigned kinds = hooks->check_count ? 1u << EVENT_ALIAS : 0;

	for (int kind = 0; kind < EVENT_KIND_COUNT; kind++)
		if (hooks->v[HOOK_PRE][kind].is_there || hooks->v[HOOK_POST][kind].is_there)
			kinds |= 1u << kind;
	return kinds;
}

bool hooks_ask_before(const struct hooks *hooks)
{
	bool any = hooks->check_count > 0;

	for (int kind = 0; kind < EVENT_KIND_COUNT; kind++)
		any = any || hooks->v[HOOK_PRE][kind].is_runnable;
	return any;
}

static enum event_kind kind_of(const json_t *event)
{
	const char *name = "";

	for (int kind = 0; json_get_string(event, "event", &name) && kind < EVENT_KIND_COUNT; kind++)
		if (strcmp(name, event_kind_name(kind)) == 0)
			return kind;
	BUG("event of unknown kind '%s'", name);
}

/* ---- running one ---- */

static int not_trusted(const struct registry *reg, const char *what, const char *name, struct error *err)
{
	error_set(err, ERR_POLICY, "%s '%s' would not be run, since registry '%s' belongs to somebody else", what, name, reg->root);
	return error_hint(err, "If you trust it: mreg config --user --add safe.directory '%s'", reg->root);
}

static int tell(const char *mreg_dir, const char *const *argv, const json_t *event, int *status, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	json_print(&text, event);
	strbuf_addc(&text, '\n');
	/* whatever directory it goes to, its mreg is to find this registry */
	setenv("MREG_DIR", mreg_dir, 1);
	return process_tell(argv, text.buf, text.len, status, err);
}

static const char *ref_of(const json_t *event)
{
	const char *ref = "";

	return json_get_string(event, "ref", &ref) ? ref : "";
}

/* What a refusal is called: pre-hooks refuse, post-hooks come too late for that. */
static int failed(const char *name, const json_t *event, int status, struct error *err)
{
	const char *how = strncmp(name, "pre-", 4) == 0 ? "refuses" : "failed for", *by;

	if (kind_of(event) == EVENT_RECEIVE)
		return error_set(err, ERR_POLICY, "hook '%s' %s what comes from '%s': it ended with %d", name, how,
				 json_get_string(event, "by", &by) ? by : "nobody", status);
	return error_set(err, ERR_POLICY, "hook '%s' %s '%s': it ended with %d", name, how, ref_of(event), status);
}

static int run_file(const char *mreg_dir, const char *name, const char *path, const json_t *event, struct error *err)
{
	const char *const argv[] = { path, NULL };
	int status;

	if (tell(mreg_dir, argv, event, &status, err) < 0) {
		err->code = ERR_POLICY;
		return error_wrap(err, "hook '%s'", name);
	}
	if (!status)
		return 0;
	return interrupt_check(err) < 0 ? -1 : failed(name, event, status, err);
}

int hook_run(const struct hooks *hooks, const struct registry *reg, const struct hook *hook, const json_t *event, struct error *err)
{
	if (!hooks->is_trusted)
		return not_trusted(reg, "hook", hook->name, err);
	if (!hook->is_runnable)
		return error_set(err, ERR_POLICY, "hook '%s' cannot be run: '%s' is not executable", hook->name, hook->path);
	return run_file(reg->store->dir, hook->name, hook->path, event, err);
}

static int run_check(const struct registry *reg, const struct hook_check *check, const json_t *event, int64_t time, struct error *err)
{
	const char *const argv[] = { "sh", "-c", check->command, NULL };
	CLEANUP(json) json_t *complete = event_for(event, "check", time);
	int status;

	if (tell(reg->store->dir, argv, complete, &status, err) < 0) {
		err->code = ERR_POLICY;
		return error_wrap(err, "check of '%s:%s'", check->name, check->alias);
	}
	if (status && interrupt_check(err) < 0)
		return -1;
	if (status)
		return error_set(err, ERR_POLICY, "the check of '%s:%s' refuses '%s': it ended with %d", check->name, check->alias, ref_of(event), status);
	return 0;
}

/* ---- around a transaction ---- */

/* Names and aliases that differ only in case do not stand side by side. */
static bool is_of(const struct hook_check *check, const json_t *event)
{
	const char *name, *alias;

	return kind_of(event) == EVENT_ALIAS && json_get_string(event, "name", &name) && json_get_string(event, "alias", &alias) &&
	       strcasecmp(name, check->name) == 0 && strcasecmp(alias, check->alias) == 0;
}

static int check_one(struct hooks *hooks, const struct registry *reg, struct hook *hook, struct error *err)
{
	if (hook->is_runnable && !hooks->is_trusted)
		return not_trusted(reg, "hook", hook->name, err);
	if (hook->is_there && !hook->is_runnable && !hook->is_noted) {
		report_note(reg->report, "hook '%s' is ignored: '%s' is not executable", hook->name, hook->path);
		hook->is_noted = true;
	}
	return 0;
}

int hooks_check(struct hooks *hooks, const struct registry *reg, const struct events *events, struct error *err)
{
	for (size_t i = 0; i < json_array_size(events->list); i++) {
		const json_t *event = json_array_get(events->list, i);
		enum event_kind kind = kind_of(event);

		for (size_t n = 0; n < hooks->check_count; n++)
			if (!hooks->checks[n].command && is_of(&hooks->checks[n], event))
				return not_trusted(reg, "the check of alias", hooks->checks[n].alias, err);
		for (int when = 0; when < HOOK_WHEN_COUNT; when++)
			if (check_one(hooks, reg, &hooks->v[when][kind], err) < 0)
				return -1;
	}
	return 0;
}

static int run_before(const struct hooks *hooks, const struct registry *reg, const json_t *event, int64_t time, struct error *err)
{
	const struct hook *hook = &hooks->v[HOOK_PRE][kind_of(event)];
	CLEANUP(json) json_t *complete = event_for(event, hook->name, time);

	for (size_t n = 0; n < hooks->check_count; n++)
		if (is_of(&hooks->checks[n], event) && run_check(reg, &hooks->checks[n], event, time, err) < 0)
			return -1;
	return hook->is_runnable ? hook_run(hooks, reg, hook, complete, err) : 0;
}

int hooks_run_before(const struct hooks *hooks, const struct registry *reg, const struct events *events, struct error *err)
{
	for (size_t i = 0; i < json_array_size(events->list); i++)
		if (run_before(hooks, reg, json_array_get(events->list, i), events->time, err) < 0)
			return -1;
	return interrupt_check(err);
}

struct hooks_after {
	char *mreg_dir;
	struct report *report;
	json_t *events; /* complete ones */
};

void hooks_add_after(struct hooks_after **after, const struct hooks *hooks, const struct registry *reg, const struct events *events)
{
	for (size_t i = 0; i < json_array_size(events->list); i++) {
		const json_t *event = json_array_get(events->list, i);
		const struct hook *hook = &hooks->v[HOOK_POST][kind_of(event)];

		if (!hook->is_runnable)
			continue;
		if (!*after) {
			*after = xcalloc(1, sizeof **after);
			**after = (struct hooks_after){ xstrdup(reg->store->dir), reg->report, json_array() };
		}
		json_array_append_new((*after)->events, event_for(event, hook->name, events->time));
	}
}

/* It has happened, and stays so. */
static void run_after(const struct hooks_after *after, const json_t *event)
{
	CLEANUP(strbuf) struct strbuf dir = STRBUF_INIT, path = STRBUF_INIT;
	struct error err = ERROR_INIT, lost = ERROR_INIT;
	const char *name;

	if (!json_get_string(event, "hook", &name))
		BUG("an event without its hook");
	path_join(&dir, after->mreg_dir, "hooks");
	path_join(&path, dir.buf, name);
	if (run_file(after->mreg_dir, name, path.buf, event, &err) == 0)
		return;
	report_warning(after->report, "%s", err.text);
	if (hook_failed_keep(after->mreg_dir, event, &lost) == 0)
		report_note(after->report, "'mreg hook run --failed' runs it again");
	else
		report_warning(after->report, "that hook is not remembered: %s", lost.text);
}

void hooks_run_after(struct hooks_after *after)
{
	if (!after)
		return;
	for (size_t i = 0; i < json_array_size(after->events); i++)
		run_after(after, json_array_get(after->events, i));
	json_decref(after->events);
	free(after->mreg_dir);
	free(after);
}

/* ---- by hand ---- */

const struct hook *hook_get(const struct hooks *hooks, const char *name, enum event_kind *kind, struct error *err)
{
	const char *names[HOOK_WHEN_COUNT * EVENT_KIND_COUNT];
	size_t count = 0;
	long nearest;

	for (int when = 0; when < HOOK_WHEN_COUNT; when++) {
		for (*kind = 0; *kind < EVENT_KIND_COUNT; (*kind)++) {
			const struct hook *hook = &hooks->v[when][*kind];

			names[count++] = hook->name;
			if (strcmp(hook->name, name) != 0)
				continue;
			if (hook->is_there)
				return hook;
			error_set(err, ERR_NO_PATH, "there is no hook '%s': '%s' is no file", name, hook->path);
			return NULL;
		}
	}
	error_set(err, ERR_USAGE, "there is no hook of the name '%s'", name);
	nearest = suggest_nearest(name, names, count);
	if (nearest >= 0)
		error_hint(err, "Did you mean '%s'?", names[nearest]);
	else
		error_hint(err, "They are pre-put, post-put, pre-alias, post-alias, pre-link, post-link, pre-promote, post-promote, pre-receive and post-receive.");
	return NULL;
}
