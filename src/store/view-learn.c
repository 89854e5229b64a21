/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps in the index what was learned from version objects, so that they need not be read for the next list. */
#include <config.h>

#include <string.h>

#include "store/hints.h"
#include "store/index-version.h"
#include "store/index.h"
#include "store/view.h"

/* Rows a transaction: the pages that one lets go are used by the one after the next, where all at once would leave a large index, half of it free. */
#define ROWS_AT_ONCE 4096

void version_row_set_brief(struct version_row *row, int64_t created, const char *description)
{
	size_t len = strcspn(description, "\n");

	row->has_brief = len <= VERSION_SUMMARY_MAX;
	if (!row->has_brief)
		return;
	row->created = created;
	memcpy(row->summary, description, len);
	row->summary[len] = '\0';
}

struct lesson {
	const struct cid *cid;
	const struct version_row *rows;
	const struct facts_row *facts;
};

static int learn(struct kv_txn *txn, size_t first, size_t count, void *arg, struct error *err)
{
	const struct lesson *l = arg;

	for (size_t i = first; i < first + count; i++)
		if (index_version_learn(txn, l->cid, &l->rows[i], err) < 0)
			return -1;
	return 0;
}

void view_learn(struct store *store, const struct cid *cid, const struct version_row *rows, size_t count)
{
	hints_write(store, count, ROWS_AT_ONCE, learn, &(struct lesson){ .cid = cid, .rows = rows });
}

int view_facts(struct view *v, const struct oid *version, struct strbuf *out, struct error *err)
{
	return index_version_facts(view_txn(v), version, out, err);
}

static int learn_facts(struct kv_txn *txn, size_t first, size_t count, void *arg, struct error *err)
{
	const struct lesson *l = arg;

	for (size_t i = first; i < first + count; i++) {
		const struct facts_row *row = &l->facts[i];

		if (index_version_put_facts(txn, &row->version, (struct span){ (const uint8_t *)row->facts.buf, row->facts.len }, err) < 0)
			return -1;
	}
	return 0;
}

void view_learn_facts(struct store *store, const struct facts_row *rows, size_t count)
{
	hints_write(store, count, ROWS_AT_ONCE, learn_facts, &(struct lesson){ .facts = rows });
}
