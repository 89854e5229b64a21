/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the header of a NumPy array: a Python dictionary of three entries, of which type and shape matter. */
#include <config.h>

#include "tensor/npy.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

#define HEAD_LEN 12u /* magic, version, and the length of the text in 2 bytes (version 1) or 4 */

/* The value of a key: what follows 'key':, up to the end of the text. */
static const char *find_value(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	if (!at)
		return NULL;
	at += strlen(key);
	at += strspn(at, " ");
	if (*at++ != ':')
		return NULL;
	return at + strspn(at, " ");
}

/* "float32" as "<f4": sets element and the size of one, 0 where it is none of fixed size. */
static uint64_t read_dtype(const char *dtype, enum element *element)
{
	static const enum element ints[] = { [1] = ELEMENT_BYTE, [2] = ELEMENT_INT16, [4] = ELEMENT_INT32, [8] = ELEMENT_INT64 };
	static const enum element floats[] = { [2] = ELEMENT_FP16, [4] = ELEMENT_FP32, [8] = ELEMENT_FP64 };
	uint64_t size = 0;
	char kind = dtype[0] ? dtype[1] : '\0';

	*element = ELEMENT_UNKNOWN;
	if (!kind || !strchr("<>|=", dtype[0]))
		return 0;
	for (const char *p = dtype + 2; *p >= '0' && *p <= '9' && size < UINT32_MAX; p++)
		size = size * 10 + (uint64_t)(*p - '0');
	if (strchr("iubmM", kind) && size < COUNT_OF(ints))
		*element = ints[size];
	else if (kind == 'f' && size < COUNT_OF(floats))
		*element = floats[size];
	else if (kind == 'c' && size <= 16)
		*element = size == 8 ? ELEMENT_FP32 : size == 16 ? ELEMENT_FP64 : ELEMENT_UNKNOWN;
	if (dtype[0] == '>' && size > 1)
		*element = ELEMENT_UNKNOWN; /* the detector finds its planes, with the high byte first */
	if (kind == 'U')
		return size * 4;
	return strchr("iubmMfcSaV", kind) ? size : 0;
}

static bool read_shape(const char *at, struct npy *out)
{
	if (!at || *at++ != '(')
		return false;
	for (out->dims = 0;; out->dims++) {
		uint64_t n = 0;

		at += strspn(at, " ");
		if (*at == ')')
			return true;
		if (*at < '0' || *at > '9' || out->dims == TENSOR_DIMS_MAX)
			return false;
		for (; *at >= '0' && *at <= '9'; at++)
			if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, (uint64_t)(*at - '0'), &n))
				return false;
		out->shape[out->dims] = n;
		at += strspn(at, "L "); /* Python 2 wrote long numbers so */
		if (*at == ',')
			at++;
		else if (*at != ')')
			return false;
	}
}

static bool read_text(const char *text, struct npy *out)
{
	const char *descr = find_value(text, "'descr'"), *end;
	uint64_t size, len, left = out->len;

	if (!descr || (*descr != '\'' && *descr != '['))
		return false;
	if (*descr == '[')
		return true; /* a record */
	end = strchr(++descr, '\'');
	if (!end || end - descr >= (ptrdiff_t)sizeof out->dtype)
		return false;
	memcpy(out->dtype, descr, (size_t)(end - descr));
	size = read_dtype(out->dtype, &out->element);
	if (!size)
		return true;
	if (!read_shape(find_value(text, "'shape'"), out) || !tensor_bytes(out->shape, out->dims, size, &len) || len > left)
		return false;
	out->len = len;
	return true;
}

static bool read_head(const struct tensor_input *in, uint64_t offset, uint64_t len, uint64_t *text, uint64_t *text_len)
{
	uint8_t head[HEAD_LEN];

	if (len < sizeof head || !input_read(in, offset, head, sizeof head) || memcmp(head, "\x93NUMPY", 6) != 0)
		return false;
	if (head[6] < 1 || head[6] > 3)
		return false;
	*text = head[6] == 1 ? HEAD_LEN - 2 : HEAD_LEN;
	*text_len = head[6] == 1 ? load_le16(head + 8) : load_le32(head + 8);
	return *text_len <= NPY_HEADER_MAX && *text_len <= len - *text;
}

bool npy_read(const struct tensor_input *in, uint64_t offset, uint64_t len, struct npy *out)
{
	CLEANUP(ptr) char *text = NULL;
	uint64_t at, text_len;

	memset(out, 0, sizeof *out);
	if (offset > in->size || len > in->size - offset || !read_head(in, offset, len, &at, &text_len))
		return false;
	text = xcalloc((size_t)text_len + 1, 1);
	if (!input_read(in, offset + at, text, (size_t)text_len))
		return false;
	out->offset = offset + at + text_len;
	out->len = len - at - text_len;
	return read_text(text, out);
}

bool npy_each(const struct tensor_input *in, const struct tensor_visitor *v, uint64_t *header_len)
{
	struct npy a;
	struct tensor t;

	if (!npy_read(in, 0, in->size, &a))
		return false;
	*header_len = a.offset;
	t = (struct tensor){ .name = "", .dtype = a.dtype[0] ? a.dtype : NULL, .element = a.element, .shape = a.shape, .dims = a.dims,
			     .offset = a.offset, .len = a.len };
	return v->visit(&t, v->arg) == 0;
}
