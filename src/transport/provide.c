/* SPDX-License-Identifier: Apache-2.0 */
/* Gives the other side the objects that it asks for, as they lie in packs. */
#include <config.h>

#include "base/interrupt.h"
#include "registry/registry.h"
#include "store/record.h"
#include "transport/connection.h"
#include "transport/source.h"

static int send_lack(struct connection *c, const struct want *want, struct error *err)
{
	CLEANUP(strbuf) struct strbuf payload = STRBUF_INIT;

	want_add(&payload, want);
	return connection_send(c, FRAME_LACK, payload.buf, payload.len, err);
}

/* What is damaged here is as good as absent for the other side, and its owner is told; a bundle is whole or of no use. */
static int read_record(struct source *s, const struct want *want, struct record_head *head, struct strbuf *stored, struct error *err)
{
	int rc = s->methods->record(s, want, head, stored, err);

	if (rc >= 0 || err->code != ERR_INTEGRITY || !s->registry)
		return rc;
	report_warning(s->report, "%s", err->text);
	error_clear(err);
	return 0;
}

static int answer_one(struct source *s, struct connection *c, const struct want *want, struct strbuf *stored, struct error *err)
{
	uint8_t data[RECORD_HEAD_LEN + RECORD_FILE_LEN];
	struct record_head head;
	int found = read_record(s, want, &head, stored, err);

	if (found < 0)
		return -1;
	if (!found)
		return send_lack(c, want, err);
	return connection_send_pair(c, FRAME_OBJECT, data, record_put_head(data, &head), stored->buf, stored->len, err);
}

int provide_answer(struct source *s, struct connection *c, const void *want, size_t len, struct error *err)
{
	CLEANUP(strbuf) struct strbuf stored = STRBUF_INIT;
	struct want wants[FRAME_WANT_MAX];
	size_t count;

	if (want_parse(want, len, wants, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (interrupt_check(err) < 0 || answer_one(s, c, &wants[i], &stored, err) < 0)
			return -1;
		report_progress(s->report, "sending", connection_sent(c), 0);
	}
	return 0;
}
