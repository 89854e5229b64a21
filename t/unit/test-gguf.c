/* SPDX-License-Identifier: Apache-2.0 */
/* What a user of tensor/gguf counts on. */
#include <config.h>

#include "tensor/gguf.h"

#include "tensor-fixture.h"

enum { U8 = 0, U32 = 4, BOOL = 7, STRING = 8, ARRAY = 9, F64 = 12 };

static void put_string(struct strbuf *out, const char *s)
{
	put_le(out, strlen(s), 8);
	strbuf_adds(out, s);
}

static void put_head(struct strbuf *out, unsigned version, uint64_t tensors, uint64_t pairs)
{
	strbuf_reset(out);
	strbuf_adds(out, "GGUF");
	put_le(out, version, 4);
	put_le(out, tensors, 8);
	put_le(out, pairs, 8);
}

static void put_info(struct strbuf *out, const char *name, uint64_t rows, uint64_t columns, unsigned type, uint64_t offset)
{
	put_string(out, name);
	put_le(out, 2, 4);
	put_le(out, columns, 8);
	put_le(out, rows, 8);
	put_le(out, type, 4);
	put_le(out, offset, 8);
}

static void align(struct strbuf *out, size_t to)
{
	put_zeroes(out, (to - out->len % to) % to);
}

static void put_metadata(struct strbuf *out)
{
	put_string(out, "general.name");
	put_le(out, STRING, 4);
	put_string(out, "tiny");
	put_string(out, "general.alignmend");
	put_le(out, BOOL, 4);
	put_le(out, 1, 1);
	put_string(out, "tokenizer.tokens");
	put_le(out, ARRAY, 4);
	put_le(out, STRING, 4);
	put_le(out, 3, 8);
	for (int i = 0; i < 3; i++)
		put_string(out, "token");
	put_string(out, "tokenizer.scores");
	put_le(out, ARRAY, 4);
	put_le(out, F64, 4);
	put_le(out, 2, 8);
	put_zeroes(out, 16);
	put_string(out, "nested");
	put_le(out, ARRAY, 4);
	put_le(out, ARRAY, 4);
	put_le(out, 1, 8);
	put_le(out, U8, 4);
	put_le(out, 3, 8);
	put_zeroes(out, 3);
}

static void reads(void)
{
	CLEANUP(strbuf) struct strbuf file = STRBUF_INIT;
	size_t whole;

	put_head(&file, 3, 3, 6);
	put_metadata(&file);
	put_string(&file, "general.alignment");
	put_le(&file, U32, 4);
	put_le(&file, 64, 4);
	put_info(&file, "q", 2, 256, 12, 64);
	put_info(&file, "f", 2, 4, 0, 0);
	put_info(&file, "new", 2, 4, 38, 0);
	align(&file, 64);
	whole = file.len;
	put_zeroes(&file, 64 + 2 * 144);
	is_int((intmax_t)whole, 448, "the file is what the test takes it for");
	is_str(tensors_of(&file), "q Q4_K ? 256x2 512+288;f F32 fp32 4x2 448+32;header 448", "tensors are read, and one of a new type is left out");
	is_str(layout_of(&file), "0+448 header;448+32 fp32;512+288 ?;", "and laid out");
	refuses_beginnings(&file, file.len, "no beginning of a file is taken for it");
	store_le32(file.buf + 4, 2);
	is_str(layout_of(&file), "0+448 header;448+32 fp32;512+288 ?;", "version 2 is the same");
	store_le32(file.buf + 4, 1);
	is_str(layout_of(&file), "", "version 1 is not known");
	store_le32(file.buf + 4, 0x03000000);
	is_str(layout_of(&file), "", "nor is a big-endian file");
}

