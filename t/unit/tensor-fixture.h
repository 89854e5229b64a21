/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of model formats: files put together in memory, and what a reader visits in them as text. */
#ifndef MREG_T_UNIT_TENSOR_FIXTURE_H
#define MREG_T_UNIT_TENSOR_FIXTURE_H

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "tap.h"
#include "tensor/tensor.h"

static inline void put_le(struct strbuf *out, uint64_t value, size_t len)
{
	uint8_t bytes[8];

	store_le64(bytes, value);
	strbuf_add(out, bytes, len);
}

static inline void put_zeroes(struct strbuf *out, size_t len)
{
	for (; len >= 8; len -= 8)
		put_le(out, 0, 8);
	put_le(out, 0, len);
}

static inline const char *element_name(enum element element)
{
	static const char *const names[] = { "?", "header", "byte", "int16", "fp16", "bf16", "int32", "fp32", "int64", "fp64" };

	return names[element];
}

/* "NAME DTYPE ELEMENT 2x3 OFFSET+LEN;" */
static inline int list_tensor(const struct tensor *t, void *arg)
{
	struct strbuf *out = arg;

	strbuf_add(out, t->name, t->name_len);
	strbuf_addf(out, " %s %s ", t->dtype ? t->dtype : "-", element_name(t->element));
	for (size_t i = 0; i < t->dims; i++)
		strbuf_addf(out, "%s%ju", i ? "x" : "", (uintmax_t)t->shape[i]);
	strbuf_addf(out, " %ju+%ju;", (uintmax_t)t->offset, (uintmax_t)t->len);
	return 0;
}

/* What a reader says of a file: its tensors and the end of its header, or "refused". */
static inline const char *tensors_of(const struct strbuf *file)
{
	static struct strbuf text = STRBUF_INIT;
	const struct span bytes = { (const uint8_t *)file->buf, file->len };
	const struct tensor_input in = input_of_bytes(&bytes);
	const struct tensor_visitor v = { .visit = list_tensor, .arg = &text };
	uint64_t header_len;

	strbuf_reset(&text);
	if (!tensor_each(&in, &v, &header_len))
		return "refused";
	strbuf_addf(&text, "header %ju", (uintmax_t)header_len);
	return text.buf;
}

/* "0+8 header;8+4 fp32;", or "" where the file is cut by content. */
static inline const char *layout_of(const struct strbuf *file)
{
	static struct strbuf text = STRBUF_INIT;
	const struct span bytes = { (const uint8_t *)file->buf, file->len };
	const struct tensor_input in = input_of_bytes(&bytes);
	CLEANUP(layout) struct layout layout = LAYOUT_INIT;

	tensor_layout_of(&in, &layout);
	strbuf_reset(&text);
	for (size_t i = 0; i < layout.count; i++)
		strbuf_addf(&text, "%ju+%ju %s;", (uintmax_t)layout.regions[i].offset, (uintmax_t)layout.regions[i].len,
			    element_name(layout.regions[i].element));
	return text.buf;
}

/* No beginning of the file may be read beyond its end, nor be taken for whole if that is shorter than `whole`. */
static inline void refuses_beginnings(const struct strbuf *file, size_t whole, const char *name)
{
	size_t taken = 0;

	for (size_t len = 0; len < whole; len++) {
		uint8_t *data = malloc(len ? len : 1);
		struct strbuf part = { .buf = (char *)data, .len = len };

		need(data != NULL, "out of memory");
		memcpy(data, file->buf, len);
		taken += strcmp(tensors_of(&part), "refused") != 0;
		free(data);
	}
	is_int((intmax_t)taken, 0, name);
}

#endif
