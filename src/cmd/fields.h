/* SPDX-License-Identifier: Apache-2.0 */
/* Records that several verbs print: a version row, a path, a difference is the same everywhere (mreg-json(5)). */
#ifndef MREG_CMD_FIELDS_H
#define MREG_CMD_FIELDS_H

#include "base/error.h"
#include "format/json.h"
#include "registry/annotation.h"
#include "registry/collection.h"
#include "registry/compare.h"
#include "registry/draft.h"
#include "registry/registry.h"
#include "registry/run.h"
#include "registry/version.h"
#include "ui/out.h"

/* "NAME:v3" as a JSON string. */
json_t *fields_ref(const char *name, uint64_t number);
/* {"ref","number","digest","aliases","size","files","created","user","host","description","tags","metadata","metrics"}: aliases include "latest" only when is_latest. */
json_t *fields_version(const struct collection *c, const struct version_row *row, const struct alias_rows *aliases, const struct version_info *info);
/* The same without what only the version object says. */
json_t *fields_version_row(const struct collection *c, const struct version_row *row, const struct alias_rows *aliases);
/* "NAME:v3" of the artifact that a version was put into, or null when it is not there any more. */
int fields_source(struct view *v, const struct oid *version, json_t **out, struct error *err) MUST_CHECK;
/* Where files of a version are that is absent, which may be "", or null. */
int fields_absent(struct view *v, const struct oid *version, json_t **out, struct error *err) MUST_CHECK;
/* "NAME", or "NAME:v3", or the id of a run. */
void fields_annotated(struct strbuf *out, const struct annotated *a);
/* For people: each member on a line of its own, below a heading. */
int fields_show_object(struct out *out, json_t *object, struct error *err) MUST_CHECK;
json_t *fields_strings(const struct strvec *strings);
/* The result of what took references away: nothing for people, else {"removed"}. */
int fields_removed(struct out *out, const struct strvec *references, struct error *err) MUST_CHECK;
/* For people: the aliases of a version, with commas. */
void fields_add_aliases(struct strbuf *out, const struct alias_rows *rows, uint64_t number);
/* First line of a text. */
json_t *fields_first_line(const char *text);
/* {"path","kind","mode","size","digest"[,"target"]} */
json_t *fields_entry(const struct entry *e);
/* {"id","job_type","name"}: what tells one run from another; name null when it has none */
json_t *fields_run(const struct run *run);
/* {"id","name","base","opened","changed","user","host"}: id null when there is none yet, base when it began with nothing */
json_t *fields_draft(const struct draft_info *info);
/* [{"kind","path"[,"from"][,"size"]}, …] */
json_t *fields_differences(const struct differences *d);

#endif
