/* SPDX-License-Identifier: Apache-2.0 */
/* Collects what the command line says of external references. */
#include <config.h>

#include "cmd/put-ref.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/utf8.h"

void put_refs_cleanup(struct put_refs *refs)
{
	free(refs->v);
}

int put_ref_add(void *arg, const char *value, size_t operands_before, struct error *err)
{
	struct put_refs *refs = arg;

	(void)err;
	ARRAY_GROW(refs->v, refs->count + 1, refs->cap);
	refs->v[refs->count++] = (struct external){ .uri = value };
	refs->operands_before = operands_before;
	return 0;
}

bool put_ref_is_last(const struct put_refs *refs, size_t operands_before)
{
	return refs->count && refs->operands_before == operands_before;
}

/* The reference that an option belongs to, or NULL. */
static struct external *last(struct put_refs *refs, const char *option, struct error *err)
{
	if (refs->count)
		return &refs->v[refs->count - 1];
	error_set(err, ERR_USAGE, "%s says more of a --ref, and none stands before it", option);
	return NULL;
}

int put_ref_as(struct put_refs *refs, const char *value, struct error *err)
{
	struct external *ref = last(refs, "--as", err);

	if (!ref)
		return -1;
	if (ref->as)
		return error_set(err, ERR_USAGE, "two --as for one --ref: '%s' and '%s'", ref->as, value);
	ref->as = value;
	return 0;
}

int put_ref_digest(void *arg, const char *value, size_t operands_before, struct error *err)
{
	struct external *ref = last(arg, "--digest", err);
	CLEANUP(strbuf) struct strbuf folded = STRBUF_INIT;
	const char *hex;

	(void)operands_before;
	if (!ref)
		return -1;
	if (ref->has_digest)
		return error_set(err, ERR_USAGE, "two --digest for one --ref");
	ascii_fold(&folded, value, strlen(value));
	hex = strncmp(folded.buf, "sha256:", 7) == 0 ? folded.buf + 7 : folded.buf;
	ref->has_digest = oid_parse(hex, strlen(hex), &ref->digest);
	return ref->has_digest ? 0 : error_set(err, ERR_INVALID, "'%s' is no SHA-256: 64 hex digits", value);
}

int put_ref_size(void *arg, const char *value, size_t operands_before, struct error *err)
{
	struct external *ref = last(arg, "--size", err);

	(void)operands_before;
	if (!ref)
		return -1;
	if (ref->has_size)
		return error_set(err, ERR_USAGE, "two --size for one --ref");
	ref->has_size = number_parse_u64(value, strlen(value), &ref->size) && ref->size <= INT64_MAX;
	return ref->has_size ? 0 : error_set(err, ERR_INVALID, "'%s' is no number of bytes", value);
}
