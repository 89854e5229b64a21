/* SPDX-License-Identifier: Apache-2.0 */
/* A report as text for people, tables and programs.  Only report*.c include this. */
#ifndef MREG_CMD_REPORT_H
#define MREG_CMD_REPORT_H

#include "base/strbuf.h"
#include "cmd/report-html.h"
#include "format/json.h"
#include "registry/report.h"

/* All append; the same data gives the same bytes. */
/* Markdown as GitHub reads it; what the registry says is escaped, and the notes stand as they are. */
void report_markdown(struct strbuf *out, const struct report_data *data, const struct report_page *page);
/* RFC 4180, a row a version.  A text that a spreadsheet would take for a formula gets an apostrophe in front. */
void report_csv(struct strbuf *out, const struct report_data *data);
/* One record (mreg-json(5)), with its format. */
json_t *report_json(const struct report_data *data, const struct report_page *page);

#endif
