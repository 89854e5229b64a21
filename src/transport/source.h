/* SPDX-License-Identifier: Apache-2.0 */
/* What a server answers from: a registry, or a bundle. */
#ifndef MREG_TRANSPORT_SOURCE_H
#define MREG_TRANSPORT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "format/message.h"
#include "format/pack-format.h"

struct registry;
struct report;
struct source;

/* Where a listing goes; both are called in the order of the protocol: all of the scope, then the changes, each after its parents. */
struct listing_sink {
	int (*scope)(const struct scope_item *item, void *arg, struct error *err);
	int (*change)(const char *text, size_t len, void *arg, struct error *err); /* canonical JSON, without newline */
	void *arg;
};

struct source_methods {
	/* ERR_NO_COLLECTION: a pattern that selects nothing. */
	int (*list)(struct source *s, const struct list_request *request, const struct listing_sink *sink, struct end *end, struct error *err);
	/*
	 * The record of an object as it lies in a pack: head, and the stored payload (CRC checked) into stored.  want.kind OBJECT_FILE finds a recipe by its
	 * file.  1, 0: there is none, -1.  One thread.
	 */
	int (*record)(struct source *s, const struct want *want, struct record_head *head, struct strbuf *stored, struct error *err);
	/* Fills in registry, kind, is_read_only, seq and sum. */
	int (*hello)(struct source *s, struct hello *out, struct error *err);
	void (*free)(struct source *s);
};
struct source {
	const struct source_methods *methods;
	struct registry *registry; /* NULL for a bundle */
	struct report *report;     /* whom provide_answer() tells of damage and progress; may be NULL */
};
static inline void source_cleanup(struct source **s)
{
	if (*s)
		(*s)->methods->free(*s);
}

/* source-registry.c; the registry stays the caller's. */
struct source *source_of_registry(struct registry *reg, struct error *err) MUST_CHECK;
/* bundle-source.c; ERR_INTEGRITY, ERR_LOCAL. */
struct source *source_of_bundle(const char *path, struct error *err) MUST_CHECK;

/* provide.c: answers one FRAME_WANT payload with OBJECT and LACK frames, in its order. */
struct connection;
int provide_answer(struct source *s, struct connection *c, const void *want, size_t len, struct error *err) MUST_CHECK;

#endif
