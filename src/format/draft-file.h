/* SPDX-License-Identifier: Apache-2.0 */
/* A draft as it is kept: one sealed line that says of what, then one for each time files were added or taken out (mreg-registry(5)). */
#ifndef MREG_FORMAT_DRAFT_FILE_H
#define MREG_FORMAT_DRAFT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "format/manifest.h"

#define DRAFT_ID_LEN 12 /* "d-" and 10 of [a-z0-9] */
#define DRAFT_FILE_MAX_BYTES MANIFEST_MAX_BYTES

bool draft_file_is_id(const char *text);

struct draft_step {
	bool is_removal; /* of the paths in files, which says what stood there */
	int64_t time;
	char *user, *host;
	struct manifest files;
};
/*
 * First line: {"base","cid","format":1,"host","name","time","user"}; base is null or {"digest","number","version"}, cid "" when the
 * artifact does not exist yet.  Each other line: {"files","host","op":"add"|"rm","time","user"}; files is a manifest's text.
 */
struct draft_file {
	bool has_base;
	uint64_t base_number;
	struct oid base_version, base_digest; /* id of the version object; of the manifest */
	char *cid;  /* 32 hex digits, or "" */
	char *name; /* of the artifact, in full, when the draft was opened */
	char *user, *host;
	int64_t time;
	struct draft_step *steps;
	size_t count, cap;
	size_t len; /* of all whole lines; what follows is torn */
};

/* Appends the first line; user and host are UTF-8. */
void draft_file_write_head(struct strbuf *out, const struct draft_file *d);
void draft_file_write_step(struct strbuf *out, const struct draft_step *step);
/*
 * A last line without its newline, or with a NUL in it, is torn: who wrote it did not live to say that it was done.  All else that is not
 * as written is ERR_INTEGRITY, and names the line.
 */
int draft_file_parse(const char *text, size_t len, struct draft_file *out, struct error *err) MUST_CHECK;
/* What the draft comes to; base is its base's manifest, or an empty one.  The last step that names a path counts.  As manifest_finish(): a
 * file that is also a folder is ERR_CONFLICT. */
int draft_file_compose(const struct draft_file *d, const struct manifest *base, struct manifest *out, struct error *err) MUST_CHECK;
void draft_step_cleanup(struct draft_step *step);
void draft_file_cleanup(struct draft_file *d); /* of a zeroed one too */

#endif
