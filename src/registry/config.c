/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration from its sources, and edits of its files. */
#include <config.h>

#include "registry/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/path.h"
#include "base/utf8.h"
#include "format/config-file.h"
#include "format/name.h"
#include "format/remote-url.h"

#define CONFIG_MAX_BYTES (1u << 20) /* of one file */
#define SYSTEM_FILE "/etc/mreg/config"
#define USER_NAME_MAX 256
#define REPLACED_TRIES 100

enum value_kind { VALUE_TEXT, VALUE_BOOL, VALUE_NAME, VALUE_DURATION, VALUE_PART, VALUE_REMOTE, VALUE_SIZE, VALUE_STAGES };

#define DEFAULT_STAGES "development staging production archived"

/* Every key that mreg reads.  mreg-config(5) says what each does. */
static const struct known_key {
	const char *key; /* folded; '*' stands for a subsection */
	enum value_kind kind;
	bool is_program;
} known_keys[] = {
	{ "cache.size", VALUE_SIZE, false },
	{ "core.editor", VALUE_TEXT, true },
	{ "core.entity", VALUE_PART, false },
	{ "core.locktimeout", VALUE_DURATION, false },
	{ "core.pager", VALUE_TEXT, true },
	{ "core.project", VALUE_PART, false },
	{ "core.remotetimeout", VALUE_DURATION, false },
	{ "core.sshcommand", VALUE_TEXT, true },
	{ "gc.auto", VALUE_DURATION, false },
	{ "protect.*.check", VALUE_TEXT, true },
	{ "receive.denydeletes", VALUE_BOOL, false },
	{ "receive.maxsize", VALUE_SIZE, false },
	{ "remote.*.metadataonly", VALUE_TEXT, false },
	{ "remote.*.url", VALUE_REMOTE, false },
	{ "run.environment", VALUE_TEXT, false },
	{ "safe.directory", VALUE_TEXT, false },
	{ "serve.idletimeout", VALUE_DURATION, false },
	{ "stage.list", VALUE_STAGES, false },
	{ "user.name", VALUE_NAME, false },
};

static bool is_of_pattern(const char *key, const char *pattern)
{
	const char *star = strchr(pattern, '*');
	size_t len = strlen(key), head = star ? (size_t)(star - pattern) : 0, tail = star ? strlen(star + 1) : 0;

	if (!star)
		return !strcmp(key, pattern);
	return len > head + tail && !memcmp(key, pattern, head) && !strcmp(key + len - tail, star + 1);
}

static const struct known_key *find_known(const char *key)
{
	CLEANUP(strbuf) struct strbuf folded = STRBUF_INIT;

	config_key_fold(&folded, key);
	for (size_t i = 0; i < COUNT_OF(known_keys); i++)
		if (is_of_pattern(folded.buf, known_keys[i].key))
			return &known_keys[i];
	return NULL;
}

bool config_is_known(const char *key)
{
	return find_known(key) != NULL;
}

static bool parse_duration_ms(const char *text, uint64_t *ms)
{
	size_t len = strlen(text);
	uint64_t seconds;

	if (len > 2 && !strcmp(text + len - 2, "ms"))
		return number_parse_u64(text, len - 2, ms);
	return duration_parse(text, &seconds) && !u64_mul_overflows(seconds, 1000, ms);
}

/* It goes into every change, and from there to terminals. */
static bool is_user_name(const char *text)
{
	size_t len = strlen(text);

	return len && len <= USER_NAME_MAX && utf8_is_valid(text, len) && !utf8_has_control(text, len, "");
}

static int check_stage(const char *key, const struct strvec *before, const char *stage, struct error *err)
{
	if (name_check(NAME_ALIAS, stage, strlen(stage), err) < 0)
		return error_wrap(err, "'%s'", key);
	if (name_is_latest(stage, strlen(stage)))
		return error_set(err, ERR_INVALID, "'%s' cannot have '%s', which always is the highest version", key, stage);
	if (strvec_has(before, stage))
		return error_set(err, ERR_INVALID, "'%s' has '%s' twice", key, stage);
	return 0;
}

