/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers ⇄ byte planes: all first bytes, then all second bytes, and so on; like goes to like. */
#ifndef MREG_CODEC_BYTEPLANE_H
#define MREG_CODEC_BYTEPLANE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * stride 2, 4 or 8: bytes of a number.  Plane k has byte k of each of the len / stride numbers; what is left (len % stride bytes)
 * follows the last plane as it is.  rotate (stride 2 or 4): each number, read as little-endian, is first rotated left by one bit, which
 * puts the sign of fp32 and bf16 last and their exponent into one byte.
 * src and dst have len bytes each, of any alignment, and do not overlap.
 */
void byteplane_split(const void *src, size_t len, unsigned stride, bool rotate, void *dst);
void byteplane_join(const void *src, size_t len, unsigned stride, bool rotate, void *dst);

#endif
