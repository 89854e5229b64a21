/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a query: it is refused with a place in it, or answers, and says the same for the same thing. */
#include <config.h>

#include <math.h>

#include "base/mem.h"
#include "format/query.h"
#include "fuzz.h"

struct thing {
	const char *text;
	size_t len;
};

static int fetch(const struct query_field *f, enum query_op op, struct query_probe *p, void *arg, struct error *err)
{
	const struct thing *t = arg;
	static const double reals[] = { 0, -0.5, 1e300, INFINITY, NAN };

	(void)op;
	(void)err;
	must(f->key != NULL);
	if (f->id == QUERY_CREATED || f->id == QUERY_SIZE) {
		query_offer_integer(p, (int64_t)t->len);
		return 0;
	}
	if (f->id == QUERY_METRICS) {
		for (size_t i = 0; i < COUNT_OF(reals); i++)
			query_offer_real(p, reals[i]);
		return 0;
	}
	query_offer_text(p, t->text, t->len);
	query_offer_integer(p, INT64_MIN);
	query_offer_present(p);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	struct query *q = query_parse((const char *)data, size, &err), *of_runs;
	struct thing thing = { (const char *)data, size };
	bool first, second;
	struct error other = ERROR_INIT;

	of_runs = query_parse_runs((const char *)data, size, &other);
	must(of_runs || !q); /* whatever can be asked can be asked of runs */
	query_free(of_runs);
	if (!q) {
		must(err.code == ERR_INVALID && err.text[0]);
		return 0;
	}
	must(query_match(q, fetch, &thing, &first, &err) == 0);
	must(query_match(q, fetch, &thing, &second, &err) == 0);
	must(first == second);
	query_free(q);
	return 0;
}
