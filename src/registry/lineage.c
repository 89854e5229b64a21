/* SPDX-License-Identifier: Apache-2.0 */
/* Lineage of a registry: its edges, and what its versions are called. */
#include <config.h>

#include "registry/lineage.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "registry/lineage-graph.h"
#include "registry/resolve.h"
#include "registry/run-edge.h"
#include "registry/run.h"
#include "registry/version.h"

#define DIGEST_SHOWN 12

/* A collection that some version of the lineage is in. */
struct known {
	struct collection c;
	bool is_there;
};

struct reader {
	struct registry *reg;
	struct view *view;
	struct hashmap collections; /* CID → struct known */
	struct hashmap aliases;     /* version → struct strvec of "NAME:ALIAS", of those collections */
};
#define READER_INIT(reg, v) { reg, v, HASHMAP_INIT, HASHMAP_INIT }

static void free_known(void *value)
{
	struct known *k = value;

	collection_cleanup(&k->c);
	free(k);
}

static void free_names(void *value)
{
	strvec_release(value);
	free(value);
}

static void reader_cleanup(struct reader *r)
{
	hashmap_release(&r->collections, free_known);
	hashmap_release(&r->aliases, free_names);
}

/* ---- what a version is called ---- */

static int learn_aliases(struct reader *r, const struct collection *c, struct error *err)
{
	CLEANUP(alias_rows) struct alias_rows rows = ALIAS_ROWS_INIT;

	if (alias_rows_read(r->view, c, &rows, err) < 0)
		return -1;
	for (size_t i = 0; i < rows.count; i++) {
		struct strvec *names = hashmap_find(&r->aliases, &rows.v[i].version, sizeof rows.v[i].version);
		CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;

		if (!names) {
			names = xcalloc(1, sizeof *names);
			(void)hashmap_put(&r->aliases, &rows.v[i].version, sizeof rows.v[i].version, names);
		}
		strbuf_addf(&name, "%s:%s", c->name, rows.v[i].alias);
		strvec_push_own(names, strbuf_detach(&name));
	}
	return 0;
}

static int learn_collection(struct reader *r, const struct cid *cid, struct known **out, struct error *err)
{
	int found;

	*out = hashmap_find(&r->collections, cid->hex, CID_HEX_LEN);
	if (*out)
		return 0;
	*out = xcalloc(1, sizeof **out);
	(*out)->c = (struct collection)COLLECTION_INIT;
	(void)hashmap_put(&r->collections, cid->hex, CID_HEX_LEN, *out);
	found = collection_read(r->view, cid, &(*out)->c, err);
	(*out)->is_there = found > 0;
	return found <= 0 ? found : learn_aliases(r, &(*out)->c, err);
}

/* Which of its places a version is named by, the best last. */
enum standing { STANDING_NONE, STANDING_REMOVED, STANDING_LINK, STANDING_ARTIFACT };
struct places {
	struct reader *reader;
	struct lineage_node *node;
	enum standing standing;
	size_t count;
};

static int take_place(const struct cid *cid, uint64_t number, bool is_link, bool is_live, void *arg, struct error *err)
{
	struct places *p = arg;
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;
	enum standing standing = !is_live ? STANDING_REMOVED : is_link ? STANDING_LINK : STANDING_ARTIFACT;
	struct known *k;

	p->count++;
	if (learn_collection(p->reader, cid, &k, err) < 0)
		return -1;
	if (!k->is_there)
		return 0;
	strbuf_addf(&name, "%s:v%" PRIu64, k->c.name, number);
	if (is_live && is_link)
		strvec_push(&p->node->links, name.buf);
	if (standing > p->standing) {
		p->standing = standing;
		free(p->node->name);
		p->node->name = strbuf_detach(&name);
		free(p->node->type);
		p->node->type = xstrdup(k->c.type);
	}
	return 0;
}

static int describe(struct lineage_node *node, void *arg, struct error *err)
{
	struct places p = { .reader = arg, .node = node, .standing = STANDING_NONE };
	const struct strvec *aliases;

	if (view_each_place(p.reader->view, &node->version, take_place, &p, err) < 0)
		return -1;
	node->is_dangling = !p.count;
	node->is_removed = p.count && p.standing < STANDING_LINK;
	aliases = node->is_removed ? NULL : hashmap_find(&p.reader->aliases, &node->version, sizeof node->version);
	for (size_t i = 0; aliases && i < aliases->count; i++)
		strvec_push(&node->aliases, aliases->v[i]);
	strvec_sort(&node->aliases);
	strvec_sort(&node->links);
	return 0;
}

