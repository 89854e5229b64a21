/* SPDX-License-Identifier: Apache-2.0 */
/* The changes in a bundle, one after the other, and the references that they come to. */
#ifndef MREG_TRANSPORT_BUNDLE_CHANGES_H
#define MREG_TRANSPORT_BUNDLE_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "format/change.h"
#include "format/fold.h"
#include "store/bundle-file.h"
#include "store/view.h"

/* Every line as it stands, without its newline, unchecked; fn as in view.h: 1 stops, -1 fails.  ERR_INTEGRITY unless there are as many as the header says. */
typedef int (*bundle_line_fn)(const char *text, size_t len, void *arg, struct error *err);
int bundle_changes_each_line(struct bundle_file *b, bundle_line_fn fn, void *arg, struct error *err) MUST_CHECK;
/* Parsed, each a legal change; text: its line. */
typedef int (*bundle_change_fn)(const struct change *c, const char *text, size_t len, void *arg, struct error *err);
int bundle_changes_each(struct bundle_file *b, bundle_change_fn fn, void *arg, struct error *err) MUST_CHECK;

/* A version/ or link/ key, and what its value says. */
struct bundle_version_value {
	struct cid cid;
	uint64_t number;
	bool is_link;
	struct oid version, digest;
	uint64_t size, files;
};
/* 1; 0 for any other key, or a tombstone; ERR_INTEGRITY. */
int bundle_changes_version(const char *key, const char *value, struct bundle_version_value *out, struct error *err) MUST_CHECK;

/* Those that are live in a fold, by collection and number.  *out: allocated, the caller's. */
int bundle_changes_live(const struct fold *fold, struct bundle_version_value **out, size_t *count, struct error *err) MUST_CHECK;

#endif
