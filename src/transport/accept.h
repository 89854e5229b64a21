/* SPDX-License-Identifier: Apache-2.0 */
/* The receiving side of a push. */
#ifndef MREG_TRANSPORT_ACCEPT_H
#define MREG_TRANSPORT_ACCEPT_H

#include "base/error.h"
#include "format/message.h"
#include "registry/registry.h"
#include "transport/connection.h"

/* After FRAME_PUSH: reads its changes, asks for the objects, takes them over in one transaction and sends RESULT; or sends a RESULT that names what has
 * diverged.  by: who pushes, never "".  -1: to be told the client. */
int accept_push(struct connection *c, struct registry *reg, const char *by, const struct push *push, struct error *err) MUST_CHECK;

#endif
