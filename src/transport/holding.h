/* SPDX-License-Identifier: Apache-2.0 */
/* Asks another registry whether it has versions in full. */
#ifndef MREG_TRANSPORT_HOLDING_H
#define MREG_TRANSPORT_HOLDING_H

#include <stdbool.h>

#include "base/error.h"
#include "base/strvec.h"
#include "registry/registry.h"
#include "registry/remote.h"

/*
 * Has the remote read and hash these versions (hex ids) now: complete[i] says which it has all of.  ERR_POLICY when it is this very registry, or a copy of it that
 * has its id; ERR_REMOTE.
 */
int holding_ask(struct registry *reg, const struct remote *remote, const struct strvec *versions, bool *complete, struct error *err) MUST_CHECK;

#endif
