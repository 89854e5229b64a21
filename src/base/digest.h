/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 and base64 (nettle; its one includer is digest.c), and hex text. */
#ifndef MREG_BASE_DIGEST_H
#define MREG_BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/strbuf.h"

#define OID_LEN 32
#define OID_HEX_LEN 64

/* An object id or digest: the SHA-256 of some bytes. */
struct oid {
	uint8_t raw[OID_LEN];
};

static inline int oid_compare(const struct oid *a, const struct oid *b)
{
	return memcmp(a->raw, b->raw, OID_LEN);
}

static inline bool oid_equal(const struct oid *a, const struct oid *b)
{
	return oid_compare(a, b) == 0;
}

/* Streaming SHA-256: init, update…, finish.  A plain value; no release. */
struct sha256 {
	_Alignas(16) uint8_t state[192]; /* a nettle sha256_ctx; digest.c asserts that it fits */
};
void sha256_init(struct sha256 *ctx);
void sha256_update(struct sha256 *ctx, const void *data, size_t len);
void sha256_finish(struct sha256 *ctx, struct oid *out);
void sha256_bytes(const void *data, size_t len, struct oid *out);

/* out holds 2 * len + 1. */
void hex_encode(const void *data, size_t len, char *out);
/* Lower-case hex only, exactly 2 * len digits; false if it is anything else. */
bool hex_decode(const char *text, size_t text_len, void *out, size_t len);

struct oid_hex {
	char text[OID_HEX_LEN + 1];
};
/* oid_hex(&id).text is the 64 digits, alive to the end of the full expression. */
struct oid_hex oid_hex(const struct oid *id);
/* Exactly 64 lower-case digits. */
bool oid_parse(const char *text, size_t len, struct oid *out);

void base64_encode(struct strbuf *out, const void *data, size_t len);
/* Appends the bytes; false, and nothing is appended, when it is no base64. */
bool base64_decode(struct strbuf *out, const char *text, size_t len);

#endif
