/* SPDX-License-Identifier: Apache-2.0 */
/* Finds runs by what users write, and makes new ones. */
#include <config.h>

#include "registry/run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/env.h"
#include "base/mem.h"
#include "base/suggest.h"

#define SHOWN_MAX 4       /* ids that an ambiguous text is said to be of */
#define RECORD_AT_END 1   /* number of the record that is written when a run has ended */

void run_cleanup(struct run *run)
{
	free(run->job_type);
	free(run->label);
	*run = (struct run)RUN_INIT;
}

bool run_is_meant(const char *text)
{
	return strncmp(text, "r-", 2) == 0;
}

/* ---- reading ---- */

static bool parse(const struct cid *cid, const json_t *value, struct run *out)
{
	const char *kind, *id, *type, *label = "";

	if (!json_get_string(value, "kind", &kind) || strcmp(kind, "run") != 0 || !json_get_string(value, "name", &id) || !run_id_is(id, strlen(id)) ||
	    !json_get_string(value, "type", &type))
		return false;
	json_get_string(value, "label", &label);
	run_cleanup(out);
	*out = (struct run){ .cid = *cid, .job_type = xstrdup(type), .label = xstrdup(label) };
	memcpy(out->id.text, id, RUN_ID_LEN + 1);
	return true;
}

int run_read(struct view *v, const struct cid *cid, struct run *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	CLEANUP(json) json_t *value = NULL;
	int found;

	strbuf_addf(&key, "coll/%s", cid->hex);
	found = view_json(v, key.buf, &value, err);
	return found <= 0 ? found : parse(cid, value, out);
}

struct each {
	struct view *view;
	run_fn fn;
	void *arg;
};

static int pass(const char *id, const struct cid *cid, void *arg, struct error *err)
{
	const struct each *to = arg;
	CLEANUP(run) struct run run = RUN_INIT;
	int found = run_read(to->view, cid, &run, err);

	(void)id;
	return found <= 0 ? found : to->fn(&run, to->arg, err);
}

int run_each(struct view *v, run_fn fn, void *arg, struct error *err)
{
	struct each to = { v, fn, arg };

	return view_each_run(v, "", pass, &to, err);
}

int run_row(struct view *v, const struct run *run, struct version_row *out, bool *is_ended, struct error *err)
{
	int found = view_latest(v, &run->cid, out, err);

	*is_ended = found > 0 && out->number >= RECORD_AT_END;
	return found;
}

/* ---- finding ---- */

struct candidates {
	const char *text;
	struct cid cid; /* of the first */
	size_t count;
	struct strbuf shown;
};

static void candidates_cleanup(struct candidates *c)
{
	strbuf_release(&c->shown);
}

static void add_candidate(struct candidates *c, const char *id, const struct cid *cid)
{
	if (!c->count)
		c->cid = *cid;
	if (c->count < SHOWN_MAX)
		strbuf_addf(&c->shown, "%s%s", c->count ? ", " : "", id);
	else if (c->count == SHOWN_MAX)
		strbuf_adds(&c->shown, ", …");
	c->count++;
}

static int take_id(const char *id, const struct cid *cid, void *arg, struct error *err)
{
	struct candidates *c = arg;

	(void)err;
	add_candidate(c, id, cid);
	return c->count > SHOWN_MAX;
}

static int match_label(const struct run *run, void *arg, struct error *err)
{
	struct candidates *c = arg;

	(void)err;
	if (strcmp(run->label, c->text) != 0)
		return 0;
	add_candidate(c, run->id.text, &run->cid);
	return c->count > SHOWN_MAX;
}

int run_find(struct view *v, const char *text, struct run *out, struct error *err)
{
	CLEANUP(candidates) struct candidates c = { .text = text, .shown = STRBUF_INIT };
	bool by_id;

	if (!*text)
		return 0;
	if (run_id_is_prefix(text, strlen(text)) && view_each_run(v, text, take_id, &c, err) < 0)
		return -1;
	by_id = c.count > 0;
	if (!by_id && run_each(v, match_label, &c, err) < 0)
		return -1;
	if (c.count > 1) {
		error_set(err, ERR_INVALID, "'%s' %s several runs: %s", text, by_id ? "is the beginning of" : "is the name of", c.shown.buf);
		return error_hint(err, by_id ? "Write more of its id." : "Write its id.");
	}
	return c.count ? run_read(v, &c.cid, out, err) : 0;
}

