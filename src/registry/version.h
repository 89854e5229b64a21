/* SPDX-License-Identifier: Apache-2.0 */
/* A version in full: its object, its manifest, and what was annotated since. */
#ifndef MREG_REGISTRY_VERSION_H
#define MREG_REGISTRY_VERSION_H

#include "base/error.h"
#include "base/strvec.h"
#include "format/manifest.h"
#include "format/version-object.h"
#include "registry/resolve.h"
#include "store/objects.h"

/* The registry's objects, with the shared lock held until the registry is closed. */
struct registry;
struct objects *version_objects(struct registry *reg, struct error *err) MUST_CHECK;

/* Manifest of a digest, validated. */
int version_manifest(struct registry *reg, const struct oid *digest, struct manifest *out, struct error *err) MUST_CHECK;
int version_object_read(struct registry *reg, const struct oid *version, struct version_object *out, struct error *err) MUST_CHECK;
/* The same without proof that it is in canonical form, which the one that accepted it has seen: quicker. */
int version_object_read_known(struct registry *reg, const struct oid *version, struct version_object *out, struct error *err) MUST_CHECK;

/* What it was put with below, later revisions above. */
struct version_info {
	struct version_object object;
	char *description; /* the newest note, else what it was put with; "" for none */
	json_t *metadata;  /* merged */
	json_t *metrics;   /* merged: name → number, or "nan", "inf", "-inf" */
	struct strvec tags;
};
#define VERSION_INFO_INIT { .description = NULL, .tags = STRVEC_INIT }
int version_info_read(struct registry *reg, struct view *v, const struct version_row *row, struct version_info *out, struct error *err) MUST_CHECK;
void version_info_cleanup(struct version_info *info);
/* Created and summary alone, the latter by the newest note; the object is read only where the index does not know them, and row then does. */
int version_brief_read(struct registry *reg, struct view *v, struct version_row *row, struct strbuf *summary, int64_t *created, struct error *err) MUST_CHECK;

#endif
