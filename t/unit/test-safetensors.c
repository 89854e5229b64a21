/* SPDX-License-Identifier: Apache-2.0 */
/* What a user of tensor/safetensors counts on. */
#include <config.h>

#include "tensor/safetensors.h"

#include "base/mem.h"
#include "tensor-fixture.h"

/* A file of this header and so many bytes of data. */
static void make(struct strbuf *out, const char *header, size_t data_len)
{
	strbuf_reset(out);
	put_le(out, strlen(header), 8);
	strbuf_adds(out, header);
	put_zeroes(out, data_len);
}

static void refused(const char *header, size_t data_len, const char *name)
{
	CLEANUP(strbuf) struct strbuf file = STRBUF_INIT;

	make(&file, header, data_len);
	is_str(tensors_of(&file), "refused", name);
	is_str(layout_of(&file), "", "and is cut by content");
}

static void reads(void)
{
	CLEANUP(strbuf) struct strbuf file = STRBUF_INIT;

	make(&file, "{\"__metadata__\":{\"format\":\"pt\"},\"b\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[2,26]},"
		    "\"a\": {\"data_offsets\":[0,2],\"dtype\":\"BF16\",\"shape\":[]} }  ", 26);
	is_str(tensors_of(&file), "b F32 fp32 2x3 155+24;a BF16 bf16  153+2;header 153", "tensors are read in the order of the header");
	is_str(layout_of(&file), "0+153 header;153+2 bf16;155+24 fp32;", "and are laid out in the order of the file");
	refuses_beginnings(&file, file.len, "no beginning of a file is taken for it");
	make(&file, "{}", 0);
	is_str(tensors_of(&file), "refused", "what is shorter than any model is none");
	make(&file, "{}      ", 8);
	is_str(tensors_of(&file), "header 16", "a file may have no tensor");
	is_str(layout_of(&file), "", "then there is nothing to cut");
}

static void dtypes(void)
{
	static const struct {
		const char *dtype, *element;
		unsigned len;
	} cases[] = {
		{ "F64", "fp64", 8 }, { "F32", "fp32", 4 }, { "F16", "fp16", 2 }, { "BF16", "bf16", 2 }, { "I64", "int64", 8 },
		{ "I32", "int32", 4 }, { "I16", "int16", 2 }, { "I8", "byte", 1 }, { "U64", "int64", 8 }, { "U32", "int32", 4 },
		{ "U16", "int16", 2 }, { "U8", "byte", 1 }, { "BOOL", "byte", 1 }, { "F8_E5M2", "byte", 1 }, { "F8_E4M3", "byte", 1 },
		{ "C64", "fp32", 8 }, { "F6_NEW", "?", 3 },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(strbuf) struct strbuf file = STRBUF_INIT, header = STRBUF_INIT, want = STRBUF_INIT;

		strbuf_addf(&header, "{\"t\":{\"dtype\":\"%s\",\"shape\":[5],\"data_offsets\":[0,%u]}}", cases[i].dtype, 5 * cases[i].len);
		make(&file, header.buf, 5 * cases[i].len);
		strbuf_addf(&want, "t %s %s 5 %zu+%u;header %zu", cases[i].dtype, cases[i].element, header.len + 8, 5 * cases[i].len,
			    header.len + 8);
		is_str(tensors_of(&file), want.buf, cases[i].dtype);
	}
}

static void hostile(void)
{
	CLEANUP(strbuf) struct strbuf file = STRBUF_INIT, header = STRBUF_INIT;

	refused("{\"t\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,9]}}", 8, "a tensor beyond the end is refused");
	refused("{\"t\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8, "so is one that ends before it begins");
	refused("{\"t\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8, "one whose shape needs another length");
	refused("{\"t\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8, "one of negative size");
	refused("{\"t\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,0]}}", 8, "one too large for any number");
	refused("{\"t\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,8]}}", 8, "one with three ends");
	refused("{\"t\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "one without a place");
	refused("{\"t\":{\"dtype\":7,\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "one of no type");
	refused("{\"t\":[0,8]}", 8, "one that is no object");
	refused("{\"t\" {}}", 8, "a header without a colon");
	refused("{\"t\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}", 8, "one that does not end");
	refused("{\"t\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}} x", 8, "one with something behind it");
	refused("{,}", 16, "one of a comma");
	make(&file, "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[4,12]}}", 12);
	is_str(layout_of(&file), "", "tensors that overlap are not believed");
	strbuf_adds(&header, "{\"t\":");
	for (int i = 0; i < 100000; i++)
		strbuf_adds(&header, "[{\"a\":");
	refused(header.buf, 8, "deep nesting is refused");
	strbuf_reset(&header);
	strbuf_adds(&header, "{\"__metadata__\":{");
	while (header.len < TENSOR_HEADER_MAX / 2)
		strbuf_addf(&header, "\"%zu\":\"\",", header.len);
	strbuf_adds(&header, "\"\":\"\"}}");
	refused(header.buf, 8, "metadata that would take much memory are refused");
}

static void large_headers(void)
{
	CLEANUP(strbuf) struct strbuf file = STRBUF_INIT, header = STRBUF_INIT;
	size_t i = 0;

	strbuf_adds(&header, "{");
	for (; header.len < TENSOR_HEADER_MAX - 200; i++)
		strbuf_addf(&header, "%s\"model.layers.%zu.weight\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[%zu,%zu]}", i ? "," : "", i, i,
			    i + 1);
	strbuf_adds(&header, "}");
	make(&file, header.buf, i);
	ok(layout_of(&file)[0] == '0', "a header of almost 4 MiB is read");
	while (header.len <= TENSOR_HEADER_MAX)
		strbuf_adds(&header, " ");
	make(&file, header.buf, i);
	is_str(layout_of(&file), "", "a larger one is not");
}

int main(void)
{
	reads();
	dtypes();
	hostile();
	large_headers();
	return tap_done();
}
