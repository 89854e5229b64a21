/* SPDX-License-Identifier: Apache-2.0 */
/* mreg clone: makes a registry that has what another one has. */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "cmd/transfer.h"
#include "format/remote-url.h"
#include "registry/registry.h"
#include "transport/pull.h"
#include "ui/record.h"

#define ORIGIN "origin"

struct cloning {
	struct session *s;
	struct strbuf url, dir, mreg_dir;
	bool is_new; /* the directory was not there before */
	bool metadata_only;
	struct remote remote;
	char *local_path; /* of a registry on this machine */
	struct pull_result result;
};

static void cloning_cleanup(struct cloning *c)
{
	strbuf_cleanup(&c->url);
	strbuf_cleanup(&c->dir);
	strbuf_cleanup(&c->mreg_dir);
	remote_cleanup(&c->remote);
	free(c->local_path);
	pull_result_cleanup(&c->result);
}

/* What the other side is called: its last part, without what only says that it is a registry. */
static int name_directory(const char *path, struct strbuf *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf at = STRBUF_INIT;
	const char *base;
	size_t len;

	path_normalise(&at, path);
	base = path_base(at.buf, &len);
	if (len == strlen(".mreg") && !memcmp(base, ".mreg", len)) {
		CLEANUP(strbuf) struct strbuf above = STRBUF_INIT;

		path_dir(&above, at.buf);
		strbuf_reset(&at);
		strbuf_adds(&at, above.buf);
		base = path_base(at.buf, &len);
	}
	if (len > strlen(".mreg") && !memcmp(base + len - strlen(".mreg"), ".mreg", strlen(".mreg")))
		len -= strlen(".mreg");
	if (!len || *base == '/' || *base == '.' || *base == '~')
		return error_set(err, ERR_USAGE, "'%s' does not say what the clone is to be called: name a directory for it", path);
	strbuf_add(out, base, len);
	return 0;
}

/* A path is kept in full: the clone is somewhere else. */
static int read_url(struct cloning *c, const char *text, struct error *err)
{
	struct remote_url url = { .is_ssh = false };
	CLEANUP(ptr) char *real = NULL;
	int rc = remote_url_parse(text, &url, err);

	if (rc == 0 && url.is_ssh) {
		strbuf_adds(&c->url, text);
	} else if (rc == 0) {
		real = realpath(url.path, NULL);
		if (!real) {
			error_set(err, ERR_REMOTE, "%s", strerror(errno));
			rc = error_hint(err, "A path of another machine is written host:path.");
		} else {
			strbuf_adds(&c->url, real);
			if (file_is_dir(real))
				c->local_path = xstrdup(real);
		}
	}
	if (rc == 0 && !c->dir.len)
		rc = name_directory(url.path, &c->dir, err);
	remote_url_cleanup(&url);
	return rc;
}

/* --- where it goes --- */

/* A clone of the same place that was cut off before it had anything is gone on with. */
static int check_unfinished(struct cloning *c, struct error *err)
{
	struct session *s = c->s;
	const char *url;
	struct stat st;
	CLEANUP(strbuf) struct strbuf journal = STRBUF_INIT;

	if (config_load(&s->config, c->mreg_dir.buf, &s->overrides, err) < 0)
		return -1;
	url = config_get(&s->config, "remote." ORIGIN ".url");
	path_join(&journal, c->mreg_dir.buf, "journal");
	if (url && !strcmp(url, c->url.buf) && (stat(journal.buf, &st) < 0 || st.st_size == 0))
		return 0;
	error_set(err, ERR_CONFLICT, "'%s' is a registry already", c->dir.buf);
	return error_hint(err, "'mreg -C %s pull' brings it what is new there; else name another directory.", c->dir.buf);
}

