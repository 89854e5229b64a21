/* SPDX-License-Identifier: Apache-2.0 */
/* Records very many runs that used NAME:v0 and made a version of NAME each, as far as there are any: many-runs DIR NAME COUNT. */
#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/number.h"
#include "codec/codec.h"
#include "format/facts.h"
#include "format/manifest.h"
#include "registry/annotation.h"
#include "registry/commit.h"
#include "registry/run-edge.h"
#include "registry/version.h"
#include "store/ingest.h"

#define AT_ONCE 2500
#define TAGGED 10 /* each tenth has the tag "tenth" */

static struct error err;

static void need(bool cond)
{
	if (cond)
		return;
	fprintf(stderr, "many-runs: %s\n", err.text);
	exit(1);
}

struct made {
	struct version_row rows[2];
	struct strbuf facts[2];
};

struct batch {
	struct registry *reg;
	const char *name;
	struct made made[AT_ONCE];
	uint64_t first, count;
};

static json_t *record_of(uint64_t n, bool is_end)
{
	json_t *record = json_pack("{s:[s,s,s,s], s:{s:s, s:s, s:b}, s:{s:f, s:i, s:{s:s}}, s:s, s:{s:s, s:s}, s:s, s:i}", "argv", "python3", "train.py", "--config",
		"config.json", "code", "branch", "main", "commit", "0123456789abcdef0123456789abcdef01234567", "dirty", n % 2, "config", "lr",
		1e-3 / (double)(n % 7 + 1), "epochs", 10, "optimizer", "name", n % 3 ? "adam" : "sgd", "directory", "/home/maker/work", "environment",
		"CUDA_VISIBLE_DEVICES", "0", "PYTHONHASHSEED", "1", "host", "here", "pid", 4711);

	json_object_set_new(record, "started", json_time((INT64_C(1767323045) + (int64_t)n) * NS_PER_S));
	if (!is_end)
		return record;
	json_object_set_new(record, "ended", json_time((INT64_C(1767323045) + (int64_t)(n + n % 100)) * NS_PER_S));
	json_object_set_new(record, "exit_status", json_integer(n % 50 == 49));
	json_object_set_new(record, "points", json_pack("{s:{s:i, s:i, s:f, s:f}}", "acc", "count", 1000, "last_step", 1000, "max", 0.99, "min", 0.1));
	return record;
}

static void make_record(struct object_writer *writer, struct codec_context *codec, uint64_t n, bool is_end, struct version_row *row, struct strbuf *facts)
{
	static char type[] = "train", user[] = "maker", host[] = "here", none[] = "", name[] = "run";
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT, manifest = STRBUF_INIT;
	struct codec_hint hint = { 0 };
	struct version_object o = { .time = (INT64_C(1767323045) + (int64_t)n) * NS_PER_S, .type = type, .collection = name, .user = user, .host = host };

	need(manifest_finish(&m, &err) == 0);
	manifest_write(&manifest, &m);
	sha256_bytes(manifest.buf, manifest.len, &row->digest);
	need(object_writer_add(writer, codec, &hint, OBJECT_MANIFEST, &row->digest, NULL, manifest.buf, manifest.len, NULL, &err) == 0);
	o.run = o.description = none;
	o.manifest = row->digest;
	o.metadata = record_of(n, is_end);
	o.metrics = is_end ? json_pack("{s:f, s:f}", "acc", (double)(n * 7919 % 100000) / 100000, "loss", 1.0 / (double)(n + 1)) : json_object();
	memcpy(o.nonce, &n, sizeof n);
	o.nonce[15] = is_end;
	need(version_object_write(&text, &o, &row->version, &err) == 0);
	need(object_writer_add(writer, codec, &hint, OBJECT_VERSION, &row->version, NULL, text.buf, text.len, NULL, &err) == 0);
	version_row_set_brief(row, o.time, "");
	row->number = is_end;
	strbuf_reset(facts);
	facts_write(facts, &o);
	json_decref(o.metadata);
	json_decref(o.metrics);
}

