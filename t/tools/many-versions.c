/* SPDX-License-Identifier: Apache-2.0 */
/* Puts very many versions of one-line files into a registry, thousands in a transaction: many-versions DIR NAME COUNT. */
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
#include "registry/link.h"
#include "registry/version.h"
#include "store/ingest.h"

#define AT_ONCE 5000
#define TAGGED 10    /* each tenth has the tag "tenth" */
#define EVALUATED 20 /* each twentieth a metric that came later */
#define NAMED 1000   /* each thousandth an alias, and a link in the model NAME-models */

static struct error err;

static void need(bool cond)
{
	if (cond)
		return;
	fprintf(stderr, "many-versions: %s\n", err.text);
	exit(1);
}

struct made {
	struct version_row row;
	struct strbuf facts;
};

struct batch {
	struct registry *reg;
	struct collection *collection;
	struct made made[AT_ONCE];
	uint64_t first, count;
};

static void make_manifest(struct object_writer *writer, struct codec_context *codec, uint64_t n, struct version_row *row)
{
	CLEANUP(manifest) struct manifest m = MANIFEST_INIT;
	CLEANUP(strbuf) struct strbuf content = STRBUF_INIT, text = STRBUF_INIT;
	struct codec_hint hint = { 0 };
	struct entry *e = manifest_add(&m, ENTRY_FILE, "file");

	strbuf_addf(&content, "content %" PRIu64 "\n", n);
	need(ingest_bytes(writer, content.buf, content.len, &e->digest, &err) == 0);
	e->has_size = e->has_digest = true;
	e->size = content.len;
	need(manifest_finish(&m, &err) == 0);
	manifest_write(&text, &m);
	sha256_bytes(text.buf, text.len, &row->digest);
	row->size = content.len;
	row->files = 1;
	need(object_writer_add(writer, codec, &hint, OBJECT_MANIFEST, &row->digest, NULL, text.buf, text.len, NULL, &err) == 0);
}

static void make_version(struct batch *b, struct object_writer *writer, struct codec_context *codec, uint64_t n, struct made *out)
{
	static char model[] = "model", user[] = "maker", host[] = "here", none[] = "";
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT, description = STRBUF_INIT;
	struct codec_hint hint = { 0 };
	struct version_object o = { .time = clock_now(), .type = model, .collection = b->collection->name, .user = user, .host = host };

	make_manifest(writer, codec, n, &out->row);
	strbuf_addf(&description, "epoch %" PRIu64 "\nof a long training", n);
	o.run = none;
	o.description = description.buf;
	o.manifest = out->row.digest;
	o.metadata = json_pack("{s:I, s:f, s:{s:s, s:f}, s:s}", "epoch", (json_int_t)n, "lr", 1e-3 / (double)(n % 7 + 1), "optimizer",
		"name", n % 3 ? "adam" : "sgd", "decay", 0.01, "data", "images-2026");
	o.metrics = json_pack("{s:f, s:f}", "acc", (double)(n * 7919 % 100000) / 100000, "val_loss", 1.0 / (double)(n + 1));
	memcpy(o.nonce, &n, sizeof n);
	need(version_object_write(&text, &o, &out->row.version, &err) == 0);
	need(object_writer_add(writer, codec, &hint, OBJECT_VERSION, &out->row.version, NULL, text.buf, text.len, NULL, &err) == 0);
	version_row_set_brief(&out->row, o.time, o.description);
	strbuf_reset(&out->facts);
	facts_write(&out->facts, &o);
	json_decref(o.metadata);
	json_decref(o.metrics);
}

static int annotate(struct txn *txn, struct batch *b, const struct version_row *row, struct error *e)
{
	struct subject subject = subject_of_version(&row->version);
	struct resolved source = RESOLVED_INIT, link = RESOLVED_INIT;
	CLEANUP(strbuf) struct strbuf model = STRBUF_INIT, alias = STRBUF_INIT;
	CLEANUP(json) json_t *value = json_real((double)(row->number % 100) / 100);
	int rc = 0;

	if (row->number % TAGGED == 0)
		rc = annotation_set_tag(txn, &subject, "tenth", true, e);
	if (!rc && row->number % EVALUATED == 0)
		rc = annotation_set(txn, &subject, ANNOTATION_METRIC, "score", value, e);
	if (rc || row->number % NAMED)
		return rc;
	strbuf_addf(&model, "%s-models", b->collection->name);
	strbuf_addf(&alias, "a%" PRIu64, row->number);
	source.collection = *b->collection;
	source.row = *row;
	rc = alias_set(txn, b->collection, alias.buf, &row->version, NULL, e) < 0 ? -1 : link_add(txn, &source, model.buf, true, &link, e);
	resolved_cleanup(&link);
	return rc;
}

static int decide(struct txn *txn, void *arg, struct error *e)
{
	struct batch *b = arg;
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;

	if (!b->first && collection_create(txn, b->collection, e) < 0)
		return -1;
	for (uint64_t i = 0; i < b->count; i++) {
		struct made *m = &b->made[i];
		CLEANUP(json) json_t *value = version_value(&m->row);

		m->row.number = b->first + i;
		strbuf_reset(&key);
		strbuf_addf(&key, "version/%s/%" PRIu64, b->collection->cid.hex, m->row.number);
		if (txn_set(txn, key.buf, value, e) < 0 || txn_learn(txn, &b->collection->cid, &m->row, e) < 0 ||
			txn_learn_facts(txn, &m->row.version, &m->facts, e) < 0 || annotate(txn, b, &m->row, e) < 0)
			return -1;
	}
	return 0;
}

static void make_batch(struct batch *b, uint64_t first, uint64_t count)
{
	struct objects *objects = version_objects(b->reg, &err);
	CLEANUP(object_writer) struct object_writer *writer = NULL;
	CLEANUP(codec) struct codec_context *codec = codec_new();
	const struct commit how = { .verb = "put" };

	need(objects && (writer = object_writer_new(objects, &err)));
	for (uint64_t i = 0; i < count; i++)
		make_version(b, writer, codec, first + i, &b->made[i]);
	need(object_writer_commit(writer, &err) == 0);
	b->first = first;
	b->count = count;
	need(commit_run(b->reg, &how, decide, b, &err) == 0);
}

int main(int argc, char **argv)
{
	CLEANUP(config) struct config config = CONFIG_INIT;
	CLEANUP(strbuf) struct strbuf dir = STRBUF_INIT;
	CLEANUP(collection) struct collection c = COLLECTION_INIT;
	struct batch *b = xcalloc(1, sizeof *b);
	struct report silent = { NULL, NULL, NULL };
	uint64_t count;

	if (argc != 4 || !number_parse_u64(argv[3], strlen(argv[3]), &count)) {
		fprintf(stderr, "usage: many-versions DIR NAME COUNT\n");
		return 2;
	}
	need(registry_discover(argv[1], &dir, &err) == 0 && config_load(&config, dir.buf, NULL, &err) == 0);
	b->reg = registry_open(dir.buf, &config, "put", &silent, &err);
	need(b->reg != NULL);
	c.name = xstrdup(argv[2]);
	c.type = xstrdup("model");
	b->collection = &c;
	for (size_t i = 0; i < AT_ONCE; i++)
		strbuf_init(&b->made[i].facts);
	for (uint64_t at = 0; at < count; at += AT_ONCE)
		make_batch(b, at, count - at < AT_ONCE ? count - at : AT_ONCE);
	for (size_t i = 0; i < AT_ONCE; i++)
		strbuf_release(&b->made[i].facts);
	registry_close(b->reg);
	free(b);
	return 0;
}
