/* SPDX-License-Identifier: Apache-2.0 */
/* One record by itself, as it comes from elsewhere: taken apart and checked. */
#ifndef MREG_STORE_RECORD_H
#define MREG_STORE_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "format/pack-format.h"

/* Head and payload, with nothing behind them: *stored points into data.  The payload is not looked at.  ERR_INTEGRITY. */
int record_open(const void *data, size_t len, struct record_head *head, const void **stored, struct error *err) MUST_CHECK;
/* record_head_write() with the checksum of packs. */
size_t record_put_head(uint8_t out[RECORD_HEAD_LEN + RECORD_FILE_LEN], const struct record_head *head);

/* What one thread needs: codec state, and a buffer of the longest raw bytes that it has seen. */
struct record_checker;
struct record_checker *record_checker_new(void);
void record_checker_free(struct record_checker *c);
void record_checker_cleanup(struct record_checker **c);
/*
 * The payload's CRC, its decoding to exactly head->raw_len bytes, and that these hash to head->id.  *raw: those bytes, good until the next check, or in
 * stored.  The caller has limited raw_len.  ERR_INTEGRITY names the object.
 */
int record_check(struct record_checker *c, const struct record_head *head, const void *stored, const void **raw, struct error *err) MUST_CHECK;

#endif
