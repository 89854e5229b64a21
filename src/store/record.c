/* SPDX-License-Identifier: Apache-2.0 */
/* Checks single records: nothing of one that comes from elsewhere is believed. */
#include <config.h>

#include "store/record.h"

#include <stdlib.h>

#include "base/mem.h"
#include "codec/codec.h"
#include "codec/deflate.h"
#include "store/objects-state.h"

#define KEEP_BYTES (8u << 20) /* a buffer larger than this is given back */

struct record_checker {
	struct codec_context *codec;
	void *buf;
	size_t cap;
};

int record_open(const void *data, size_t len, struct record_head *head, const void **stored, struct error *err)
{
	size_t used;

	*stored = NULL;
	if (record_head_parse(data, len, head, &used, deflate_crc32, err) < 0)
		return -1;
	if (head->stored_len != len - used)
		return error_set(err, ERR_INTEGRITY, "the record of %s '%s' has %zu bytes where %llu belong", objects_kind_word(head->kind),
				 oid_hex(&head->id).text, len - used, (unsigned long long)head->stored_len);
	*stored = (const uint8_t *)data + used;
	return 0;
}

size_t record_put_head(uint8_t out[RECORD_HEAD_LEN + RECORD_FILE_LEN], const struct record_head *head)
{
	return record_head_write(out, head, deflate_crc32);
}

struct record_checker *record_checker_new(void)
{
	struct record_checker *c = xcalloc(1, sizeof *c);

	c->codec = codec_new();
	return c;
}

void record_checker_free(struct record_checker *c)
{
	if (!c)
		return;
	codec_free(c->codec);
	free(c->buf);
	free(c);
}

void record_checker_cleanup(struct record_checker **c)
{
	record_checker_free(*c);
	*c = NULL;
}

static void *reserve(struct record_checker *c, size_t len)
{
	if (len <= c->cap && (c->cap <= KEEP_BYTES || len > KEEP_BYTES))
		return c->buf;
	free(c->buf);
	c->cap = len;
	c->buf = xmalloc(len ? len : 1);
	return c->buf;
}

static int decode(struct record_checker *c, const struct record_head *head, const void *stored, const void **raw, struct error *err)
{
	void *dst;

	if (head->codec == CODEC_RAW && !head->params && head->raw_len == head->stored_len) {
		*raw = stored;
		return 0;
	}
	dst = reserve(c, (size_t)head->raw_len);
	*raw = dst;
	return codec_decode(c->codec, head->codec, head->params, stored, (size_t)head->stored_len, dst, (size_t)head->raw_len, err);
}

int record_check(struct record_checker *c, const struct record_head *head, const void *stored, const void **raw, struct error *err)
{
	const char *word = objects_kind_word(head->kind);
	struct oid found;

	if ((head->stored_len ? deflate_crc32(0, stored, (size_t)head->stored_len) : 0) != head->crc)
		return error_set(err, ERR_INTEGRITY, "%s '%s' has a wrong checksum", word, oid_hex(&head->id).text);
	if (decode(c, head, stored, raw, err) < 0)
		return error_wrap(err, "%s '%s'", word, oid_hex(&head->id).text);
	sha256_bytes(*raw, (size_t)head->raw_len, &found);
	if (oid_equal(&found, &head->id))
		return 0;
	return error_set(err, ERR_INTEGRITY, "%s '%s' is not what its id stands for", word, oid_hex(&head->id).text);
}