static int parse_stages(const char *key, const char *text, struct strvec *out, struct error *err)
{
	for (const char *p = text + strspn(text, " \t\n"); *p; p += strspn(p, " \t\n")) {
		size_t len = strcspn(p, " \t\n");
		CLEANUP(ptr) char *stage = xstrndup(p, len);

		if (check_stage(key, out, stage, err) < 0)
			return -1;
		strvec_push(out, stage);
		p += len;
	}
	return out->count ? 0 : error_set(err, ERR_INVALID, "'%s' must be names of stages, separated by blanks", key);
}

/* "remote.NAME.url": the name is that of a file, too. */
static int check_remote(const char *key, const char *url, struct error *err)
{
	CLEANUP(remote_url) struct remote_url parsed = { .is_ssh = false };
	const char *name = strchr(key, '.') + 1;

	if (name_check(NAME_COLLECTION, name, (size_t)(strrchr(key, '.') - name), err) < 0 || remote_url_parse(url, &parsed, err) < 0)
		return error_wrap(err, "'%s'", key);
	return 0;
}

/* 1, 0; -1 when the word is neither. */
static int truth_of(const char *word)
{
	static const char *const words[][2] = { { "false", "true" }, { "no", "yes" }, { "off", "on" }, { "0", "1" } };
	CLEANUP(strbuf) struct strbuf folded = STRBUF_INIT;

	ascii_fold(&folded, word, strlen(word));
	for (size_t i = 0; i < COUNT_OF(words); i++)
		for (int truth = 0; truth < 2; truth++)
			if (!strcmp(folded.buf, words[i][truth]))
				return truth;
	return -1;
}

int config_check(const char *key, const char *value, struct error *err)
{
	CLEANUP(strvec) struct strvec stages = STRVEC_INIT;
	const struct known_key *known;
	uint64_t ms;

	if (config_key_check(key, err) < 0)
		return -1;
	known = find_known(key);
	if (known && known->kind == VALUE_SIZE && !size_parse(value, &ms))
		return error_set(err, ERR_INVALID, "'%s' must be a size such as 20G or 512M, not '%s'", key, value);
	if (known && known->kind == VALUE_DURATION && !parse_duration_ms(value, &ms))
		return error_set(err, ERR_INVALID, "'%s' must be a duration such as 500ms, 10s or 5m, not '%s'", key, value);
	if (known && known->kind == VALUE_BOOL && truth_of(value) < 0)
		return error_set(err, ERR_INVALID, "'%s' must be true or false, not '%s'", key, value);
	if (known && known->kind == VALUE_NAME && !is_user_name(value))
		return error_set(err, ERR_INVALID, "'%s' must be 1 to %d bytes of text without control characters, not '%s'", key, USER_NAME_MAX, value);
	if (known && known->kind == VALUE_PART && *value && name_check(NAME_COLLECTION, value, strlen(value), err) < 0)
		return error_wrap(err, "'%s'", key);
	if (known && known->kind == VALUE_REMOTE)
		return check_remote(key, value, err);
	if (known && known->kind == VALUE_STAGES)
		return parse_stages(key, value, &stages, err);
	return 0;
}

static void add_item(struct config *c, const char *key, const char *value, enum config_scope scope, const char *origin)
{
	CLEANUP(strbuf) struct strbuf folded = STRBUF_INIT;

	config_key_fold(&folded, key);
	ARRAY_GROW(c->items, c->count + 1, c->cap);
	c->items[c->count++] = (struct config_item){
		.key = strbuf_detach(&folded), .value = xstrdup(value), .scope = scope, .origin = xstrdup(origin),
	};
}

struct file_items {
	struct config *config;
	enum config_scope scope;
	const char *origin;
	bool without_programs;
};

static int on_item(const char *key, const char *value, void *arg)
{
	struct file_items *items = arg;
	const struct known_key *known = find_known(key);

	if (items->without_programs && known && known->is_program)
		strvec_push(&items->config->passed_over, key);
	else
		add_item(items->config, key, value, items->scope, items->origin);
	return 0;
}

