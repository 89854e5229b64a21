/* SPDX-License-Identifier: Apache-2.0 */
/* Our own writer of RFC 1950 streams, for bytes that are skewed and do not repeat: Huffman codes and runs, and no search for matches. */
#ifndef MREG_CODEC_HUFFMAN_H
#define MREG_CODEC_HUFFMAN_H

#include <stddef.h>

/*
 * Writes one stream that any inflater reads and returns its length, or 0 when it would be longer than cap (found early where nothing is
 * gained); dst has room for cap bytes.  section: length of the parts of src whose bytes resemble each other, as byte planes
 * do, 0 for all of it: codes never reach from one part into the next.  What is left after the last whole part belongs to that one.
 */
size_t huffman_compress(const void *src, size_t len, size_t section, void *dst, size_t cap);

#endif
