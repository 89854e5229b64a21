/* SPDX-License-Identifier: Apache-2.0 */
/* Remotes: other registries by name, in .mreg/config, and what each was last seen to have, in .mreg/remotes/. */
#ifndef MREG_REGISTRY_REMOTE_H
#define MREG_REGISTRY_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/strvec.h"
#include "registry/registry.h"

/* [remote "NAME"] url = URL.  Names are as those of artifacts (name_check, one part). */
struct remote {
	char *name; /* "" for a bare URL */
	char *url;
};
void remote_cleanup(struct remote *r);
struct remotes {
	struct remote *v;
	size_t count, cap;
};
#define REMOTES_INIT { NULL, 0, 0 }
void remotes_cleanup(struct remotes *list);
/* All, sorted by name. */
int remote_list(const struct config *config, struct remotes *out, struct error *err) MUST_CHECK;
/*
 * What a user means: NULL: `origin`, else the only one (ERR_USAGE with a hint when there is none or several); a remote's name; else text that is a URL or
 * the path of something that exists.  ERR_NO_COLLECTION is never given: ERR_USAGE "no remote 'x'" with the nearest when it is neither.
 */
int remote_find(const struct config *config, const char *text, struct remote *out, struct error *err) MUST_CHECK;
int remote_add(struct registry *reg, const char *name, const char *url, struct error *err) MUST_CHECK;    /* ERR_CONFLICT */
int remote_set_url(struct registry *reg, const char *name, const char *url, struct error *err) MUST_CHECK; /* ERR_NO_COLLECTION */
int remote_remove(struct registry *reg, const char *name, struct error *err) MUST_CHECK;

/*
 * What was seen of a remote: .mreg/remotes/KEY, KEY being the remote's name, or for a bare URL the first 32 hex digits of its SHA-256; sealed JSON, replaced
 * atomically; one that is lost, damaged or of another URL or registry only means listing again.
 */
struct remote_cursor {
	struct strvec patterns; /* sorted; none: all */
	uint64_t seq;           /* all of the far journal up to here that these patterns select is here */
	struct oid sum;
	uint64_t sent;          /* all of our journal up to this line that these patterns select is there */
	struct oid sent_sum;    /* of that line */
};
struct remote_state {
	char *url;
	char *registry;         /* id */
	int64_t seen;           /* when it was last asked */
	uint64_t far_seq;       /* its journal then */
	struct remote_cursor *cursors;
	size_t count, cap;
	struct strvec pending;  /* ids of changes (hex) that were sent with an outcome that is not known: they count as offered */
};
#define REMOTE_STATE_INIT { .url = NULL, .pending = STRVEC_INIT }
void remote_state_cleanup(struct remote_state *s);
/* 1; 0: nothing is known (out is empty, with url set); never fails for damage. */
int remote_state_read(struct registry *reg, const struct remote *r, struct remote_state *out, struct error *err) MUST_CHECK;
int remote_state_write(struct registry *reg, const struct remote *r, const struct remote_state *s, struct error *err) MUST_CHECK;
/* The cursor of exactly these patterns, made (zero) when there is none. */
struct remote_cursor *remote_state_cursor(struct remote_state *s, const struct strvec *patterns);
/* Pending ids of all remotes. */
int remote_pending(struct registry *reg, struct strvec *out, struct error *err) MUST_CHECK;

#endif
