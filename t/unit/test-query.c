/* SPDX-License-Identifier: Apache-2.0 */
/* The search language: what matches, and what is said of a query that is wrong. */
#include <config.h>

#include "format/query.h"

#include <math.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "tap.h"

static struct error err;
static unsigned asked[QUERY_FIELD_COUNT];

/* Name resnet, alias best and staging, 1,572,864 bytes, made on 2026-01-02; loss is NaN, big is 2^53 + 1. */
static int fetch(const struct query_field *f, enum query_op op, struct query_probe *p, void *arg, struct error *e)
{
	static const char note[] = "Trained on Tuesday: it's 100% \"good\"";

	(void)op;
	(void)arg;
	(void)e;
	asked[f->id]++;
	if (f->id == QUERY_NAME)
		query_offer_text(p, "resnet", 6);
	else if (f->id == QUERY_ALIAS && !query_offer_text(p, "best", 4))
		query_offer_text(p, "staging", 7);
	else if (f->id == QUERY_NOTE)
		query_offer_text(p, note, strlen(note));
	else if (f->id == QUERY_TAG)
		query_offer_text(p, "1.0", 3);
	else if (f->id == QUERY_SIZE)
		query_offer_integer(p, 1572864);
	else if (f->id == QUERY_CREATED)
		query_offer_integer(p, INT64_C(1767323045) * NS_PER_S);
	else if (f->id == QUERY_DIGEST)
		query_offer_text(p, "0123456789abcdef", 16);
	else if (f->id == QUERY_METRICS && !strcmp(f->key, "acc"))
		query_offer_real(p, 0.9);
	else if (f->id == QUERY_METRICS && !strcmp(f->key, "loss"))
		query_offer_real(p, NAN);
	else if (f->id == QUERY_METRICS && !strcmp(f->key, "top"))
		query_offer_real(p, INFINITY);
	else if (f->id == QUERY_METADATA && !strcmp(f->key, "epoch"))
		query_offer_integer(p, 10);
	else if (f->id == QUERY_METADATA && !strcmp(f->key, "lr"))
		query_offer_real(p, 1e-05);
	else if (f->id == QUERY_METADATA && !strcmp(f->key, "big"))
		query_offer_integer(p, INT64_C(9007199254740993));
	else if (f->id == QUERY_METADATA && !strcmp(f->key, "text"))
		query_offer_text(p, "10.0", 4);
	else if (f->id == QUERY_METADATA && !strcmp(f->key, "a b.c=d"))
		query_offer_text(p, "yes", 3);
	else if (f->id == QUERY_RUN && !strcmp(f->key, "started"))
		query_offer_integer(p, INT64_C(1767323045) * NS_PER_S);
	else if (f->id == QUERY_RUN && !strcmp(f->key, "duration"))
		query_offer_integer(p, INT64_C(90) * NS_PER_S);
	else if (f->id == QUERY_RUN && !strcmp(f->key, "config.lr"))
		query_offer_real(p, 0.1);
	else if (f->id == QUERY_RUN && !strcmp(f->key, "metrics.acc"))
		query_offer_real(p, INFINITY);
	else if (f->id == QUERY_CONSUMED_BY && !strcmp(f->key, "job_type"))
		query_offer_known(p, true);
	else if (f->id == QUERY_METADATA && !strcmp(f->key, "nested"))
		query_offer_present(p);
	return 0;
}

static bool match(const char *text)
{
	CLEANUP(query) struct query *q = NULL;
	bool yes = false;

	error_clear(&err);
	memset(asked, 0, sizeof asked);
	q = query_parse(text, strlen(text), &err);
	if (!q || query_match(q, fetch, NULL, &yes, &err) < 0) {
		printf("# %s: %s\n# %s\n", text, err.text, err.hint);
		return false;
	}
	return yes;
}

static void yes(const char *text)
{
	ok(match(text), "matches: %s", text);
}

static void no(const char *text)
{
	ok(!match(text) && err.code == ERR_NONE, "does not match: %s", text);
}

static void test_words(void)
{
	yes("");
	yes("  \n");
	yes("name = resnet");
	yes("name=resnet");
	yes("name = \"resnet\"");
	yes("name = 'resnet'");
	yes("name = res\"net\"");
	no("name = Resnet");
	no("name = resne");
	no("alias in (1, 2)");
	yes("name != resne");
	yes("name < s");
	no("name < a");
	yes("name in (vgg, resnet)");
	no("name in (vgg)");
	yes("name exists");
	yes("exists name");
	yes("exists(name)");
	no("title exists");
	no("title = x");
	yes("title != x");
	no("title < x");
}

static void test_patterns(void)
{
	yes("name ~ SNE");
	no("name ~ snx");
	yes("name ~ res*");
	no("name ~ es*");
	yes("name ~ *Net");
	yes("name ~ r*s*t");
	yes("name ~ r?sn*");
	no("name ~ r?n*");
	yes("name ~ **");
	yes("name ~ ''");
	yes("note ~ '100%'");
	yes("note ~ \"it's 100% \\\"GOOD\\\"\"");
	yes("note ~ 'trained*\"good\"'");
	yes("metadata.epoch ~ 1");
	yes("metadata.lr ~ 1e-*");
}

