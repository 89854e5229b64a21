/* SPDX-License-Identifier: Apache-2.0 */
/* mreg show --provenance: how something was made, back to what nobody here made. */
#ifndef MREG_CMD_SHOW_PROVENANCE_H
#define MREG_CMD_SHOW_PROVENANCE_H

#include "cmd/cmd.h"

/* Of a version (bare NAME: its latest) or a run. */
int show_provenance(struct session *s, const char *reference, struct error *err) MUST_CHECK;

#endif
