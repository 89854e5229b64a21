/* SPDX-License-Identifier: Apache-2.0 */
/* The alias "best": which version has the best value of a metric. */
#ifndef MREG_REGISTRY_BEST_H
#define MREG_REGISTRY_BEST_H

#include <stdbool.h>

#include "base/error.h"
#include "registry/registry.h"
#include "registry/resolve.h"

#define BEST_ALIAS "best"

/* "METRIC:min" or "METRIC:max". */
struct best_rule {
	char *metric; /* NULL: no rule */
	bool is_max;
};
void best_rule_cleanup(struct best_rule *rule);
/* text NULL: no rule. */
int best_rule_parse(const char *text, struct best_rule *out, struct error *err) MUST_CHECK;

/* Strictly better: NaN is never, and all else is better than NaN. */
bool best_is_better(const struct best_rule *rule, double value, double than);

/*
 * Would `value` take the alias in c?  1: it is strictly better than the holder's, or nobody holds it, or the holder has no such metric; 0: not (holder then
 * says who has it, but for a NaN that nobody stands against: its collection's name is NULL); -1.
 */
int best_would_win(struct registry *reg, struct view *v, const struct collection *c, const struct best_rule *rule, double value,
		   struct resolved *holder, struct error *err) MUST_CHECK;

#endif