static void test_numbers(void)
{
	yes("tag = 1.0");
	no("tag = 1");
	yes("metadata.epoch = 10");
	yes("metadata.epoch = 10.0");
	yes("metadata.epoch = 1e1");
	yes("metadata.epoch = '10'");
	no("metadata.epoch = '10.0'");
	yes("metadata.epoch > 9");
	no("metadata.epoch > abc");
	yes("metadata.epoch in (1, 10)");
	yes("metadata.text > 9");
	yes("metadata.text = 10");
	no("metadata.text = '10'");
	yes("metadata.lr = 0.00001");
	yes("metadata.lr = '1e-05'");
	yes("metadata.big = 9007199254740993");
	no("metadata.big = 9007199254740992");
	no("metadata.big <= 9007199254740992.0");
	yes("metadata.big > 9007199254740992.0");
	yes("metrics.acc > 0.5");
	yes("metrics.acc >= .9");
	yes("metrics.acc = '0.9'");
	no("metrics.acc > 0.9");
	no("metrics.loss > 0");
	no("metrics.loss <= 0");
	no("metrics.loss = nan");
	yes("metrics.loss != nan");
	yes("metrics.loss exists");
	yes("metrics.top = inf");
	yes("metrics.top > 1e308");
	no("metrics.top = -inf");
	yes("metadata.big < 99999999999999999999");
	yes("metadata.big > -99999999999999999999");
	yes("metadata.nested exists");
	no("metadata.nested = 1");
	yes("metadata.'a b'.'c=d' = yes");
}

static void test_sizes_and_times(void)
{
	yes("size = 1.5MiB");
	yes("size = 1.5M");
	yes("size > 1.5MB");
	yes("size = 1536KiB");
	yes("size >= 1572864");
	yes("size = 1572864B");
	no("size > 1gib");
	clock_fix(INT64_C(1767323045) * NS_PER_S);
	yes("created > 7d");
	no("created < 7d");
	yes("created = 2026-01-02");
	yes("created in (2026-01-01, 2026-01-02)");
	no("created = 2026-01-01");
	yes("created != 2026-01-01");
	yes("created > 2026-01-02");
	no("created < 2026-01-02");
	yes("created >= 2026-01-02T03:04:05Z");
	yes("created = '2026-01-02 03:04:05'");
	yes("created = @1767323045");
}

static void test_many_values(void)
{
	yes("alias = best");
	yes("alias = staging");
	no("alias != best");
	yes("alias != production");
	no("alias in (production, archived)");
	yes("not alias in (production)");
	yes("alias ~ STAG");
	yes("digest = 01234567");
	yes("digest = 0123456789ABCDEF");
	no("digest = 0123456");
	yes("digest ~ 0123*");
	no("run.id exists");
	no("inputs = m:v1");
	no("consumed_by.user = me");
}

static void test_runs(void)
{
	CLEANUP(query) struct query *q = NULL;
	static const char text[] = "run.config.lr > 0 or run.tag = x";

	clock_fix(INT64_C(1767323045) * NS_PER_S);
	yes("run.config.lr = 1e-1");
	yes("run.started > 7d");
	yes("run.started = 2026-01-02");
	no("run.started = 2026-01-03");
	yes("run.duration = 90s");
	yes("run.duration > 1m");
	no("run.duration > 2m");
	yes("run.duration >= 90");
	yes("run.duration < 90.5");
	yes("run.metrics.acc = inf");
	yes("consumed_by.job_type = what-was-known");
	no("id exists");
	no("host = here");
	no("outputs = m:v1");
	ok(!query_parse("config.lr = 1", 13, &err), "what is asked of a run is so of nothing else");
	error_clear(&err);
	q = query_parse_runs("config.lr > 0 and name = x and state = died", 43, &err);
	ok(q && query_asks_key(q, QUERY_RUN, "config") && query_asks_key(q, QUERY_RUN, "state") && query_asks(q, QUERY_NAME),
		"a query for runs asks without saying so");
	query_cleanup(&q);
	q = query_parse(text, sizeof text - 1, &err);
	ok(q && query_asks_key(q, QUERY_RUN, "config") && query_asks_key(q, QUERY_RUN, "tag"), "which keys are asked for is known");
	ok(q && !query_asks_key(q, QUERY_RUN, "note") && !query_asks_key(q, QUERY_CONSUMED_BY, "tag"), "and which are not");
}

static void test_words_between(void)
{
	yes("name = resnet and alias = best");
	no("name = resnet and alias = x");
	yes("name = x or alias = best");
	yes("name = x or name = y or name = resnet");
	yes("name = resnet or name = x and name = y");
	no("(name = resnet or name = x) and name = y");
	yes("NOT (name = x AND alias = best)");
	yes("not not name = resnet");
	yes("not name = x and alias = best");
	match("name = x and alias = best");
	is_int(asked[QUERY_ALIAS], 0, "what does not decide is not asked for");
	match("name = resnet or alias = best");
	is_int(asked[QUERY_ALIAS], 0, "nor behind an or");
	match("(path = a or title = b) and name = x");
	is_int(asked[QUERY_PATH], 0, "paths are asked for last");
	yes("path = a or name = resnet");
}

