/* SPDX-License-Identifier: Apache-2.0 */
/* What a version object says, as bytes that are read without parsing: the index keeps them, so that a search need not read objects. */
#ifndef MREG_FORMAT_FACTS_H
#define MREG_FORMAT_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "format/json.h"
#include "format/version-object.h"

#define FACTS_MAX_BYTES 1900 /* with its key and its frame it fits beside another into a page of the index */

struct facts {
	int64_t time;
	struct span user, host, run; /* texts; all spans point into what was parsed */
	/* What made it too long was left out, and is to be read from the object. */
	bool has_metrics, has_metadata, has_description;
	struct span metrics, metadata; /* objects, see below */
	struct span description;       /* text */
};
/* Appends; false, with nothing written, when even the names in it are too long. */
bool facts_write(struct strbuf *out, const struct version_object *v);
/* ERR_INTEGRITY.  What is inside of metrics and metadata is checked as it is walked over. */
int facts_parse(const void *data, size_t len, struct facts *out, struct error *err) MUST_CHECK;

enum facts_kind { FACTS_NULL, FACTS_FALSE, FACTS_TRUE, FACTS_INTEGER, FACTS_REAL, FACTS_TEXT, FACTS_ARRAY, FACTS_OBJECT, FACTS_HIDDEN };
struct facts_value {
	enum facts_kind kind;
	int64_t integer;
	double real;
	struct span text; /* of a text; the items of an array or object */
};

/* An object member by member: adds to its items; and makes a value of them. */
void facts_add_member(struct strbuf *items, const char *key, const json_t *value); /* NULL: hides the member of that name below */
void facts_add_object(struct strbuf *out, const struct strbuf *items);
/* A JSON value, at most JSON_MAX_DEPTH deep, as such bytes; and back (NULL: ERR_INTEGRITY). */
void facts_add(struct strbuf *out, const json_t *value);
json_t *facts_json(struct span value, struct error *err) MUST_CHECK;

/*
 * Visits what stands at a path in an object: "a.b" is the member b of the object a, and the member whose own name is "a.b".  Of an array
 * each item is visited.  `above` (empty for none) is an object that lies over it: its members take the place of those of the same name.
 * fn: 1 stops, -1 fails.
 */
typedef int (*facts_fn)(const struct facts_value *v, void *arg, struct error *err);
int facts_find(struct span object, struct span above, const char *path, facts_fn fn, void *arg, struct error *err) MUST_CHECK;

#endif
