/* SPDX-License-Identifier: Apache-2.0 */
/* The page of a report: of hostile texts, of many versions, of nothing.  With the words "hostile" or "many" and a path it writes such a page for a browser. */
#include <config.h>

#include "cmd/report-html.h"

#include <math.h>

#include "base/digest.h"
#include "base/mem.h"
#include "tap.h"

#define NS INT64_C(1000000000)
#define NOON (INT64_C(1790000000) * NS)
/* All that could leave its place: tags, quotes, entities, a bidi override, control characters, bytes that are no UTF-8, a long word. */
#define HOSTILE_UTF8 "</script></style><img src=x onerror=alert(1)>\"'`&amp;&lt;${1} --><!-- ]]> \xe2\x80\xae" "gnp.exe \x1b[31m \xc2\x9b " \
	"longlonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglong"

#define HOSTILE HOSTILE_UTF8 " \xff\xc0\x80"

static struct report_data data;
static const char *const same_fields[] = { "optimizer.name", "optimizer.beta1", "optimizer.beta2", "schedule.warmup", "schedule.decay", "model.depth", "model.width",
	"data.batch_size", "data.workers", "trainer.precision" };

static void fill_versions(struct report_collection *c, size_t count, const char *text, const char *const *metrics, size_t metric_count)
{
	c->versions = xcalloc(count, sizeof *c->versions);
	c->version_count = count;
	for (size_t i = 0; i < count; i++) {
		struct report_version *v = &c->versions[i];
		uint64_t number = count - 1 - i;

		*v = (struct report_version){ .number = number, .created = NOON + (int64_t)number * 3600 * NS, .user = xstrdup(text), .note = xstrdup(text),
					      .bytes = 1000000 + number * 12345, .files = 3, .source = xstrdup(""), .run = xstrdup("r-0123456789"),
					      .job_type = xstrdup(text) };
		sha256_bytes(&number, sizeof number, &v->digest);
		v->metadata = json_object();
		v->metrics = json_object();
		json_object_set_new(v->metadata, count < 100 ? HOSTILE_UTF8 : "optimizer", json_string(count < 100 ? HOSTILE_UTF8 : "adamw"));
		json_object_set_new(v->metadata, "lr", json_real(0.001 * (double)(1 + number % 3)));
		for (size_t j = 0; j < metric_count; j++)
			json_object_set_new(v->metrics, metrics[j], json_real((double)((number * 7919 + j * 104729) % 100000) / (j % 2 ? 99.991 : 99991.0)));
	}
	for (size_t i = 0; i < count; i++) {
		c->versions[i].config_fields = json_object();
		json_object_set_new(c->versions[i].config_fields, "seed", json_integer((json_int_t)i));
		if (count < 100)
			json_object_set_new(c->versions[i].config_fields, HOSTILE_UTF8, json_string(HOSTILE_UTF8));
		for (int j = 0; j < 10; j++)
			json_object_set_new(c->versions[i].config_fields, same_fields[j], json_real(0.00123 * j));
	}
	strvec_push(&c->config, "seed");
	strvec_push(&c->config, HOSTILE_UTF8);
	for (int j = 0; j < 10; j++)
		strvec_push(&c->config, same_fields[j]);
	c->config_columns = 1;
	strvec_push(&c->versions[0].tags, text);
	strvec_push(&c->versions[0].links, text);
}

static void fill_aliases(struct report_collection *c, const char *text)
{
	c->aliases = xcalloc(2, sizeof *c->aliases);
	c->alias_count = 2;
	c->aliases[0] = (struct report_alias){ .alias = xstrdup("production"), .number = 1, .is_stage = true, .since = NOON, .user = xstrdup(text),
					       .why = xstrdup(text), .has_previous = true, .previous = 0 };
	c->aliases[1] = (struct report_alias){ .alias = xstrdup(text), .number = 99999, .since = NOON, .user = xstrdup(text), .why = xstrdup("") };
	strvec_push(&c->versions[c->version_count - 2].aliases, "production");
	c->events = xcalloc(1, sizeof *c->events);
	c->event_count = 1;
	c->events[0] = (struct report_event){ .time = NOON, .user = xstrdup(text), .host = xstrdup(text), .alias = xstrdup(text), .why = xstrdup(text),
					      .from = xstrdup(""), .to = xstrdup("v1") };
}

