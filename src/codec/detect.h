/* SPDX-License-Identifier: Apache-2.0 */
/* Tells from a small sample what would make bytes fewer: nothing, matches, or byte planes and a Huffman code. */
#ifndef MREG_CODEC_DETECT_H
#define MREG_CODEC_DETECT_H

#include <stdbool.h>
#include <stddef.h>

enum detected_kind {
	DETECTED_NOISE,   /* compressed already, or random: nothing to gain */
	DETECTED_REPEATS, /* text, tables, programs: a search for matches pays */
	DETECTED_SKEWED,  /* numbers, and letters without words: Huffman codes alone, of the planes where there are some */
};

struct detected {
	enum detected_kind kind;
	unsigned stride; /* of DETECTED_SKEWED: 1 (no planes), 2, 4 or 8 */
	bool rotate;     /* with stride 2 or 4: see byteplane_split() */
};

/* Looks at 2 to 16 KiB of the data, a sixteenth of what is long, in windows that begin at multiples of 8; about 0.1 ms for a MiB. Pure. */
struct detected detect(const void *data, size_t len);

#endif
