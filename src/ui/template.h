/* SPDX-License-Identifier: Apache-2.0 */
/* --template '{ref}\t{digest}': text with members of a record in it. */
#ifndef MREG_UI_TEMPLATE_H
#define MREG_UI_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "format/json.h"

struct template_part {
	char *text;     /* a member's path, or what stands as it is */
	size_t len;
	bool is_member;
};
struct template {
	struct template_part *parts;
	size_t count, cap;
};
#define TEMPLATE_INIT { NULL, 0, 0 }

/* {member}, dots step into objects; \t \n \0 \\ and {{ }} stand for themselves.  ERR_USAGE names the column of what is wrong. */
int template_parse(const char *text, struct template *out, struct error *err) MUST_CHECK;
/* A member that the record lacks gives nothing; arrays are joined by commas.  visible: values are made safe for a terminal. */
void template_expand(struct strbuf *out, const struct template *t, const json_t *record, bool visible);
void template_cleanup(struct template *t);

#endif
