/* SPDX-License-Identifier: Apache-2.0 */
/* Opens a connection at the first need, and fetches files through it. */
#include <config.h>

#include "transport/lazy.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/utf8.h"
#include "registry/remote.h"
#include "transport/connect.h"
#include "transport/fetch.h"

struct lazy {
	struct object_source source; /* the first: a pointer to it is one to the whole */
	const struct config *config;
	struct report *report;
	struct connection *connection;
	char *remote; /* to which it leads, as it was asked for */
	uint64_t objects, bytes; /* that came through it */
};

#define WORTH_TELLING ((uint64_t)1 << 20)

/* Once for all that a command has read there: a note after each small file that is shown would only be noise. */
static void tell(struct lazy *l)
{
	CLEANUP(strbuf) struct strbuf size = STRBUF_INIT;

	if (l->bytes >= WORTH_TELLING) {
		size_format(&size, l->bytes);
		report_note(l->report, "%llu object%s, %s, came from %s", (unsigned long long)l->objects, l->objects == 1 ? "" : "s", size.buf,
			connection_name(l->connection));
	}
	l->objects = l->bytes = 0;
}

static void disconnect(struct lazy *l)
{
	if (l->connection)
		tell(l);
	connection_cleanup(&l->connection);
	free(l->remote);
	l->remote = NULL;
}

static int open_connection(struct lazy *l, const struct remote *r, struct error *err)
{
	CLEANUP(hello) struct hello hello = { .program = NULL };

	l->connection = connect_open(r->url, *r->name ? r->name : r->url, l->config, l->report, &hello, err);
	return l->connection ? 0 : -1;
}

/* remote: "" when it is not known: then what a pull would take. */
static int connect_to(struct lazy *l, const char *remote, struct error *err)
{
	CLEANUP(remote) struct remote r = { .name = NULL };

	if (l->connection && !strcmp(l->remote, remote))
		return 0;
	disconnect(l);
	if (remote_find(l->config, *remote ? remote : NULL, &r, err) < 0) {
		if (err->code == ERR_USAGE || err->code == ERR_INVALID)
			err->code = ERR_REMOTE;
		return -1;
	}
	if (open_connection(l, &r, err) < 0)
		return -1;
	l->remote = xstrdup(remote);
	return 0;
}

static int check_complete(const struct lazy *l, const struct fetch_file *files, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;

		if (files[i].is_complete)
			continue;
		utf8_add_visible(&path, files[i].path, strlen(files[i].path));
		error_set(err, ERR_REMOTE, "%s does not have '%s' in full either", connection_name(l->connection), path.buf);
		return error_hint(err, "It may have been removed there. Another remote may have it: 'mreg pull REMOTE NAME:REF'.");
	}
	return 0;
}

static int fetch_list(struct lazy *l, struct registry *reg, struct fetch_file *files, size_t count, struct error *err)
{
	CLEANUP(fetch) struct fetch *f = fetch_new(reg, l->connection, err);

	if (!f || fetch_files(f, files, count, err) < 0 || fetch_commit(f, err) < 0)
		return -1;
	l->objects += fetch_objects_count(f);
	l->bytes += fetch_bytes(f);
	return check_complete(l, files, count, err);
}

static int fetch(struct object_source *s, struct registry *reg, const char *remote, const struct entry *const *files, size_t count, struct error *err)
{
	CLEANUP(ptr) struct fetch_file *list = xcalloc(count + 1, sizeof *list);
	struct lazy *l = (struct lazy *)s;

	for (size_t i = 0; i < count; i++)
		list[i] = (struct fetch_file){ .digest = files[i]->digest, .size = files[i]->size, .path = files[i]->path };
	if (connect_to(l, remote, err) < 0)
		return -1;
	if (fetch_list(l, reg, list, count, err) == 0)
		return 0;
	disconnect(l); /* in the middle of something */
	return -1;
}

struct lazy *lazy_new(const struct config *config, struct report *report, bool is_offline)
{
	struct lazy *l = xcalloc(1, sizeof *l);

	l->source = (struct object_source){ fetch, is_offline };
	l->config = config;
	l->report = report;
	return l;
}

void lazy_adopt(struct lazy *l, struct connection *c, const char *remote)
{
	disconnect(l);
	l->connection = c;
	l->remote = c ? xstrdup(remote) : NULL;
}

void lazy_free(struct lazy *l)
{
	if (!l)
		return;
	disconnect(l);
	free(l);
}

struct object_source *lazy_source(struct lazy *l)
{
	return &l->source;
}
