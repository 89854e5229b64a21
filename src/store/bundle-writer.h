/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a bundle: a pack with a header and changes in it, under a name of the caller's (mreg-bundle(5)). */
#ifndef MREG_STORE_BUNDLE_WRITER_H
#define MREG_STORE_BUNDLE_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "format/bundle-header.h"
#include "format/pack-format.h"

struct bundle_writer;

/* Makes a new file beside path. One thread. */
struct bundle_writer *bundle_writer_new(const char *path, struct error *err) MUST_CHECK;
bool bundle_writer_has(struct bundle_writer *w, enum object_kind kind, const struct oid *id);
/* A record as it stands in a pack of a registry; one that is there already is passed over. */
int bundle_writer_add(struct bundle_writer *w, const struct record_head *head, const void *stored, struct error *err) MUST_CHECK;
/* Changes, as FRAME_CHANGES has them; their id goes into the header's list.  At most BUNDLE_CHANGES_MAX bytes. */
int bundle_writer_add_changes(struct bundle_writer *w, struct bundle_header *h, const void *text, size_t len, struct error *err) MUST_CHECK;
uint64_t bundle_writer_bytes(const struct bundle_writer *w); /* so far */
/* Header and table; durable at return, without a name yet.  ERR_INVALID: so many collections that the header would be too large. */
int bundle_writer_seal(struct bundle_writer *w, const struct bundle_header *h, struct error *err) MUST_CHECK;
/* Gives it its name: 1 when there is such a file already, which is not to be replaced. */
int bundle_writer_place(struct bundle_writer *w, bool replace, struct error *err) MUST_CHECK;
/* What has not got its name is removed. */
void bundle_writer_free(struct bundle_writer *w);
void bundle_writer_cleanup(struct bundle_writer **w);

#endif
