/* SPDX-License-Identifier: Apache-2.0 */
/* The two ways to the bytes behind a URI: a file of this machine, and the curl program. */
#ifndef MREG_REGISTRY_EXTERNAL_READ_H
#define MREG_REGISTRY_EXTERNAL_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "format/uri.h"
#include "registry/external.h"

/* Gets the bytes in order; -1 ends the reading. */
typedef int (*external_fn)(const void *data, size_t len, void *arg, struct error *err);

/*
 * Both: 0 when fn has had all.  Else *state is EXTERNAL_GONE or EXTERNAL_DRIFTED (ERR_INTEGRITY), EXTERNAL_UNREACHABLE (ERR_REMOTE), or left alone when fn failed, or this side did.
 */
int external_read_file(const struct uri *uri, external_fn fn, void *arg, enum external_state *state, struct error *err) MUST_CHECK;
/* Redirects are followed within http and https, from https only to https.  heads: asks for the heads alone, of every answer up to the last. */
int external_read_http(const char *text, const struct uri *uri, bool heads, external_fn fn, void *arg, enum external_state *state, struct error *err) MUST_CHECK;

#endif
