/* SPDX-License-Identifier: Apache-2.0 */
/* Named places at which a test can end the process as a power cut would. */
#include <config.h>

#include "base/crash.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/number.h"

#define CRASH_POINT(name) name,
static const char *const points[] = {
#include "base/crash-points.def"
};
#undef CRASH_POINT

static const char *armed;
static uint64_t armed_pass;
static atomic_uint_fast64_t passes;

static const char *find_point(const char *name, size_t len)
{
	for (size_t i = 0; i < COUNT_OF(points); i++)
		if (strlen(points[i]) == len && !memcmp(points[i], name, len))
			return points[i];
	BUG("'%.*s' is not in crash-points.def", (int)len, name);
}

void crash_point(const char *name)
{
	const char *point = find_point(name, strlen(name));

	if (point == armed && atomic_fetch_add(&passes, 1) + 1 == armed_pass)
		kill(getpid(), SIGKILL);
}

void crash_arm(const char *spec)
{
	size_t len;

	armed = NULL;
	if (!spec)
		return;
	len = strcspn(spec, ":");
	armed_pass = 1;
	if (spec[len] && (!number_parse_u64(spec + len + 1, strlen(spec + len + 1), &armed_pass) || !armed_pass))
		BUG("'%s' does not name a crash point and a count", spec);
	atomic_store(&passes, 0);
	armed = find_point(spec, len);
}
