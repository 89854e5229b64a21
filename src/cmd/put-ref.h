/* SPDX-License-Identifier: Apache-2.0 */
/* --ref and the options that say more of the one before them. */
#ifndef MREG_CMD_PUT_REF_H
#define MREG_CMD_PUT_REF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "registry/external.h"

struct put_refs {
	struct external *v; /* uri and as are borrowed from argv */
	size_t count, cap;
	size_t operands_before; /* how many stood before the last --ref */
};

/* opt_fn of --ref, --digest and --size; arg is a struct put_refs. */
int put_ref_add(void *arg, const char *value, size_t operands_before, struct error *err) MUST_CHECK;
int put_ref_digest(void *arg, const char *value, size_t operands_before, struct error *err) MUST_CHECK;
int put_ref_size(void *arg, const char *value, size_t operands_before, struct error *err) MUST_CHECK;
/* Does an --as here belong to a --ref, since no operand stands between? */
bool put_ref_is_last(const struct put_refs *refs, size_t operands_before);
int put_ref_as(struct put_refs *refs, const char *value, struct error *err) MUST_CHECK;
void put_refs_cleanup(struct put_refs *refs);

#endif