static int make_directory(struct cloning *c, struct error *err)
{
	struct error none = ERROR_INIT;

	c->is_new = !file_exists(c->dir.buf);
	if (!c->is_new && registry_discover(c->dir.buf, &c->mreg_dir, &none) == 0)
		return check_unfinished(c, err);
	if (!c->is_new && !file_is_empty_dir(c->dir.buf))
		return error_set(err, ERR_CONFLICT, "'%s' exists and is not an empty directory", c->dir.buf);
	if (registry_init(c->dir.buf, false, &c->mreg_dir, err) < 0)
		return -1;
	return config_load(&c->s->config, c->mreg_dir.buf, &c->s->overrides, err);
}

static int open_registry(struct cloning *c, struct error *err)
{
	struct session *s = c->s;

	s->registry = registry_open(c->mreg_dir.buf, &s->config, "clone", s->report, err);
	if (!s->registry)
		return -1;
	c->remote = (struct remote){ .name = xstrdup(ORIGIN), .url = xstrdup(c->url.buf) };
	if (!config_get(&s->config, "remote." ORIGIN ".url") && remote_add(s->registry, ORIGIN, c->url.buf, err) < 0)
		return -1;
	return c->metadata_only ? remote_set_metadata_only(s->registry, ORIGIN, err) : 0;
}

/* What has arrived is worth keeping; an empty registry is not. */
static void undo(struct cloning *c, struct error *err)
{
	CLEANUP(strbuf) struct strbuf quarantine = STRBUF_INIT;
	struct error ignored = ERROR_INIT;

	if (!c->mreg_dir.len)
		return;
	registry_close(c->s->registry);
	c->s->registry = NULL;
	path_join(&quarantine, c->mreg_dir.buf, "quarantine");
	if (!file_is_empty_dir(quarantine.buf)) {
		error_hint(err, "What has arrived is kept in '%s': the same command goes on from there.", c->dir.buf);
		return;
	}
	if (file_remove_tree(c->is_new ? c->dir.buf : c->mreg_dir.buf, &ignored) < 0)
		error_clear(&ignored);
}

static int clone(struct cloning *c, struct error *err)
{
	const struct pull_options options = { .remote = &c->remote, .verb = "clone", .metadata_only = c->metadata_only,
		.local_path = c->metadata_only ? NULL : c->local_path };

	if (make_directory(c, err) < 0)
		return -1;
	if (open_registry(c, err) == 0 && pull_run(c->s->registry, &options, &c->result, err) == 0)
		return 0;
	undo(c, err);
	return -1;
}

static int print(struct cloning *c, struct error *err)
{
	json_t *record = json_object();

	record_set_path(record, "path", c->dir.buf);
	json_object_set_new(record, "remote", json_string(c->url.buf));
	json_object_set_new(record, "references", json_u64(c->result.received.refs.count));
	json_object_set_new(record, "objects", json_u64(c->result.objects));
	json_object_set_new(record, "bytes", json_u64(c->result.bytes));
	json_object_set_new(record, "absent", json_u64(c->result.absent));
	transfer_tell(c->s, &c->remote, false, false, c->result.objects, c->result.bytes);
	return out_result(c->s->out, record, "path", err);
}

/* Nobody has called it 'origin' but we. */
static int cannot(const char *url, struct error *err)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	remote_url_show(&shown, url);
	return error_wrap(err, "cannot clone '%s'", shown.buf);
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	CLEANUP(cloning) struct cloning c = { .s = s, .url = STRBUF_INIT, .dir = STRBUF_INIT, .mreg_dir = STRBUF_INIT,
		.result = PULL_RESULT_INIT };
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	const struct opt opts[] = {
		OPT_FLAG(0, "metadata-only", &c.metadata_only, "leave the files there, to be fetched when they are read"),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 1, 2, &operands, err) < 0)
		return -1;
	if (operands.count > 1)
		strbuf_adds(&c.dir, operands.v[1]);
	if (read_url(&c, operands.v[0], err) < 0 || clone(&c, err) < 0)
		return cannot(operands.v[0], err);
	return print(&c, err);
}

const struct command cmd_clone = {
	.name = "clone", .synopsis = "URL [DIR] [--metadata-only]", .summary = "make a registry from another one",
	.group = GROUP_START, .needs = NEEDS_NOTHING, .run = run,
};
