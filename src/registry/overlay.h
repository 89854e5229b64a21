/* SPDX-License-Identifier: Apache-2.0 */
/* What lies over versions and collections (annotations, aliases, links), read all at once: for who looks at very many of them. */
#ifndef MREG_REGISTRY_OVERLAY_H
#define MREG_REGISTRY_OVERLAY_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/hashmap.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "registry/collection.h"

enum overlay_parts {
	OVERLAY_NOTES = 1 << 0,
	OVERLAY_TAGS = 1 << 1,
	OVERLAY_METADATA = 1 << 2,
	OVERLAY_METRICS = 1 << 3,
	OVERLAY_ALIASES = 1 << 4,
	OVERLAY_TITLES = 1 << 5,
	OVERLAY_LINKS = 1 << 6, /* by overlay_add_links(), for each model */
};

/* An alias in a collection, or the place of a link in a model. */
struct overlay_name {
	struct cid cid;
	uint64_t number; /* of a link */
	char *text;      /* of an alias, as written; of a link, the model's name */
};
struct overlay_names {
	struct overlay_name *v;
	size_t count, cap;
};

/* Of one version or collection. */
struct overlay_subject {
	char *note, *title;              /* the newest; NULL: none */
	struct strvec tags;              /* by bytes */
	struct strbuf metadata, metrics; /* objects as in format/facts.h; empty: none */
	struct overlay_names aliases;    /* of a version: wherever it is; of a collection: its own */
	struct overlay_names links;      /* of a version: the models that have it */
};
struct overlay {
	struct hashmap subjects; /* raw version id or raw CID → struct overlay_subject */
};
#define OVERLAY_INIT         \
	{                    \
		HASHMAP_INIT \
	}

/* parts: of enum overlay_parts.  A value that is not sound is passed over. */
int overlay_load(struct overlay *o, struct view *v, unsigned parts, struct error *err) MUST_CHECK;
int overlay_add_links(struct overlay *o, struct view *v, const struct collection *model, struct error *err) MUST_CHECK;
void overlay_cleanup(struct overlay *o);

/* NULL: nothing lies over it. */
const struct overlay_subject *overlay_of_version(const struct overlay *o, const struct oid *version);
const struct overlay_subject *overlay_of_collection(const struct overlay *o, const struct cid *cid);

#endif
