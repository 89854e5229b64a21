/* SPDX-License-Identifier: Apache-2.0 */
/* Steps over a GGUF file's metadata and reads its list of tensors. */
#include <config.h>

#include "tensor/gguf.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

#define HEAD_LEN 24u /* magic, version, how many tensors, how many keys */
#define KEY_MAX 65535u
#define NAME_MAX_LEN 65535u
#define ALIGNMENT_KEY "general.alignment"
#define ALIGNMENT_DEFAULT 32u
#define NESTED_MAX 4u /* arrays in arrays */
#define DIMS_MAX 8u

enum value_type { VALUE_U32 = 4, VALUE_STRING = 8, VALUE_ARRAY = 9, VALUE_COUNT = 13 };

/* By the numbers of the format; 0 for what has no fixed size. */
static const uint8_t value_sizes[VALUE_COUNT] = { 1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8 };

/* By the numbers of the format.  In a block scales stand beside packed numbers: it has no planes that a name would tell. */
static const struct dtype {
	const char *name; /* NULL: not known here */
	enum element element;
	uint16_t block, size; /* so many numbers take so many bytes */
} dtypes[] = {
	[0] = { "F32", ELEMENT_FP32, 1, 4 },
	[1] = { "F16", ELEMENT_FP16, 1, 2 },
	[2] = { "Q4_0", ELEMENT_UNKNOWN, 32, 18 },
	[3] = { "Q4_1", ELEMENT_UNKNOWN, 32, 20 },
	[6] = { "Q5_0", ELEMENT_UNKNOWN, 32, 22 },
	[7] = { "Q5_1", ELEMENT_UNKNOWN, 32, 24 },
	[8] = { "Q8_0", ELEMENT_UNKNOWN, 32, 34 },
	[9] = { "Q8_1", ELEMENT_UNKNOWN, 32, 36 },
	[10] = { "Q2_K", ELEMENT_UNKNOWN, 256, 84 },
	[11] = { "Q3_K", ELEMENT_UNKNOWN, 256, 110 },
	[12] = { "Q4_K", ELEMENT_UNKNOWN, 256, 144 },
	[13] = { "Q5_K", ELEMENT_UNKNOWN, 256, 176 },
	[14] = { "Q6_K", ELEMENT_UNKNOWN, 256, 210 },
	[15] = { "Q8_K", ELEMENT_UNKNOWN, 256, 292 },
	[16] = { "IQ2_XXS", ELEMENT_UNKNOWN, 256, 66 },
	[17] = { "IQ2_XS", ELEMENT_UNKNOWN, 256, 74 },
	[18] = { "IQ3_XXS", ELEMENT_UNKNOWN, 256, 98 },
	[19] = { "IQ1_S", ELEMENT_UNKNOWN, 256, 50 },
	[20] = { "IQ4_NL", ELEMENT_UNKNOWN, 32, 18 },
	[21] = { "IQ3_S", ELEMENT_UNKNOWN, 256, 110 },
	[22] = { "IQ2_S", ELEMENT_UNKNOWN, 256, 82 },
	[23] = { "IQ4_XS", ELEMENT_UNKNOWN, 256, 136 },
	[24] = { "I8", ELEMENT_BYTE, 1, 1 },
	[25] = { "I16", ELEMENT_INT16, 1, 2 },
	[26] = { "I32", ELEMENT_INT32, 1, 4 },
	[27] = { "I64", ELEMENT_INT64, 1, 8 },
	[28] = { "F64", ELEMENT_FP64, 1, 8 },
	[29] = { "IQ1_M", ELEMENT_UNKNOWN, 256, 56 },
	[30] = { "BF16", ELEMENT_BF16, 1, 2 },
	[34] = { "TQ1_0", ELEMENT_UNKNOWN, 256, 54 },
	[35] = { "TQ2_0", ELEMENT_UNKNOWN, 256, 66 },
	[39] = { "MXFP4", ELEMENT_UNKNOWN, 32, 17 },
};

/* ---- metadata ---- */

static bool skip_string(struct input_cursor *c)
{
	uint64_t len;

	return input_cursor_u64(c, &len) && input_cursor_skip(c, len);
}

static bool skip_array(struct input_cursor *c, unsigned depth)
{
	uint64_t count, len;
	uint32_t type;
	bool fine = true;

	if (depth > NESTED_MAX || !input_cursor_u32(c, &type) || !input_cursor_u64(c, &count) || type >= VALUE_COUNT)
		return false;
	if (value_sizes[type])
		return !__builtin_mul_overflow(count, value_sizes[type], &len) && input_cursor_skip(c, len);
	/* each takes eight bytes or more of what is left, so this ends */
	for (uint64_t i = 0; i < count && fine; i++)
		fine = type == VALUE_STRING ? skip_string(c) : skip_array(c, depth + 1);
	return fine;
}

