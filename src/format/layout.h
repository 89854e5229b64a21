/* SPDX-License-Identifier: Apache-2.0 */
/* What is inside a file, as far as whoever knows its format says: where tensors begin and end, and what numbers they are of. */
#ifndef MREG_FORMAT_LAYOUT_H
#define MREG_FORMAT_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LAYOUT_REGIONS_MAX 131072u /* 3 MiB of them */

enum element {
	ELEMENT_UNKNOWN, /* whoever stores it has to look */
	ELEMENT_HEADER,  /* names, sizes, text: no array, and any insertion shifts what follows */
	ELEMENT_BYTE,    /* int8, uint8, bool, fp8, what is packed by whole bytes */
	ELEMENT_INT16,   /* signed or not, here and below; all are little-endian */
	ELEMENT_FP16,
	ELEMENT_BF16,
	ELEMENT_INT32,
	ELEMENT_FP32,
	ELEMENT_INT64,
	ELEMENT_FP64,
};

struct layout_region {
	uint64_t offset, len; /* len > 0 */
	enum element element;
};

/* Sorted, not overlapping, inside the file; nothing is known of the gaps. */
struct layout {
	struct layout_region *regions;
	size_t count, cap;
	uint64_t size; /* of the file */
};
#define LAYOUT_INIT { NULL, 0, 0, 0 }

/* False, and nothing is added, for what does not lie behind the last region, goes beyond the file, or is one too many.  Nothing is no region. */
bool layout_add(struct layout *l, uint64_t offset, uint64_t len, enum element element) __attribute__((warn_unused_result));
void layout_cleanup(struct layout *l); /* leaves it empty; the size stays */

/* Bytes of one number; 0 where there are none or nothing is known. */
unsigned layout_element_size(enum element element);
/* Sign and exponent are not bytes of their own until the number is rotated left by one bit (fp32, bf16). */
bool layout_element_is_rotated(enum element element);

#endif
