/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256, hex and base64, and seeded randomness. */
#include <config.h>

#include "base/digest.h"

#include "base/env.h"
#include "tap.h"

static void is_digest(const char *text, const char *want)
{
	struct oid id;

	sha256_bytes(text, strlen(text), &id);
	is_str(oid_hex(&id).text, want, "the digest is what sha256sum prints");
}

static void test_streaming(void)
{
	struct sha256 ctx;
	struct oid whole, pieces;
	char data[1000];

	memset(data, 'x', sizeof data);
	sha256_bytes(data, sizeof data, &whole);
	sha256_init(&ctx);
	for (size_t at = 0, n = 0; at < sizeof data; at += n, n = n < 90 ? n + 1 : 0) {
		n = n < sizeof data - at ? n : sizeof data - at;
		sha256_update(&ctx, data + at, n);
	}
	sha256_finish(&ctx, &pieces);
	ok(oid_equal(&whole, &pieces), "pieces have the digest of the whole");
}

static void test_hex(void)
{
	char text[OID_HEX_LEN + 2] = "";
	struct oid id = { { 0 } }, back;
	uint8_t two[2];

	id.raw[0] = 0xab;
	id.raw[31] = 0x01;
	memcpy(text, oid_hex(&id).text, OID_HEX_LEN);
	ok(oid_parse(text, OID_HEX_LEN, &back) && oid_equal(&id, &back), "an id is read back");
	ok(!oid_parse(text, OID_HEX_LEN - 1, &back) && !oid_parse(text, OID_HEX_LEN + 1, &back), "an id has 64 digits");
	text[3] = 'A';
	ok(!oid_parse(text, OID_HEX_LEN, &back), "an id has lower-case digits");
	ok(hex_decode("00ff", 4, two, 2) && two[1] == 0xff, "hex is decoded");
	ok(!hex_decode("00f", 3, two, 1) && !hex_decode("0g", 2, two, 1), "what is not hex is refused");
	ok(hex_decode("", 0, two, 0), "no bytes are no digits");
}

static void is_base64(const char *text, const char *want)
{
	CLEANUP(strbuf) struct strbuf back = STRBUF_INIT;
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

	base64_encode(&out, text, strlen(text));
	is_str(out.buf, want, "bytes are written as base64");
	ok(base64_decode(&back, out.buf, out.len) && !strcmp(back.buf, text), "and read again");
}

static void test_random(void)
{
	uint8_t a[100], b[100];

	random_fill(a, sizeof a, "test");
	random_fill(b, sizeof b, "test");
	ok(memcmp(a, b, sizeof a) != 0, "random bytes differ from call to call");
	setenv("MREG_SEED", "1", 1);
	random_fill(a, sizeof a, "test");
	random_fill(b, 50, "test");
	ok(!memcmp(a, b, 50), "seeded bytes are the same for the same purpose");
	ok(memcmp(a, a + 32, 32) != 0, "seeded bytes do not repeat");
	random_fill(b, sizeof b, "test2");
	ok(memcmp(a, b, sizeof a) != 0, "another purpose gives other bytes");
	setenv("MREG_SEED", "", 1);
	ok(!env_get("MREG_SEED"), "an empty variable counts as unset");
}

int main(void)
{
	is_digest("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	is_digest("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	test_streaming();
	test_hex();
	is_base64("", "");
	is_base64("f", "Zg==");
	is_base64("fo", "Zm8=");
	is_base64("foobar", "Zm9vYmFy");
	test_random();
	return tap_done();
}
