/* SPDX-License-Identifier: Apache-2.0 */
/* Ids of runs. */
#include <config.h>

#include <string.h>

#include "format/run-id.h"
#include "tap.h"

static bool is(const char *text)
{
	return run_id_is(text, strlen(text));
}

static bool begins(const char *text)
{
	return run_id_is_prefix(text, strlen(text));
}

int main(void)
{
	const uint8_t none[8] = { 0 }, all[8] = { 255, 255, 255, 255, 255, 255, 255, 255 };
	struct run_id id;

	ok(is("r-0123456789") && is("r-abcdefghiz"), "r- and ten small letters or digits are an id");
	ok(!is("r-012345678") && !is("r-01234567890") && !is("R-0123456789") && !is("r-01234567A9") && !is("r_0123456789") && !is(""), "all else is none");
	ok(begins("r-0") && begins("r-0123456789"), "one digit is enough for a beginning");
	ok(!begins("r-") && !begins("r-01234567890") && !begins("r-A") && !begins("x-1"), "what could not become an id is no beginning");
	run_id_make(none, &id);
	ok(is(id.text) && strcmp(id.text, "r-0000000000") == 0, "random bytes become an id");
	run_id_make(all, &id);
	ok(is(id.text), "whatever they are");
	return tap_done();
}
