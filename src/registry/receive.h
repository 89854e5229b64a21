/* SPDX-License-Identifier: Apache-2.0 */
/* Changes that were made elsewhere become this registry's: in one transaction, or not at all. */
#ifndef MREG_REGISTRY_RECEIVE_H
#define MREG_REGISTRY_RECEIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/strvec.h"
#include "format/merge.h"
#include "format/message.h"
#include "registry/ref-change.h"
#include "registry/registry.h"
#include "store/journal.h"

/* What a change from elsewhere must be beside being one: of a key that travels, with a value that is of this key's form, with legal names, and texts
 * that are UTF-8.  ERR_INTEGRITY. */
int receive_check_change(const struct change *c, struct error *err) MUST_CHECK;
/* A key of a form that mreg-journal(5) lists. */
bool receive_is_known_key(const char *key);

struct receive {
	const struct changes *changes;  /* theirs, each after its parents; those that are known here are passed over */
	const struct merge_plan *plan;  /* what is to be made and withdrawn here besides; may be NULL */
	const struct journal_position *planned_at; /* of the view that the plan was made from; required with a plan */
	const char *by;                 /* who handed them in: never "" */
	const char *remote;             /* for absent versions: a remote's name or URL, "" for a push */
	const char *verb, *why;         /* "push", "pull", "clone"; why may be NULL */
	bool is_push;                   /* protections are heeded and receive.denyDeletes; else the far side has done that */
	bool override, dry_run;
	const struct strvec *absent;    /* version ids (hex) whose files did not come; may be NULL */
	const struct strvec *present;   /* version ids whose files are all here now */
	const struct strvec *shallow, *whole; /* CIDs of which a part came, and all */
};

struct receive_result {
	struct ref_changes refs;        /* what became of which reference, in the order of names */
	struct strvec diverged;         /* keys whose heads would differ: then nothing was changed, ERR_CONFLICT */
	struct strvec differences;      /* what they are here and there, in words; not for a push */
	bool is_stale;                  /* ERR_CONFLICT since the registry has moved on from planned_at: make the plan anew */
	bool has_changed;
	struct journal_position begin, end; /* of the journal before and after it */
};
#define RECEIVE_RESULT_INIT { .has_changed = false }
void receive_result_cleanup(struct receive_result *r);

/*
 * All objects that live versions need, or their absence noted, must be durable before.  ERR_CONFLICT: diverged (the hint names the ways out; out->diverged the
 * keys), rules across keys broken (two collections of one name, …), a change that was withdrawn here, stale.  ERR_POLICY: a protection, a hook,
 * receive.denyDeletes.  ERR_INTEGRITY: a change whose parents nobody has, or that is none (receive_check_change()).
 * No view may be open.
 */
int receive_commit(struct registry *reg, const struct receive *r, struct receive_result *out, struct error *err) MUST_CHECK;

/*
 * The same decision, taken back at once: nothing is written, no hook is asked, and objects need not be here yet.  look (may be NULL) is called when everything stands,
 * rules and protections included; what it returns below 0 is the result.
 */
typedef int (*receive_look_fn)(struct view *v, void *arg, struct error *err);
int receive_rehearse(struct registry *reg, const struct receive *r, receive_look_fn look, void *arg, struct receive_result *out, struct error *err) MUST_CHECK;

#endif