static bool is_listed_safe(const struct config *c, const char *mreg_dir)
{
	CLEANUP(strbuf) struct strbuf root = STRBUF_INIT;

	path_dir(&root, mreg_dir);
	for (size_t i = 0; i < c->count; i++) {
		CLEANUP(strbuf) struct strbuf listed = STRBUF_INIT;

		path_normalise(&listed, c->items[i].value);
		if (c->items[i].scope <= CONFIG_USER && !strcmp(c->items[i].key, "safe.directory") &&
			(!strcmp(listed.buf, "*") || !strcmp(listed.buf, root.buf)))
			return true;
	}
	return false;
}

/* Somebody else's file must not make us run anything.  An absent one counts as ours. */
static bool is_foreign(const char *path)
{
	struct stat st;

	return !stat(path, &st) && st.st_uid != geteuid() && st.st_uid != 0;
}

bool config_trusts(const struct config *c, const char *mreg_dir)
{
	return !is_foreign(mreg_dir) || is_listed_safe(c, mreg_dir);
}

static int load_file(struct config *c, enum config_scope scope, const char *path, const char *mreg_dir, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT, origin = STRBUF_INIT;
	struct file_items items = { .config = c, .scope = scope };
	bool absent = false;

	errno = 0;
	if (file_slurp(path, &text, CONFIG_MAX_BYTES, &absent, err) < 0) {
		if (err->code == ERR_INTEGRITY) /* too large is no damage here */
			err->code = ERR_INVALID;
		if (errno != ENOTDIR)
			return error_wrap(err, "cannot read the configuration");
		error_clear(err);
		return 0;
	}
	if (absent)
		return 0;
	strbuf_addf(&origin, "file:%s", path);
	items.origin = origin.buf;
	items.without_programs = scope == CONFIG_REGISTRY && is_foreign(path) && !is_listed_safe(c, mreg_dir);
	if (config_file_parse(text.buf, text.len, path, on_item, &items, err) < 0)
		return error_wrap(err, "cannot read the configuration");
	return 0;
}

static bool user_file(struct strbuf *out)
{
	const char *xdg = env_get("XDG_CONFIG_HOME"), *home = env_get("HOME");

	if (xdg && xdg[0] == '/')
		path_join(out, xdg, "mreg/config");
	else if (home)
		path_join(out, home, ".config/mreg/config");
	else
		return false;
	return true;
}

int config_path(enum config_scope scope, const char *mreg_dir, struct strbuf *out, struct error *err)
{
	switch (scope) {
	case CONFIG_SYSTEM:
		strbuf_adds(out, SYSTEM_FILE);
		return 0;
	case CONFIG_USER:
		if (user_file(out))
			return 0;
		return error_set(err, ERR_LOCAL, "there is no place for a user's configuration: neither XDG_CONFIG_HOME nor HOME is set");
	case CONFIG_REGISTRY:
		if (!mreg_dir) {
			error_set(err, ERR_NO_REGISTRY, "no registry here or in any directory above");
			return error_hint(err, "'mreg config --user' writes your own configuration.");
		}
		path_join(out, mreg_dir, "config");
		return 0;
	case CONFIG_ENVIRONMENT:
	case CONFIG_COMMAND:
		break;
	}
	BUG("configuration of scope %d has no file", (int)scope);
}

static void load_environment(struct config *c)
{
	static const struct {
		const char *variable, *key;
	} variables[] = { { "MREG_PAGER", "core.pager" }, { "MREG_EDITOR", "core.editor" }, { "MREG_ENTITY", "core.entity" },
			   { "MREG_PROJECT", "core.project" }, { "MREG_SSH", "core.sshcommand" } };

	for (size_t i = 0; i < COUNT_OF(variables); i++) {
		CLEANUP(strbuf) struct strbuf origin = STRBUF_INIT;
		const char *value = env_get(variables[i].variable);

		strbuf_addf(&origin, "environment:%s", variables[i].variable);
		if (value)
			add_item(c, variables[i].key, value, CONFIG_ENVIRONMENT, origin.buf);
	}
}

/* "key" alone is "key=true", as in a file.  The value may have more '='; a subsection with one cannot be set so. */
static int load_override(struct config *c, const char *text, struct error *err)
{
	size_t len = strcspn(text, "=");
	CLEANUP(ptr) char *key = xstrndup(text, len);
	const char *value = text[len] ? text + len + 1 : "true";

	if (config_check(key, value, err) < 0)
		return error_wrap(err, "option '-c'");
	add_item(c, key, value, CONFIG_COMMAND, "command line");
	return 0;
}

