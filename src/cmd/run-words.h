/* SPDX-License-Identifier: Apache-2.0 */
/* How what the record of a run says is shown to people, wherever a run is shown. */
#ifndef MREG_CMD_RUN_WORDS_H
#define MREG_CMD_RUN_WORDS_H

#include "base/strbuf.h"
#include "format/json.h"
#include "format/run-record.h"

/* All append. */
/* A word of a record, which is escaped there, as a shell takes it. */
void run_words_recorded(struct strbuf *out, const char *recorded);
/* The command line of an argv of a record, which may be NULL. */
void run_words_command(struct strbuf *out, const json_t *argv);
/* "1a2b3c… on main, with changes that were not committed", and a line with the remote: what of it is known. */
void run_words_code(struct strbuf *out, const struct run_record *record);

#endif