static void dtypes(void)
{
	static const struct {
		unsigned type;
		const char *want;
		size_t len;
	} cases[] = {
		{ 1, "F16 fp16", 512 }, { 30, "BF16 bf16", 512 }, { 28, "F64 fp64", 2048 }, { 24, "I8 byte", 256 }, { 25, "I16 int16", 512 },
		{ 26, "I32 int32", 1024 }, { 27, "I64 int64", 2048 }, { 8, "Q8_0 ?", 272 }, { 2, "Q4_0 ?", 144 }, { 14, "Q6_K ?", 210 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		CLEANUP(strbuf) struct strbuf file = STRBUF_INIT, want = STRBUF_INIT;

		put_head(&file, 3, 1, 0);
		put_info(&file, "t", 1, 256, cases[i].type, 0);
		align(&file, 32);
		put_zeroes(&file, cases[i].len);
		strbuf_addf(&want, "t %s 256x1 96+%zu;header 96", cases[i].want, cases[i].len);
		is_str(tensors_of(&file), want.buf, cases[i].want);
	}
}

/* A file of one key and no tensor, whose value ends where the file does. */
static void pair(struct strbuf *file, const char *key, unsigned type)
{
	put_head(file, 3, 0, 1);
	put_string(file, key);
	put_le(file, type, 4);
}

static void hostile_metadata(void)
{
	CLEANUP(strbuf) struct strbuf file = STRBUF_INIT;

	pair(&file, "general.alignment", U32);
	put_le(&file, 0, 4);
	align(&file, 32);
	is_str(tensors_of(&file), "refused", "an alignment of nothing is refused");
	pair(&file, "general.alignment", U32);
	put_le(&file, 24, 4);
	align(&file, 32);
	is_str(tensors_of(&file), "refused", "so is one that is no power of two");
	pair(&file, "general.alignment", U32);
	put_le(&file, UINT32_C(1) << 31, 4);
	align(&file, 32);
	is_str(tensors_of(&file), "refused", "and one that lies beyond the end");
	pair(&file, "k", 13);
	put_zeroes(&file, 64);
	is_str(tensors_of(&file), "refused", "a value of no known type");
	pair(&file, "k", ARRAY);
	put_le(&file, F64, 4);
	put_le(&file, UINT64_MAX / 2, 8);
	put_zeroes(&file, 64);
	is_str(tensors_of(&file), "refused", "an array that is too long");
	pair(&file, "k", ARRAY);
	put_le(&file, STRING, 4);
	put_le(&file, UINT64_MAX, 8);
	put_zeroes(&file, 4096);
	is_str(tensors_of(&file), "refused", "one of too many strings");
	pair(&file, "k", STRING);
	put_le(&file, UINT64_MAX - 20, 8);
	put_zeroes(&file, 64);
	is_str(tensors_of(&file), "refused", "a string that is too long");
	pair(&file, "k", ARRAY);
	for (int i = 0; i < 1000; i++) {
		put_le(&file, ARRAY, 4);
		put_le(&file, 1, 8);
	}
	is_str(tensors_of(&file), "refused", "arrays in arrays without end");
}

static void hostile_tensors(void)
{
	CLEANUP(strbuf) struct strbuf file = STRBUF_INIT;

	put_head(&file, 3, 1, 0);
	put_info(&file, "t", UINT64_C(1) << 32, UINT64_C(1) << 33, 0, 0);
	put_zeroes(&file, 256);
	is_str(tensors_of(&file), "refused", "a tensor too large for any number is refused");
	put_head(&file, 3, 1, 0);
	put_info(&file, "t", 1, 31, 2, 0);
	put_zeroes(&file, 256);
	is_str(tensors_of(&file), "refused", "so is one of half a block");
	put_head(&file, 3, 1, 0);
	put_info(&file, "t", 1, 32, 2, UINT64_MAX - 8);
	put_zeroes(&file, 256);
	is_str(tensors_of(&file), "refused", "one beyond the end");
	put_head(&file, 3, UINT64_MAX, 0);
	put_info(&file, "t", 1, 32, 2, 0);
	put_zeroes(&file, 256);
	is_str(tensors_of(&file), "refused", "more tensors than there are bytes");
	put_head(&file, 3, 1, 0);
	put_string(&file, "t");
	put_le(&file, 9, 4);
	put_zeroes(&file, 256);
	is_str(tensors_of(&file), "refused", "one of too many dimensions");
	put_head(&file, 3, 1, 0);
	put_le(&file, 1 << 20, 8);
	put_zeroes(&file, 2 << 20);
	is_str(tensors_of(&file), "refused", "one with too long a name");
	put_head(&file, 3, 2, 0);
	put_info(&file, "a", 1, 16, 0, 0);
	put_info(&file, "b", 1, 16, 0, 32);
	put_zeroes(&file, 256);
	is_str(layout_of(&file), "", "tensors that overlap are not believed");
}

int main(void)
{
	reads();
	dtypes();
	hostile_metadata();
	hostile_tensors();
	return tap_done();
}
