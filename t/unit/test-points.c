/* SPDX-License-Identifier: Apache-2.0 */
/* Points of metrics: lines, summaries, few of many. */
#include <config.h>

#include "format/points.h"

#include <math.h>

#include "base/mem.h"
#include "tap.h"

static struct point point(uint64_t step, const char *name, double value)
{
	return (struct point){ .time = INT64_C(1700000000123456789), .step = step, .name = name, .name_len = strlen(name), .value = value };
}

static void written(const char *name, double value, const char *want)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT, unescaped = STRBUF_INIT;
	struct point p = point(3, name, value), back;
	struct error err = ERROR_INIT;
	size_t at = 0;

	point_write(&text, &p);
	is_str(text.buf, want, "written");
	ok(point_next(text.buf, text.len, &at, &back, &unescaped, &err) == 1 && at == text.len, "and read");
	ok(back.time == p.time && back.step == 3 && back.name_len == p.name_len && memcmp(back.name, name, p.name_len) == 0, "as it was");
	ok(memcmp(&back.value, &value, sizeof value) == 0, "with its value");
	ok(point_next(text.buf, text.len, &at, &back, &unescaped, &err) == 0, "and then there is no more");
}

static void test_lines(void)
{
	written("loss", 0.3, "1700000000123456789 3 loss 0.3\n");
	written("val/top-5", 93, "1700000000123456789 3 val/top-5 93.0\n");
	written("a b%c=d", INFINITY, "1700000000123456789 3 a%20b%25c%3dd inf\n");
	written("a b", -INFINITY, "1700000000123456789 3 a%20b -inf\n");
	written("gr\303\266\303\237e", -1e-9, "1700000000123456789 3 gr\303\266\303\237e -1e-09\n");
}

static void test_refused(void)
{
	static const char *const wrong[] = {
		"\n",
		"x\n",
		"1 2 a\n",
		"1 2 a 1 \n",
		"1  2 a 1\n",
		"-1 2 a 1\n",
		"1 -2 a 1\n",
		"01 2 a 1\n",
		"1 2  1\n",
		"1 2 a=b 1\n",
		"1 2 %2 1\n",
		"1 2 %zz 1\n",
		"1 2 %61 1\n",
		"1 2 %00 1\n",
		"1 2 %1b 1\n",
		"1 2 \xff 1\n",
		"1 2 \xc2\x85 1\n",
		"1 2 a 0x1\n",
		"1 2 a \n",
		"1 2 a NaN\n",
		"1 9223372036854775808 a 1\n",
		"99999999999999999999 1 a 1\n",
		"1\t2 a 1\n",
		"1 2 a 1\r\n",
	};
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT, text = STRBUF_INIT;
	struct error err = ERROR_INIT;
	struct point p;
	size_t at;

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		at = 0;
		ok(point_next(wrong[i], strlen(wrong[i]), &at, &p, &name, &err) < 0 && err.code == ERR_INTEGRITY, "refused: %zu", i);
	}
	at = 0;
	ok(point_next("1 2 a 1", 7, &at, &p, &name, &err) == 0 && at == 0, "a line that was cut off is none");
	at = 8;
	ok(point_next("1 2 a 1\nwrong\n", 14, &at, &p, &name, &err) < 0 && strstr(err.text, "byte 8"), "the place is told: %s", err.text);
	strbuf_adds(&text, "1 2 ");
	for (int i = 0; i < POINT_NAME_MAX; i++)
		strbuf_addc(&text, 'n');
	strbuf_adds(&text, " 1\n");
	at = 0;
	ok(point_next(text.buf, text.len, &at, &p, &name, &err) == 1 && p.name_len == POINT_NAME_MAX, "the longest name");
	strbuf_insert(&text, 4, "n", 1);
	at = 0;
	ok(point_next(text.buf, text.len, &at, &p, &name, &err) < 0, "a longer one");
}

static void test_names(void)
{
	struct error err = ERROR_INIT;

	ok(point_check_name("train/loss 2", 12, &err) == 0, "a name");
	ok(point_check_name("", 0, &err) < 0 && err.code == ERR_INVALID, "no name");
	ok(point_check_name("a\nb", 3, &err) < 0 && !strchr(err.text, '\n'), "a newline, which is not shown as it is");
	ok(point_check_name("a\0b", 3, &err) < 0, "a NUL");
	ok(point_check_name("\xff", 1, &err) < 0, "no UTF-8");
}

