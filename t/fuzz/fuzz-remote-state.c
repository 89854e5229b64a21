/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever remote_state_parse() accepts must be written again byte for byte, and its cursors found. */
#include <config.h>

#include "base/mem.h"
#include "format/remote-state.h"
#include "format/sealed-line.h"
#include "fuzz.h"

static void check(const char *text, size_t len)
{
	CLEANUP(remote_state) struct remote_state s = REMOTE_STATE_INIT;
	CLEANUP(strbuf) struct strbuf again = STRBUF_INIT;
	struct error err = ERROR_INIT;

	if (remote_state_parse(text, len, &s, &err) < 0) {
		must(err.code == ERR_INTEGRITY && !s.cursors && !s.registry && !s.pending.v);
		return;
	}
	remote_state_to_text(&again, &s);
	must(again.len == len && memcmp(again.buf, text, len) == 0);
	must(s.count <= REMOTE_STATE_CURSORS_MAX);
	for (size_t i = 0; i < s.count; i++) {
		const struct remote_cursor *found = remote_state_find(&s, &s.cursors[i].patterns);

		must(found && found <= &s.cursors[i]);
	}
}

/* With a right sum, so that what is in it is looked at. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(strbuf) struct strbuf sealed = STRBUF_INIT;
	size_t used = 0;
	CLEANUP(json) json_t *obj = json_parse_first((const char *)data, size, &used);
	struct oid sum;

	check((const char *)data, size);
	if (json_is_object(obj) && json_object_size(obj)) {
		sealed_line_write(&sealed, obj, &sum);
		check(sealed.buf, sealed.len);
	}
	return 0;
}
