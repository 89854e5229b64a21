/* SPDX-License-Identifier: Apache-2.0 */
/* Seals lines by a sum at their end, and takes it off again. */
#include <config.h>

#include "format/sealed-line.h"

#include <string.h>

/* ,"sum":"HEX64"} and the brace that it stands for */
#define SUM_HEAD ",\"sum\":\""
#define SUM_TAIL "\"}"
#define SUM_LEN (sizeof SUM_HEAD - 1 + OID_HEX_LEN + sizeof SUM_TAIL - 1)

void sealed_line_write(struct strbuf *out, const json_t *obj, struct oid *sum)
{
	size_t start = out->len;

	json_canonical(out, obj);
	sha256_bytes(out->buf + start, out->len - start, sum);
	strbuf_set_len(out, out->len - 1);
	strbuf_addf(out, SUM_HEAD "%s" SUM_TAIL "\n", oid_hex(sum).text);
}

/* Checks the sum and appends the text that it was taken of. */
static int take_sum(const char *text, size_t len, struct strbuf *body, struct oid *sum, struct error *err)
{
	const char *tail;
	struct oid actual;

	if (len < SUM_LEN + 1)
		return error_set(err, ERR_INTEGRITY, "it is too short");
	tail = text + len - SUM_LEN;
	if (memcmp(tail, SUM_HEAD, strlen(SUM_HEAD)) != 0 || memcmp(text + len - strlen(SUM_TAIL), SUM_TAIL, strlen(SUM_TAIL)) != 0 ||
		!oid_parse(tail + strlen(SUM_HEAD), OID_HEX_LEN, sum))
		return error_set(err, ERR_INTEGRITY, "it does not end in a sum");
	strbuf_add(body, text, len - SUM_LEN);
	strbuf_addc(body, '}');
	sha256_bytes(body->buf, body->len, &actual);
	if (!oid_equal(&actual, sum))
		return error_set(err, ERR_INTEGRITY, "its sum is wrong");
	return 0;
}

json_t *sealed_line_parse(const char *text, size_t len, struct oid *sum, struct error *err)
{
	CLEANUP(strbuf) struct strbuf body = STRBUF_INIT, again = STRBUF_INIT;
	CLEANUP(json) json_t *obj = NULL;

	if (take_sum(text, len, &body, sum, err) < 0)
		return NULL;
	obj = json_parse(body.buf, body.len, "it", err);
	if (!obj)
		return NULL;
	json_canonical(&again, obj);
	if (again.len == body.len && memcmp(again.buf, body.buf, body.len) == 0)
		return STEAL(obj);
	error_set(err, ERR_INTEGRITY, "it is not in canonical form");
	return NULL;
}
