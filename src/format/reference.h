/* SPDX-License-Identifier: Apache-2.0 */
/* [[ENTITY/]PROJECT/]NAME[:REF] and NAME@HEX, NAME being a title perhaps: what a user types to name a collection or a version. */
#ifndef MREG_FORMAT_REFERENCE_H
#define MREG_FORMAT_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "format/name.h"

enum reference_kind {
	REFERENCE_BARE,   /* NAME */
	REFERENCE_NUMBER, /* NAME:v3 */
	REFERENCE_LATEST, /* NAME:latest */
	REFERENCE_ALIAS,  /* NAME:best */
	REFERENCE_DIGEST, /* NAME@0123abcd… */
};

struct reference {
	enum reference_kind kind;
	char name[NAME_FULL_MAX + 1]; /* as typed: not completed; its last part may be a title */
	char alias[NAME_MAX_LEN + 1]; /* REFERENCE_ALIAS */
	uint64_t number;              /* REFERENCE_NUMBER */
	char hex[65];                 /* REFERENCE_DIGEST: 8 to 64 lower-case digits (upper case is folded) */
};

/* Pure.  -1 with ERR_INVALID naming the text (escaped) and what is wrong with it. "m:" is invalid.  The id of a run is ERR_NO_COLLECTION. */
int reference_parse(const char *text, struct reference *out, struct error *err) MUST_CHECK;

#endif
