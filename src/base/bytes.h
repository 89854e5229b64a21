/* SPDX-License-Identifier: Apache-2.0 */
/* Little-endian loads and stores, and a span of bytes. */
#ifndef MREG_BASE_BYTES_H
#define MREG_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const uint8_t *data;
	size_t len;
};

static inline uint16_t load_le16(const void *p)
{
	const uint8_t *b = p;
	return (uint16_t)(b[0] | b[1] << 8);
}

static inline uint32_t load_le32(const void *p)
{
	const uint8_t *b = p;
	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static inline uint64_t load_le64(const void *p)
{
	return (uint64_t)load_le32(p) | (uint64_t)load_le32((const uint8_t *)p + 4) << 32;
}

static inline uint64_t load_be64(const void *p)
{
	return __builtin_bswap64(load_le64(p));
}

static inline void store_le16(void *p, uint16_t v)
{
	uint8_t *b = p;
	b[0] = (uint8_t)v;
	b[1] = (uint8_t)(v >> 8);
}

static inline void store_le32(void *p, uint32_t v)
{
	uint8_t *b = p;
	b[0] = (uint8_t)v;
	b[1] = (uint8_t)(v >> 8);
	b[2] = (uint8_t)(v >> 16);
	b[3] = (uint8_t)(v >> 24);
}

static inline void store_le64(void *p, uint64_t v)
{
	store_le32(p, (uint32_t)v);
	store_le32((uint8_t *)p + 4, (uint32_t)(v >> 32));
}

static inline void store_be64(void *p, uint64_t v)
{
	store_le64(p, __builtin_bswap64(v));
}

/* As memcmp(); what is shorter and otherwise the same comes first. */
static inline int span_compare(struct span a, struct span b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common ? memcmp(a.data, b.data, common) : 0;

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

static inline bool text_begins_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static inline bool span_begins_with(struct span s, struct span prefix)
{
	return !prefix.len || (s.len >= prefix.len && memcmp(s.data, prefix.data, prefix.len) == 0);
}

#endif
