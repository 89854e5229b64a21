/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as points of metrics: what is read is written and read again as it was, and many come to few. */
#include <config.h>

#include <math.h>

#include "base/mem.h"
#include "format/points.h"
#include "fuzz.h"

#define BUCKETS 7

struct curve {
	struct curve_point *v;
	size_t count, cap;
};

static void must_read_again(const struct point *p)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT, name = STRBUF_INIT;
	struct error err = ERROR_INIT;
	struct point again;
	size_t at = 0;

	point_write(&text, p);
	must(point_next(text.buf, text.len, &at, &again, &name, &err) == 1 && at == text.len);
	must(again.time == p->time && again.step == p->step && again.name_len == p->name_len && !memcmp(again.name, p->name, p->name_len));
	must(again.value == p->value || (isnan(again.value) && isnan(p->value)));
}

static void must_be_thin(const struct curve *all)
{
	struct curve_point few[4 * BUCKETS];
	size_t count = points_thin(all->v, all->count, BUCKETS, few);

	must(count <= 4 * BUCKETS && count <= all->count);
	for (size_t i = 0; i < count; i++)
		must(isfinite(few[i].value) && (i == 0 || few[i].step >= few[i - 1].step));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(point_summaries) struct point_summaries s = POINT_SUMMARIES_INIT;
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;
	struct curve all = { NULL, 0, 0 };
	struct error err = ERROR_INIT;
	struct point p;
	size_t at = 0, count = 0, before = 0;
	uint64_t sum = 0;
	int got;

	while ((got = point_next((const char *)data, size, &at, &p, &name, &err)) == 1) {
		must(at > before && at <= size && p.name_len > 0 && p.name_len <= POINT_NAME_MAX && p.step <= POINT_STEP_MAX);
		before = at;
		must_read_again(&p);
		count += point_summaries_add(&s, &p) != NULL;
		ARRAY_GROW(all.v, all.count + 1, all.cap);
		all.v[all.count++] = (struct curve_point){ p.step, p.value };
	}
	must(got == 0 ? !memchr(data + at, '\n', size - at) : err.code == ERR_INTEGRITY && err.text[0]);
	for (size_t i = 0; i < s.count; i++)
		sum += s.v[i].count;
	must(sum == count);
	must_be_thin(&all);
	free(all.v);
	return 0;
}
