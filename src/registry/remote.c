/* SPDX-License-Identifier: Apache-2.0 */
/* Names of other registries in the configuration, and the files that say what was seen of them. */
#include <config.h>

#include "registry/remote.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hashmap.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/suggest.h"
#include "base/utf8.h"
#include "format/name.h"
#include "format/remote-url.h"
#include "store/lock.h"

#define KEY_HEAD "remote."
#define KEY_TAIL ".url"
#define DEFAULT_NAME "origin"
#define BARE_DIGITS 32
#define LOCK_NAME ".lock" /* which is no remote's name */

const char *remote_shown(const struct remote *r)
{
	return *r->name ? r->name : r->url;
}

void remote_cleanup(struct remote *r)
{
	free(r->name);
	free(r->url);
	free(r->written);
	free(r->origin);
	*r = (struct remote){ .name = NULL };
}

void remotes_cleanup(struct remotes *list)
{
	for (size_t i = 0; i < list->count; i++)
		remote_cleanup(&list->v[i]);
	free(list->v);
	*list = (struct remotes)REMOTES_INIT;
}

/* ---- the configuration ---- */

static bool is_path(const char *url)
{
	CLEANUP(remote_url) struct remote_url parsed = { .is_ssh = false };
	struct error ignored = ERROR_INIT;

	return remote_url_parse(url, &parsed, &ignored) == 0 && !parsed.is_ssh && strncmp(url, "file:", 5) != 0;
}

/* A path of the registry's own file goes with the registry, from wherever it is used; the directory that holds .mreg is told by the file's name. */
static char *resolve(const struct config_item *item)
{
	static const char file_head[] = "file:";
	CLEANUP(strbuf) struct strbuf mreg_dir = STRBUF_INIT, root = STRBUF_INIT, path = STRBUF_INIT;

	if (item->scope != CONFIG_REGISTRY || item->value[0] == '/' || !is_path(item->value))
		return xstrdup(item->value);
	path_dir(&mreg_dir, item->origin + strlen(file_head));
	path_dir(&root, mreg_dir.buf);
	path_join(&path, root.buf, item->value);
	return strbuf_detach(&path);
}

static void set_item(struct remotes *list, const char *name, const struct config_item *item)
{
	struct remote *r = NULL;

	for (size_t i = 0; i < list->count && !r; i++)
		if (strcmp(list->v[i].name, name) == 0)
			r = &list->v[i];
	if (!r) {
		ARRAY_GROW(list->v, list->count + 1, list->cap);
		r = &list->v[list->count++];
	} else {
		remote_cleanup(r);
	}
	*r = (struct remote){ .name = xstrdup(name), .url = resolve(item), .written = xstrdup(item->value), .origin = xstrdup(item->origin) };
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct remote *)a)->name, ((const struct remote *)b)->name);
}

int remote_list(const struct config *config, struct remotes *out, struct error *err)
{
	for (size_t i = 0; i < config->count; i++) {
		const struct config_item *item = &config->items[i];
		size_t len = strlen(item->key), head = strlen(KEY_HEAD), tail = strlen(KEY_TAIL);
		CLEANUP(ptr) char *name = NULL;

		if (len < head + tail || strncmp(item->key, KEY_HEAD, head) != 0 || strcmp(item->key + len - tail, KEY_TAIL) != 0)
			continue;
		name = xstrndup(item->key + head, len - head - tail);
		if (name_check(NAME_COLLECTION, name, strlen(name), err) < 0) /* it is the name of a file, too */
			return error_wrap(err, "a remote in %s", item->origin);
		set_item(out, name, item);
	}
	if (out->count)
		qsort(out->v, out->count, sizeof *out->v, compare_names);
	return 0;
}

static struct remote *find_name(const struct remotes *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->v[i].name, name) == 0)
			return &list->v[i];
	return NULL;
}

static int no_default(const struct remotes *list, struct error *err)
{
	CLEANUP(strbuf) struct strbuf names = STRBUF_INIT;

	if (!list->count) {
		error_set(err, ERR_USAGE, "there is no remote");
		return error_hint(err, "Name a path or URL, or add one: 'mreg remote add origin URL'.");
	}
	for (size_t i = 0; i < list->count; i++)
		strbuf_addf(&names, "%s%s", i ? ", " : "", list->v[i].name);
	error_set(err, ERR_USAGE, "there are %zu remotes, and none is called 'origin': say which", list->count);
	return error_hint(err, "There are %s.", names.buf);
}

