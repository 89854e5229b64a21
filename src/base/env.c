/* SPDX-License-Identifier: Apache-2.0 */
/* The one reader of the environment, and what is random. */
#include <config.h>

#include "base/env.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/error.h"

extern char **environ;

#define ENTROPY_MAX 256 /* what getentropy() gives at once */

const char *env_get(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

void env_each(env_fn fn, void *arg)
{
	size_t len;

	for (char **variable = environ; variable && *variable; variable++) {
		len = strcspn(*variable, "=");
		if (len && (*variable)[len])
			fn(*variable, len, *variable + len + 1, arg);
	}
}

static bool is_kept(const char *variable, const char *const *names)
{
	size_t len = strcspn(variable, "="), n;

	for (; *names; names++) {
		n = strlen(*names);
		if (len == n ? !memcmp(variable, *names, n) : len >= n && (*names)[n - 1] == '*' && !memcmp(variable, *names, n - 1))
			return true;
	}
	return false;
}

void env_keep(const char *const *names)
{
	size_t kept = 0;

	for (size_t i = 0; environ && environ[i]; i++)
		if (is_kept(environ[i], names))
			environ[kept++] = environ[i];
	if (environ)
		environ[kept] = NULL;
}

/* The terminating NULs are hashed too, so that no two pairs of seed and purpose run together. */
static void seeded_block(const char *seed, const char *purpose, uint64_t counter, struct oid *out)
{
	struct sha256 ctx;
	uint8_t number[8];

	store_le64(number, counter);
	sha256_init(&ctx);
	sha256_update(&ctx, seed, strlen(seed) + 1);
	sha256_update(&ctx, purpose, strlen(purpose) + 1);
	sha256_update(&ctx, number, sizeof number);
	sha256_finish(&ctx, out);
}

void random_fill(void *buf, size_t len, const char *purpose)
{
	const char *seed = env_get("MREG_SEED");
	size_t most = seed ? OID_LEN : ENTROPY_MAX, n;
	uint8_t *to = buf;
	struct oid block;

	for (uint64_t counter = 0; len; counter++, to += n, len -= n) {
		n = len < most ? len : most;
		if (seed) {
			seeded_block(seed, purpose, counter, &block);
			memcpy(to, block.raw, n);
		} else if (getentropy(to, n)) {
			BUG("the kernel gives no random bytes: %s", strerror(errno));
		}
	}
}
