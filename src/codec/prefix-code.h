/* SPDX-License-Identifier: Apache-2.0 */
/* Length-limited Huffman codes as RFC 1951 has them. */
#ifndef MREG_CODEC_PREFIX_CODE_H
#define MREG_CODEC_PREFIX_CODE_H

#include <stdint.h>

#define PREFIX_CODE_SYMBOLS 286u /* that there can be: literals, the end of a block and lengths */
#define PREFIX_CODE_BITS 15u

/*
 * The bits of each of n symbols (up to PREFIX_CODE_SYMBOLS) for how often it occurs: a complete code of at most max bits (up to
 * PREFIX_CODE_BITS, and 2^max >= n).  Two symbols or more occur; one that does not gets 0.
 */
void prefix_code_lengths(const uint32_t *counts, unsigned n, unsigned max, uint8_t *lengths);
/* The codes that lengths stand for (RFC 1951, 3.2.2): the bits as they are written, the first one lowest, above a byte with their number. */
void prefix_code_entries(const uint8_t *lengths, unsigned n, uint32_t *entries);

#endif