static int set_edges(struct txn *txn, const struct batch *b, const struct run *run, uint64_t n, struct error *e)
{
	struct view *v = txn_view(txn);
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	struct resolved r = RESOLVED_INIT;
	int found;

	if (collection_get(v, b->name, &c, e) < 0)
		return -1;
	r.collection = c;
	found = view_version(v, &c.cid, 0, &r.row, e);
	if (found < 0 || (found && run_edge_add_input(txn, run, &r, NULL, e) < 0))
		return -1;
	found = view_version(v, &c.cid, n, &r.row, e);
	return found < 0 || (found && run_edge_add_output(txn, run, &r, true, e) < 0) ? -1 : 0;
}

static int decide(struct txn *txn, void *arg, struct error *e)
{
	struct batch *b = arg;

	for (uint64_t i = 0; i < b->count; i++) {
		CLEANUP(run) struct run run = { .job_type = xstrdup((b->first + i) % 4 ? "train" : "evaluate"), .label = xstrdup("") };
		struct subject subject;

		if (run_create(txn, &run, e) < 0)
			return -1;
		subject = subject_of_collection(&run.cid);
		for (size_t j = 0; j < 2; j++) {
			CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
			CLEANUP(json) json_t *value = version_value(&b->made[i].rows[j]);

			strbuf_addf(&key, "version/%s/%zu", run.cid.hex, j);
			if (txn_set(txn, key.buf, value, e) < 0 || txn_learn(txn, &run.cid, &b->made[i].rows[j], e) < 0 ||
				txn_learn_facts(txn, &b->made[i].rows[j].version, &b->made[i].facts[j], e) < 0)
				return -1;
		}
		if (set_edges(txn, b, &run, b->first + i, e) < 0 ||
			((b->first + i) % TAGGED == 0 && annotation_set_tag(txn, &subject, "tenth", true, e) < 0))
			return -1;
	}
	return 0;
}

static void make_batch(struct batch *b, uint64_t first, uint64_t count)
{
	struct objects *objects = version_objects(b->reg, &err);
	CLEANUP(object_writer) struct object_writer *writer = NULL;
	CLEANUP(codec) struct codec_context *codec = codec_new();
	const struct commit how = { .verb = "run" };

	need(objects && (writer = object_writer_new(objects, &err)));
	for (uint64_t i = 0; i < count; i++)
		for (size_t j = 0; j < 2; j++)
			make_record(writer, codec, first + i, j == 1, &b->made[i].rows[j], &b->made[i].facts[j]);
	need(object_writer_commit(writer, &err) == 0);
	b->first = first;
	b->count = count;
	need(commit_run(b->reg, &how, decide, b, &err) == 0);
}

int main(int argc, char **argv)
{
	CLEANUP(config) struct config config = CONFIG_INIT;
	CLEANUP(strbuf) struct strbuf dir = STRBUF_INIT;
	struct batch *b = xcalloc(1, sizeof *b);
	struct report silent = { NULL, NULL, NULL };
	uint64_t count;

	if (argc != 4 || !number_parse_u64(argv[3], strlen(argv[3]), &count)) {
		fprintf(stderr, "usage: many-runs DIR NAME COUNT\n");
		return 2;
	}
	need(registry_discover(argv[1], &dir, &err) == 0 && config_load(&config, dir.buf, NULL, &err) == 0);
	b->reg = registry_open(dir.buf, &config, "run", &silent, &err);
	need(b->reg != NULL);
	b->name = argv[2];
	for (size_t i = 0; i < 2 * AT_ONCE; i++)
		strbuf_init(&b->made[i / 2].facts[i % 2]);
	for (uint64_t at = 0; at < count; at += AT_ONCE)
		make_batch(b, at, count - at < AT_ONCE ? count - at : AT_ONCE);
	for (size_t i = 0; i < 2 * AT_ONCE; i++)
		strbuf_release(&b->made[i / 2].facts[i % 2]);
	registry_close(b->reg);
	free(b);
	return 0;
}
