/* SPDX-License-Identifier: Apache-2.0 */
/* Remotes: other registries by name, in .mreg/config, and what each was last seen to have, in .mreg/remotes/. */
#ifndef MREG_REGISTRY_REMOTE_H
#define MREG_REGISTRY_REMOTE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strvec.h"
#include "format/remote-state.h"
#include "registry/registry.h"

/* [remote "NAME"] url = URL.  Names are as those of artifacts (name_check, one part). */
struct remote {
	char *name; /* "" for a bare URL */
	char *url;  /* a path is absolute: see remote_find() */
	char *written; /* as it stands in the configuration, or was given */
	char *origin;  /* the configuration that has it, as config_item.origin; "" for a bare URL */
};
void remote_cleanup(struct remote *r);
/* What messages call it: its name, else its URL. */
const char *remote_shown(const struct remote *r);
struct remotes {
	struct remote *v;
	size_t count, cap;
};
#define REMOTES_INIT { NULL, 0, 0 }
void remotes_cleanup(struct remotes *list);
/* All, sorted by name.  ERR_INVALID when a name is none. */
int remote_list(const struct config *config, struct remotes *out, struct error *err) MUST_CHECK;
/*
 * What a user means: NULL: `origin`, else the only one (ERR_USAGE with a hint when there is none or several); a remote's name; else text that is a URL or
 * the path of something that exists.  ERR_NO_COLLECTION is never given: ERR_USAGE "no remote 'x'" with the nearest when it is neither; ERR_INVALID for
 * what is meant as a URL and is none.  A path in the registry's own file is relative to the directory that holds .mreg, another one to the current directory.
 */
int remote_find(const struct config *config, const char *text, struct remote *out, struct error *err) MUST_CHECK;
/* The URL is kept as it is written.  What names are taken, config says, which does not change by any of these. */
int remote_add(const struct registry *reg, const char *name, const char *url, struct error *err) MUST_CHECK;     /* ERR_CONFLICT */
int remote_set_url(const struct registry *reg, const char *name, const char *url, struct error *err) MUST_CHECK; /* ERR_NO_COLLECTION */
/* A clone of it leaves the files there, and so does a plain pull from it. */
int remote_set_metadata_only(const struct registry *reg, const char *name, struct error *err) MUST_CHECK;
bool remote_is_metadata_only(const struct config *config, const struct remote *r);
/* With what was seen of it, but for what is pending.  ERR_NO_COLLECTION; ERR_POLICY when it is not the registry's own configuration that has it. */
int remote_remove(const struct registry *reg, const char *name, struct error *err) MUST_CHECK;
/* Whether they would be done; out: what would go. */
int remote_check_add(const struct config *config, const char *name, const char *url, struct error *err) MUST_CHECK;
int remote_check_set_url(const struct config *config, const char *name, const char *url, struct error *err) MUST_CHECK;
int remote_check_remove(const struct registry *reg, const char *name, struct remote *out, struct error *err) MUST_CHECK;

/*
 * What was seen of a remote (format/remote-state.h): .mreg/remotes/KEY, KEY being the remote's name, or for a bare URL "@" and the first 32 hex digits of
 * its SHA-256; sealed JSON, replaced atomically; one that is lost, damaged or of another URL only means listing again.
 */
/* 1; 0: nothing is known (out is empty, but for the URL and for what is pending); never fails for damage. */
int remote_state_read(const struct registry *reg, const struct remote *r, struct remote_state *out, struct error *err) MUST_CHECK;
/* All but what is pending: that stays as it is there, since another process may be pushing. */
int remote_state_write(const struct registry *reg, const struct remote *r, const struct remote_state *s, struct error *err) MUST_CHECK;
/* Adds ids to what is pending, each once, and takes others away; either may be NULL. */
int remote_change_pending(const struct registry *reg, const struct remote *r, const struct strvec *add, const struct strvec *remove,
			  struct error *err) MUST_CHECK;
/* Pending ids of all remotes. */
int remote_pending(const struct registry *reg, struct strvec *out, struct error *err) MUST_CHECK;

#endif