static int no_remote(const struct remotes *list, const char *name, enum error_code code, struct error *err)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;
	CLEANUP(ptr) const char **words = xcalloc(list->count + 1, sizeof *words);
	long nearest;

	for (size_t i = 0; i < list->count; i++)
		words[i] = list->v[i].name;
	nearest = suggest_nearest(name, words, list->count);
	utf8_add_escaped(&shown, name, strnlen(name, NAME_MAX_LEN));
	error_set(err, code, "no remote '%s'", shown.buf);
	if (nearest >= 0)
		return error_hint(err, "Did you mean '%s'?", words[nearest]);
	return -1;
}

/* The same path has the same name in every directory from which it is used. */
static char *absolute(const char *path)
{
	CLEANUP(strbuf) struct strbuf full = STRBUF_INIT;
	CLEANUP(ptr) char *here = NULL, *real = realpath(path, NULL);

	if (real)
		return STEAL(real);
	here = path[0] == '/' ? NULL : getcwd(NULL, 0);
	path_join(&full, here ? here : ".", path);
	return strbuf_detach(&full);
}

/* What is taken for a remote was meant as a collection, or as a host. */
static int hint_place(const struct remotes *list, struct error *err)
{
	CLEANUP(strbuf) struct strbuf names = STRBUF_INIT;

	if (!list->count)
		return error_hint(err, "A place is written as a path or as host:path; 'mreg remote add %s URL' gives it a name.", DEFAULT_NAME);
	for (size_t i = 0; i < list->count; i++)
		strbuf_addf(&names, "%s%s", i ? ", " : "", list->v[i].name);
	return error_hint(err, "The remotes are: %s. Collections come after one of them; other places are written as a path or as host:path.", names.buf);
}

static int take_bare(const struct remotes *list, const char *text, struct remote *out, struct error *err)
{
	CLEANUP(remote_url) struct remote_url parsed = { .is_ssh = false };

	if (!strpbrk(text, "/:") && !file_exists(text)) {
		(void)!no_remote(list, text, ERR_USAGE, err);
		return *err->hint ? -1 : hint_place(list, err);
	}
	if (remote_url_parse(text, &parsed, err) < 0)
		return -1;
	*out = (struct remote){
		.name = xstrdup(""), .url = is_path(text) ? absolute(text) : xstrdup(text), .written = xstrdup(text), .origin = xstrdup(""),
	};
	return 0;
}

int remote_find(const struct config *config, const char *text, struct remote *out, struct error *err)
{
	CLEANUP(remotes) struct remotes list = REMOTES_INIT;
	CLEANUP(remote_url) struct remote_url parsed = { .is_ssh = false };
	struct remote *found;

	if (remote_list(config, &list, err) < 0)
		return -1;
	found = find_name(&list, text ? text : DEFAULT_NAME);
	if (!text && !found && list.count == 1)
		found = &list.v[0];
	if (!found)
		return text ? take_bare(&list, text, out, err) : no_default(&list, err);
	if (remote_url_parse(found->url, &parsed, err) < 0)
		return error_wrap(err, "remote '%s' (%s)", found->name, found->origin);
	*out = *found;
	*found = (struct remote){ .name = NULL };
	return 0;
}

/* ---- changing it ---- */

static int write_url(const struct registry *reg, const char *name, const char *url, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT, key = STRBUF_INIT;

	if (config_path(CONFIG_REGISTRY, reg->store->dir, &path, err) < 0)
		return -1;
	strbuf_addf(&key, KEY_HEAD "%s" KEY_TAIL, name);
	return config_write(path.buf, key.buf, url, err);
}

static int check(const char *name, const char *url, struct error *err)
{
	CLEANUP(remote_url) struct remote_url parsed = { .is_ssh = false };

	return name_check(NAME_COLLECTION, name, strlen(name), err) < 0 || remote_url_parse(url, &parsed, err) < 0 ? -1 : 0;
}

int remote_check_add(const struct config *config, const char *name, const char *url, struct error *err)
{
	CLEANUP(remotes) struct remotes list = REMOTES_INIT;

	if (check(name, url, err) < 0 || remote_list(config, &list, err) < 0)
		return -1;
	if (!find_name(&list, name))
		return 0;
	error_set(err, ERR_CONFLICT, "there is a remote '%s' already", name);
	return error_hint(err, "'mreg remote set-url %s URL' changes where it is.", name);
}

int remote_add(const struct registry *reg, const char *name, const char *url, struct error *err)
{
	return remote_check_add(reg->config, name, url, err) < 0 ? -1 : write_url(reg, name, url, err);
}

int remote_set_metadata_only(const struct registry *reg, const char *name, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT, key = STRBUF_INIT;

	strbuf_addf(&key, KEY_HEAD "%s.metadataOnly", name);
	if (config_path(CONFIG_REGISTRY, reg->store->dir, &path, err) < 0)
		return -1;
	return config_write(path.buf, key.buf, "true", err);
}

