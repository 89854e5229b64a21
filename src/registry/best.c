/* SPDX-License-Identifier: Apache-2.0 */
/* Compares a new version's metric with that of the one which is best so far. */
#include <config.h>

#include "registry/best.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "registry/metadata.h"
#include "registry/version.h"

void best_rule_cleanup(struct best_rule *rule)
{
	free(rule->metric);
	rule->metric = NULL;
}

int best_rule_parse(const char *text, struct best_rule *out, struct error *err)
{
	const char *colon = text ? strrchr(text, ':') : NULL;
	bool is_max = colon && strcmp(colon, ":max") == 0;

	if (!text)
		return 0;
	if (!colon || colon == text || (!is_max && strcmp(colon, ":min") != 0)) {
		error_set(err, ERR_USAGE, "'%s' is not METRIC:min or METRIC:max", text);
		return error_hint(err, "For example: val_loss:min");
	}
	free(out->metric);
	*out = (struct best_rule){ xstrndup(text, (size_t)(colon - text)), is_max };
	return 0;
}

bool best_is_better(const struct best_rule *rule, double value, double than)
{
	if (isnan(value))
		return false;
	if (isnan(than))
		return true;
	return rule->is_max ? value > than : value < than;
}

int best_would_win(struct registry *reg, struct view *v, const struct collection *c, const struct best_rule *rule, double value,
		   struct resolved *holder, struct error *err)
{
	CLEANUP(alias_row) struct alias_row row = { NULL, { { 0 } }, 0 };
	CLEANUP(version_info) struct version_info info = VERSION_INFO_INIT;
	double than;
	int found = alias_find(v, c, BEST_ALIAS, &row, err);

	resolved_cleanup(holder);
	if (found <= 0)
		return found < 0 ? -1 : !isnan(value);
	if (view_version(v, &c->cid, row.number, &holder->row, err) < 0 || collection_read(v, &c->cid, &holder->collection, err) < 0)
		return -1;
	if (version_info_read(reg, v, &holder->row, &info, err) < 0)
		return -1;
	if (!metadata_metric_value(json_object_get(info.metrics, rule->metric), &than))
		return !isnan(value);
	return best_is_better(rule, value, than);
}