/* ---- what may have been meant ---- */

struct labels {
	const char *text;
	struct strbuf longer; /* some that begin with it */
	size_t longer_count;
	struct strvec all;
};

static void labels_cleanup(struct labels *l)
{
	strbuf_release(&l->longer);
	strvec_release(&l->all);
}

static int take_label(const struct run *run, void *arg, struct error *err)
{
	struct labels *l = arg;

	(void)err;
	if (!*run->label)
		return 0;
	if (strncmp(run->label, l->text, strlen(l->text)) != 0) {
		strvec_push(&l->all, run->label);
		return 0;
	}
	if (l->longer_count < SHOWN_MAX)
		strbuf_addf(&l->longer, "%s'%s'", l->longer_count ? ", " : "", run->label);
	else if (l->longer_count == SHOWN_MAX)
		strbuf_adds(&l->longer, ", …");
	l->longer_count++;
	return 0;
}

static int add_meant(struct view *v, const char *text, struct error *err)
{
	CLEANUP(labels) struct labels l = { .text = text, .longer = STRBUF_INIT, .all = STRVEC_INIT };
	struct error ignored = ERROR_INIT;
	long nearest;

	if (*text && run_each(v, take_label, &l, &ignored) < 0)
		error_clear(&ignored);
	if (l.longer_count)
		return error_hint(err, l.longer_count == 1 ? "Did you mean %s?" : "These names begin so: %s.", l.longer.buf);
	nearest = suggest_nearest(text, (const char *const *)l.all.v, l.all.count);
	if (nearest >= 0)
		return error_hint(err, "Did you mean '%s'?", l.all.v[nearest]);
	return error_hint(err, "'mreg run ls' lists the runs of this registry.");
}

int run_get(struct view *v, const char *text, struct run *out, struct error *err)
{
	int found = run_find(v, text, out, err);

	if (found)
		return found < 0 ? -1 : 0;
	error_set(err, ERR_NO_COLLECTION, "no run '%s'", text);
	return add_meant(v, text, err);
}

int run_current(struct view *v, const char *given, struct run *out, struct error *err)
{
	const char *text = given ? given : env_get("MREG_RUN");
	int found;

	if (!text)
		return 0;
	found = run_find(v, text, out, err);
	if (found)
		return found;
	error_set(err, ERR_NO_COLLECTION, "no run '%s' in this registry", text);
	if (!given)
		return error_hint(err, "MREG_RUN names it; 'unset MREG_RUN' to work outside of a run.");
	return error_hint(err, "'mreg run ls' lists those that are here.");
}

int run_heed_end(struct registry *reg, struct view *v, const struct run *run, struct error *err)
{
	struct version_row row = VERSION_ROW_INIT;
	bool is_ended;

	if (run_row(v, run, &row, &is_ended, err) < 0)
		return -1;
	if (is_ended)
		report_warning(reg->report, "MREG_RUN names the run '%s', which has ended; 'unset MREG_RUN' to work outside of it", run->id.text);
	return 0;
}

/* ---- making ---- */

int run_create(struct txn *txn, struct run *run, struct error *err)
{
	uint8_t bits[CID_HEX_LEN / 2], id[8];
	CLEANUP(strbuf) struct strbuf key = STRBUF_INIT;
	CLEANUP(json) json_t *value = json_object();

	strbuf_addf(&key, "run/%" PRIu64, txn_seq(txn));
	random_fill(id, sizeof id, key.buf);
	strbuf_adds(&key, "/cid");
	random_fill(bits, sizeof bits, key.buf);
	run_id_make(id, &run->id);
	hex_encode(bits, sizeof bits, run->cid.hex);
	json_object_set_new(value, "kind", json_string("run"));
	json_object_set_new(value, "name", json_string(run->id.text));
	json_object_set_new(value, "type", json_string(run->job_type));
	if (*run->label)
		json_object_set_new(value, "label", json_string(run->label));
	strbuf_reset(&key);
	strbuf_addf(&key, "coll/%s", run->cid.hex);
	return txn_set(txn, key.buf, value, err);
}