int config_load(struct config *c, const char *mreg_dir, const struct strvec *overrides, struct error *err)
{
	CLEANUP(strbuf) struct strbuf user = STRBUF_INIT, registry = STRBUF_INIT;

	if (load_file(c, CONFIG_SYSTEM, SYSTEM_FILE, mreg_dir, err) < 0)
		return -1;
	if (user_file(&user) && load_file(c, CONFIG_USER, user.buf, mreg_dir, err) < 0)
		return -1;
	if (mreg_dir) {
		path_join(&registry, mreg_dir, "config");
		if (load_file(c, CONFIG_REGISTRY, registry.buf, mreg_dir, err) < 0)
			return -1;
	}
	load_environment(c);
	for (size_t i = 0; overrides && i < overrides->count; i++)
		if (load_override(c, overrides->v[i], err) < 0)
			return -1;
	return 0;
}

void config_cleanup(struct config *c)
{
	int saved = errno;

	for (size_t i = 0; i < c->count; i++) {
		free(c->items[i].key);
		free(c->items[i].value);
		free(c->items[i].origin);
	}
	free(c->items);
	strvec_release(&c->passed_over);
	*c = (struct config)CONFIG_INIT;
	errno = saved;
}

const struct config_item *config_find(const struct config *c, const char *key)
{
	CLEANUP(strbuf) struct strbuf folded = STRBUF_INIT;

	config_key_fold(&folded, key);
	for (size_t i = c->count; i > 0; i--)
		if (!strcmp(c->items[i - 1].key, folded.buf))
			return &c->items[i - 1];
	return NULL;
}

const char *config_get(const struct config *c, const char *key)
{
	const struct config_item *item = config_find(c, key);

	return item ? item->value : NULL;
}

static int wrong_value(const struct config_item *item, const char *what, struct error *err)
{
	return error_set(err, ERR_INVALID, "'%s' must be %s, not '%s' (%s)", item->key, what, item->value, item->origin);
}

int config_get_bool(const struct config *c, const char *key, bool fallback, bool *out, struct error *err)
{
	const struct config_item *item = config_find(c, key);
	int truth = item ? truth_of(item->value) : fallback;

	*out = truth > 0;
	return truth < 0 ? wrong_value(item, "true or false", err) : 0;
}

int config_get_size(const struct config *c, const char *key, uint64_t fallback, uint64_t *out, struct error *err)
{
	const struct config_item *item = config_find(c, key);

	*out = fallback;
	if (!item || size_parse(item->value, out))
		return 0;
	return error_set(err, ERR_INVALID, "'%s' is '%s' (%s), which is no size such as 20G", key, item->value, item->origin);
}

int config_get_duration_ms(const struct config *c, const char *key, uint64_t fallback_ms, uint64_t *out, struct error *err)
{
	const struct config_item *item = config_find(c, key);

	*out = fallback_ms;
	if (!item || parse_duration_ms(item->value, out))
		return 0;
	return wrong_value(item, "a duration such as 500ms, 10s or 5m", err);
}

int config_stages(const struct config *c, struct strvec *out, struct error *err)
{
	const struct config_item *item = config_find(c, "stage.list");

	if (parse_stages("stage.list", item ? item->value : DEFAULT_STAGES, out, err) == 0)
		return 0;
	return item ? error_wrap(err, "in %s", item->origin) : -1;
}

/* What was opened is still what the name leads to. */
static bool is_same_file(int fd, const char *path)
{
	struct stat opened, named;

	return !fstat(fd, &opened) && !stat(path, &named) && opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

static int lock_whole(int fd, const char *path, struct error *err)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	while (fcntl(fd, F_OFD_SETLKW, &lock)) {
		if (errno != EINTR)
			return error_set_errno(err, "cannot lock '%s'", path);
		if (interrupt_check(err) < 0)
			return -1;
	}
	return 0;
}

