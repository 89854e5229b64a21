/* SPDX-License-Identifier: Apache-2.0 */
/* Lineage of a registry: one node for a version wherever it is, edges that dangle, removed versions, beginnings, many consumers. */
#include <config.h>

#include "registry/lineage.h"

#include <inttypes.h>

#include "registry/alias.h"
#include "registry/collection.h"
#include "registry/commit.h"
#include "registry/run.h"
#include "tap.h"

#define CONSUMERS 10000

static struct error err;
static struct config config = CONFIG_INIT;
static struct registry *reg;
static struct collection data = { .name = (char *)"data", .type = (char *)"dataset" };
static struct collection m = { .name = (char *)"m", .type = (char *)"model" };
static struct collection branch = { .name = (char *)"fork", .type = (char *)"model" };
static struct collection prod = { .name = (char *)"prod", .type = (char *)"model", .is_model = true };

static struct oid version_id(const struct collection *c, uint64_t number)
{
	struct oid id = { { 0 } };

	id.raw[0] = (uint8_t)c->name[0];
	id.raw[1] = (uint8_t)number;
	return id;
}

static int set_version(struct txn *txn, const char *table, const struct collection *in, const struct collection *of, uint64_t number, bool is_removed,
		       struct error *e)
{
	const struct version_row row = { .number = number, .version = version_id(of, number), .digest = version_id(of, number) };
	CLEANUP(json) json_t *value = is_removed ? NULL : version_value(&row);
	char key[100];

	snprintf(key, sizeof key, "%s/%s/%" PRIu64, table, in->cid.hex, number);
	return txn_set(txn, key, value, e);
}

/* Runs have the ids r-0000000001, …, and the CIDs that go with them. */
static struct cid run_cid(int number)
{
	struct cid cid;

	snprintf(cid.hex, sizeof cid.hex, "%032x", number);
	return cid;
}

/* What a run always has. */
static int set_record(struct txn *txn, int number, const char *id, struct error *e)
{
	struct version_row row = { .number = 0 };
	CLEANUP(json) json_t *value = NULL;
	char key[100];

	sha256_bytes(id, strlen(id), &row.version);
	row.digest = row.version;
	value = version_value(&row);
	snprintf(key, sizeof key, "version/%s/0", run_cid(number).hex);
	return txn_set(txn, key, value, e);
}

static int set_run(struct txn *txn, int number, const char *type, struct error *e)
{
	char key[100], id[RUN_ID_LEN + 1];
	CLEANUP(json) json_t *value = NULL;

	snprintf(key, sizeof key, "coll/%s", run_cid(number).hex);
	snprintf(id, sizeof id, "r-%010d", number);
	value = json_pack("{s:s,s:s,s:s,s:s}", "kind", "run", "label", number == 1 ? "first" : "", "name", id, "type", type);
	if (number != 1)
		json_object_del(value, "label");
	return txn_set(txn, key, value, e) < 0 ? -1 : set_record(txn, number, id, e);
}

static int set_edge(struct txn *txn, const char *table, int run, const struct collection *c, uint64_t number, const char *as, struct error *e)
{
	const struct oid id = version_id(c, number);
	CLEANUP(json) json_t *value = json_object();
	char key[200];

	json_object_set_new(value, "digest", json_oid(&id));
	json_object_set_new(value, "ref", json_sprintf("%s:v%d", c->name, (int)number));
	if (as)
		json_object_set_new(value, "as", json_string(as));
	if (!strcmp(table, "output"))
		json_object_set_new(value, "created", json_true());
	snprintf(key, sizeof key, "%s/%s/%s", table, run_cid(run).hex, oid_hex(&id).text);
	return txn_set(txn, key, value, e);
}

static int set_from(struct txn *txn, const struct collection *c, const struct collection *source, uint64_t number, struct error *e)
{
	const struct oid id = version_id(source, number);
	CLEANUP(json) json_t *value = json_object();
	char key[100];

	json_object_set_new(value, "digest", json_oid(&id));
	json_object_set_new(value, "ref", json_sprintf("%s:v%d", source->name, (int)number));
	json_object_set_new(value, "version", json_oid(&id));
	snprintf(key, sizeof key, "from/%s", c->cid.hex);
	return txn_set(txn, key, value, e);
}

/* data:v0 and gone:v0, which is unknown here, → run 1 → m:v1; fork began at m:v1; prod links to m:v1, where it is in production. */
static int fill(struct txn *txn, void *arg, struct error *e)
{
	const struct collection gone = { .name = (char *)"gone" };
	const struct oid made = version_id(&m, 1);

	(void)arg;
	if (collection_create(txn, &data, e) < 0 || collection_create(txn, &m, e) < 0 || collection_create(txn, &branch, e) < 0 ||
	    collection_create(txn, &prod, e) < 0 || set_version(txn, "version", &data, &data, 0, false, e) < 0 ||
	    set_version(txn, "version", &m, &m, 1, false, e) < 0 || set_version(txn, "link", &prod, &m, 1, false, e) < 0 ||
	    set_version(txn, "version", &branch, &branch, 0, false, e) < 0 || set_version(txn, "version", &branch, &branch, 1, false, e) < 0 ||
	    alias_set(txn, &prod, "production", &made, NULL, e) < 0)
		return -1;
	if (set_run(txn, 1, "train", e) < 0 || set_edge(txn, "input", 1, &data, 0, "train", e) < 0 ||
	    set_edge(txn, "input", 1, &gone, 0, NULL, e) < 0 || set_edge(txn, "output", 1, &m, 1, NULL, e) < 0)
		return -1;
	return set_from(txn, &branch, &m, 1, e);
}