static bool skip_value(struct input_cursor *c, uint32_t type)
{
	if (type == VALUE_STRING)
		return skip_string(c);
	if (type == VALUE_ARRAY)
		return skip_array(c, 1);
	return type < VALUE_COUNT && input_cursor_skip(c, value_sizes[type]);
}

static bool is_power_of_two(uint32_t n)
{
	return n && !(n & (n - 1));
}

/* Of a key's name only what could be the one that matters is read. */
static bool read_pair(struct input_cursor *c, uint32_t *alignment)
{
	char key[sizeof ALIGNMENT_KEY - 1];
	uint32_t type;
	uint64_t len;
	bool is_alignment;

	if (!input_cursor_u64(c, &len) || len > KEY_MAX)
		return false;
	is_alignment = len == sizeof key;
	if (!(is_alignment ? input_cursor_read(c, key, sizeof key) : input_cursor_skip(c, len)) || !input_cursor_u32(c, &type))
		return false;
	is_alignment = is_alignment && memcmp(key, ALIGNMENT_KEY, sizeof key) == 0;
	if (!is_alignment)
		return skip_value(c, type);
	return type == VALUE_U32 && input_cursor_u32(c, alignment) && is_power_of_two(*alignment);
}

/* ---- tensors ---- */

struct info {
	char *name; /* NAME_MAX_LEN bytes of room */
	uint64_t name_len, shape[DIMS_MAX], offset; /* from the end of the header */
	uint32_t dims, type;
};

static bool read_info(struct input_cursor *c, struct info *out)
{
	if (!input_cursor_u64(c, &out->name_len) || out->name_len > NAME_MAX_LEN ||
	    !input_cursor_read(c, out->name, (size_t)out->name_len) || !input_cursor_u32(c, &out->dims) || out->dims > DIMS_MAX)
		return false;
	for (uint32_t i = 0; i < out->dims; i++)
		if (!input_cursor_u64(c, &out->shape[i]))
			return false;
	return input_cursor_u32(c, &out->type) && input_cursor_u64(c, &out->offset);
}

static bool visit_info(const struct tensor_input *in, const struct tensor_visitor *v, uint64_t start, const struct info *info)
{
	const struct dtype *dtype = info->type < COUNT_OF(dtypes) ? &dtypes[info->type] : NULL;
	uint64_t count, len;
	struct tensor t;

	if (!dtype || !dtype->name)
		return true;
	if (!tensor_bytes(info->shape, info->dims, 1, &count) || count % dtype->block ||
	    __builtin_mul_overflow(count / dtype->block, dtype->size, &len))
		return false;
	if (info->offset > in->size - start || len > in->size - start - info->offset)
		return false;
	t = (struct tensor){ .name = info->name, .name_len = (size_t)info->name_len, .dtype = dtype->name, .element = dtype->element,
			     .shape = info->shape, .dims = info->dims, .offset = start + info->offset, .len = len };
	return v->visit(&t, v->arg) == 0;
}

/* The offsets count from behind the list: it is read once to find that, and once more. */
static bool visit_all(struct input_cursor *c, const struct tensor_visitor *v, uint64_t count, uint32_t alignment, uint64_t *header_len)
{
	CLEANUP(ptr) char *name = xmalloc(NAME_MAX_LEN);
	struct info info = { .name = name };
	uint64_t list = c->at;

	for (uint64_t i = 0; i < count; i++)
		if (!read_info(c, &info))
			return false;
	*header_len = (c->at + alignment - 1) / alignment * alignment;
	if (*header_len > c->in->size)
		return false;
	c->at = list;
	for (uint64_t i = 0; i < count; i++)
		if (!read_info(c, &info) || !visit_info(c->in, v, *header_len, &info))
			return false;
	return true;
}

bool gguf_each(const struct tensor_input *in, const struct tensor_visitor *v, uint64_t *header_len)
{
	uint32_t alignment = ALIGNMENT_DEFAULT, version;
	uint8_t head[HEAD_LEN];
	struct input_cursor c;
	uint64_t pairs;

	if (!input_read(in, 0, head, sizeof head) || memcmp(head, "GGUF", 4) != 0)
		return false;
	version = load_le32(head + 4); /* a big-endian file has another number here */
	if (version != 2 && version != 3)
		return false;
	pairs = load_le64(head + 16);
	input_cursor_init(&c, in, sizeof head, GGUF_HEADER_MAX);
	for (uint64_t i = 0; i < pairs; i++)
		if (!read_pair(&c, &alignment))
			return false;
	return visit_all(&c, v, load_le64(head + 8), alignment, header_len);
}
