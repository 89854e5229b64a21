/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps the short list of what is known to be damaged. */
#include <config.h>

#include "store/damaged.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/path.h"
#include "base/strbuf.h"

static char present[1]; /* the map's values say nothing */

int damaged_open(struct damaged *d, const char *mreg_dir, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	bool absent = false;

	memset(d, 0, sizeof *d);
	pthread_mutex_init(&d->lock, NULL);
	path_join(&path, mreg_dir, "damaged");
	d->path = strbuf_detach(&path);
	if (file_slurp(d->path, &text, DAMAGED_MAX_BYTES, &absent, err) < 0)
		return -1;
	for (const char *line = text.buf; *line;) {
		size_t len = strcspn(line, "\n");
		struct oid id;

		if (oid_parse(line, len, &id))
			hashmap_put(&d->ids, &id, sizeof id, present);
		line += len + (line[len] == '\n');
	}
	d->has_any = d->ids.count > 0;
	return 0;
}

void damaged_close(struct damaged *d)
{
	if (!d->path)
		return;
	hashmap_release(&d->ids, NULL);
	pthread_mutex_destroy(&d->lock);
	free(d->path);
	d->path = NULL;
}

bool damaged_has(struct damaged *d, const struct oid *id)
{
	bool has;

	if (!d->has_any)
		return false;
	pthread_mutex_lock(&d->lock);
	has = hashmap_has(&d->ids, id, sizeof *id);
	pthread_mutex_unlock(&d->lock);
	return has;
}

void damaged_take(struct damaged *d, const struct oid *id)
{
	if (!d->has_any)
		return;
	pthread_mutex_lock(&d->lock);
	d->has_changed |= hashmap_take(&d->ids, id, sizeof *id) != NULL;
	pthread_mutex_unlock(&d->lock);
}

static int add_line(const void *key, size_t len, void *value, void *arg)
{
	const struct oid *id = key;

	(void)len;
	(void)value;
	strbuf_addf(arg, "%s\n", oid_hex(id).text);
	return 0;
}

static int write_list(struct damaged *d, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	hashmap_each(&d->ids, add_line, &text);
	if (text.len)
		return file_replace(d->path, text.buf, text.len, 0644, err);
	return unlink(d->path) < 0 && errno != ENOENT ? error_set_errno(err, "cannot remove '%s'", d->path) : 0;
}

int damaged_save(struct damaged *d, struct error *err)
{
	if (!d->has_changed)
		return 0;
	d->has_changed = false;
	return write_list(d, err);
}

int damaged_replace(struct damaged *d, const struct oid *ids, size_t count, struct error *err)
{
	bool had_any = d->ids.count > 0;

	hashmap_release(&d->ids, NULL);
	for (size_t i = 0; i < count; i++)
		hashmap_put(&d->ids, &ids[i], sizeof ids[i], present);
	d->has_any = count > 0;
	return had_any || count ? write_list(d, err) : 0;
}
