/* SPDX-License-Identifier: Apache-2.0 */
/* What is recorded of a run: the metadata of the version objects that it is kept as (registry/run.h). */
#ifndef MREG_FORMAT_RUN_RECORD_H
#define MREG_FORMAT_RUN_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "format/json.h"

/*
 * {"argv":[TEXT…],"code":{"branch":TEXT,"commit":HEX,"dirty":BOOL,"remote":URL,"root":PATH},"config":{…},"directory":PATH,"ended":TIME,
 *  "environment":{NAME:TEXT…},"exit_status":N,"host":TEXT,"pid":N,"points":{NAME:{"count":N,"first_step":N,"last_step":N,"max":X,"min":X}…},
 *  "reason":TEXT,"signal":N,"started":TIME}
 * Only started is always there.  argv, directory, environment: text that is not UTF-8, or has control bytes, is escaped (utf8_add_escaped()).
 * min, max: numbers, or "nan", "inf", "-inf".  exit_status: 128 + signal after a signal.
 * reason: what `run finish -m` said.
 */
struct run_record {
	int64_t started, ended;      /* nanoseconds; ended 0: not yet */
	bool has_status;
	int status, signal;          /* signal 0: none */
	const char *directory, *host, *reason; /* "" for none; borrowed from the JSON */
	const json_t *argv;          /* array of strings or NULL; these, too */
	const json_t *environment, *config, *code, *points; /* objects or NULL */
	int64_t pid;                 /* 0: none was named */
};
/* Members of a wrong type are as if they were not there: a record is read for people, whoever has written it. */
void run_record_read(const json_t *metadata, struct run_record *out);
/* A new object; NULL members are left out, what they hold is copied deeply. */
json_t *run_record_write(const struct run_record *record) MUST_CHECK;

/* A member of `code`, or "". */
const char *run_record_code(const struct run_record *record, const char *member);

#endif
