/* SPDX-License-Identifier: Apache-2.0 */
/* Where a file is cut into chunks: by content (gear hash, FastCDC normalisation 2), so that equal stretches give equal chunks. */
#ifndef MREG_STORE_SPLITTER_H
#define MREG_STORE_SPLITTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Changing any of these, or the gear table, stores known content anew; it never makes old registries unreadable. */
#define SPLIT_SAMPLE (64u << 10)      /* bytes at the start that decide between the two sets */
#define SPLIT_SMALL_FILE (8u << 20)      /* below this size anything is cut finely: a small model would else be a chunk or two and share nothing */
#define SPLIT_LARGE_FILE (1ull << 30) /* from this size on even text is cut coarsely, so that a recipe stays short */

struct splitter {
	uint32_t min, average, max;   /* 16 KiB / 64 KiB / 256 KiB for text and small files; 256 KiB / 1 MiB / 4 MiB for the rest */
	uint64_t mask_small, mask_large;
};

/* sample: the first min(file size, SPLIT_SAMPLE) bytes; file_size: 0 when unknown (a pipe). */
void splitter_init(struct splitter *s, const void *sample, size_t len, uint64_t file_size);
/*
 * Length of the first chunk of data.  len must be at least s->max unless data runs to the end of the file; then the last
 * chunk may be shorter than min.  Never 0 for len > 0, never over s->max.
 */
size_t splitter_next(const struct splitter *s, const uint8_t *data, size_t len);

#endif
