/* SPDX-License-Identifier: Apache-2.0 */
/* .mreg/format: the layout version and the registry's id (mreg-registry(5)). */
#ifndef MREG_FORMAT_STAMP_H
#define MREG_FORMAT_STAMP_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"

#define STAMP_VERSION 1 /* 0 was the same, before it was a promise: such a registry is used as it is */
#define REGISTRY_ID_LEN 16

struct stamp {
	uint64_t version;
	uint8_t id[REGISTRY_ID_LEN];
};

/* Exactly three lines: "mreg registry", "version N", "id HEX32". */
void stamp_write(struct strbuf *out, const struct stamp *stamp);
/* ERR_FORMAT when the version is newer than STAMP_VERSION (only the first two lines are then read), ERR_INTEGRITY when it is no such file. */
int stamp_parse(const char *text, size_t len, struct stamp *out, struct error *err) MUST_CHECK;

#endif
