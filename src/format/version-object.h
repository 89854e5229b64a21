/* SPDX-License-Identifier: Apache-2.0 */
/* A version object: canonical JSON that ties a manifest to the metadata it was put with.  Its SHA-256 is the version id (mreg-registry(5)). */
#ifndef MREG_FORMAT_VERSION_OBJECT_H
#define MREG_FORMAT_VERSION_OBJECT_H

#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "format/json.h"

#define VERSION_OBJECT_MAX_BYTES (1u << 20)
#define VERSION_NONCE_LEN 16

/* {"collection","description","format":1,"host","manifest","metadata":{},"metrics":{},"nonce","run","time","type","user"}; description and run
 * are "" when there is none.  metrics: name → number, or "nan", "inf", "-inf" as a string, because JSON has none. */
struct version_object {
	struct oid manifest;
	int64_t time;
	char *type, *collection, *description, *user, *host, *run;
	json_t *metadata, *metrics; /* objects; owned references */
	uint8_t nonce[VERSION_NONCE_LEN];
};

/* Canonical text; its SHA-256 into *id. ERR_INVALID over VERSION_OBJECT_MAX_BYTES. */
int version_object_write(struct strbuf *out, const struct version_object *v, struct oid *id, struct error *err) MUST_CHECK;
/* ERR_INTEGRITY unless it is exactly such text (unknown members are an error). */
int version_object_parse(const char *text, size_t len, struct version_object *out, struct error *err) MUST_CHECK;
/* The same for bytes whose SHA-256 is an id that was accepted before: not written again to see whether they are canonical. */
int version_object_parse_known(const char *text, size_t len, struct version_object *out, struct error *err) MUST_CHECK;
void version_object_cleanup(struct version_object *v); /* of a zeroed one too */

#endif
