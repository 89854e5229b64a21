/* SPDX-License-Identifier: Apache-2.0 */
/* Which versions the changes of another registry bring, and whose files are to come with them. */
#ifndef MREG_TRANSPORT_WANTED_H
#define MREG_TRANSPORT_WANTED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/hashmap.h"
#include "base/strvec.h"
#include "format/merge.h"
#include "format/message.h"
#include "registry/listing.h"
#include "registry/registry.h"
#include "transport/fetch.h"

/* Whose files: those of all versions; none; or of what patterns name, and then also of versions that are absent here until now. */
struct wanted_choice {
	bool none;
	const struct listing_pattern *patterns; /* NULL: all */
	size_t pattern_count;
	bool takes_all_named;                   /* of what patterns name also what is here in full */
	const struct hashmap *without; /* ids (hex) of versions whose files will not come, whatever the rest says; may be NULL */
};

struct wanted {
	struct hashmap known; /* ids (hex) of versions that are live here before anything has come */
	struct fetch_version *versions;
	size_t count, cap;
	struct hashmap seen; /* ids (hex) of these */
};
#define WANTED_INIT { HASHMAP_INIT, NULL, 0, 0, HASHMAP_INIT }
void wanted_cleanup(struct wanted *w);

/* Before anything is taken over: which of the versions that the changes name are here. */
int wanted_note_known(struct wanted *w, struct view *v, const struct changes *changes, struct error *err) MUST_CHECK;
/* On a state that has them all: the live versions that the changes name, also those of a plan (may be NULL), and with patterns what is absent of what they name.  ERR_NO_REFERENCE,
 * ERR_NO_COLLECTION: a pattern names what is not there.  Starts afresh each time. */
int wanted_choose(struct wanted *w, struct view *v, const struct changes *changes, const struct merge_plan *plan,
		  const struct wanted_choice *choice, struct error *err) MUST_CHECK;
/* The same, of a whole history that comes into an empty registry: from the last change of each key, without a state. */
void wanted_choose_all(struct wanted *w, const struct changes *changes, bool with_files);
/* One more, by its id, with its files; nothing when it is live nowhere. */
int wanted_add_version(struct wanted *w, struct view *v, const struct oid *version, struct error *err) MUST_CHECK;
/* After they were fetched: absent gets the new ones whose files have not come, present those that are whole; ids in hex. */
void wanted_sort(const struct wanted *w, struct strvec *absent, struct strvec *present);

#endif
