/* SPDX-License-Identifier: Apache-2.0 */
/* Any line as a change of another registry: what passes has a legal key and value, and nothing in it does anything to a terminal. */
#include <config.h>

#include "base/utf8.h"
#include "format/message.h"
#include "fuzz.h"
#include "registry/receive.h"

static void check(const struct change *c)
{
	const char *const texts[] = { c->key, c->user, c->host, c->verb, c->run };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		must(!utf8_has_control(texts[i], strlen(texts[i]), ""));
	must(!utf8_has_control(c->why, strlen(c->why), CHANGE_WHY_CONTROLS));
	must(receive_is_known_key(c->key));
	must(strncmp(c->key, "absent/", 7) && strncmp(c->key, "shallow/", 8));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(changes) struct changes changes = CHANGES_INIT;
	struct error err = ERROR_INIT;

	if (changes_parse(data, size, &changes, &err) < 0)
		return 0;
	for (size_t i = 0; i < changes.count; i++) {
		error_clear(&err);
		if (receive_check_change(&changes.v[i], &err) == 0)
			check(&changes.v[i]);
		else
			must(err.code == ERR_INTEGRITY && utf8_is_valid(err.text, strlen(err.text)));
	}
	return 0;
}
