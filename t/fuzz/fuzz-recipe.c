/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever recipe_parse() accepts must be written again byte for byte. */
#include <config.h>

#include "format/recipe.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(recipe) struct recipe r = RECIPE_INIT;
	CLEANUP(strbuf) struct strbuf again = STRBUF_INIT;
	struct error err = ERROR_INIT;

	if (recipe_parse(data, size, &r, &err) < 0) {
		must(err.code == ERR_INTEGRITY && !r.count && !r.pieces);
		return 0;
	}
	recipe_write(&again, &r);
	must(again.len == size && memcmp(again.buf, data, size) == 0);
	return 0;
}
