/* SPDX-License-Identifier: Apache-2.0 */
/* Records as JSON, a line each. */
#include <config.h>

#include "ui/out-internal.h"

/* The object's own text is taken over behind its first brace, so that "format" comes first whatever the verb did. */
int out_json_record(struct out *o, const json_t *record, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT, line = STRBUF_INIT;

	if (!json_is_object(record))
		BUG("a record is no object");
	if (json_object_get(record, "format"))
		BUG("a record has its own 'format'");
	json_print(&text, record);
	strbuf_adds(&line, json_object_size(record) ? "{\"format\":1," : "{\"format\":1");
	strbuf_add(&line, text.buf + 1, text.len - 1);
	strbuf_addc(&line, '\n');
	return out_put(o, line.buf, line.len, err);
}
