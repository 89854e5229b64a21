/* SPDX-License-Identifier: Apache-2.0 */
/* Random access to a model file's bytes, wherever they are, so that its readers know neither files nor memory. */
#ifndef MREG_TENSOR_INPUT_H
#define MREG_TENSOR_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct tensor_input {
	int (*read_at)(void *arg, uint64_t offset, void *buf, size_t len); /* all of it: 0, else -1; asked only for what is below size */
	void *arg;
	uint64_t size;
};

/* Borrow fd and bytes, which must outlive the input. */
struct tensor_input input_of_file(const int *fd, uint64_t size);
struct tensor_input input_of_bytes(const struct span *bytes);
/* False when it is not there or cannot be read. */
bool input_read(const struct tensor_input *in, uint64_t offset, void *buf, size_t len);

/* Reads on in small steps, as far as `end` and no further. */
struct input_cursor {
	const struct tensor_input *in;
	uint64_t at, end;
	uint64_t buffered; /* where in the input buf begins */
	size_t len;        /* of what is in buf */
	uint8_t buf[8192];
};
void input_cursor_init(struct input_cursor *c, const struct tensor_input *in, uint64_t at, uint64_t end);
bool input_cursor_read(struct input_cursor *c, void *buf, size_t len);
bool input_cursor_skip(struct input_cursor *c, uint64_t len);
bool input_cursor_u32(struct input_cursor *c, uint32_t *out);
bool input_cursor_u64(struct input_cursor *c, uint64_t *out);

#endif