static int remove_data(struct txn *txn, void *arg, struct error *e)
{
	(void)arg;
	return set_version(txn, "version", &data, &data, 0, true, e);
}

static int add_consumers(struct txn *txn, void *arg, struct error *e)
{
	(void)arg;
	for (int i = 2; i < CONSUMERS + 2; i++)
		if (set_run(txn, i, "evaluate", e) < 0 || set_edge(txn, "input", i, &m, 1, NULL, e) < 0)
			return -1;
	return 0;
}

static void run_txn(txn_decide_fn decide)
{
	const struct commit commit = { .verb = "test" };

	registry_drop_view(reg);
	need(!commit_run(reg, &commit, decide, NULL, &err), err.text);
}

static void add_node(struct strbuf *out, const struct lineage_node *node)
{
	strbuf_addf(out, "%s%s", out->len ? "; " : "", node->name);
	if (node->members > 1)
		strbuf_addf(out, " *%zu", node->members);
	if (strcmp(node->type, node->name) != 0)
		strbuf_addf(out, " %s", node->type);
	for (size_t i = 0; i < node->aliases.count; i++)
		strbuf_addf(out, " [%s]", node->aliases.v[i]);
	for (size_t i = 0; i < node->links.count; i++)
		strbuf_addf(out, " =%s", node->links.v[i]);
	strbuf_addf(out, "%s%s%s", *node->label ? " " : "", node->label, node->is_dangling ? " dangling" : node->is_removed ? " removed" : "");
}

static void tells(const char *reference, bool up, bool down, const char *want, const char *name)
{
	const struct lineage_request request = { .reference = reference, .up = up, .down = down };
	CLEANUP(lineage) struct lineage l = LINEAGE_INIT;
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;
	struct view *v = registry_view(reg, &err);

	if (!v || lineage_read(reg, v, &request, &l, &err) < 0) {
		is_str(err.text, want, name);
		error_clear(&err);
		return;
	}
	for (size_t i = 0; i < l.count; i++)
		add_node(&out, &l.nodes[i]);
	strbuf_adds(&out, " |");
	for (size_t i = 0; i < l.edge_count; i++)
		strbuf_addf(&out, " %zu%s%zu%s%s", l.edges[i].from, l.edges[i].is_from ? "=" : "-", l.edges[i].to, *l.edges[i].as ? " " : "", l.edges[i].as);
	is_str(out.buf, want, name);
}

static void inputs(const char *reference, const char *type, const char *want, const char *name)
{
	CLEANUP(strvec) struct strvec found = STRVEC_INIT;
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;
	struct view *v = registry_view(reg, &err);

	need(v && !lineage_inputs_of_type(reg, v, reference, type, &found, &err), err.text);
	for (size_t i = 0; i < found.count; i++)
		strbuf_addf(&out, "%s%s", i ? "; " : "", found.v[i]);
	is_str(out.buf, want, name);
}

#define MADE "m:v1 model [prod:production] =prod:v1"

int main(void)
{
	CLEANUP(strbuf) struct strbuf dir = STRBUF_INIT;

	need(!registry_init(tap_dir(), false, &dir, &err), "cannot make a registry");
	reg = registry_open(dir.buf, &config, "test", NULL, &err);
	need(reg != NULL, err.text);
	run_txn(fill);
	tells("m:v1", true, false, MADE "; r-0000000001 train first; data:v0 dataset; gone:v0  dangling | 1-0 2-1 train 3-1",
	      "what a version was made from, with what is not here");
	tells("prod:production", false, true, MADE "; fork:v0 model; fork:v1 model | 0=1 0=2", "a link is its version; who began there is downstream");
	tells("fork", true, false, "fork:v1 model; " MADE "; r-0000000001 train first; data:v0 dataset; gone:v0  dangling | 1=0 2-1 3-2 train 4-2",
	      "the latest of a name, back through its beginning");
	tells("first", false, false,
	      "r-0000000001 train first; data:v0 dataset; gone:v0  dangling; " MADE "; fork:v0 model; fork:v1 model | 0-3 1-0 train 2-0 3=4 3=5",
	      "a run by its name");
	tells("r-00000", false, true, "r-0000000001 train first; " MADE "; fork:v0 model; fork:v1 model | 0-1 1=2 1=3", "a run by a prefix");
	tells("data:v0", false, true, "data:v0 dataset; r-0000000001 train first; " MADE "; fork:v0 model; fork:v1 model | 0-1 train 1-2 2=3 2=4",
	      "what an input led to, with who relies on it");
	tells("none", true, false, "there is no artifact or model 'none'", "a name that nothing has");
	inputs("fork:v0", "dataset", "data:v0; gone:v0 (670000000000, not here)", "inputs of a type, and what may be of it");
	inputs("fork:v0", "model", "gone:v0 (670000000000, not here); m:v1", "of another");
	run_txn(remove_data);
	tells("m:v1", true, false, MADE "; r-0000000001 train first; data:v0 dataset removed; gone:v0  dangling | 1-0 2-1 train 3-1",
	      "a removed version is told of");
	run_txn(add_consumers);
	tells("data", false, true, "'data' has no version", "a name without versions");
	tells("m:v1", false, true, MADE "; evaluate *10000; fork:v0 model; fork:v1 model | 0-1 0=2 0=3", "ten thousand consumers are one line");
	registry_close(reg);
	return tap_done();
}