static void wrong(const char *text, size_t column, const char *says)
{
	CLEANUP(query) struct query *q = NULL;
	CLEANUP(strbuf) struct strbuf want = STRBUF_INIT;

	error_clear(&err);
	q = query_parse(text, strlen(text), &err);
	strbuf_addf(&want, "the query is wrong at column %zu: %s", column, says);
	if (!ok(!q && err.code == ERR_INVALID && !strncmp(err.text, want.buf, want.len), "refused: %.60s", text))
		printf("# got: %s\n#want: %s\n", err.text, want.buf);
}

static void test_wrong(void)
{
	wrong("name", 5, "expected one of = != < <= > >= ~ in exists, and it ends");
	wrong("name =", 7, "expected a value, and it ends");
	wrong("name = = x", 8, "expected a value, and '=' stands there");
	wrong("nmae = x", 1, "there is no field 'nmae'");
	wrong("name = x xor name = y", 10, "expected and, or, or the end, and 'xor' stands there");
	wrong("name = x and", 13, "expected a field such as name or metrics.acc, and it ends");
	wrong("name = x )", 10, "expected and, or, or the end, and ')' stands there");
	wrong("(name = x", 10, "expected and, or, or ), and it ends");
	wrong("name = \"x", 8, "the quote that begins here does not end");
	wrong("title = 'a\xc3\xa4' & name = x", 14, "this character has no meaning here");
	wrong("metadata = 1", 1, "expected a name behind it, as in metadata.NAME");
	wrong("metrics. = 1", 1, "expected a name behind it");
	wrong("name.x = 1", 1, "there is no field 'name.x'");
	wrong("run.jobtype = x", 1, "there is no field 'run.jobtype'");
	is_str(strchr(err.hint, 'D'), "Did you mean 'run.job_type'?", "and which was meant");
	wrong("run.lr = x", 1, "there is no field 'run.lr'");
	wrong("run.state.x = x", 1, "there is no field 'run.state.x'");
	wrong("consumed_by.config. = x", 1, "there is no field 'consumed_by.config.'");
	wrong("run.started ~ 2026", 13, "expected one of = != < <= > >= in exists, and '~' stands there");
	wrong("run.duration > soon", 16, "expected a duration such as 90s or 1h, or seconds, and 'soon' stands there");
	wrong("run.metrics.acc > high", 19, "expected a number, and 'high' stands there");
	wrong("name in x", 9, "expected ( after in, and 'x' stands there");
	wrong("name in ()", 10, "expected a value, and ')' stands there");
	wrong("name in (a b)", 12, "expected , or ), and 'b' stands there");
	wrong("size > big", 8, "expected a size such as 500 or 100MiB, and 'big' stands there");
	wrong("size > 1XB", 8, "expected a size");
	wrong("created > yesterday", 11, "expected a time such as");
	wrong("metrics.acc > high", 15, "expected a number, and 'high' stands there");
	wrong("metrics.acc ~ 0.9", 13, "expected one of = != < <= > >= in exists, and '~' stands there");
	wrong("()", 2, "expected a field");
	wrong("exists", 7, "expected a field");
	wrong("exists(name", 12, "expected ), and it ends");
	wrong("name \x01 x", 6, "this character has no meaning here");
	wrong("name = x;", 9, "this character");
	wrong("nmae = x", 1, "there is no field");
	is_str(err.hint, "nmae = x\n^\nDid you mean 'name'?", "the hint shows the place and the nearest field");
	wrong("title = 'wide \xe6\xbc\xa2' zzz", 18, "expected and, or, or the end");
	is_str(err.hint, "title = 'wide \xe6\xbc\xa2' zzz\n                  ^", "below what stands there, wide as it may be");
}

static void test_limits(void)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	CLEANUP(query) struct query *q = NULL;

	for (int i = 0; i < QUERY_MAX_DEPTH; i++)
		strbuf_addc(&text, '(');
	strbuf_adds(&text, "name = resnet");
	for (int i = 0; i < QUERY_MAX_DEPTH; i++)
		strbuf_addc(&text, ')');
	ok(match(text.buf), "as deep as it may be");
	strbuf_insert(&text, 0, "not ", 4);
	wrong(text.buf, QUERY_MAX_DEPTH + 4, "it is nested too deep");
	strbuf_reset(&text);
	for (int i = 0; i < 4000; i++)
		strbuf_addf(&text, "%sname = x", i ? " or " : "");
	no(text.buf);
	while (text.len <= QUERY_MAX_BYTES)
		strbuf_addc(&text, ' ');
	q = query_parse(text.buf, text.len, &err);
	ok(!q && err.code == ERR_INVALID && strstr(err.text, "may have 65536"), "a text that is too long is refused");
}

int main(void)
{
	setenv("TZ", "UTC", 1);
	test_words();
	test_patterns();
	test_numbers();
	test_sizes_and_times();
	test_many_values();
	test_runs();
	test_words_between();
	test_wrong();
	test_limits();
	return tap_done();
}
