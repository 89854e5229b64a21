/* SPDX-License-Identifier: Apache-2.0 */
/* Takes a safetensors header apart member by member, so that only one is in memory as a tree. */
#include <config.h>

#include "tensor/safetensors.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "format/json.h"

#define LENGTH_LEN 8u
#define VALUE_MAX (1u << 20) /* of one member: a tensor is far smaller, and so are the metadata of honest files */

static const struct dtype {
	const char *name;
	enum element element;
	unsigned size;
} dtypes[] = {
	{ "BF16", ELEMENT_BF16, 2 },
	{ "BOOL", ELEMENT_BYTE, 1 },
	{ "C64", ELEMENT_FP32, 8 },
	{ "F16", ELEMENT_FP16, 2 },
	{ "F32", ELEMENT_FP32, 4 },
	{ "F64", ELEMENT_FP64, 8 },
	{ "F8_E4M3", ELEMENT_BYTE, 1 },
	{ "F8_E4M3FNUZ", ELEMENT_BYTE, 1 },
	{ "F8_E5M2", ELEMENT_BYTE, 1 },
	{ "F8_E5M2FNUZ", ELEMENT_BYTE, 1 },
	{ "F8_E8M0", ELEMENT_BYTE, 1 },
	{ "I16", ELEMENT_INT16, 2 },
	{ "I32", ELEMENT_INT32, 4 },
	{ "I64", ELEMENT_INT64, 8 },
	{ "I8", ELEMENT_BYTE, 1 },
	{ "U16", ELEMENT_INT16, 2 },
	{ "U32", ELEMENT_INT32, 4 },
	{ "U64", ELEMENT_INT64, 8 },
	{ "U8", ELEMENT_BYTE, 1 },
};

static const struct dtype *find_dtype(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(dtypes); i++)
		if (strcmp(dtypes[i].name, name) == 0)
			return &dtypes[i];
	return NULL;
}

static bool get_numbers(const json_t *obj, const char *key, uint64_t *out, size_t max, size_t *count)
{
	const json_t *array = json_object_get(obj, key);

	*count = json_array_size(array);
	if (!json_is_array(array) || *count > max)
		return false;
	for (size_t i = 0; i < *count; i++) {
		const json_t *number = json_array_get(array, i);

		if (!json_is_integer(number) || json_integer_value(number) < 0)
			return false;
		out[i] = (uint64_t)json_integer_value(number);
	}
	return true;
}

/* The offsets are from the end of the header, and what they enclose is what the shape needs. */
static bool visit_tensor(const struct tensor_input *in, const struct tensor_visitor *v, uint64_t start, const json_t *name, const json_t *value)
{
	uint64_t shape[TENSOR_DIMS_MAX], ends[2], data_len = in->size - start, len;
	struct tensor t = { .name = json_string_value(name), .name_len = json_string_length(name), .shape = shape };
	const struct dtype *dtype;
	size_t count;

	if (!json_get_string(value, "dtype", &t.dtype) || !get_numbers(value, "shape", shape, COUNT_OF(shape), &t.dims) ||
	    !get_numbers(value, "data_offsets", ends, COUNT_OF(ends), &count))
		return false;
	if (count != COUNT_OF(ends) || ends[0] > ends[1] || ends[1] > data_len)
		return false;
	dtype = find_dtype(t.dtype);
	t.offset = start + ends[0];
	t.len = ends[1] - ends[0];
	t.element = dtype ? dtype->element : ELEMENT_UNKNOWN;
	if (dtype && (!tensor_bytes(shape, t.dims, dtype->size, &len) || len != t.len))
		return false;
	return v->visit(&t, v->arg) == 0;
}

struct text {
	const char *at, *end;
};

static bool is_at_end(struct text *t)
{
	while (t->at < t->end && (*t->at == ' ' || *t->at == '\t' || *t->at == '\r' || *t->at == '\n'))
		t->at++;
	return t->at == t->end;
}

static char next_char(struct text *t)
{
	return is_at_end(t) ? '\0' : *t->at++;
}

/* Blanks before it are the parser's to skip. */
static json_t *next_value(struct text *t)
{
	size_t left = (size_t)(t->end - t->at), used = 0;
	json_t *value = json_parse_first(t->at, left < VALUE_MAX ? left : VALUE_MAX, &used);

	t->at += used;
	return value;
}

static bool visit_member(const struct tensor_input *in, const struct tensor_visitor *v, uint64_t start, struct text *t)
{
	CLEANUP(json) json_t *name = next_value(t), *value = NULL;

	if (!json_is_string(name) || next_char(t) != ':')
		return false;
	value = next_value(t);
	if (!json_is_object(value))
		return false;
	if (strcmp(json_string_value(name), "__metadata__") == 0)
		return true;
	return visit_tensor(in, v, start, name, value);
}

static bool visit_all(const struct tensor_input *in, const struct tensor_visitor *v, uint64_t start, struct text t)
{
	struct text ahead;
	char c;

	if (next_char(&t) != '{')
		return false;
	ahead = t;
	if (next_char(&ahead) == '}')
		return is_at_end(&ahead);
	do {
		if (!visit_member(in, v, start, &t))
			return false;
		c = next_char(&t);
	} while (c == ',');
	return c == '}' && is_at_end(&t);
}

bool safetensors_each(const struct tensor_input *in, const struct tensor_visitor *v, uint64_t *header_len)
{
	CLEANUP(ptr) char *header = NULL;
	uint8_t length[LENGTH_LEN];
	uint64_t len;

	if (!input_read(in, 0, length, sizeof length))
		return false;
	len = load_le64(length);
	if (len > TENSOR_HEADER_MAX || len > in->size - LENGTH_LEN)
		return false;
	header = xmalloc((size_t)len + 1);
	if (!input_read(in, LENGTH_LEN, header, (size_t)len))
		return false;
	*header_len = LENGTH_LEN + len;
	return visit_all(in, v, *header_len, (struct text){ header, header + len });
}
