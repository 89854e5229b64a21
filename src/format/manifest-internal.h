/* SPDX-License-Identifier: Apache-2.0 */
/* What writing and reading a manifest have in common. */
#ifndef MREG_FORMAT_MANIFEST_INTERNAL_H
#define MREG_FORMAT_MANIFEST_INTERNAL_H

#include "format/manifest.h"

#define MANIFEST_FIRST_LINE "mreg-manifest 1\n"

/* Sizes and their sum stay below this, so that they fit the signed integers of JSON and of off_t. */
#define SIZE_MAX_SUM ((uint64_t)INT64_MAX)

/* By enum entry_kind. */
extern const char *const manifest_kind_words[4];
/* What is wrong with one entry by itself, or NULL. */
const char *manifest_entry_fault(const struct entry *e);
/* False when the sum is more than can be counted. */
bool manifest_add_size(const struct entry *e, uint64_t *sum);

static inline bool manifest_is_plain(unsigned char c, bool with_space)
{
	return c > (with_space ? ' ' : ' ' - 1) && c < 0x7f && c != '\\';
}

#endif
