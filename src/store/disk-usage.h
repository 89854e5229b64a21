/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a registry take on disk, by what they are for. */
#ifndef MREG_STORE_DISK_USAGE_H
#define MREG_STORE_DISK_USAGE_H

#include <stdint.h>

#include "base/error.h"

/* Bytes in whole blocks, as du(1) counts them: directories count, holes do not. */
struct disk_usage {
	uint64_t packs;   /* objects/NAME.pack */
	uint64_t retired; /* objects/retired and all below it */
	uint64_t journal; /* and torn ends of it that were set aside */
	uint64_t index;   /* index/ and objects/multi-pack: what is derived */
	uint64_t other;
};
/* Walks MREG_DIR, which may change meanwhile: what is gone when it is looked at is passed over.  A symbolic link is followed only where it stands
 * in MREG_DIR itself: objects/ may lie on another disk. */
int disk_usage_read(const char *mreg_dir, struct disk_usage *out, struct error *err) MUST_CHECK;

#endif