static void fill_curves(struct report_collection *c, const char *text)
{
	c->curves = xcalloc(c->version_count, sizeof *c->curves);
	c->curve_count = c->version_count < 20 ? c->version_count : 20;
	for (size_t i = 0; i < c->curve_count; i++) {
		struct report_curve *curve = &c->curves[i];

		*curve = (struct report_curve){ .number = c->versions[i].number, .run = xstrdup("r-0123456789"), .metric = xstrdup(text), .count = 200 };
		curve->points = xcalloc(curve->count, sizeof *curve->points);
		for (size_t j = 0; j < curve->count; j++)
			curve->points[j] = (struct curve_point){ j * 5, 100.0 / (double)(100 + i + 7 * j) + (double)(j * 7919 % 13) / 300 };
	}
}

static void fill_lineage(struct report_collection *c, const char *text)
{
	struct lineage *l = &c->lineage;

	l->count = 4;
	l->nodes = xcalloc(l->count, sizeof *l->nodes);
	for (size_t i = 0; i < l->count; i++)
		l->nodes[i] = (struct lineage_node){ .kind = (enum lineage_kind)i, .name = xstrdup(text), .type = xstrdup(text), .label = xstrdup(text),
						     .members = 1 + i, .is_dangling = i == 3, .is_cut = i == 3 };
	strvec_push(&l->nodes[0].aliases, text);
	strvec_push(&l->nodes[0].links, text);
	l->edge_count = 4;
	l->edges = xcalloc(l->edge_count, sizeof *l->edges);
	for (size_t i = 0; i < l->edge_count; i++)
		l->edges[i] = (struct lineage_edge){ .from = i, .to = (i + 1) % 4, .is_from = i == 3, .as = xstrdup(text) };
}

/* A picture of one point, and what only says that it is one. */
static void fill_media(struct report_version *v, const char *text)
{
	static const unsigned char gif[] = "GIF89a\1\0\1\0\200\0\0\377\377\377\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;";

	v->media = xcalloc(2, sizeof *v->media);
	v->media_count = 2;
	for (size_t i = 0; i < 2; i++) {
		v->media[i] = (struct report_media){ .path = xstrdup(text), .ref = xstrdup(text), .type = i ? "text/html" : "image/gif", .data = STRBUF_INIT };
		strbuf_add(&v->media[i].data, gif, sizeof gif - 1);
	}
}

static void fill(size_t versions, const char *text, const char *const *metrics, size_t metric_count)
{
	struct report_collection *c = xcalloc(1, sizeof *c);

	data = (struct report_data)REPORT_DATA_INIT;
	data.collections = c;
	data.count = 1;
	data.time = NOON;
	data.root = xstrdup(text);
	c->name = xstrdup(text);
	c->title = xstrdup(text);
	c->type = xstrdup(text);
	c->kind = xstrdup("artifact");
	c->note = xstrdup(text);
	strvec_push(&c->tags, text);
	fill_versions(c, versions, text, metrics, metric_count);
	fill_aliases(c, text);
	fill_curves(c, metrics[0]);
	fill_lineage(c, text);
	data.metric_has_rule = xcalloc(metric_count, sizeof *data.metric_has_rule);
	data.metric_is_min = xcalloc(metric_count, sizeof *data.metric_is_min);
	for (size_t i = 0; i < metric_count; i++)
		strvec_push(&data.metrics, metrics[i]);
	data.metric_has_rule[0] = true;
	c->best = xcalloc(1, sizeof *c->best);
	c->best_count = 1;
	c->best[0] = (struct report_best){ data.metrics.v[0], true, 1 };
}