bool remote_is_metadata_only(const struct config *config, const struct remote *r)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	struct error ignored = ERROR_INIT;
	bool value = false;

	strbuf_addf(&key, KEY_HEAD "%s.metadataOnly", r->name);
	if (*r->name && config_get_bool(config, key.buf, false, &value, &ignored) < 0)
		error_clear(&ignored);
	return value;
}

int remote_check_set_url(const struct config *config, const char *name, const char *url, struct error *err)
{
	CLEANUP(remotes) struct remotes list = REMOTES_INIT;

	if (remote_list(config, &list, err) < 0)
		return -1;
	return find_name(&list, name) ? check(name, url, err) : no_remote(&list, name, ERR_NO_COLLECTION, err);
}

int remote_set_url(const struct registry *reg, const char *name, const char *url, struct error *err)
{
	return remote_check_set_url(reg->config, name, url, err) < 0 ? -1 : write_url(reg, name, url, err);
}

int remote_check_remove(const struct registry *reg, const char *name, struct remote *out, struct error *err)
{
	CLEANUP(remotes) struct remotes list = REMOTES_INIT;
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT, origin = STRBUF_INIT;
	struct remote *found;

	if (remote_list(reg->config, &list, err) < 0 || config_path(CONFIG_REGISTRY, reg->store->dir, &path, err) < 0)
		return -1;
	found = find_name(&list, name);
	if (!found)
		return no_remote(&list, name, ERR_NO_COLLECTION, err);
	strbuf_addf(&origin, "file:%s", path.buf);
	if (strcmp(found->origin, origin.buf) != 0)
		return error_set(err, ERR_POLICY, "remote '%s' is not of this registry's configuration: it is from %s", name, found->origin);
	*out = *found;
	*found = (struct remote){ .name = NULL };
	return 0;
}

static int forget_state(const struct registry *reg, const struct remote *r, struct error *err);

int remote_remove(const struct registry *reg, const char *name, struct error *err)
{
	CLEANUP(remote) struct remote found = { .name = NULL };
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT, section = STRBUF_INIT;

	if (remote_check_remove(reg, name, &found, err) < 0 || config_path(CONFIG_REGISTRY, reg->store->dir, &path, err) < 0)
		return -1;
	strbuf_addf(&section, KEY_HEAD "%s", name);
	return config_remove_section(path.buf, section.buf, err) < 0 ? -1 : forget_state(reg, &found, err);
}

/* ---- what was seen ---- */

static void state_dir(struct strbuf *out, const struct registry *reg)
{
	path_join(out, reg->store->dir, "remotes");
}

static void url_digest(const struct remote *r, struct oid *out)
{
	sha256_bytes(r->url, strlen(r->url), out);
}

/* '@' stands in no name. */
static void state_path(struct strbuf *out, const struct registry *reg, const struct remote *r)
{
	struct oid digest;

	url_digest(r, &digest);
	state_dir(out, reg);
	if (r->name[0])
		strbuf_addf(out, "/%s", r->name);
	else
		strbuf_addf(out, "/@%.*s", BARE_DIGITS, oid_hex(&digest).text);
}

/* Whatever is wrong with the file, it can be done without. */
static bool read_file(const char *path, struct remote_state *out)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct error ignored = ERROR_INIT;
	bool absent = false;

	return file_slurp(path, &text, REMOTE_STATE_MAX, &absent, &ignored) == 0 && !absent &&
		remote_state_parse(text.buf, text.len, out, &ignored) == 0;
}

int remote_state_read(const struct registry *reg, const struct remote *r, struct remote_state *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	CLEANUP(remote_state) struct remote_state state = REMOTE_STATE_INIT;
	struct oid url;
	bool is_known;

	(void)err;
	state_path(&path, reg, r);
	url_digest(r, &url);
	is_known = read_file(path.buf, &state) && oid_equal(&state.url, &url);
	if (is_known) {
		*out = state;
		state = (struct remote_state)REMOTE_STATE_INIT;
		return 1;
	}
	*out = (struct remote_state){ .url = url, .pending = state.pending };
	state.pending = (struct strvec)STRVEC_INIT;
	return 0;
}

/* In a shared registry everybody reads what anybody saw. */
static int replace(const char *path, const struct strbuf *text, const char *dir, struct error *err)
{
	struct stat st;

	if (file_mkdir(dir, 0777, err) < 0 || file_replace(path, text->buf, text->len, 0666, err) < 0)
		return -1;
	if (stat(dir, &st) == 0 && (st.st_mode & S_ISGID) && (st.st_mode & S_IWGRP) && chmod(path, 0664) < 0)
		return error_set_errno(err, "cannot set the permissions of '%s'", path);
	return 0;
}

