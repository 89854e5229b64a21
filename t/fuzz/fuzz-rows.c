/* SPDX-License-Identifier: Apache-2.0 */
/* Two tables in one input, parted by a line of "=": a table against itself has no differences, and the other way round added is removed. */
#include <config.h>

#include "fuzz.h"
#include "registry/rows.h"

static int ignore(const struct rows_change *change, void *arg, struct error *err)
{
	(void)arg;
	(void)err;
	must(change->key && json_is_array(change->columns) && (change->kind != ROWS_CHANGED || json_array_size(change->columns) > 0));
	return 0;
}

static int compare(const struct rows_file *a, const struct rows_file *b, struct rows_counts *counts)
{
	struct error err = ERROR_INIT;
	int rc = rows_compare(a, b, "id", ignore, NULL, counts, &err);

	must(rc == 0 || (err.code == ERR_INVALID && err.text[0]));
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *parted = size ? memmem(data, size, "\n=\n", 3) : NULL;
	size_t first = parted ? (size_t)(parted - text) + 1 : size;
	struct rows_file a = { "a", "a", text, first }, b = { "b", "b", parted ? parted + 3 : text, parted ? size - first - 2 : first };
	struct rows_counts there, back;

	if (compare(&a, &a, &there) == 0)
		must(there.added + there.removed + there.changed == 0);
	if (compare(&a, &b, &there) < 0)
		return 0;
	must(compare(&b, &a, &back) == 0);
	must(there.added == back.removed && there.removed == back.added && there.changed == back.changed && there.same == back.same);
	return 0;
}
