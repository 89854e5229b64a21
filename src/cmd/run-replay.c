/* SPDX-License-Identifier: Apache-2.0 */
/* mreg run replay: the shell script that would repeat a run. */
#include <config.h>

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/shell-word.h"
#include "base/utf8.h"
#include "cmd/run-words.h"
#include "cmd/run.h"
#include "registry/run-code.h"
#include "registry/run-edge.h"
#include "registry/verify.h"

#define TOP "\"$top\"/"
#define CODE "code/"     /* folders of a run's files */
#define CONFIG "config/"
#define CONFIG_MAX (1u << 20) /* of a file that is compared with what was recorded */

struct replay {
	struct registry *reg;
	struct view *view;
	struct run run;
	struct run_info info;
	struct manifest files;
	struct strbuf script;     /* its parts behind the head */
	struct strbuf uses;       /* words for the command at its end */
	struct strbuf directory;  /* where it ran, exactly */
	bool is_at_home;          /* it runs there again: what lies there is the user's, and stays */
};

static void replay_cleanup(struct replay *r)
{
	run_cleanup(&r->run);
	run_info_cleanup(&r->info);
	manifest_cleanup(&r->files);
	strbuf_release(&r->script);
	strbuf_release(&r->uses);
	strbuf_release(&r->directory);
}

/* ---- words and lines ---- */

static void add_word(struct strbuf *out, const char *text)
{
	shell_word_add(out, text, strlen(text));
}

/* Whatever it holds, it stays within its line. */
static void add_comment(struct strbuf *out, const char *before, const char *text)
{
	strbuf_addf(out, "# %s", before);
	utf8_add_visible(out, text, strlen(text));
	strbuf_addc(out, '\n');
}

/* mreg run cat RUN PATH >FILE */
static void add_cat(struct replay *r, const char *path, const char *to)
{
	strbuf_addf(&r->script, "mreg run cat %s ", r->run.id.text);
	add_word(&r->script, path);
	strbuf_adds(&r->script, " >");
	strbuf_adds(&r->script, to);
	strbuf_addc(&r->script, '\n');
}

/* ---- its parts, in their order ---- */

/* Written last, when it is known what the rest needs. */
static void add_head(const struct replay *r, struct strbuf *out)
{
	CLEANUP(strbuf) struct strbuf begun = STRBUF_INIT;

	clock_format_utc(&begun, r->info.record.started);
	strbuf_addf(out, "#!/bin/sh\n# Repeats run %s, begun %s.\n", r->run.id.text, begun.buf);
	add_comment(out, "Job type: ", r->run.job_type);
	if (*r->run.label)
		add_comment(out, "Name: ", r->run.label);
	if (*r->info.record.host)
		add_comment(out, "Host: ", r->info.record.host);
	strbuf_addf(out, "# usage: sh SCRIPT [DIR]   all of it is done in DIR, which is made anew; else in ./%s-again\n", r->run.id.text);
	strbuf_adds(out, "set -eu\n\nMREG_DIR=${MREG_DIR:-");
	add_word(out, r->reg->root);
	strbuf_addf(out, "}\nexport MREG_DIR\nunset MREG_RUN\nmkdir -- \"${1:-%s-again}\"\ncd -- \"${1:-%s-again}\"\n", r->run.id.text,
		r->run.id.text);
	if (strstr(r->script.buf, TOP) || strstr(r->uses.buf, TOP))
		strbuf_adds(out, "top=$PWD\n");
}

/* A path on the same machine is meant from the repository. */
static void add_remote(struct strbuf *out, const struct run_record *record, const char *root)
{
	CLEANUP(strbuf) struct strbuf url = STRBUF_INIT, path = STRBUF_INIT;
	const char *remote = run_record_code(record, "remote"), *colon, *slash;

	utf8_add_unescaped(&url, remote, strlen(remote));
	colon = strchr(url.buf, ':');
	slash = strchr(url.buf, '/');
	if (!url.len)
		strbuf_adds(&path, root);
	else if (colon && (!slash || colon < slash))
		strbuf_adds(&path, url.buf);
	else
		path_join(&path, root, url.buf);
	add_word(out, path.buf);
}

static void add_changes(struct replay *r)
{
	bool is_dirty = false;

	if (manifest_find(&r->files, RUN_CODE_DIFF_FILE)) {
		add_cat(r, RUN_CODE_DIFF_FILE, TOP RUN_CODE_DIFF_FILE);
		strbuf_adds(&r->script, "git -C code apply --whitespace=nowarn " TOP RUN_CODE_DIFF_FILE "\n");
	} else if (json_get_bool(r->info.record.code, "dirty", &is_dirty) && is_dirty) {
		strbuf_adds(&r->script, "echo 'what was changed since the commit is not recorded' >&2\n");
	}
}

