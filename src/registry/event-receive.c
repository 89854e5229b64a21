/* SPDX-License-Identifier: Apache-2.0 */
/* The event of what somebody has handed in: all of it at once. */
#include <config.h>

#include "registry/event-receive.h"

#include "registry/ref-change.h"
#include "registry/registry.h"

static json_t *make(struct registry *reg, const struct commit *commit, json_t *changes)
{
	json_t *event = json_object();

	registry_name_user(reg);
	json_object_set_new(event, "format", json_integer(1));
	json_object_set_new(event, "event", json_string(event_kind_name(EVENT_RECEIVE)));
	json_object_set_new(event, "hook", json_null());
	json_object_set_new(event, "verb", json_text_or_null(commit->verb));
	json_object_set_new(event, "ref", json_null());
	json_object_set_new(event, "time", json_null());
	json_object_set_new(event, "user", json_string(reg->user));
	json_object_set_new(event, "host", json_string(reg->host));
	json_object_set_new(event, "by", json_text_or_null(commit->by));
	json_object_set_new(event, "why", json_text_or_null(commit->why));
	json_object_set_new(event, "changes", changes);
	return event;
}

static json_t *change(const char *ref, const char *kind, const char *what, const char *from, const char *to)
{
	json_t *one = json_object();

	json_object_set_new(one, "ref", json_string(ref));
	json_object_set_new(one, "kind", json_string(kind));
	json_object_set_new(one, "what", json_string(what));
	json_object_set_new(one, "from", json_text_or_null(from));
	json_object_set_new(one, "to", json_text_or_null(to));
	return one;
}

json_t *event_receive_make(struct txn *txn, struct registry *reg, const struct commit *commit, struct error *err)
{
	CLEANUP(ref_changes) struct ref_changes list = { NULL, 0, 0 };
	json_t *changes;

	if (ref_changes_of_txn(txn, &list, err) < 0)
		return NULL;
	changes = json_array();
	for (size_t i = 0; i < list.count; i++)
		json_array_append_new(changes, change(list.v[i].ref, list.v[i].kind, list.v[i].what, list.v[i].from, list.v[i].to));
	return make(reg, commit, changes);
}

json_t *event_receive_of(struct registry *reg, const char *ref)
{
	const struct commit by_hand = { .verb = "hook" };
	json_t *changes = json_array();

	json_array_append_new(changes, change(ref, "version", "new", "", ""));
	return make(reg, &by_hand, changes);
}
