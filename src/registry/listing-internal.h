/* SPDX-License-Identifier: Apache-2.0 */
/* What selecting and listing share. */
#ifndef MREG_REGISTRY_LISTING_INTERNAL_H
#define MREG_REGISTRY_LISTING_INTERNAL_H

#include "base/hashmap.h"
#include "registry/listing.h"
#include "store/spots.h"

/* Versions that a model links to or has ever linked to; once or oftener.  Of what is no model there are none. */
typedef int (*linked_fn)(const struct oid *version, void *arg, struct error *err);
int listing_each_linked(struct view *v, const struct cid *model, linked_fn fn, void *arg, struct error *err) MUST_CHECK;

/* Runs that made a live version of a collection, a model's linked ones too; once or oftener. */
typedef int (*made_fn)(const struct cid *run, void *arg, struct error *err);
int listing_each_maker(struct view *v, const struct cid *collection, made_fn fn, void *arg, struct error *err) MUST_CHECK;

#endif
