/* SPDX-License-Identifier: Apache-2.0 */
/* One question, asked in pieces that a frame may have. */
#include <config.h>

#include "transport/holding.h"

#include <string.h>

#include "transport/connect.h"

static const char *shown(const struct remote *r)
{
	return *r->name ? r->name : r->url;
}

/* To drop from a registry what that same registry has would leave nothing; and a copy of it is brought up to date by copying again. */
static int check_other(const struct registry *reg, const struct remote *remote, const struct hello *hello, struct error *err)
{
	char own[2 * REGISTRY_ID_LEN + 1];

	hex_encode(reg->store->stamp.id, REGISTRY_ID_LEN, own);
	if (!hello->registry || strcmp(hello->registry, own) != 0)
		return 0;
	return error_set(err, ERR_POLICY, "'%s' is this registry itself, or a copy of it that has its id", shown(remote));
}

static int ask_some(struct connection *c, const struct strvec *versions, size_t first, size_t count, bool *complete, struct error *err)
{
	const struct strvec some = { versions->v + first, count, count };
	CLEANUP(strbuf) struct strbuf payload = STRBUF_INIT;
	struct frame frame;

	hold_write(&payload, &some);
	if (connection_send(c, FRAME_HOLD, payload.buf, payload.len, err) < 0 || connection_expect(c, FRAME_HELD, &frame, err) < 0)
		return -1;
	if (held_parse(frame.data, frame.len, complete + first, count, err) == 0)
		return 0;
	err->code = ERR_REMOTE;
	return error_wrap(err, "%s", connection_name(c));
}

int holding_ask(struct registry *reg, const struct remote *remote, const struct strvec *versions, bool *complete, struct error *err)
{
	CLEANUP(hello) struct hello hello = { .program = NULL };
	CLEANUP(connection) struct connection *c = connect_open(remote->url, shown(remote), reg->config, reg->report, &hello, err);

	if (!c || check_other(reg, remote, &hello, err) < 0)
		return -1;
	for (size_t first = 0, count; first < versions->count; first += count) {
		count = versions->count - first < MESSAGE_VERSIONS_MAX ? versions->count - first : MESSAGE_VERSIONS_MAX;
		if (ask_some(c, versions, first, count, complete, err) < 0)
			return -1;
	}
	return 0;
}