static void add_untracked(struct replay *r)
{
	const json_t *names = json_object_get(r->info.record.code, "untracked");

	for (size_t i = 0; i < json_array_size(names); i++)
		if (json_is_string(json_array_get(names, i)))
			add_comment(&r->script, "Not in the repository then, and so not here: ", json_string_value(json_array_get(names, i)));
}

/* Where in the repository it ran; "" for its top, NULL when that was elsewhere, or a record that was made to mislead leads out by "..". */
static const char *place_below(const char *directory, const char *root)
{
	size_t len = strlen(root);

	if (!*root || strncmp(directory, root, len) != 0 || (directory[len] && directory[len] != '/'))
		return NULL;
	directory += len;
	directory += strspn(directory, "/");
	return !*directory || path_is_safe(directory, strlen(directory)) ? directory : NULL;
}

static void go_to(struct replay *r, const char *place)
{
	if (*place) {
		strbuf_adds(&r->script, "mkdir -p -- ");
		add_word(&r->script, place);
		strbuf_adds(&r->script, "\ncd -- ");
		add_word(&r->script, place);
		strbuf_addc(&r->script, '\n');
	}
}

static void add_clone(struct replay *r, const char *commit, const char *root)
{
	struct strbuf *out = &r->script;
	const char *place = place_below(r->directory.buf, root);

	strbuf_adds(out, "\n# The code.\ngit clone --quiet --no-checkout -- ");
	add_remote(out, &r->info.record, root);
	strbuf_addf(out, " code\ngit -C code cat-file -e %s 2>/dev/null || git -C code fetch --quiet -- ", commit);
	add_word(out, root);
	strbuf_addf(out, " %s\ngit -C code checkout --quiet --detach %s\n", commit, commit);
	add_changes(r);
	add_untracked(r);
	strbuf_adds(out, "cd code\n");
	go_to(r, place ? place : "");
}

/* A commit that is none is a record that was made to mislead. */
static bool is_commit(const char *text)
{
	size_t len = strlen(text);

	return (len == 40 || len == 64) && strspn(text, "0123456789abcdef") == len;
}

static bool has_code_files(const struct replay *r)
{
	for (size_t i = 0; i < r->files.count; i++)
		if (!strncmp(r->files.entries[i].path, CODE, strlen(CODE)))
			return true;
	return false;
}

static void add_code(struct replay *r)
{
	CLEANUP(strbuf) struct strbuf root = STRBUF_INIT;
	const char *commit = run_record_code(&r->info.record, "commit"), *text = run_record_code(&r->info.record, "root");

	utf8_add_unescaped(&root, text, strlen(text));
	if (is_commit(commit)) {
		add_clone(r, commit, root.buf);
		return;
	}
	if (has_code_files(r)) {
		strbuf_adds(&r->script, "\n# The code, as far as it was kept.\nmkdir -- code\ncd code\n");
		return;
	}
	strbuf_adds(&r->script, "\n# The state of the code is not known: it is taken as it is now where it was then.\n");
	r->is_at_home = r->directory.len > 0;
	if (r->is_at_home) {
		strbuf_adds(&r->script, "cd -- ");
		add_word(&r->script, r->directory.buf);
		strbuf_addc(&r->script, '\n');
	}
}

static void add_code_file(struct replay *r, const struct entry *e)
{
	CLEANUP(strbuf) struct strbuf dir = STRBUF_INIT, word = STRBUF_INIT;

	path_dir(&dir, e->path + strlen(CODE));
	add_word(&word, e->path + strlen(CODE));
	strbuf_adds(&r->script, "mkdir -p -- ");
	add_word(&r->script, dir.buf);
	strbuf_addc(&r->script, '\n');
	if (e->kind == ENTRY_LINK) {
		strbuf_adds(&r->script, "ln -sf -- ");
		add_word(&r->script, e->target);
		strbuf_addf(&r->script, " %s\n", word.buf);
		return;
	}
	add_cat(r, e->path, word.buf);
	if (e->mode == 0755)
		strbuf_addf(&r->script, "chmod +x -- %s\n", word.buf);
}

/* Those kept with the run (--code) stand where they were told from, over what git has. */
static void add_code_files(struct replay *r)
{
	for (size_t i = 0; i < r->files.count; i++) {
		const struct entry *e = &r->files.entries[i];

		if ((e->kind == ENTRY_FILE || e->kind == ENTRY_LINK) && !strncmp(e->path, CODE, strlen(CODE)))
			add_code_file(r, e);
	}
}

/* ---- configuration ---- */

static int add_piece(const void *data, size_t len, void *arg, struct error *err)
{
	(void)err;
	strbuf_add(arg, data, len);
	return 0;
}

