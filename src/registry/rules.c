/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold across keys, whoever makes the change. */
#include <config.h>

#include "registry/rules.h"

#include <string.h>

#include "base/strbuf.h"
#include "format/json.h"
#include "format/name.h"
#include "store/view.h"

static int check_collection(struct view *v, const char *cid, const json_t *value, struct error *err)
{
	const char *name;
	struct cid owner;
	bool exact;
	int found;

	if (!json_get_string(value, "name", &name))
		return error_set(err, ERR_INVALID, "a collection has no name");
	if (name_check(NAME_COLLECTION, name, strlen(name), err) < 0)
		return -1;
	found = view_find_name(v, name, &owner, &exact, err);
	if (found < 0)
		return -1;
	if (found == 0 || strcmp(owner.hex, cid) != 0)
		return error_set(err, ERR_CONFLICT, "the name '%s' is taken", name);
	return 0;
}

static int check_alias(struct view *v, const char *cid_text, const json_t *value, struct error *err)
{
	const char *alias;
	struct oid version;
	struct cid owner;
	struct version_row row;
	uint64_t number;
	int found;

	if (!json_get_string(value, "alias", &alias) || !json_get_oid(value, "version", &version))
		return error_set(err, ERR_INVALID, "an alias names no version");
	if (name_check(NAME_ALIAS, alias, strlen(alias), err) < 0)
		return -1;
	found = view_find_version(v, &version, &owner, &number, err);
	if (found < 0)
		return -1;
	if (found == 1 && strncmp(owner.hex, cid_text, CID_HEX_LEN) == 0) {
		found = view_version(v, &owner, number, &row, err);
		if (found < 0)
			return -1;
		if (found == 1 && !row.removed)
			return 0;
	}
	return error_set(err, ERR_CONFLICT, "alias '%s' would point to a version that is not in this collection", alias);
}

int rules_check(struct view *v, const char *key, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	CLEANUP(json) json_t *value = NULL;
	int found = view_value(v, key, &text, err);

	if (found <= 0)
		return found;
	value = json_parse(text.buf, text.len, key, err);
	if (!value)
		return -1;
	if (strncmp(key, "coll/", 5) == 0)
		return check_collection(v, key + 5, value, err);
	if (strncmp(key, "alias/", 6) == 0)
		return check_alias(v, key + 6, value, err);
	return 0;
}
