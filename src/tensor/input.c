/* SPDX-License-Identifier: Apache-2.0 */
/* Reads model files by offset, and in small steps through a buffer. */
#include <config.h>

#include "tensor/input.h"

#include <string.h>

#include "base/error.h"
#include "base/file.h"

static int read_file(void *arg, uint64_t offset, void *buf, size_t len)
{
	const int *fd = arg;
	struct error err = ERROR_INIT; /* whoever reads the file for good will meet it again */

	return file_pread(*fd, buf, len, offset, "a model", &err) == (ssize_t)len ? 0 : -1;
}

static int read_bytes(void *arg, uint64_t offset, void *buf, size_t len)
{
	const struct span *bytes = arg;

	memcpy(buf, bytes->data + offset, len);
	return 0;
}

struct tensor_input input_of_file(const int *fd, uint64_t size)
{
	return (struct tensor_input){ .read_at = read_file, .arg = (void *)(uintptr_t)fd, .size = size };
}

struct tensor_input input_of_bytes(const struct span *bytes)
{
	return (struct tensor_input){ .read_at = read_bytes, .arg = (void *)(uintptr_t)bytes, .size = bytes->len };
}

bool input_read(const struct tensor_input *in, uint64_t offset, void *buf, size_t len)
{
	if (offset > in->size || len > in->size - offset)
		return false;
	return !len || in->read_at(in->arg, offset, buf, len) == 0;
}

void input_cursor_init(struct input_cursor *c, const struct tensor_input *in, uint64_t at, uint64_t end)
{
	c->in = in;
	c->at = at;
	c->end = end < in->size ? end : in->size;
	c->buffered = c->len = 0;
}

static bool fill(struct input_cursor *c)
{
	uint64_t left = c->end - c->at;

	c->len = left < sizeof c->buf ? (size_t)left : sizeof c->buf;
	c->buffered = c->at;
	if (input_read(c->in, c->at, c->buf, c->len))
		return true;
	c->len = 0;
	return false;
}

bool input_cursor_read(struct input_cursor *c, void *buf, size_t len)
{
	uint8_t *out = buf;

	if (c->at > c->end || len > c->end - c->at)
		return false;
	while (len) {
		size_t from, n;

		if (c->at < c->buffered || c->at - c->buffered >= c->len) {
			if (!fill(c))
				return false;
		}
		from = (size_t)(c->at - c->buffered);
		n = c->len - from < len ? c->len - from : len;
		memcpy(out, c->buf + from, n);
		out += n;
		len -= n;
		c->at += n;
	}
	return true;
}

bool input_cursor_skip(struct input_cursor *c, uint64_t len)
{
	if (c->at > c->end || len > c->end - c->at)
		return false;
	c->at += len;
	return true;
}

bool input_cursor_u32(struct input_cursor *c, uint32_t *out)
{
	uint8_t bytes[4];

	if (!input_cursor_read(c, bytes, sizeof bytes))
		return false;
	*out = load_le32(bytes);
	return true;
}

bool input_cursor_u64(struct input_cursor *c, uint64_t *out)
{
	uint8_t bytes[8];

	if (!input_cursor_read(c, bytes, sizeof bytes))
		return false;
	*out = load_le64(bytes);
	return true;
}
