/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the holders of an alias from the changes of its key. */
#include <config.h>

#include "registry/tenure.h"

#include <string.h>

#include "registry/as-of.h"
#include "registry/chain.h"

/* 1, 0 for a removal, -1. */
static int parse_tenure(
	struct view *v, const struct collection *c, const struct change *change, const json_t *doc, struct tenure *out, struct error *err)
{
	int found;

	if (json_is_null(doc))
		return 0;
	if (!json_get_string(doc, "alias", &out->alias) || !json_get_oid(doc, "version", &out->version))
		return error_set(err, ERR_INTEGRITY, "a change of '%s' has no sound value", change->key);
	found = as_of_number(v, &c->cid, &out->version, change->time, &out->number, err);
	if (found == 0)
		return error_set(err, ERR_INTEGRITY, "'%s:%s' was of a version that is not in '%s'", c->name, out->alias, c->name);
	return found;
}

int tenure_each(struct view *v, const struct collection *c, const char *alias, tenure_fn fn, void *arg, struct error *err)
{
	CLEANUP(chain) struct chain chain = CHAIN_INIT;
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	const struct change *ended = NULL;
	int rc = 0;

	alias_key(&key, &c->cid, alias);
	if (chain_read(v, key.buf, &chain, err) < 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < chain.count; i++) {
		const struct change *change = &chain.v[i];
		CLEANUP(json) json_t *doc = json_parse(change->value, strlen(change->value), key.buf, err);
		struct tenure tenure = {
			.from = change->time, .to = ended ? ended->time : INT64_MAX, .is_present = !ended, .began = change, .ended = ended
		};

		rc = doc ? parse_tenure(v, c, change, doc, &tenure, err) : -1;
		if (rc == 1)
			rc = fn(&tenure, arg, err);
		ended = change;
	}
	return rc < 0 ? -1 : chain.count > 0;
}