static void fill_hostile(void)
{
	const char *const metrics[] = { HOSTILE_UTF8, "nan", "mixed" };

	fill(12, HOSTILE, metrics, COUNT_OF(metrics));
	fill_media(&data.collections[0].versions[0], HOSTILE);
	for (size_t i = 0; i < 12; i++) {
		json_object_set_new(data.collections[0].versions[i].metrics, "nan", json_string("nan"));
		json_object_set_new(data.collections[0].versions[i].metrics, "mixed", i % 2 ? json_real(i * 1e6) : json_string("inf"));
	}
	json_object_del(data.collections[0].versions[4].metrics, "mixed");
}

static void fill_many(void)
{
	const char *const metrics[] = { "accuracy", "loss", "f1_macro", "latency_ms", "auroc" };

	fill(200, "an ordinary note", metrics, COUNT_OF(metrics));
}

static void render(struct strbuf *out, const char *title)
{
	struct report_page page = { title, "Notes\n\nand " HOSTILE, true };

	strbuf_reset(out);
	report_html(out, &data, &page);
}

static size_t count_of(const char *text, const char *part)
{
	size_t count = 0;

	while ((text = strstr(text, part))) {
		count++;
		text += strlen(part);
	}
	return count;
}

static int write_page(const char *which, const char *path)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;
	FILE *file = fopen(path, "w");

	if (!strcmp(which, "hostile"))
		fill_hostile();
	else
		fill_many();
	render(&out, which);
	need(file && fwrite(out.buf, 1, out.len, file) == out.len && fclose(file) == 0, "cannot write the page");
	report_data_cleanup(&data);
	return 0;
}

static void hostile(struct strbuf *out)
{
	fill_hostile();
	render(out, HOSTILE);
	report_data_cleanup(&data);
	is_int((intmax_t)count_of(out->buf, "<script"), 1, "one script");
	is_int((intmax_t)count_of(out->buf, "</script"), 1, "that ends once");
	is_int((intmax_t)count_of(out->buf, "<style"), 1, "one style");
	is_int((intmax_t)count_of(out->buf, "<img"), 1, "one picture, and nothing else that is said to be one");
	is_int((intmax_t)count_of(out->buf, "<!--"), 0, "no comment");
	is_int((intmax_t)count_of(out->buf, " style="), 0, "no style outside of it");
	is_int((intmax_t)count_of(out->buf, " onerror=alert(1)>"), 0, "no handler");
	ok(!strstr(out->buf, "\xe2\x80\xae") && strstr(out->buf, "\\u202egnp.exe"), "what turns the direction around is spelled out");
	ok(!strchr(out->buf, '\x1b') && !strchr(out->buf, '\xff'), "so are control characters and what is no UTF-8");
	ok(out->len == strlen(out->buf), "no NUL");
}

static void many(struct strbuf *out)
{
	CLEANUP(strbuf) struct strbuf again = STRBUF_INIT;

	fill_many();
	render(out, "many");
	render(&again, "many");
	report_data_cleanup(&data);
	ok(out->len == again.len && !memcmp(out->buf, again.buf, out->len), "the same data gives the same bytes");
	ok(out->len < 300 * 1000, "200 versions with 5 metrics take less than 300 KB");
	printf("# %zu bytes\n", out->len);
	is_int((intmax_t)count_of(out->buf, "<i>best</i>"), 1, "the best is marked in words");
	is_int((intmax_t)count_of(out->buf, "id=\"an ordinary note:production\""), 1, "an alias is the anchor of its version");
	is_int((intmax_t)count_of(out->buf, "id=\"an ordinary note:an ordinary note\""), 1, "one whose version is not shown has its own");
}

static void nothing(struct strbuf *out)
{
	data = (struct report_data)REPORT_DATA_INIT;
	data.root = xstrdup("empty");
	render(out, "empty");
	report_data_cleanup(&data);
	ok(strstr(out->buf, "There are no collections to show.") != NULL, "a page of nothing");
}

int main(int argc, char **argv)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

	if (argc == 3)
		return write_page(argv[1], argv[2]);
	hostile(&out);
	many(&out);
	nothing(&out);
	return tap_done();
}
