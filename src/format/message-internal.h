/* SPDX-License-Identifier: Apache-2.0 */
/* What the parsers of message*.c have in common. */
#ifndef MREG_FORMAT_MESSAGE_INTERNAL_H
#define MREG_FORMAT_MESSAGE_INTERNAL_H

#include "format/json.h"
#include "format/message.h"

/*
 * A payload as a JSON object; what: "hello", for messages.  NULL with ERR_REMOTE, also when it holds more than MESSAGE_VALUES_MAX values: eight
 * megabytes of "[],[],…" would take half a gigabyte.
 */
#define MESSAGE_VALUES_MAX 131072
json_t *payload_open(const void *data, size_t len, const char *what, struct error *err) MUST_CHECK;
/* "WHAT message: 'KEY' …": ERR_REMOTE, -1. */
int payload_wrong(const char *what, const char *key, const char *fault, struct error *err) MUST_CHECK;
/* A string of at most max bytes without control bytes; is it one? */
bool payload_is_text(const json_t *value, size_t max);
/* That member, copied to *out; is_required or NULL. */
int payload_text(const json_t *obj, const char *what, const char *key, size_t max, char **out, struct error *err) MUST_CHECK;
/* A member that is a list of such strings, appended; one that is missing is an empty one. */
typedef bool (*payload_check_fn)(const char *text, size_t len);
int payload_texts(const json_t *obj, const char *what, const char *key, size_t max_count, payload_check_fn check, struct strvec *out,
		  struct error *err) MUST_CHECK;
/* A member that is a list, of at most max items; NULL with err. */
const json_t *payload_list(const json_t *obj, const char *what, const char *key, size_t max, struct error *err) MUST_CHECK;
int payload_u64(const json_t *obj, const char *what, const char *key, uint64_t *out, struct error *err) MUST_CHECK;
int payload_oid(const json_t *obj, const char *what, const char *key, struct oid *out, struct error *err) MUST_CHECK;
int payload_bool(const json_t *obj, const char *what, const char *key, bool *out, struct error *err) MUST_CHECK;
/* For payload_texts(): of an oid, of a collection, any without control bytes. */
bool payload_is_oid(const char *text, size_t len);
bool payload_is_cid(const char *text, size_t len);
bool payload_is_key(const char *text, size_t len);
bool payload_is_pattern(const char *text, size_t len);

/* Writers: a string as it is, what is not UTF-8 escaped; those of a list; and one with control bytes shown as \xNN, cut after max bytes. */
json_t *payload_string(const char *text);
json_t *payload_strings(const struct strvec *list);
json_t *payload_visible(const char *text, size_t max);
/* Appends obj's canonical text, and drops it. */
void payload_close(struct strbuf *out, json_t *obj);

#endif
