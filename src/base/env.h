/* SPDX-License-Identifier: Apache-2.0 */
/* The one place that reads the environment, and what is random. */
#ifndef MREG_BASE_ENV_H
#define MREG_BASE_ENV_H

#include <stddef.h>

/* The variable's value, or NULL when unset or empty.  A test keeps getenv() out of every other file. */
const char *env_get(const char *name);

/* Every variable there is, in no order; name is not terminated in place. */
typedef void (*env_fn)(const char *name, size_t name_len, const char *value, void *arg);
void env_each(env_fn fn, void *arg);

/* Unsets every variable whose name is not in the NULL-terminated list; "LC_*" there stands for all that begin with LC_. */
void env_keep(const char *const *names);

/*
 * Fills buf from the kernel.  With MREG_SEED set (tests) the bytes are SHA-256(seed, purpose, counter…) instead: the
 * same seed and purpose give the same bytes in every process, so the purpose must name what the value is for.
 */
void random_fill(void *buf, size_t len, const char *purpose);

#endif
