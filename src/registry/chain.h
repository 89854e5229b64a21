/* SPDX-License-Identifier: Apache-2.0 */
/* The changes of one key, and what it was at a time. */
#ifndef MREG_REGISTRY_CHAIN_H
#define MREG_REGISTRY_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "store/view.h"

/* Newest first: each comes before those that it follows from, whatever the clocks said; where it may be one or the other, the later. */
struct chain {
	struct change *v;
	size_t count, cap;
};
#define CHAIN_INIT         \
	{                  \
		NULL, 0, 0 \
	}
void chain_cleanup(struct chain *chain);

/* All that the key's heads follow from; none when it was never set. */
int chain_read(struct view *v, const char *key, struct chain *out, struct error *err) MUST_CHECK;
/* What the changes until then (inclusive) make of the key: its value, borrowed from the chain; NULL when it was not set or removed. */
const char *chain_value_at(const struct chain *chain, int64_t at);

#endif
