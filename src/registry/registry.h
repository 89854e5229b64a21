/* SPDX-License-Identifier: Apache-2.0 */
/* One registry as the verbs use it: found, configured, opened. */
#ifndef MREG_REGISTRY_REGISTRY_H
#define MREG_REGISTRY_REGISTRY_H

#include <stdbool.h>

#include "base/error.h"
#include "base/report.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "format/name.h"
#include "registry/config.h"
#include "store/store.h"
#include "store/txn.h"

struct object_source;

struct registry {
	char *root; /* the directory that holds .mreg, absolute */
	struct store *store;
	const struct config *config; /* borrowed */
	struct report *report;
	struct name_scope scope; /* core.entity, core.project */
	char *user, *host; /* NULL until registry_name_user() */
	struct view *view;             /* see registry_view() */
	struct object_reader *reader;  /* version.c's, made when first needed */
	struct hooks_after *after;     /* hook.c's: what runs when all is closed */
	struct object_source *source;  /* absent.h: whence files come that are not here; NULL: from nowhere; borrowed */
	bool is_cache;                 /* what was fetched may go again at any time: absent versions stay absent */
	struct strvec arrived;         /* absent.c's: ids of versions that have become whole */
};

/*
 * Where the registry is: `given` (--registry or MREG_DIR: the directory that holds .mreg, or .mreg itself), else upwards from the
 * current directory, stopping at the root; the path of its .mreg into out, absolute.  ERR_NO_REGISTRY with the hint to run `mreg init`.
 */
int registry_discover(const char *given, struct strbuf *mreg_dir, struct error *err) MUST_CHECK;
/* Makes DIR/.mreg and gives its absolute path. */
int registry_init(const char *dir, bool shared, struct strbuf *mreg_dir, struct error *err) MUST_CHECK;
struct registry *registry_open(const char *mreg_dir, const struct config *config, const char *verb, struct report *report, struct error *err) MUST_CHECK;
/* Lets go of all locks, then runs what post-hooks are left to be run. */
void registry_close(struct registry *r);
void registry_cleanup(struct registry **r);

/* ERR_POLICY when path lies in this registry's .mreg or another's.  What of it does not exist yet is judged by the directory it would be made in. */
int registry_check_outside(const struct registry *r, const char *path, struct error *err) MUST_CHECK;

/* The snapshot that a reading verb answers from: opened once, the same for the whole command, closed by registry_close(). */
struct view *registry_view(struct registry *r, struct error *err) MUST_CHECK;
/* Ends the snapshot, so that the next registry_view() sees what this process or another has committed since. */
void registry_drop_view(struct registry *r);
/* What was learned of files, for the stat cache, if it can be written down without waiting; ends the snapshot.  The rows get sorted. */
void registry_save_stats(struct registry *r, struct stat_rows *rows);
/* view_learn(), after registry_drop_view(). */
void registry_learn(struct registry *r, const struct cid *cid, const struct version_row *rows, size_t count);

/* view_learn_facts(), likewise. */
void registry_learn_facts(struct registry *r, const struct facts_row *rows, size_t count);

/* Fills in user and host; only for what changes something, since it may have to ask a service. */
void registry_name_user(struct registry *r);
/* user.name of the configuration, else the login, else the uid. Caller frees. */
char *registry_user(const struct config *config);
/* Stamps for a transaction of this verb; why may be NULL. */
struct txn_info registry_txn_info(struct registry *r, const char *verb, const char *why, bool dry_run);

#endif
