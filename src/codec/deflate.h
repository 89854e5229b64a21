/* SPDX-License-Identifier: Apache-2.0 */
/* zlib and libdeflate: RFC 1950 streams, CRC-32 and Adler-32.  deflate.c is the one includer of both. */
#ifndef MREG_CODEC_DEFLATE_H
#define MREG_CODEC_DEFLATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* CRC-32 as zlib has it; crc is 0 at the start. */
uint32_t deflate_crc32(uint32_t crc, const void *data, size_t len);
/* Adler-32, the check of an RFC 1950 stream; sum is 1 at the start. */
uint32_t deflate_adler32(uint32_t sum, const void *data, size_t len);

struct deflate_context; /* one a thread; holds the libraries' state for reuse */
struct deflate_context *deflate_new(void);
void deflate_free(struct deflate_context *ctx);

/* Bytes that dst must have for any len of input. */
size_t deflate_bound(size_t len);
/* level 1–9; returns the stream's length, 0 when it would not fit in cap. */
size_t deflate_compress(struct deflate_context *ctx, int level, const void *src, size_t len, void *dst, size_t cap);
/* The stream must end exactly at src_len and give exactly raw_len bytes; ERR_INTEGRITY otherwise. Never writes past raw_len. */
int deflate_expand(struct deflate_context *ctx, const void *src, size_t src_len, void *dst, size_t raw_len, struct error *err) MUST_CHECK;

/* A gzip file (RFC 1952) as it streams by: its members' bytes one after the other, each checked by its CRC-32 and length. */
struct gunzip;
struct gunzip *deflate_gunzip_new(void);
void deflate_gunzip_free(struct gunzip *z);
/*
 * Inflates what it can of src to dst; *used and *made are how much that was.  1: a whole member ends at *used, and what follows may be another one;
 * 0: more src or more room is needed; -1 ERR_INTEGRITY.
 */
int deflate_gunzip(struct gunzip *z, const void *src, size_t len, size_t *used, void *dst, size_t cap, size_t *made, struct error *err) MUST_CHECK;

#endif
