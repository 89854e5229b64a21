/* SPDX-License-Identifier: Apache-2.0 */
/* What the standard descriptors are: terminals or not, how wide, coloured or not. */
#ifndef MREG_UI_TERMINAL_H
#define MREG_UI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

bool terminal_is_stdin(void);
bool terminal_is_stdout(void);
bool terminal_is_stderr(void);
size_t terminal_width(void); /* of stdout: TIOCGWINSZ, then COLUMNS, then 80; 0 when stdout is no terminal */
size_t terminal_width_stderr(void); /* the same of stderr */
/* Characters beside ASCII come out right: by LC_ALL, LC_CTYPE or LANG, as the C library would judge. */
bool terminal_is_utf8(void);
/* when: "auto" (NULL), "always", "never"; NO_COLOR and TERM=dumb count for auto. */
bool terminal_wants_color(const char *when, bool is_terminal);

#endif
