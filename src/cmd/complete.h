/* SPDX-License-Identifier: Apache-2.0 */
/* What may stand at the cursor of a command line: the completion scripts ask for it by `mreg completion --complete -- WORD...`. */
#ifndef MREG_CMD_COMPLETE_H
#define MREG_CMD_COMPLETE_H

#include <stddef.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "cmd/cmd.h"

/*
 * words: those of the line behind "mreg" up to the cursor, the last being the one at it, perhaps "".  Prints a candidate a line, each perhaps with a tab and what
 * it means; each begins with that word.  What operands a verb takes is read in its synopsis, what its options are in their table.  Nothing is an
 * error but what happens on standard output: where there is no registry, or it cannot be read, there are fewer candidates.
 */
int complete_print(struct session *s, const char *const *words, size_t count, struct error *err) MUST_CHECK;

/* Where a value stands. */
struct complete_place {
	const char *verb;               /* "" for none yet */
	const struct strvec *operands;  /* before it; with a verb that has sub-verbs the first is one */
	const char *word;               /* what has been typed of it */
};
/*
 * cmd/complete-values.c: those of a word of a synopsis or of an option's value, such as REF, RUN, STAGE.  Opens the registry when it needs it.
 */
void complete_values(struct session *s, const struct complete_place *place, const char *kind, struct strbuf *out);
/* Adds it if it begins so.  meaning may be NULL; it comes from people, and is cut to a line. */
void complete_add(struct strbuf *out, const char *word, const char *candidate, const char *meaning);

#endif
