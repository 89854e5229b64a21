/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a bundle (mreg-bundle(5)): nothing in it is believed unchecked. */
#ifndef MREG_STORE_BUNDLE_FILE_H
#define MREG_STORE_BUNDLE_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/report.h"
#include "base/strbuf.h"
#include "format/bundle-header.h"
#include "format/manifest.h"
#include "format/pack-format.h"
#include "format/version-object.h"

struct bundle_file;

/* Checks that it is whole (its table stands at the end) and reads the header.  ERR_LOCAL: there is no such file; ERR_INTEGRITY: it is no bundle, or
 * damaged; ERR_FORMAT.  One thread. */
struct bundle_file *bundle_file_open(const char *path, struct error *err) MUST_CHECK;
void bundle_file_close(struct bundle_file *b);
void bundle_file_cleanup(struct bundle_file **b);
const struct bundle_header *bundle_file_header(const struct bundle_file *b);
uint64_t bundle_file_bytes(const struct bundle_file *b);
uint64_t bundle_file_objects(const struct bundle_file *b); /* records that are neither header nor changes */

/* The text of the record number i of the header's changes, checked against its id. */
int bundle_file_changes(struct bundle_file *b, size_t i, struct strbuf *out, struct error *err) MUST_CHECK;
/* The record of an object as it stands: its head, its payload (CRC checked): 1, 0 when it is not there, -1. */
int bundle_file_record(struct bundle_file *b, enum object_kind kind, const struct oid *id, struct record_head *head, struct strbuf *stored,
		       struct error *err) MUST_CHECK;
bool bundle_file_has(const struct bundle_file *b, enum object_kind kind, const struct oid *id);
/* Decoded, hashed and parsed.  ERR_INTEGRITY, also when it is not there. */
int bundle_file_version(struct bundle_file *b, const struct oid *id, struct version_object *out, struct error *err) MUST_CHECK;
int bundle_file_manifest(struct bundle_file *b, const struct oid *digest, struct manifest *out, struct error *err) MUST_CHECK;
/* Reads a file's bytes from the bundle and hashes them: ERR_INTEGRITY when a piece is missing, or they are not what its digest stands for. */
int bundle_file_check_file(struct bundle_file *b, const struct oid *digest, uint64_t size, struct error *err) MUST_CHECK;
/* The table is exactly that of the records, and each of them decodes to what its id stands for.  Progress is told in bytes. */
int bundle_file_check_records(struct bundle_file *b, struct report *report, struct error *err) MUST_CHECK;

#endif
