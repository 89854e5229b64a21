/* SPDX-License-Identifier: Apache-2.0 */
/* What a user of tensor/npy counts on. */
#include <config.h>

#include "tensor/npy.h"

#include "base/mem.h"
#include "tensor-fixture.h"

/* A file of format version 1 to 3, with this header and so many bytes of data. */
static void make(struct strbuf *out, unsigned version, const char *header, size_t data_len)
{
	strbuf_reset(out);
	strbuf_adds(out, "\x93NUMPY");
	put_le(out, version, 2);
	put_le(out, strlen(header), version == 1 ? 2 : 4);
	strbuf_adds(out, header);
	put_zeroes(out, data_len);
}

static void array(const char *header, size_t data_len, const char *want, const char *name)
{
	CLEANUP(strbuf) struct strbuf file = STRBUF_INIT, all = STRBUF_INIT;

	make(&file, 1, header, data_len);
	strbuf_adds(&all, want);
	if (strcmp(want, "refused") != 0)
		strbuf_addf(&all, ";header %zu", strlen(header) + 10);
	is_str(tensors_of(&file), all.buf, name);
}

static void reads(void)
{
	CLEANUP(strbuf) struct strbuf file = STRBUF_INIT;
	const char *header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }      \n";

	make(&file, 1, header, 24);
	is_str(tensors_of(&file), " <f4 fp32 2x3 76+24;header 76", "an array is read");
	is_str(layout_of(&file), "0+76 header;76+24 fp32;", "and laid out");
	refuses_beginnings(&file, file.len, "no beginning of a file is taken for it");
	make(&file, 2, header, 24);
	is_str(tensors_of(&file), " <f4 fp32 2x3 78+24;header 78", "so is one of version 2");
	make(&file, 3, header, 100);
	is_str(tensors_of(&file), " <f4 fp32 2x3 78+24;header 78", "one of version 3, with something behind it");
	make(&file, 4, header, 24);
	is_str(tensors_of(&file), "refused", "but none of a version that is not known");
}

static void dtypes(void)
{
	array("{'descr': '<f2', 'shape': (4,)}", 8, " <f2 fp16 4 41+8", "float16");
	array("{'descr': '<f8', 'shape': ()}", 8, " <f8 fp64  39+8", "a scalar of float64");
	array("{'descr': '|b1', 'shape': (8L,)}", 8, " |b1 byte 8 42+8", "booleans, from Python 2");
	array("{'descr': '|u1', 'shape': (2,2,2)}", 8, " |u1 byte 2x2x2 44+8", "uint8");
	array("{'descr': '<i2', 'shape': (4,)}", 8, " <i2 int16 4 41+8", "int16");
	array("{'descr': '<u4', 'shape': (2,)}", 8, " <u4 int32 2 41+8", "uint32");
	array("{'descr': '<i8', 'shape': (1,)}", 8, " <i8 int64 1 41+8", "int64");
	array("{'descr': '<M8[ns]', 'shape': (1,)}", 8, " <M8[ns] int64 1 45+8", "dates");
	array("{'descr': '<c8', 'shape': (1,)}", 8, " <c8 fp32 1 41+8", "complex numbers are pairs");
	array("{'descr': '<U2', 'shape': (1,)}", 8, " <U2 ? 1 41+8", "strings are nothing that is known");
	array("{'descr': '<f16', 'shape': (1,)}", 16, " <f16 ? 1 42+16", "nor are long doubles");
	array("{'descr': '>f4', 'shape': (2,)}", 8, " >f4 ? 2 41+8", "nor what is big-endian");
	array("{'descr': '|O', 'shape': (2,)}", 9, " |O ?  40+9", "objects take all that is left");
	array("{'descr': [('a', '<f4'), ('shape', '<i8')], 'shape': (1,)}", 12, " - ?  68+12", "so do records");
}

static void hostile(void)
{
	CLEANUP(strbuf) struct strbuf file = STRBUF_INIT;

	array("{'descr': '<f4', 'shape': (3,)}", 8, "refused", "an array beyond the end is refused");
	array("{'descr': '<f4', 'shape': (4611686018427387904, 4)}", 8, "refused", "so is one too large for any number");
	array("{'descr': '<f4', 'shape': (99999999999999999999999,)}", 8, "refused", "and one of too many digits");
	array("{'descr': '<f4', 'shape': (-1,)}", 8, "refused", "one of negative size");
	array("{'descr': '<f4', 'shape': (2", 8, "refused", "one that does not end");
	array("{'descr': '<f4', 'shape': 2}", 8, "refused", "one whose shape is none");
	array("{'descr': '<f4'}", 8, "refused", "one without a shape");
	array("{'descr': '<f4, 'shape", 8, "refused", "one whose type does not end");
	array("{'descr': '<f444444444444444444444444444444444', 'shape': (2,)}", 8, "refused", "one whose type is too long");
	array("{'descr': <f4, 'shape': (2,)}", 8, "refused", "one whose type is no string");
	array("{'shape': (2,)}", 8, "refused", "one of no type");
	array("", 8, "refused", "one without a header");
	make(&file, 1, "{'descr': '<f4', 'shape': (1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
		       "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1)}", 8);
	is_str(tensors_of(&file), "refused", "one of too many dimensions");
	make(&file, 2, "{}", 100);
	store_le32(file.buf + 8, NPY_HEADER_MAX + 1);
	is_str(tensors_of(&file), "refused", "one whose header is too long");
}

int main(void)
{
	reads();
	dtypes();
	hostile();
	return tap_done();
}
