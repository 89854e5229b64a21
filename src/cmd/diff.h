/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of `mreg diff` share.  Only diff*.c include this. */
#ifndef MREG_CMD_DIFF_H
#define MREG_CMD_DIFF_H

#include <stdbool.h>

#include "cmd/cmd.h"
#include "registry/diff.h"

struct diff_pair {
	struct session *session;
	struct resolved before, after;
	struct run before_run, after_run;      /* instead of them, when of_runs */
	struct strbuf before_name, after_name; /* "m:v1"; of a run its name, or its id */
	bool stat, name_only, of_runs;
};

/* {"a","b","same"}: where every record begins. */
json_t *diff_record(const struct diff_pair *pair, bool same);
/* {"kind","path"[,"from"],"size_a","size_b","digest_a","digest_b","mode_a","mode_b"}; either may be NULL. */
json_t *diff_file_record(const char *kind, const struct entry *before, const struct entry *after);
/* Status 1: what there is to say stands on stdout. */
int diff_is_no(const struct diff_pair *pair, struct error *err);

/* The whole for people: --stat and --name-only too. */
int diff_human(const struct diff_pair *pair, const struct diff *d, struct error *err) MUST_CHECK;
/* A path, exact but on a terminal, and the end of a line. */
int diff_path_line(const struct diff_pair *pair, const char *path, struct error *err) MUST_CHECK;
/* One file: path is before's, path_b (NULL: the same) after's. */
int diff_file(const struct diff_pair *pair, const char *path, const char *path_b, struct error *err) MUST_CHECK;
/* Rows of one file, joined by a column; path NULL: the only file with rows. */
int diff_rows(const struct diff_pair *pair, const char *path, const char *path_b, const char *column, struct error *err) MUST_CHECK;
/* The bytes of a file of one of the two that is compared as a whole; ERR_INVALID when it has more than max. */
int diff_read_file(const struct diff_pair *pair, const struct resolved *version, const struct manifest *m, const struct entry *e, size_t max,
		   struct strbuf *out, struct error *err) MUST_CHECK;
/* ERR_NO_PATH */
int diff_no_path(const struct strbuf *version, const char *path, struct error *err);

#endif
