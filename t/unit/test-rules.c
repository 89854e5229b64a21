/* SPDX-License-Identifier: Apache-2.0 */
/* The rules under the lock: from a legal state no transaction leads to one that is not. */
#include <config.h>

#include "registry/rules.h"

#include "base/mem.h"
#include "format/json.h"
#include "store/store.h"
#include "store/txn.h"
#include "tap.h"

/* Collections, numbers of each, versions: few, so that they meet. */
enum { A, B, M, N, COLLECTIONS };
enum { NUMBERS = 3, VERSIONS = 3, NONE = -1 };
#define TURNS 2500
#define MAX_STEPS 3

static const struct {
	const char *kind, *type;
} collections[COLLECTIONS] = { { "artifact", "model" }, { "artifact", "dataset" }, { "model", "model" }, { "model", "dataset" } };

/* Of every key the version that it names, or NONE. */
struct state {
	int version[COLLECTIONS][NUMBERS], link[COLLECTIONS][NUMBERS], alias[COLLECTIONS];
};

enum table { VERSION, LINK, ALIAS };
struct step {
	enum table table;
	int collection, number, version;
};
struct plan {
	struct step steps[MAX_STEPS];
	int count;
};

static struct error err;
static struct store *store;

/* ---- what is legal, said once more for a whole state ---- */

static int times(const int *row, int version)
{
	int n = 0;

	for (int i = 0; i < NUMBERS; i++)
		n += row[i] == version;
	return n;
}

static bool is_model(int collection)
{
	return collection == M || collection == N;
}

static bool same_type(int a, int b)
{
	return !strcmp(collections[a].type, collections[b].type);
}

static bool is_legal_version(const struct state *s, int version)
{
	int home = NONE;

	if (times(s->version[A], version) + times(s->version[B], version) > 1)
		return false;
	for (int c = A; c <= B; c++)
		home = times(s->version[c], version) ? c : home;
	for (int m = M; m <= N; m++) {
		int links = times(s->link[m], version);

		if (links > 1 || (links && (home == NONE || !same_type(home, m))))
			return false;
	}
	return true;
}

static bool is_legal(const struct state *s)
{
	for (int c = 0; c < COLLECTIONS; c++) {
		const int *wrong = is_model(c) ? s->version[c] : s->link[c], *right = is_model(c) ? s->link[c] : s->version[c];

		if (times(wrong, NONE) != NUMBERS || (s->alias[c] != NONE && !times(right, s->alias[c])))
			return false;
	}
	for (int v = 0; v < VERSIONS; v++)
		if (!is_legal_version(s, v))
			return false;
	return true;
}

static void apply(struct state *s, const struct step *step)
{
	if (step->table == ALIAS)
		s->alias[step->collection] = step->version;
	else if (step->table == LINK)
		s->link[step->collection][step->number] = step->version;
	else
		s->version[step->collection][step->number] = step->version;
}

/* ---- the same as transactions ---- */

static void add_cid(struct strbuf *out, int collection)
{
	strbuf_addf(out, "%032x", collection + 1);
}

static json_t *version_id(int version)
{
	return json_sprintf("%064x", version + 1);
}

static json_t *value_of(const struct step *step)
{
	if (step->version == NONE)
		return NULL;
	if (step->table == ALIAS)
		return json_pack("{s:s, s:o}", "alias", "best", "version", version_id(step->version));
	return json_pack("{s:o, s:i, s:i, s:o}", "digest", version_id(step->version), "files", 1, "size", 1, "version", version_id(step->version));
}

static int set_step(struct txn *txn, const struct step *step, struct error *e)
{
	static const char *const tables[] = { "version", "link", "alias" };
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	CLEANUP(json) json_t *value = value_of(step);

	strbuf_addf(&key, "%s/", tables[step->table]);
	add_cid(&key, step->collection);
	if (step->table == ALIAS)
		strbuf_adds(&key, "/best");
	else
		strbuf_addf(&key, "/%d", step->number);
	return txn_set(txn, key.buf, value, e);
}

static int decide(struct txn *txn, void *arg, struct error *e)
{
	const struct plan *plan = arg;

	for (int i = 0; i < plan->count; i++)
		if (set_step(txn, &plan->steps[i], e) < 0)
			return -1;
	return 0;
}