/* What the file says is not said again. */
static json_t *read_config(struct replay *r, const struct entry *e, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct error no_json = ERROR_INIT;
	json_t *doc;

	if (e->size > CONFIG_MAX)
		return json_object();
	if (verify_stream(r->reg, &r->info.row.version, &r->files, e, add_piece, &text, err) < 0)
		return NULL;
	doc = json_parse(text.buf, text.len, "the configuration", &no_json);
	return doc ? doc : json_object();
}

static void add_settings(struct replay *r, const json_t *in_file)
{
	CLEANUP(strbuf) struct strbuf word = STRBUF_INIT;
	CLEANUP(json) json_t *config = json_deep_copy(r->info.record.config);
	const json_t *value;
	const char *key;

	json_object_foreach(config, key, value) {
		if (strchr(key, '=') || json_equal(value, json_object_get(in_file, key)))
			continue;
		strbuf_reset(&word);
		strbuf_addf(&word, "%s=", key);
		json_print(&word, value);
		strbuf_adds(&r->uses, " -M ");
		shell_word_add(&r->uses, word.buf, word.len);
	}
}

/* A program reads it where it was named; if git has it not, it is put there. */
static void put_where_named(struct replay *r, const char *name)
{
	for (size_t i = 0; i < json_array_size(r->info.record.argv); i++) {
		CLEANUP(strbuf) struct strbuf arg = STRBUF_INIT, dir = STRBUF_INIT;
		const char *text = json_string_value(json_array_get(r->info.record.argv, i)), *base;
		size_t len;

		utf8_add_unescaped(&arg, text, strlen(text));
		base = path_base(arg.buf, &len);
		if (!path_is_safe(arg.buf, arg.len) || strlen(base) != len || strcmp(base, name) != 0)
			continue;
		path_dir(&dir, arg.buf);
		strbuf_adds(&r->script, "mkdir -p -- ");
		add_word(&r->script, dir.buf);
		strbuf_adds(&r->script, "\n[ -e ");
		add_word(&r->script, arg.buf);
		strbuf_adds(&r->script, " ] || cp -- " TOP CONFIG);
		add_word(&r->script, name);
		strbuf_addc(&r->script, ' ');
		add_word(&r->script, arg.buf);
		strbuf_addc(&r->script, '\n');
	}
}

/* Several come in the order of their names, whichever it was: what then is another value is said again. */
static int add_config_file(struct replay *r, const struct entry *e, json_t *in_files, struct error *err)
{
	CLEANUP(json) json_t *in_file = read_config(r, e, err);
	CLEANUP(strbuf) struct strbuf word = STRBUF_INIT;

	if (!in_file)
		return -1;
	if (json_is_object(in_file))
		json_object_update(in_files, in_file);
	strbuf_adds(&word, TOP);
	add_word(&word, e->path);
	add_cat(r, e->path, word.buf);
	if (!r->is_at_home)
		put_where_named(r, e->path + strlen(CONFIG));
	strbuf_addf(&r->uses, " --config %s", word.buf);
	return 0;
}

static int add_config(struct replay *r, struct error *err)
{
	CLEANUP(json) json_t *in_files = json_object();
	bool is_first = true;

	for (size_t i = 0; i < r->files.count; i++) {
		const struct entry *e = &r->files.entries[i];

		if (e->kind != ENTRY_FILE || strncmp(e->path, CONFIG, strlen(CONFIG)) != 0)
			continue;
		if (is_first)
			strbuf_adds(&r->script, "\n# Its configuration.\nmkdir -- " TOP "config\n");
		is_first = false;
		if (add_config_file(r, e, in_files, err) < 0)
			return -1;
	}
	add_settings(r, in_files);
	return 0;
}

/* ---- what it used ---- */

/* "NAME-vN" below inputs/; its digest where what it is called leads elsewhere: it dangles, and whoever made it chose the text. */
static void add_place(struct replay *r, const char *name, size_t name_len, const struct oid *digest)
{
	CLEANUP(strbuf) struct strbuf place = STRBUF_INIT;

	strbuf_adds(&place, name);
	if (place.buf[name_len])
		place.buf[name_len] = '-';
	strbuf_adds(&r->script, TOP "inputs/");
	add_word(&r->script, path_is_safe(place.buf, place.len) ? place.buf : oid_hex(digest).text);
}

