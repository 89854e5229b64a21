/* SPDX-License-Identifier: Apache-2.0 */
/* stderr: notes, warnings, errors and the progress meter, each line whole, terminal escapes made visible. */
#ifndef MREG_UI_MESSAGE_H
#define MREG_UI_MESSAGE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/report.h"

struct message_options {
	bool quiet;    /* no notes, no progress */
	bool json;     /* the error is one JSON object on the last line: {"format":1,"error":{"code","status","message","hint"}}, hint null if none */
	bool progress; /* draw the meter: a terminal, or --progress */
	bool color;
};
/* Fills the interface for lower layers.  One a process.  The meter shows bytes, percentage, rate and ETA; after 1 s, at most 10 a second, cleared before any message. */
void message_init(const struct message_options *options);
struct report *message_report(void);
/* "mreg: error text" and the hint below as "hint: …" (a line each); nothing for ERR_QUIET and ERR_NONE, nor for one
 * without text, which somebody else has told. */
void message_error(const struct error *err);
/* Text for people as it is, whole lines (the usage when a verb is missing); nothing with json. */
void message_text(const char *text);
void message_meter_clear(void);

#endif