/* Opens the file locked against other editors.  Each of them replaces it, so whoever waited may hold a file that is no longer the one. */
static int open_locked(const char *path, bool create, struct error *err)
{
	for (int i = 0; i < REPLACED_TRIES; i++) {
		CLEANUP(fd) int fd = file_open(path, create ? O_RDWR | O_CREAT : O_RDWR, 0666, err);

		if (fd < 0 || lock_whole(fd, path, err) < 0)
			return -1;
		if (is_same_file(fd, path)) {
			int locked = fd;

			fd = -1;
			return locked;
		}
	}
	return error_set(err, ERR_LOCAL, "cannot lock '%s': it is replaced all the time", path);
}

/* In a shared registry, whose directories are setgid and group-writable, the file is the group's. */
static unsigned mode_for(int fd, const char *dir)
{
	struct stat st, above;
	unsigned mode = fstat(fd, &st) ? 0600 : st.st_mode & 0777;

	if (!stat(dir, &above) && (above.st_mode & S_ISGID) && (above.st_mode & S_IWGRP))
		mode |= S_IRGRP | S_IWGRP;
	return mode;
}

static int set_in_text(struct strbuf *text, const char *path, const char *key, const char *value, struct error *err)
{
	CLEANUP(strbuf) struct strbuf before = STRBUF_INIT;

	strbuf_add(&before, text->buf, text->len);
	if (config_file_set(text, path, key, value, err) < 0)
		return -1;
	if (!value && text->len == before.len)
		return error_set(err, ERR_NO, "'%s' is not set in '%s'", key, path);
	return 0;
}

enum edit { EDIT_SET, EDIT_ADD, EDIT_REMOVE_SECTION };

static int remove_in_text(struct strbuf *text, const char *path, const char *section, struct error *err)
{
	int count = config_file_remove_section(text, path, section, err);

	return count ? count : error_set(err, ERR_NO, "'%s' is not in '%s'", section, path);
}

/* key: of EDIT_REMOVE_SECTION the section. */
static int edit_text(struct strbuf *text, const char *path, const char *key, const char *value, enum edit how, struct error *err)
{
	switch (how) {
	case EDIT_SET:
		return set_in_text(text, path, key, value, err);
	case EDIT_ADD:
		return config_file_add(text, path, key, value, err);
	case EDIT_REMOVE_SECTION:
		return remove_in_text(text, path, key, err);
	}
	BUG("edit %d", (int)how);
}

static int edit(const char *path, const char *key, const char *value, enum edit how, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT, dir = STRBUF_INIT;
	CLEANUP(fd) int fd = -1;
	unsigned mode;

	path_dir(&dir, path);
	if (value && file_mkdir_parents(dir.buf, 0700, err) < 0)
		return -1;
	fd = open_locked(path, value != NULL, err);
	if (fd < 0)
		return -1;
	if (file_slurp(path, &text, CONFIG_MAX_BYTES, NULL, err) < 0 || edit_text(&text, path, key, value, how, err) < 0)
		return -1;
	if (value && text.len > CONFIG_MAX_BYTES)
		return error_set(err, ERR_INVALID, "'%s' would grow over %u bytes", path, CONFIG_MAX_BYTES);
	mode = mode_for(fd, dir.buf);
	if (file_replace(path, text.buf, text.len, mode, err) < 0)
		return -1;
	/* the umask has taken from it */
	return chmod(path, mode) ? error_set_errno(err, "cannot set the permissions of '%s'", path) : 0;
}

/* value NULL: something is taken out, for which the file must be there. */
static int write_file(const char *path, const char *key, const char *value, enum edit how, struct error *err)
{
	/* a link (to a user's collection of settings) stays one */
	CLEANUP(ptr) char *real = realpath(path, NULL);

	if (!real && !value && (errno == ENOENT || errno == ENOTDIR))
		return error_set(err, ERR_NO, "'%s' is not set in '%s'", key, path);
	return edit(real ? real : path, key, value, how, err);
}

int config_write(const char *path, const char *key, const char *value, struct error *err)
{
	if (value ? config_check(key, value, err) < 0 : config_key_check(key, err) < 0)
		return -1;
	return write_file(path, key, value, EDIT_SET, err);
}

int config_add(const char *path, const char *key, const char *value, struct error *err)
{
	return config_check(key, value, err) < 0 ? -1 : write_file(path, key, value, EDIT_ADD, err);
}

int config_remove_section(const char *path, const char *section, struct error *err)
{
	return write_file(path, section, NULL, EDIT_REMOVE_SECTION, err);
}
