/* SPDX-License-Identifier: Apache-2.0 */
/* Registered models: made, and versions linked into them and taken out. */
#ifndef MREG_REGISTRY_LINK_H
#define MREG_REGISTRY_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strvec.h"
#include "registry/alias.h"
#include "registry/registry.h"
#include "registry/resolve.h"

/* "MODEL" or "MODEL:ALIAS,ALIAS": the name as typed, and the aliases to set in the model, legal. */
struct link_target {
	char name[NAME_FULL_MAX + 1];
	struct strvec aliases;
};
void link_target_cleanup(struct link_target *target);
int link_target_parse(const char *text, struct link_target *out, struct error *err) MUST_CHECK;

/*
 * Within a transaction: source, a version of an artifact or a link to one, gets the model's next number unless the model has it.  A model
 * that is not there is made, of the source's type, when may_create; else ERR_NO_COLLECTION.  ERR_CONFLICT for an artifact, or another
 * type.  *out: the link.
 */
int link_add(struct txn *txn, const struct resolved *source, const char *model, bool may_create, struct resolved *out, struct error *err) MUST_CHECK;
/* Takes a link out with the aliases it has in its model, which is ERR_POLICY unless with_aliases. */
int link_drop(struct txn *txn, const struct resolved *link, bool with_aliases, struct error *err) MUST_CHECK;

struct link_change {
	const char *reference;
	const struct link_target *target;
	const struct strvec *aliases; /* more of them */
	struct expect expect;         /* of each alias */
	const char *why;
	bool no_create, dry_run, override;
};
int link_run(struct registry *reg, const struct link_change *change, struct resolved *out, struct error *err) MUST_CHECK;

/* The id of the run in which a link was made, appended; nothing when it was made in none. */
int link_made_in(struct view *v, const struct resolved *link, struct strbuf *out, struct error *err) MUST_CHECK;

struct unlink_change {
	const struct strvec *references; /* MODEL:REF each */
	const char *why;
	bool with_aliases, dry_run, override;
};
/* *removed: MODEL:vN each. */
int link_unlink(struct registry *reg, const struct unlink_change *change, struct strvec *removed, struct error *err) MUST_CHECK;

/* Where a version is: its artifact, and the models that link to it. */
struct link_place {
	struct collection collection;
	uint64_t number;
};
struct link_places {
	struct link_place *v; /* links, in order of the model's name */
	size_t count, cap;
	struct link_place artifact; /* name NULL when it is not there any more */
};
#define LINK_PLACES_INIT { NULL, 0, 0, { COLLECTION_INIT, 0 } }
void link_places_cleanup(struct link_places *places);
/* Live ones. */
int link_places_read(struct view *v, const struct oid *version, struct link_places *out, struct error *err) MUST_CHECK;

#endif
