/* SPDX-License-Identifier: Apache-2.0 */
/* Long output for people goes through $MREG_PAGER, core.pager or less, on a terminal only. */
#ifndef MREG_UI_PAGER_H
#define MREG_UI_PAGER_H

#include <stdbool.h>

#include "base/error.h"

/* Starts `command` (NULL or "": none) and points stdout at it; does nothing when stdout is no terminal.  pager_finish() closes and waits: true if there was one
 * (whoever leaves it early closed our stdout on purpose). */
int pager_start(const char *command, struct error *err) MUST_CHECK;
bool pager_finish(void);

#endif
