/* SPDX-License-Identifier: Apache-2.0 */
/* What the detector says of data whose nature is known. */
#include <config.h>

#include "codec/detect.h"

#include <math.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "tap.h"

static uint64_t state = 1;

static uint32_t random_bits(void)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(state >> 32);
}

/* About a normal distribution of weights. */
static float weight(void)
{
	float sum = 0;

	for (int i = 0; i < 6; i++)
		sum += (float)(random_bits() >> 8) / 16777216.0f - 0.5f;
	return sum * 0.04f;
}

static void store(uint8_t *to, uint64_t value, size_t bytes)
{
	for (size_t k = 0; k < bytes; k++)
		to[k] = (uint8_t)(value >> (8 * k));
}

static void noise(uint8_t *d, size_t len)
{
	for (size_t i = 0; i < len; i++)
		d[i] = (uint8_t)random_bits();
}

static void fp32(uint8_t *d, size_t len)
{
	for (size_t i = 0; i + 4 <= len; i += 4) {
		float value = weight();
		uint32_t bits;

		memcpy(&bits, &value, 4);
		store(d + i, bits, 4);
	}
}

static void bf16(uint8_t *d, size_t len)
{
	for (size_t i = 0; i + 2 <= len; i += 2) {
		float value = weight();
		uint32_t bits;

		memcpy(&bits, &value, 4);
		store(d + i, bits >> 16, 2);
	}
}

static void fp64(uint8_t *d, size_t len)
{
	for (size_t i = 0; i + 8 <= len; i += 8) {
		double value = (double)weight() * (1 + random_bits() * 1e-9);
		uint64_t bits;

		memcpy(&bits, &value, 8);
		store(d + i, bits, 8);
	}
}

static void int64(uint8_t *d, size_t len)
{
	for (size_t i = 0; i + 8 <= len; i += 8)
		store(d + i, random_bits() % 50000, 8);
}

static void int8(uint8_t *d, size_t len)
{
	for (size_t i = 0; i < len; i++)
		d[i] = (uint8_t)(int)(weight() * 500);
}

static void letters(uint8_t *d, size_t len)
{
	for (size_t i = 0; i < len; i++)
		d[i] = (uint8_t)("etaoin shrdlucmwfg"[(random_bits() % 18 + random_bits() % 18) / 2]);
}

static void text(uint8_t *d, size_t len)
{
	static const char *const words[] = { "layer ", "weight ", "norm ", "attention ", "value: ", "0.5, ", "the ", "of ", "model\n", "epoch " };

	for (size_t at = 0; at < len;)
		for (const char *word = words[random_bits() % COUNT_OF(words)]; *word && at < len; word++)
			d[at++] = (uint8_t)*word;
}

/* UTF-8 of which most is not ASCII. */
static void russian(uint8_t *d, size_t len)
{
	static const char *const words[] = { "вес ", "слой ", "модель ", "обучение ", "и ", "значение ", "шаг ", "сеть\n" };

	for (size_t at = 0; at < len;)
		for (const char *word = words[random_bits() % COUNT_OF(words)]; *word && at < len; word++)
			d[at++] = (uint8_t)*word;
}

static const struct {
	const char *name;
	void (*fill)(uint8_t *d, size_t len);
	size_t len;
	struct detected want;
} cases[] = {
	{ "noise", noise, 1 << 20, { DETECTED_NOISE, 1, false } },
	{ "a little noise", noise, 2500, { DETECTED_NOISE, 1, false } },
	{ "fp32", fp32, 1 << 20, { DETECTED_SKEWED, 4, true } },
	{ "a little fp32", fp32, 16 << 10, { DETECTED_SKEWED, 4, true } },
	{ "bf16", bf16, 1 << 20, { DETECTED_SKEWED, 2, true } },
	{ "a little bf16", bf16, 16 << 10, { DETECTED_SKEWED, 2, true } },
	{ "small numbers of 8 bytes", int64, 1 << 20, { DETECTED_SKEWED, 8, false } },
	{ "int8", int8, 1 << 20, { DETECTED_SKEWED, 1, false } },
	{ "a little int8", int8, 16 << 10, { DETECTED_SKEWED, 1, false } },
	{ "random letters", letters, 20000, { DETECTED_SKEWED, 1, false } },
	{ "many random letters", letters, 1 << 20, { DETECTED_SKEWED, 1, false } },
	{ "text", text, 1 << 20, { DETECTED_REPEATS, 1, false } },
	{ "a little text", text, 1500, { DETECTED_REPEATS, 1, false } },
};

static void says_what_it_is(void)
{
	CLEANUP(ptr) uint8_t *data = xmalloc(1 << 20);

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct detected got;

		cases[i].fill(data, cases[i].len);
		got = detect(data, cases[i].len);
		if (!ok(got.kind == cases[i].want.kind && got.stride == cases[i].want.stride && got.rotate == cases[i].want.rotate,
			"%s is known", cases[i].name))
			printf("# kind %d, stride %u, rotated %d\n", (int)got.kind, got.stride, got.rotate);
	}
	fp64(data, 1 << 20);
	ok(detect(data, 1 << 20).kind == DETECTED_SKEWED && detect(data, 1 << 20).stride > 1, "doubles are numbers of several bytes");
	russian(data, 100000);
	is_int(detect(data, 100000).kind, DETECTED_REPEATS, "text that is not ASCII is known by its repeats");
}

static void every_length(void)
{
	CLEANUP(ptr) uint8_t *data = xmalloc(40000), *copy = NULL;
	bool good = true;

	bf16(data, 40000);
	for (size_t len = 0; len <= 40000; len += len < 200 ? 1 : 613) {
		struct detected got;

		ptr_cleanup(&copy);
		copy = xmemdup(data, len + !len);
		got = detect(copy, len);
		good = good && (got.stride == 1 || got.stride == 2 || got.stride == 4 || got.stride == 8) && (got.stride > 1 || !got.rotate);
	}
	ok(good, "data of any length is looked at and not beyond");
}

int main(void)
{
	says_what_it_is();
	every_length();
	return tap_done();
}
