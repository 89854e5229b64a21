/* SPDX-License-Identifier: Apache-2.0 */
/* Ids of runs, made and recognised. */
#include <config.h>

#include "format/run-id.h"

#include <string.h>

#include "base/bytes.h"

static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";

bool run_id_is_prefix(const char *text, size_t len)
{
	if (len < 3 || len > RUN_ID_LEN || text[0] != 'r' || text[1] != '-')
		return false;
	for (size_t i = 2; i < len; i++)
		if (!((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= '0' && text[i] <= '9')))
			return false;
	return true;
}

bool run_id_is(const char *text, size_t len)
{
	return len == RUN_ID_LEN && run_id_is_prefix(text, len);
}

void run_id_make(const uint8_t random[8], struct run_id *out)
{
	uint64_t n = load_le64(random);

	memcpy(out->text, "r-", 2);
	for (size_t i = 2; i < RUN_ID_LEN; i++, n /= 36)
		out->text[i] = digits[n % 36];
	out->text[RUN_ID_LEN] = '\0';
}