static void test_summaries(void)
{
	CLEANUP(point_summaries) struct point_summaries s = POINT_SUMMARIES_INIT;
	static const double loss[] = { NAN, 3, 1, 2, NAN };
	const struct point_summary *of;
	struct point p;

	for (size_t i = 0; i < COUNT_OF(loss); i++) {
		p = point(10 * i, "loss", loss[i]);
		point_summaries_add(&s, &p);
	}
	p = point(7, "bad", NAN);
	point_summaries_add(&s, &p);
	p = point(8, "worse", -INFINITY);
	point_summaries_add(&s, &p);
	ok(s.count == 3 && strcmp(s.v[0].name, "loss") == 0 && strcmp(s.v[2].name, "worse") == 0, "in order of appearance");
	of = point_summaries_find(&s, "loss");
	ok(of && of->count == 5 && of->first_step == 0 && of->last_step == 40, "count and steps");
	ok(of && of->min == 1 && of->max == 3 && isnan(of->last), "least, greatest and last");
	of = point_summaries_find(&s, "bad");
	ok(of && isnan(of->min) && isnan(of->max), "of nan alone");
	of = point_summaries_find(&s, "worse");
	ok(of && of->min == -INFINITY && of->max == -INFINITY, "of infinity");
	ok(!point_summaries_find(&s, "other"), "of none");
}

static void test_many(void)
{
	CLEANUP(point_summaries) struct point_summaries s = POINT_SUMMARIES_INIT;
	char name[16];
	struct point p;
	bool all = true;

	for (unsigned i = 0; i < POINT_SUMMARIES_MAX; i++) {
		snprintf(name, sizeof name, "m%u", i);
		p = point(i, name, i);
		all &= point_summaries_add(&s, &p) != NULL;
	}
	ok(all, "very many metrics");
	p = point(1, "one more", 1);
	ok(!point_summaries_add(&s, &p) && s.count == POINT_SUMMARIES_MAX, "but no more than can be held");
	p = point(5, "m7", 70);
	ok(point_summaries_add(&s, &p) == &s.v[7] && s.v[7].count == 2, "those that are there go on");
}

static size_t index_of(const struct curve_point *points, size_t count, uint64_t step)
{
	size_t i = 0;

	while (i < count && points[i].step != step)
		i++;
	return i;
}

static void test_thin(void)
{
	enum { COUNT = 10000, BUCKETS = 50 };
	CLEANUP(ptr) struct curve_point *points = xcalloc(COUNT, sizeof *points), *few = xcalloc(4 * BUCKETS, sizeof *few);
	static const struct curve_point back[] = { { 5, 1 }, { 3, 2 }, { 4, NAN }, { 5, 3 }, { UINT64_MAX, 4 } };
	bool is_ordered = true;
	size_t count;

	for (size_t i = 0; i < COUNT; i++)
		points[i] = (struct curve_point){ i, (double)(i * i % 701) / 1000 };
	points[4321].value = 9;
	points[8765].value = -9;
	points[999].value = NAN;
	count = points_thin(points, COUNT, BUCKETS, few);
	for (size_t i = 1; i < count; i++)
		is_ordered &= few[i].step > few[i - 1].step;
	ok(count <= 4 * BUCKETS && count >= 2 * BUCKETS && is_ordered, "few, in order, each once: %zu", count);
	ok(few[0].step == 0 && few[count - 1].step == COUNT - 1, "both ends");
	ok(index_of(few, count, 4321) < count && index_of(few, count, 8765) < count, "every peak");
	ok(index_of(few, count, 999) == count, "nothing that is not finite");
	count = points_thin(back, COUNT_OF(back), 1, few);
	ok(count == 3 && few[0].step == 3 && few[1].step == 5 && few[1].value == 1 && few[2].value == 4, "out of order: %zu", count);
	ok(points_thin(back, COUNT_OF(back), 4, few) == 4, "in buckets of half of all steps");
	ok(points_thin(back, 0, 4, few) == 0 && points_thin(back, 5, 0, few) == 0, "of none, and into none");
	ok(points_thin(back, 1, 3, few) == 1 && few[0].step == 5, "a single point");
}

int main(void)
{
	test_lines();
	test_refused();
	test_names();
	test_summaries();
	test_many();
	test_thin();
	return tap_done();
}
