/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 and base64 by nettle, of which this is the one includer, and hex text. */
#include <config.h>

#include "base/digest.h"

#include <nettle/base64.h>
#include <nettle/sha2.h>

/* nettle renames its functions by macros that have our names */
#undef sha256_init
#undef sha256_update

static struct sha256_ctx *nettle_ctx(struct sha256 *ctx)
{
	_Static_assert(sizeof(struct sha256_ctx) <= sizeof ctx->state, "struct sha256 must hold nettle's context");
	_Static_assert(_Alignof(struct sha256_ctx) <= 16, "struct sha256 must be aligned as nettle's context is");
	return (struct sha256_ctx *)(void *)ctx->state;
}

void sha256_init(struct sha256 *ctx)
{
	nettle_sha256_init(nettle_ctx(ctx));
}

void sha256_update(struct sha256 *ctx, const void *data, size_t len)
{
	if (len)
		nettle_sha256_update(nettle_ctx(ctx), len, data);
}

void sha256_finish(struct sha256 *ctx, struct oid *out)
{
	nettle_sha256_digest(nettle_ctx(ctx), OID_LEN, out->raw);
}

void sha256_bytes(const void *data, size_t len, struct oid *out)
{
	struct sha256 ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, data, len);
	sha256_finish(&ctx, out);
}

void hex_encode(const void *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *b = data;

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[b[i] >> 4];
		*out++ = digits[b[i] & 15];
	}
	*out = '\0';
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_decode(const char *text, size_t text_len, void *out, size_t len)
{
	uint8_t *to = out;

	if (text_len % 2 || text_len / 2 != len)
		return false;
	for (size_t i = 0; i < text_len; i++)
		if (hex_value(text[i]) < 0)
			return false;
	for (size_t i = 0; i < len; i++)
		to[i] = (uint8_t)(hex_value(text[2 * i]) << 4 | hex_value(text[2 * i + 1]));
	return true;
}

struct oid_hex oid_hex(const struct oid *id)
{
	struct oid_hex hex;

	hex_encode(id->raw, OID_LEN, hex.text);
	return hex;
}

bool oid_parse(const char *text, size_t len, struct oid *out)
{
	return hex_decode(text, len, out->raw, OID_LEN);
}

void base64_encode(struct strbuf *out, const void *data, size_t len)
{
	size_t encoded = BASE64_ENCODE_RAW_LENGTH(len);

	if (!len)
		return;
	strbuf_grow(out, encoded);
	base64_encode_raw(out->buf + out->len, len, data);
	strbuf_set_len(out, out->len + encoded);
}

bool base64_decode(struct strbuf *out, const char *text, size_t len)
{
	struct base64_decode_ctx ctx;
	size_t made = BASE64_DECODE_LENGTH(len), before = out->len;

	base64_decode_init(&ctx);
	strbuf_grow(out, made);
	if (!base64_decode_update(&ctx, &made, (uint8_t *)out->buf + before, len, text) || !base64_decode_final(&ctx))
		made = 0;
	strbuf_set_len(out, before + made);
	return made || !len;
}
