/* SPDX-License-Identifier: Apache-2.0 */
/* Text that a person writes in an editor. */
#ifndef MREG_UI_EDITOR_H
#define MREG_UI_EDITOR_H

#include "base/error.h"
#include "base/strbuf.h"

#define EDITOR_TEXT_MAX (1u << 20)

/*
 * Opens `command` (split into words as a shell would) on a file of the user's temporary directory that holds `text` and, below a line that says so,
 * `help`.  Back comes what was saved, without that line and what stands below it, and without blank lines at its ends.  ERR_POLICY when the
 * editor did not end with 0.
 */
int editor_run(const char *command, const char *text, const char *help, struct strbuf *out, struct error *err) MUST_CHECK;
/* Leaves what was written, but cannot be used, in a new file of that directory, whose path goes into out. */
int editor_keep(const char *text, struct strbuf *out, struct error *err) MUST_CHECK;

#endif