static bool commit(txn_decide_fn fn, void *arg, bool dry_run)
{
	const struct txn_info info = { .verb = "test", .user = "u", .host = "h", .dry_run = dry_run };

	error_clear(&err);
	return txn_run(store, &info, fn, arg, &err) == 0;
}

static int set_collection(struct txn *txn, int c, const char *name, const char *kind, const char *type, struct error *e)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	CLEANUP(json) json_t *value = json_pack("{s:s, s:s, s:s}", "kind", kind, "name", name, "type", type);

	strbuf_adds(&key, "coll/");
	add_cid(&key, c);
	return txn_set(txn, key.buf, value, e);
}

static int make_collections(struct txn *txn, void *arg, struct error *e)
{
	static const char *const names[COLLECTIONS] = { "a", "b", "m", "n" };

	(void)arg;
	for (int c = 0; c < COLLECTIONS; c++)
		if (set_collection(txn, c, names[c], collections[c].kind, collections[c].type, e) < 0)
			return -1;
	return 0;
}

/* ---- the states that are named in the rules ---- */

static bool refuses(const struct step *steps, int count, const char *message)
{
	struct plan plan = { .count = count };

	for (int i = 0; i < count; i++)
		plan.steps[i] = steps[i];
	return !commit(decide, &plan, false) && err.code == ERR_CONFLICT && strstr(err.text, message);
}

static void takes(const struct step *steps, int count)
{
	struct plan plan = { .count = count };

	for (int i = 0; i < count; i++)
		plan.steps[i] = steps[i];
	need(commit(decide, &plan, false), "what is legal is taken");
}

#define REFUSES(message, ...) \
	refuses((const struct step[]){ __VA_ARGS__ }, (int)COUNT_OF(((const struct step[]){ __VA_ARGS__ })), message)
#define TAKES(...) takes((const struct step[]){ __VA_ARGS__ }, (int)COUNT_OF(((const struct step[]){ __VA_ARGS__ })))

static void test_named(void)
{
	TAKES({ VERSION, A, 0, 0 }, { VERSION, A, 1, 1 }, { LINK, M, 0, 0 });
	TAKES({ ALIAS, A, 0, 1 }, { ALIAS, M, 0, 0 });
	ok(REFUSES("is not there", { LINK, M, 1, 2 }), "a link to a version that was never there");
	ok(REFUSES("in one model twice", { LINK, M, 1, 0 }), "a version twice in one model");
	ok(REFUSES("of kind 'model'", { VERSION, M, 1, 2 }), "a version of a model's own");
	ok(REFUSES("of kind 'artifact'", { LINK, A, 2, 0 }), "a link in an artifact");
	ok(REFUSES("of type 'model'", { LINK, N, 0, 0 }), "a version in a model of another type");
	ok(REFUSES("two numbers", { VERSION, A, 2, 0 }), "a version twice in its artifact");
	ok(REFUSES("two numbers", { VERSION, B, 0, 1 }), "a version in two artifacts");
	ok(REFUSES("not there any more", { VERSION, A, 1, NONE }), "an alias left behind by a version");
	ok(REFUSES("not there any more", { LINK, M, 0, NONE }), "an alias left behind by a link");
	ok(REFUSES("would link to a version", { VERSION, A, 0, NONE }), "a link left behind");
	ok(REFUSES("not in this collection", { ALIAS, M, 0, 1 }), "an alias of a model for a version that is not in it");
	ok(REFUSES("not there any more", { VERSION, A, 1, 2 }), "a number that is given to another version");
	TAKES({ VERSION, A, 1, NONE }, { ALIAS, A, 0, NONE });
	ok(REFUSES("is not there", { LINK, M, 1, 1 }), "a link to a version that was removed");
	ok(REFUSES("not in this collection", { ALIAS, A, 0, 1 }), "an alias for a version that was removed");
	TAKES({ LINK, M, 0, NONE }, { ALIAS, M, 0, NONE }, { VERSION, A, 0, NONE });
}