/* The first line of its note; of one whose object is damaged or not here: nothing. */
static int read_label(struct reader *r, struct lineage_node *node, struct error *err)
{
	CLEANUP(strbuf) struct strbuf summary = STRBUF_INIT;
	struct version_row row = VERSION_ROW_INIT;
	struct cid cid;
	uint64_t number;
	int64_t created;
	int found = view_find_version(r->view, &node->version, &cid, &number, err);

	if (found > 0)
		found = view_version(r->view, &cid, number, &row, err);
	if (found <= 0 || row.removed)
		return found < 0 ? -1 : 0;
	node->digest = row.digest;
	if (version_brief_read(r->reg, r->view, &row, &summary, &created, err) < 0) {
		if (err->code != ERR_INTEGRITY)
			return -1;
		error_clear(err);
	}
	free(node->label);
	node->label = strbuf_detach(&summary);
	return 0;
}

/* ---- edges ---- */

struct pass {
	struct reader *reader;
	const struct lineage_node *of;
	lineage_neighbour_fn fn;
	void *arg;
	const char *from; /* NAME of an artifact that began at `of` */
};

static int pass_version(const struct run_edge *edge, void *arg, struct error *err)
{
	const struct pass *p = arg;
	const struct lineage_neighbour n = { .version = edge->version, .digest = edge->digest, .name = edge->ref, .as = edge->as };

	return p->fn(&n, p->arg, err);
}

static int pass_run(const struct pass *p, const struct run *run, const char *as, struct error *err)
{
	const struct lineage_neighbour n = { .is_run = true, .run = run->cid, .name = run->id.text, .type = run->job_type, .label = run->label, .as = as };

	return p->fn(&n, p->arg, err);
}

static int pass_producer(const struct run *run, void *arg, struct error *err)
{
	return pass_run(arg, run, NULL, err);
}

static int pass_consumer(const struct run *run, void *arg, struct error *err)
{
	const struct pass *p = arg;
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	CLEANUP(json) json_t *value = NULL;
	const char *as = NULL;

	strbuf_addf(&key, "input/%s/%s", run->cid.hex, oid_hex(&p->of->version).text);
	if (view_json(p->reader->view, key.buf, &value, err) < 0)
		return -1;
	(void)json_get_string(value, "as", &as);
	return pass_run(p, run, as, err);
}

static int pass_begun_version(const struct version_row *row, void *arg, struct error *err)
{
	const struct pass *p = arg;
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;
	struct lineage_neighbour n = { .version = row->version, .digest = row->digest, .is_from = true };

	if (row->removed)
		return 0;
	strbuf_addf(&name, "%s:v%" PRIu64, p->from, row->number);
	n.name = name.buf;
	return p->fn(&n, p->arg, err);
}

static int pass_begun(const struct collection *artifact, void *arg, struct error *err)
{
	struct pass *p = arg;

	p->from = artifact->name;
	return view_each_version(p->reader->view, &artifact->cid, false, pass_begun_version, p, err);
}

static int pass_from(const struct cid *cid, uint64_t number, bool is_link, bool is_live, void *arg, struct error *err)
{
	const struct pass *p = arg;
	struct run_edge edge = { .ref = NULL };
	struct lineage_neighbour n = { .is_from = true };
	int found;

	(void)number;
	(void)is_live;
	if (is_link)
		return 0;
	found = run_edge_from(p->reader->view, cid, &edge, err);
	if (found > 0) {
		n.version = edge.version;
		n.digest = edge.digest;
		n.name = edge.ref;
		found = p->fn(&n, p->arg, err);
	}
	run_edge_cleanup(&edge);
	return found;
}

static int each(const struct lineage_node *of, bool up, lineage_neighbour_fn fn, void *fn_arg, void *arg, struct error *err)
{
	struct pass p = { .reader = arg, .of = of, .fn = fn, .arg = fn_arg };
	struct view *v = p.reader->view;

	if (of->kind == LINEAGE_RUN)
		return up ? run_edge_each_input(v, &of->run, pass_version, &p, err) : run_edge_each_output(v, &of->run, pass_version, &p, err);
	if (up)
		return run_edge_each_producer(v, &of->version, pass_producer, &p, err) < 0 ? -1 : view_each_place(v, &of->version, pass_from, &p, err);
	return run_edge_each_consumer(v, &of->version, pass_consumer, &p, err) < 0 ? -1 :
										       run_edge_each_begun(v, &of->version, pass_begun, &p, err);
}

/* ---- what is asked about ---- */

struct start {
	struct resolved version;
	struct run run;
	struct strbuf name;
	struct lineage_neighbour node;
};
#define START_INIT { .version = RESOLVED_INIT, .run = RUN_INIT, .name = STRBUF_INIT }

