/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as facts: refused, or walked over within their bounds; what is JSON is written the same way again. */
#include <config.h>

#include "format/facts.h"
#include "fuzz.h"

static int touch(const struct facts_value *v, void *arg, struct error *err)
{
	size_t *sum = arg;

	(void)err;
	for (size_t i = 0; i < v->text.len; i++)
		*sum += v->text.data[i];
	return 0;
}

static void try_value(struct span value)
{
	static const char *const paths[] = { "", "a", "a.b", "...", "x.y.z" };
	CLEANUP(json) json_t *json = NULL;
	struct error err = ERROR_INIT;
	size_t sum = 0;

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		if (facts_find(value, value, paths[i], touch, &sum, &err) < 0 ||
			facts_find(value, (struct span){ NULL, 0 }, paths[i], touch, &sum, &err) < 0)
			must(err.code == ERR_INTEGRITY);
	json = facts_json(value, &err);
	if (json) {
		CLEANUP(strbuf) struct strbuf again = STRBUF_INIT, bytes = STRBUF_INIT, third = STRBUF_INIT;
		json_t *back;

		json_canonical(&again, json);
		facts_add(&bytes, json);
		back = facts_json((struct span){ (const uint8_t *)bytes.buf, bytes.len }, &err);
		must(back != NULL);
		json_canonical(&third, back);
		json_decref(back);
		must(strcmp(again.buf, third.buf) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	struct facts f;

	try_value((struct span){ data, size });
	if (facts_parse(data, size, &f, &err) < 0) {
		must(err.code == ERR_INTEGRITY);
		return 0;
	}
	if (f.has_metrics)
		try_value(f.metrics);
	if (f.has_metadata)
		try_value(f.metadata);
	return 0;
}