/* "NAME@DIGEST": whatever has become of names and numbers, these bytes. */
static int add_input(const struct run_edge *edge, void *arg, struct error *err)
{
	struct replay *r = arg;
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT, pinned = STRBUF_INIT;
	const char *colon;
	size_t name_len;
	bool is_live;

	if (run_edge_name(r->view, edge, &name, &is_live, err) < 0)
		return -1;
	colon = strrchr(name.buf, ':');
	name_len = colon ? (size_t)(colon - name.buf) : name.len;
	strbuf_add(&pinned, name.buf, name_len);
	strbuf_addf(&pinned, "@%s", oid_hex(&edge->digest).text);
	if (!r->uses.len || !strstr(r->script.buf, "\n# What it used"))
		strbuf_adds(&r->script, "\n# What it used, each in a directory of its own; a program that asks for an alias gets what that is now.\n");
	if (!is_live)
		add_comment(&r->script, "No longer there: ", name.buf);
	add_comment(&r->script, "", name.buf);
	strbuf_adds(&r->script, "mreg get -o ");
	add_place(r, name.buf, name_len, &edge->digest);
	strbuf_adds(&r->script, " -- ");
	add_word(&r->script, pinned.buf);
	strbuf_adds(&r->script, " >/dev/null\n");
	strbuf_adds(&r->uses, " --use ");
	add_word(&r->uses, pinned.buf);
	return 0;
}

/* ---- environment and command ---- */

/* What the scheduler said of itself is not true of another job. */
static bool is_of_the_job(const char *name)
{
	static const char *const beginnings[] = { "CONDA_", "JOB_ID", "LSB_", "OMPI_", "PBS_", "SGE_", "SLURM", "VIRTUAL_ENV" };

	for (size_t i = 0; i < COUNT_OF(beginnings); i++)
		if (!strncmp(name, beginnings[i], strlen(beginnings[i])))
			return true;
	return false;
}

static bool is_variable(const char *name)
{
	size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");

	return len && !name[len] && !(*name >= '0' && *name <= '9');
}

static void add_environment(struct replay *r)
{
	CLEANUP(json) json_t *copy = json_deep_copy(r->info.record.environment);
	const json_t *value;
	const char *name;

	if (json_object_size(copy))
		strbuf_adds(&r->script, "\n# Of its environment.\n");
	json_object_foreach(copy, name, value) {
		CLEANUP(strbuf) struct strbuf line = STRBUF_INIT;

		if (!json_is_string(value))
			continue;
		strbuf_addf(&line, "%s=", name);
		run_words_recorded(&line, json_string_value(value));
		if (is_of_the_job(name) || !is_variable(name))
			add_comment(&r->script, "", line.buf);
		else
			strbuf_addf(&r->script, "export %s\n", line.buf);
	}
}

static void add_command(struct replay *r)
{
	const json_t *argv = r->info.record.argv;

	if (!json_array_size(argv)) {
		report_warning(r->reg->report, "which command the run '%s' was is not recorded: the script stops before it", r->run.id.text);
		strbuf_adds(&r->script, "\necho 'which command it was is not recorded' >&2\nexit 1\n");
		return;
	}
	strbuf_adds(&r->script, "\nexec mreg run exec --job-type ");
	add_word(&r->script, r->run.job_type);
	strbuf_addf(&r->script, " -m 'repeats %s'%s -- ", r->run.id.text, r->uses.buf);
	run_words_command(&r->script, argv);
	strbuf_addc(&r->script, '\n');
}

/* ---- all of it ---- */

static int make_script(struct replay *r, struct error *err)
{
	utf8_add_unescaped(&r->directory, r->info.record.directory, strlen(r->info.record.directory));
	if (run_edge_each_input(r->view, &r->run.cid, add_input, r, err) < 0)
		return -1;
	add_code(r);
	add_code_files(r);
	if (add_config(r, err) < 0)
		return -1;
	add_environment(r);
	add_command(r);
	return 0;
}

int run_replay(struct session *s, const struct run_args *a, struct error *err)
{
	CLEANUP(replay) struct replay r = { .reg = s->registry, .run = RUN_INIT, .info = RUN_INFO_INIT, .files = MANIFEST_INIT,
					    .script = STRBUF_INIT, .uses = STRBUF_INIT, .directory = STRBUF_INIT };
	CLEANUP(strbuf) struct strbuf script = STRBUF_INIT;
	json_t *record;

	if (!a->dry_run) {
		error_set(err, ERR_USAGE, "run replay prints the script that would repeat the run, and only with --dry-run");
		return error_hint(err, "Look at 'mreg run replay --dry-run %s', and give it to sh.", a->operands.v[0]);
	}
	r.view = registry_view(s->registry, err);
	if (!r.view || run_get(r.view, a->operands.v[0], &r.run, err) < 0 || run_info_read(s->registry, r.view, &r.run, &r.info, err) < 0 ||
		run_manifest(s->registry, &r.info, &r.files, err) < 0 || make_script(&r, err) < 0)
		return -1;
	add_head(&r, &script);
	strbuf_add(&script, r.script.buf, r.script.len);
	if (out_mode(s->out) != OUT_JSON)
		return out_bytes(s->out, script.buf, script.len, err);
	record = json_object();
	json_object_set_new(record, "run", json_string(r.run.id.text));
	json_object_set_new(record, "script", json_stringn(script.buf, script.len));
	return out_result(s->out, record, "script", err);
}
