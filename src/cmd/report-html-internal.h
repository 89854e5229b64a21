/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the page are made with; a part that has nothing to show writes nothing. */
#ifndef MREG_CMD_REPORT_HTML_INTERNAL_H
#define MREG_CMD_REPORT_HTML_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hashmap.h"
#include "base/strbuf.h"
#include "cmd/report-html.h"
#include "format/json.h"
#include "registry/report.h"

struct report_html {
	struct strbuf *out;
	const struct report_data *data;
	struct hashmap ids; /* "NAME:vN" of every row, and "NAME" of every collection of the page */
};

/* The part between two headings; what belongs to one collection stands in one section. */
void report_html_aliases(struct report_html *page, const struct report_collection *c);
void report_html_table(struct report_html *page, const struct report_collection *c);
void report_html_charts(struct report_html *page, const struct report_collection *c);
void report_html_compare(struct report_html *page, const struct report_collection *c);
void report_html_lineage(struct report_html *page, const struct report_collection *c);
void report_html_history(struct report_html *page, const struct report_collection *c);
void report_html_media(struct report_html *page, const struct report_collection *c);

/* "<h3>TITLE</h3>" and what follows it in a wide box that can be scrolled: to be closed with "</div>". */
void report_html_begin_wide(struct report_html *page, const char *title, const char *name);
/* "vN" or "NAME:vN", as a link where the page has that version. */
void report_html_number(struct report_html *page, const char *name, uint64_t number);
void report_html_reference(struct report_html *page, const char *reference);
/* UTC, to the minute. */
void report_html_time(struct report_html *page, int64_t ns);
/* A value of metadata: a string as it is, all else as JSON. */
void report_html_value(struct report_html *page, const json_t *value);

/* The value of a metric: a number, or NaN, Infinity as text; false when there is none. */
bool report_html_metric(const struct report_version *v, const char *metric, double *value);
/*
 * How many decimals all values of a metric are shown with, so that they stand below one another; -1 when they are too large, too small or too different for
 * that, -2 when no version has it.
 */
int report_html_decimals(const struct report_collection *c, const char *metric);
/* How many of the collection's fields of configurations, from the first, a page of so many versions has room for. */
size_t report_html_config_count(const struct report_collection *c);
/* With so many decimals; -1: at most five digits. */
void report_html_digits(struct report_html *page, double value, int decimals);
/* The version with this number, or NULL. */
const struct report_version *report_html_find(const struct report_collection *c, uint64_t number);
bool report_html_is_best(const struct report_collection *c, const char *metric, uint64_t number);

#endif