static void start_cleanup(struct start *s)
{
	resolved_cleanup(&s->version);
	run_cleanup(&s->run);
	strbuf_release(&s->name);
}

/* A run may be called by its label, too, unless that is a name of something else. */
static int find_start(struct view *v, const char *text, struct start *s, struct error *err)
{
	struct error other = ERROR_INIT;
	int found;

	if (run_is_meant(text))
		return run_get(v, text, &s->run, err);
	if (resolve_text(v, text, &s->version, err) == 0)
		return 0;
	if (err->code != ERR_NO_COLLECTION && err->code != ERR_INVALID)
		return -1;
	found = run_find(v, text, &s->run, &other);
	if (found < 0)
		*err = other;
	else if (found)
		error_clear(err);
	return found > 0 ? 0 : -1;
}

static int read_start(struct view *v, const char *text, struct start *s, struct error *err)
{
	if (find_start(v, text, s, err) < 0)
		return -1;
	if (s->run.job_type) {
		s->node = (struct lineage_neighbour){
			.is_run = true, .run = s->run.cid, .name = s->run.id.text, .type = s->run.job_type, .label = s->run.label,
		};
		return 0;
	}
	resolved_name(&s->name, &s->version);
	s->node = (struct lineage_neighbour){ .version = s->version.row.version, .digest = s->version.row.digest, .name = s->name.buf };
	return 0;
}

int lineage_read(struct registry *reg, struct view *v, const struct lineage_request *request, struct lineage *out, struct error *err)
{
	CLEANUP(reader) struct reader reader = READER_INIT(reg, v);
	CLEANUP(start) struct start start = START_INIT;
	const struct lineage_source source = { each, describe, &reader };

	if (read_start(v, request->reference, &start, err) < 0 || lineage_graph_read(&source, &start.node, request, out, err) < 0)
		return -1;
	for (size_t i = 0; i < out->count; i++)
		if (out->nodes[i].kind == LINEAGE_VERSION && !out->nodes[i].is_dangling && read_label(&reader, &out->nodes[i], err) < 0)
			return -1;
	return 0;
}

/* ---- two of them ---- */

/* All that it was made from; what is too much to be seen whole is compared with nothing. */
static int read_all(struct registry *reg, struct view *v, const char *reference, struct lineage *out, struct error *err)
{
	CLEANUP(reader) struct reader reader = READER_INIT(reg, v);
	CLEANUP(start) struct start start = START_INIT;
	const struct lineage_source source = { each, describe, &reader };
	const struct lineage_request request = { .reference = reference, .up = true, .explode = true };

	if (read_start(v, reference, &start, err) < 0 || lineage_graph_read(&source, &start.node, &request, out, err) < 0)
		return -1;
	for (size_t i = 0; i < out->count; i++)
		if (out->nodes[i].is_cut)
			return error_set(err, ERR_INVALID, "the lineage of '%s' has more than %d nodes", reference, LINEAGE_NODES_MAX);
	return 0;
}

int lineage_common(struct registry *reg, struct view *v, const char *a, const char *b, struct lineage *out, struct error *err)
{
	CLEANUP(lineage) struct lineage of_a = LINEAGE_INIT, of_b = LINEAGE_INIT;
	CLEANUP(ptr) size_t *places = NULL;
	size_t count;

	if (read_all(reg, v, a, &of_a, err) < 0 || read_all(reg, v, b, &of_b, err) < 0)
		return -1;
	count = lineage_common_of(&of_a, &of_b, &places);
	out->nodes = xcalloc(count + 1, sizeof *out->nodes);
	out->cap = count + 1;
	for (; out->count < count; out->count++) {
		out->nodes[out->count] = of_a.nodes[places[out->count]];
		of_a.nodes[places[out->count]] = (struct lineage_node){ .kind = LINEAGE_VERSION };
	}
	return 0;
}

int lineage_inputs_of_type(struct registry *reg, struct view *v, const char *reference, const char *type, struct strvec *out, struct error *err)
{
	CLEANUP(lineage) struct lineage l = LINEAGE_INIT;

	if (read_all(reg, v, reference, &l, err) < 0)
		return -1;
	for (size_t i = 1; i < l.count; i++) {
		const struct lineage_node *node = &l.nodes[i];
		CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;

		if (node->kind != LINEAGE_VERSION || (strcmp(node->type, type) != 0 && *node->type))
			continue;
		strbuf_adds(&name, node->name);
		if (!*node->type) /* two registries may call two things so */
			strbuf_addf(&name, " (%.*s, not here)", DIGEST_SHOWN, oid_hex(&node->digest).text);
		strvec_push_own(out, strbuf_detach(&name));
	}
	strvec_sort(out);
	return 0;
}
