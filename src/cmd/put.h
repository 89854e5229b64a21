/* SPDX-License-Identifier: Apache-2.0 */
/* The options of put, for who makes a version in another way, and what is printed of one. */
#ifndef MREG_CMD_PUT_H
#define MREG_CMD_PUT_H

#include "base/error.h"
#include "cmd/cmd.h"
#include "registry/put.h"

/* What o points to lives as long as the call; o->name is the first operand. */
typedef int (*put_parsed_fn)(struct session *s, const struct put_options *o, const struct operands *operands, struct error *err);
/* Parses put's options and at least `min` operands, the PATHs after the first `names` of them, then acts. */
int put_parse(struct session *s, int argc, char **argv, size_t names, size_t min, put_parsed_fn fn, struct error *err) MUST_CHECK;
/* When it is put: collects what is due with --keep-last, and prints the version with notes about what it is. */
int put_finish(struct session *s, const struct put_options *o, const struct put_result *r, struct error *err) MUST_CHECK;

#endif