static int change_type(struct txn *txn, void *arg, struct error *e)
{
	(void)arg;
	return set_collection(txn, A, "a", "artifact", "dataset", e);
}

static int change_kind(struct txn *txn, void *arg, struct error *e)
{
	(void)arg;
	return set_collection(txn, A, "a", "model", "model", e);
}

static int take_name(struct txn *txn, void *arg, struct error *e)
{
	(void)arg;
	return set_collection(txn, A, "B", "artifact", "model", e);
}

struct title {
	int collection;
	const char *text;
};

static int set_title(struct txn *txn, void *arg, struct error *e)
{
	const struct title *title = arg;
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	CLEANUP(json) json_t *value = json_string(title->text);

	strbuf_adds(&key, "title/");
	add_cid(&key, title->collection);
	return txn_set(txn, key.buf, value, e);
}

static int rename_to_title(struct txn *txn, void *arg, struct error *e)
{
	(void)arg;
	return set_collection(txn, B, "Title", "artifact", "dataset", e);
}

static void test_titles(void)
{
	need(commit(set_title, &(struct title){ A, "title" }, false), "a title can be given");
	ok(!commit(set_title, &(struct title){ B, "TITLE" }, false) && err.code == ERR_CONFLICT, "another has the title, in any case");
	ok(!commit(set_title, &(struct title){ B, "M" }, false) && err.code == ERR_CONFLICT, "a title that is another's name");
	ok(!commit(set_title, &(struct title){ B, "a/b" }, false) && err.code == ERR_INVALID, "a title that is none");
	ok(!commit(rename_to_title, NULL, false) && err.code == ERR_CONFLICT, "a name that is another's title");
	ok(commit(set_title, &(struct title){ B, "b" }, false), "a title that is its own name");
}

static void test_collections(void)
{
	ok(!commit(change_type, NULL, false) && err.code == ERR_CONFLICT, "the type of a collection stays");
	ok(!commit(change_kind, NULL, false) && err.code == ERR_CONFLICT, "its kind stays");
	ok(!commit(take_name, NULL, false) && err.code == ERR_CONFLICT, "a name that differs only in case is taken");
}

/* ---- any states ---- */

static uint32_t noise = 12345;

static int any(int count)
{
	noise = noise * 1664525u + 1013904223u;
	return (int)((noise >> 10) % (uint32_t)count);
}

static void make_plan(struct plan *plan)
{
	plan->count = 1 + any(MAX_STEPS);
	for (int i = 0; i < plan->count; i++)
		plan->steps[i] = (struct step){ (enum table)any(3), any(COLLECTIONS), any(NUMBERS), any(2) ? any(VERSIONS) : NONE };
}

static void test_any(void)
{
	struct state now;
	int taken = 0, refused = 0, wrong = 0;

	memset(&now, 0xff, sizeof now); /* NONE */
	for (int turn = 0; turn < TURNS; turn++) {
		struct plan plan;
		struct state next = now;
		bool legal, is_taken;

		make_plan(&plan);
		for (int i = 0; i < plan.count; i++)
			apply(&next, &plan.steps[i]);
		legal = is_legal(&next);
		is_taken = commit(decide, &plan, !legal);
		if (is_taken != legal && ++wrong)
			printf("# turn %d: %s, but %s: %s\n", turn, is_taken ? "taken" : "refused", legal ? "legal" : "illegal", err.text);
		if (legal)
			now = next;
		taken += legal;
		refused += !legal;
	}
	is_int(wrong, 0, "a transaction is taken when what it leads to is legal, and not else");
	ok(taken > TURNS / 20 && refused > TURNS / 20, "there were both: %d taken, %d refused", taken, refused);
}

int main(void)
{
	static const struct store_options options = { .lock_timeout_ms = 20000, .verb = "test", .rule = rules_check };
	char dir[4200];

	need(!store_init(tap_dir(), false, &err), "a registry can be made");
	snprintf(dir, sizeof dir, "%s/.mreg", tap_dir());
	store = store_open(dir, &options, &err);
	need(store && commit(make_collections, NULL, false), "a registry can be opened, and has collections");
	test_named();
	test_collections();
	test_titles();
	test_any();
	store_close(store);
	return tap_done();
}