/* From reading a file to having replaced it nobody else does. */
static int lock_states(const struct registry *reg, const char *dir, int *fd, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;

	path_join(&path, dir, LOCK_NAME);
	if (file_mkdir(dir, 0777, err) < 0 || (*fd = file_open(path.buf, O_RDWR | O_CREAT | O_NOFOLLOW, 0666, err)) < 0)
		return -1;
	return lock_take_file(*fd, path.buf, reg->store->lock_timeout_ms, err);
}

static void change_list(struct strvec *list, const struct strvec *add, const struct strvec *remove)
{
	CLEANUP(hashmap) struct hashmap without = HASHMAP_INIT;
	size_t kept = 0;

	for (size_t i = 0; remove && i < remove->count; i++)
		hashmap_put(&without, remove->v[i], strlen(remove->v[i]), list);
	for (size_t i = 0; i < list->count; i++) {
		if (hashmap_has(&without, list->v[i], strlen(list->v[i]))) {
			free(list->v[i]);
			continue;
		}
		list->v[kept++] = list->v[i];
		hashmap_put(&without, list->v[i], strlen(list->v[i]), list);
	}
	list->count = kept;
	for (size_t i = 0; add && i < add->count; i++)
		if (!hashmap_has(&without, add->v[i], strlen(add->v[i])))
			strvec_push(list, add->v[i]);
}

/* s: NULL: as it stands there. */
static int write_state(const struct registry *reg, const struct remote *r, const struct remote_state *s, const struct strvec *add,
		       const struct strvec *remove, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT, dir = STRBUF_INIT, text = STRBUF_INIT;
	CLEANUP(remote_state) struct remote_state there = REMOTE_STATE_INIT;
	CLEANUP(fd) int lock = -1;
	struct remote_state now;

	state_dir(&dir, reg);
	state_path(&path, reg, r);
	if (lock_states(reg, dir.buf, &lock, err) < 0 || remote_state_read(reg, r, &there, err) < 0)
		return -1;
	change_list(&there.pending, add, remove);
	now = s ? *s : there;
	now.pending = there.pending;
	url_digest(r, &now.url);
	remote_state_to_text(&text, &now);
	if (text.len > REMOTE_STATE_MAX)
		return error_set(err, ERR_LOCAL, "'%s' would grow over %u MiB", path.buf, REMOTE_STATE_MAX >> 20);
	return replace(path.buf, &text, dir.buf, err);
}

int remote_state_write(const struct registry *reg, const struct remote *r, const struct remote_state *s, struct error *err)
{
	return write_state(reg, r, s, NULL, NULL, err);
}

int remote_change_pending(const struct registry *reg, const struct remote *r, const struct strvec *add, const struct strvec *remove,
			  struct error *err)
{
	return write_state(reg, r, NULL, add, remove, err);
}

static void take_pending(struct strvec *out, struct remote_state *from)
{
	for (size_t i = 0; i < from->pending.count; i++)
		strvec_push_own(out, STEAL(from->pending.v[i]));
	from->pending.count = 0;
}

/* What may have arrived there stays noted, as of a URL without a name. */
static int forget_state(const struct registry *reg, const struct remote *r, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	CLEANUP(remote_state) struct remote_state state = REMOTE_STATE_INIT;
	const struct remote bare = { .name = (char[]){ "" }, .url = r->url };

	state_path(&path, reg, r);
	if (read_file(path.buf, &state) && state.pending.count && remote_change_pending(reg, &bare, &state.pending, NULL, err) < 0)
		return -1;
	if (unlink(path.buf) < 0 && errno != ENOENT)
		return error_set_errno(err, "cannot remove '%s'", path.buf);
	return 0;
}

int remote_pending(const struct registry *reg, struct strvec *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf dir = STRBUF_INIT;
	const struct dirent *entry;
	DIR *d;

	state_dir(&dir, reg);
	d = opendir(dir.buf);
	if (!d)
		return errno == ENOENT ? 0 : error_set_errno(err, "cannot read '%s'", dir.buf);
	while ((entry = readdir(d))) {
		CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
		CLEANUP(remote_state) struct remote_state state = REMOTE_STATE_INIT;

		path_join(&path, dir.buf, entry->d_name);
		if (entry->d_name[0] == '.' || !read_file(path.buf, &state))
			continue;
		take_pending(out, &state);
	}
	closedir(d);
	return 0;
}
