/* SPDX-License-Identifier: Apache-2.0 */
/* What stands before each value in the index, so that the value proves that it is whole and under its own key; for kv.c alone. */
#ifndef MREG_STORE_KV_FRAME_H
#define MREG_STORE_KV_FRAME_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/strbuf.h"

/* CRC-32 of the rest, length of the key, the key, the value (mreg-registry(5)). */
void kv_frame_write(struct strbuf *out, struct span key, struct span value);
/* *value points into data. */
int kv_frame_parse(struct span key, struct span data, struct span *value, struct error *err) MUST_CHECK;
/* The smallest key above all that begin with prefix, appended to out; false when there is none. */
bool kv_frame_after_prefix(struct strbuf *out, struct span prefix);

#endif
