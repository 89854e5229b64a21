/* SPDX-License-Identifier: Apache-2.0 */
/* Does this registry hold versions in full?  Asked by another one before it drops its own copy. */
#ifndef MREG_REGISTRY_HOLD_H
#define MREG_REGISTRY_HOLD_H

#include <stdbool.h>

#include "base/error.h"
#include "base/strvec.h"
#include "registry/registry.h"

/* versions: hex ids.  complete[i]: it is live in some collection, not absent, and every byte of it was read and hashed just now.
 * ERR_LOCK_TIMEOUT while files are being dropped here. */
int hold_verify(struct registry *reg, const struct strvec *versions, bool *complete, struct error *err) MUST_CHECK;

#endif
