/* SPDX-License-Identifier: Apache-2.0 */
/* What open drafts hold, for gc. */
#include <config.h>

#include <dirent.h>
#include <errno.h>

#include "base/path.h"
#include "registry/gc.h"

/* What a draft is made of is not known here yet: as long as there is one, nobody can say what it needs. */
int gc_drafts_keep(struct registry *reg, struct gc_mark *m, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	struct dirent *entry;
	DIR *dir;
	int rc = 0;

	(void)m;
	path_join(&path, reg->store->dir, "drafts");
	dir = opendir(path.buf);
	if (!dir)
		return errno == ENOENT ? 0 : error_set_errno(err, "cannot list '%s'", path.buf);
	while (!rc && (errno = 0, entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			rc = error_set(err, ERR_FORMAT, "cannot tell what the draft '%s/%s' holds", path.buf, entry->d_name);
	if (!rc && errno)
		rc = error_set_errno(err, "cannot list '%s'", path.buf);
	closedir(dir);
	return rc;
}
