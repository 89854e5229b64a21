/* SPDX-License-Identifier: Apache-2.0 */
/* mreg note: writes and shows the description of a collection, a version or a run. */
#include <config.h>

#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/fields.h"
#include "registry/annotation.h"
#include "registry/version.h"
#include "ui/editor.h"

#define NOTE_MAX (1u << 19) /* a journal line has 1 MiB at most */
#define DEFAULT_EDITOR "vi"

struct args {
	const char *message, *file;
	bool edit, dry_run;
};

static int read_run_note(struct session *s, struct view *v, const struct run *run, struct strbuf *out, struct error *err)
{
	CLEANUP(run_info) struct run_info info = RUN_INFO_INIT;

	if (run_info_read(s->registry, v, run, &info, err) < 0)
		return -1;
	strbuf_adds(out, info.note);
	return 0;
}

/* What it is now: a later note, else what the version was put with. */
static int read_note(struct session *s, const char *reference, struct annotated *target, struct strbuf *out, struct error *err)
{
	CLEANUP(version_info) struct version_info info = VERSION_INFO_INIT;
	struct view *v = registry_view(s->registry, err);

	if (!v || annotation_target(v, reference, target, err) < 0)
		return -1;
	if (target->is_run)
		return read_run_note(s, v, &target->run, out, err);
	if (!target->is_version)
		return annotation_note(v, &target->subject, out, err) < 0 ? -1 : 0;
	if (version_info_read(s->registry, v, &target->target.row, &info, err) < 0)
		return -1;
	strbuf_adds(out, info.description);
	return 0;
}

static json_t *record(const struct annotated *target, const char *note)
{
	CLEANUP(strbuf) struct strbuf ref = STRBUF_INIT;
	json_t *doc = json_object();

	fields_annotated(&ref, target);
	json_object_set_new(doc, "ref", json_string(ref.buf));
	json_object_set_new(doc, "note", json_string(note));
	return doc;
}

static int show(struct session *s, const char *reference, struct error *err)
{
	CLEANUP(annotated) struct annotated target = { .is_version = false };
	CLEANUP(strbuf) struct strbuf note = STRBUF_INIT;

	if (read_note(s, reference, &target, &note, err) < 0)
		return -1;
	if (out_mode(s->out) != OUT_JSON && !note.len)
		return 0;
	if (out_mode(s->out) == OUT_HUMAN)
		return out_text(s->out, err, "%s\n", note.buf);
	return out_result(s->out, record(&target, note.buf), "note", err);
}

/* MREG_EDITOR is core.editor of the environment. */
static const char *editor_of(const struct session *s)
{
	const char *const choices[] = { config_get(&s->config, "core.editor"), env_get("VISUAL"), env_get("EDITOR") };

	for (size_t i = 0; i < COUNT_OF(choices); i++)
		if (choices[i] && *choices[i])
			return choices[i];
	return DEFAULT_EDITOR;
}

static int from_editor(struct session *s, const char *reference, struct strbuf *before, struct strbuf *out, struct error *err)
{
	CLEANUP(annotated) struct annotated target = { .is_version = false };
	CLEANUP(strbuf) struct strbuf help = STRBUF_INIT, ref = STRBUF_INIT;

	if (read_note(s, reference, &target, before, err) < 0)
		return -1;
	fields_annotated(&ref, &target);
	strbuf_addf(&help, "# This is the note of %s.\n# The line above and all below it are left out; an empty note hides the one before.\n", ref.buf);
	registry_drop_view(s->registry);
	return editor_run(editor_of(s), before->buf, help.buf, out, err);
}

static int commit_note(struct session *s, struct strbuf *text, struct annotation_change *change, struct error *err)
{
	CLEANUP(annotated) struct annotated target = { .is_version = false };

	if (strlen(text->buf) != text->len)
		return error_set(err, ERR_INVALID, "the note has a NUL byte in it");
	while (text->len && text->buf[text->len - 1] == '\n')
		strbuf_set_len(text, text->len - 1);
	if (text->len > NOTE_MAX)
		return error_set(err, ERR_INVALID, "a note has at most %u bytes", NOTE_MAX);
	change->note = text->buf;
	if (annotation_run(s->registry, change, &target, err) < 0)
		return -1;
	return out_mode(s->out) == OUT_JSON ? out_result(s->out, record(&target, text->buf), "note", err) : 0;
}

/* What a person has written is worth more than what went wrong. */
static void keep_text(struct session *s, const struct strbuf *text)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	struct error ignored = ERROR_INIT;

	if (editor_keep(text->buf, &path, &ignored) == 0)
		report_warning(s->report, "the text is kept in '%s'", path.buf);
}

static int write_note(struct session *s, const struct args *a, const char *reference, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT, before = STRBUF_INIT;
	struct annotation_change change = { .verb = "note", .reference = reference, .dry_run = a->dry_run };

	if (a->message)
		strbuf_adds(&text, a->message);
	else if ((a->file ? file_slurp_operand(a->file, &text, NOTE_MAX, err) : from_editor(s, reference, &before, &text, err)) < 0)
		return error_wrap(err, "cannot note '%s'", reference);
	if (a->edit)
		change.note_before = before.buf;
	if (commit_note(s, &text, &change, err) == 0)
		return 0;
	if (a->edit)
		keep_text(s, &text);
	return error_wrap(err, "cannot note '%s'", reference);
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	struct args a = { NULL, NULL, false, false };
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	const struct opt opts[] = {
		OPT_STRING('m', "message", &a.message, "TEXT", "the note"),
		OPT_STRING('F', "file", &a.file, "FILE", "the note from a file, - being standard input"),
		OPT_FLAG('e', "edit", &a.edit, "write it in the editor"),
		OPT_DRY_RUN(&a.dry_run),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 1, SIZE_MAX, &operands, err) < 0)
		return -1;
	if (operands.count > 1) {
		error_set(err, ERR_USAGE, "unexpected operand '%s'", operands.v[1]);
		return error_hint(err, "Say 'mreg note %s -m TEXT'.", operands.v[0]);
	}
	if ((a.message != NULL) + (a.file != NULL) + a.edit > 1)
		return error_set(err, ERR_USAGE, "--message, --file and --edit exclude each other");
	if (!a.message && !a.file && !a.edit)
		return show(s, operands.v[0], err);
	return write_note(s, &a, operands.v[0], err);
}

const struct command cmd_note = {
	.name = "note", .synopsis = "[options] REF", .summary = "write or show the description of a collection, a version or a run", .group = GROUP_CURATE,
	.needs = NEEDS_REGISTRY, .run = run,
};
