/* SPDX-License-Identifier: Apache-2.0 */
/* mreg report: versions, metrics, aliases and their past in one file to be passed on. */
#include <config.h>

#include "cmd/report.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/utf8.h"
#include "cmd/cmd.h"
#include "registry/best.h"
#include "registry/registry.h"
#include "ui/record.h"
#include "ui/terminal.h"

#define NOTES_MAX (1u << 20)
#define LINKS_MAX 40 /* of symbolic links that lead to one another, as the kernel has it */

enum format { FORMAT_HTML, FORMAT_MARKDOWN, FORMAT_CSV, FORMAT_JSON, FORMAT_UNSAID };

struct args {
	struct strvec metrics;
	const char *search, *title, *notes, *media, *format, *output;
	uint64_t top;
};

static void args_cleanup(struct args *a)
{
	strvec_release(&a->metrics);
}

/* ---- what is asked for ---- */

struct rules {
	struct report_metric_rule *v;
	size_t count;
};

static void rules_cleanup(struct rules *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		free(rules->v[i].name);
	free(rules->v);
}

static int parse_rules(const struct strvec *texts, struct rules *out, struct error *err)
{
	out->v = xcalloc(texts->count + 1, sizeof *out->v);
	for (size_t i = 0; i < texts->count; i++) {
		struct best_rule rule = { .metric = NULL };

		if (best_rule_parse(texts->v[i], &rule, err) < 0)
			return error_wrap(err, "--metric");
		out->v[out->count++] = (struct report_metric_rule){ rule.metric, !rule.is_max };
	}
	return 0;
}

static int check_text(const char *what, const char *text, size_t len, struct error *err)
{
	if (utf8_is_valid(text, len) && !memchr(text, '\0', len))
		return 0;
	return error_set(err, ERR_INVALID, "%s is no UTF-8 text", what);
}

static int read_notes(const char *path, struct strbuf *out, struct error *err)
{
	if (!path)
		return 0;
	return file_slurp_operand(path, out, NOTES_MAX, err) < 0 ? -1 : check_text("the file of -F", out->buf, out->len, err);
}

/* ---- which format ---- */

static const char *const format_names[] = { "html", "md", "csv", "json" };

static int parse_format(const char *text, enum format *out, struct error *err)
{
	for (size_t i = 0; i < COUNT_OF(format_names); i++)
		if (strcmp(text, format_names[i]) == 0) {
			*out = (enum format)i;
			return 0;
		}
	return error_set(err, ERR_USAGE, "'%s' is no format: they are html, md, csv and json", text);
}

/* What a file is called says what is to be in it. */
static enum format format_of_name(const char *path)
{
	const char *dot = path ? strrchr(path, '.') : NULL;

	for (size_t i = 0; dot && i < COUNT_OF(format_names); i++)
		if (strcasecmp(dot + 1, format_names[i]) == 0)
			return (enum format)i;
	return FORMAT_UNSAID;
}

static bool goes_to_stdout(const struct args *a)
{
	return !a->output || strcmp(a->output, "-") == 0;
}

static int decide_format(const struct session *s, const struct args *a, enum format *out, struct error *err)
{
	bool is_json = out_mode(s->out) == OUT_JSON;

	*out = FORMAT_UNSAID;
	if (a->format && parse_format(a->format, out, err) < 0)
		return -1;
	if (!goes_to_stdout(a)) {
		if (*out == FORMAT_UNSAID)
			*out = format_of_name(a->output);
	} else if (is_json && *out != FORMAT_JSON && *out != FORMAT_UNSAID) {
		return error_set(err, ERR_USAGE, "with --json standard output is for JSON: say -o FILE");
	} else if (out_mode(s->out) == OUT_TEMPLATE) {
		return error_set(err, ERR_USAGE, "--template shows where a report was written: say -o FILE");
	} else if (*out == FORMAT_UNSAID && is_json) {
		*out = FORMAT_JSON;
	} else if (*out == FORMAT_UNSAID && !a->output && terminal_is_stdout()) {
		error_set(err, ERR_USAGE, "a page of HTML is nothing for a terminal");
		return error_hint(err, "Say -o FILE, or '--format md' to read it here.");
	}
	*out = *out == FORMAT_UNSAID ? FORMAT_HTML : *out;
	return 0;
}

/* ---- the report ---- */

static void render(enum format format, const struct report_data *data, const struct report_page *page, struct strbuf *out)
{
	CLEANUP(json) json_t *doc = NULL;

	switch (format) {
	case FORMAT_MARKDOWN:
		report_markdown(out, data, page);
		break;
	case FORMAT_CSV:
		report_csv(out, data);
		break;
	case FORMAT_JSON:
		doc = report_json(data, page);
		json_print(out, doc);
		strbuf_addc(out, '\n');
		break;
	case FORMAT_HTML:
	case FORMAT_UNSAID:
		report_html(out, data, page);
		break;
	}
}

/* What is there and is no file (a pipe, a device) is written to, never replaced. */
static int write_through(const char *path, const struct strbuf *text, struct error *err)
{
	CLEANUP(fd) int fd = file_open(path, O_WRONLY | O_NOCTTY, 0, err);

	return fd < 0 ? -1 : file_write(fd, text->buf, text->len, path, err);
}

/* One step on the way of a symbolic link that leads to nothing yet: false when *path is none. */
static bool follow(char **path)
{
	CLEANUP(strbuf) struct strbuf target = STRBUF_INIT;
	char text[PATH_MAX];
	ssize_t len = readlink(*path, text, sizeof text);

	if (len <= 0 || len == (ssize_t)sizeof text)
		return false;
	if (*text != '/') {
		path_dir(&target, *path);
		strbuf_addc(&target, '/');
	}
	strbuf_add(&target, text, (size_t)len);
	free(*path);
	*path = strbuf_detach(&target);
	return true;
}

/* Where a file is to be written: a link stays one.  What is a link of the kernel alone (/dev/stdout) keeps its name. */
static char *target_of(const char *path)
{
	char *target = realpath(path, NULL);
	struct stat st;

	if (target)
		return target;
	target = xstrdup(path);
	if (stat(path, &st) < 0)
		for (int links = 0; links < LINKS_MAX && follow(&target); links++)
			;
	return target;
}

static int write_file(struct registry *reg, const char *path, const struct strbuf *text, struct error *err)
{
	CLEANUP(ptr) char *target = target_of(path);
	struct stat st;

	if (registry_check_outside(reg, target, err) < 0)
		return -1;
	if (stat(target, &st))
		return errno == ELOOP ? error_set_errno(err, "cannot write '%s'", path) : file_replace(target, text->buf, text->len, 0666, err);
	if (S_ISDIR(st.st_mode))
		return error_set(err, ERR_LOCAL, "cannot write '%s': it is a directory", path);
	if (!S_ISREG(st.st_mode))
		return write_through(target, text, err);
	if (file_replace(target, text->buf, text->len, st.st_mode & 07777, err) < 0)
		return -1;
	/* the umask has taken from it */
	return chmod(target, st.st_mode & 07777) ? error_set_errno(err, "cannot set the permissions of '%s'", path) : 0;
}

static int print_path(
	struct session *s, const struct args *a, enum format format, const struct report_data *data, size_t size, struct error *err)
{
	json_t *doc = json_object();
	uint64_t versions = 0;

	for (size_t i = 0; i < data->count; i++)
		versions += data->collections[i].version_count;
	record_set_path(doc, "path", a->output);
	json_object_set_new(doc, "type", json_string(format_names[format]));
	json_object_set_new(doc, "size", json_u64(size));
	json_object_set_new(doc, "collections", json_u64(data->count));
	json_object_set_new(doc, "versions", json_u64(versions));
	return out_result(s->out, doc, "path", err);
}

static int make(struct session *s, const struct args *a, enum format format, const struct report_request *request, const char *notes,
	struct error *err)
{
	CLEANUP(report_data) struct report_data data = REPORT_DATA_INIT;
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct report_page page = { a->title, notes, a->media != NULL };

	if (report_gather(s->registry, request, &data, err) < 0)
		return -1;
	if (!page.title || !*page.title)
		page.title = data.root;
	render(format, &data, &page, &text);
	if (goes_to_stdout(a))
		return session_pager(s, err) < 0 ? -1 : out_bytes(s->out, text.buf, text.len, err);
	return write_file(s->registry, a->output, &text, err) < 0 ? -1 : print_path(s, a, format, &data, text.len, err);
}

static int prepare(struct session *s, const struct args *a, const struct strvec *names, struct error *err)
{
	CLEANUP(rules) struct rules rules = { NULL, 0 };
	CLEANUP(strbuf) struct strbuf notes = STRBUF_INIT;
	struct report_request request = { .names = names, .query = a->search, .top = a->top, .media = a->media };
	enum format format;

	if (decide_format(s, a, &format, err) < 0 || parse_rules(&a->metrics, &rules, err) < 0 || read_notes(a->notes, &notes, err) < 0 ||
		(a->title && check_text("the title", a->title, strlen(a->title), err) < 0))
		return -1;
	request.metrics = rules.v;
	request.metric_count = rules.count;
	return make(s, a, format, &request, notes.len ? notes.buf : NULL, err);
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	CLEANUP(args) struct args a = { .metrics = STRVEC_INIT, .top = UINT64_MAX };
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	CLEANUP(strvec) struct strvec names = STRVEC_INIT;
	const struct opt opts[] = {
		OPT_STRING('F', "file", &a.notes, "FILE", "notes to begin with, from a text file (-: standard input)"),
		OPT_STRING(0, "format", &a.format, "FORMAT", "html (the default), md, csv or json"),
		OPT_STRING(0, "media", &a.media, "GLOB",
			"show the pictures among these files of the versions, and of what was made with them"),
		OPT_STRVEC(0, "metric", &a.metrics, "METRIC:min|:max", "a column, and whether the least or the greatest is best"),
		OPT_STRING('o', "output", &a.output, "FILE", "write into a file, which is replaced as a whole"),
		OPT_STRING(0, "search", &a.search, "QUERY", "only versions that it finds"),
		OPT_STRING(0, "title", &a.title, "TITLE", "what stands above it"),
		OPT_U64(0, "top", &a.top, "N", "of each collection the newest N, the best, and those with an alias"),
		OPT_OFFLINE(&s->offline),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 0, SIZE_MAX, &operands, err) < 0)
		return -1;
	operands_from(&operands, 0, &names);
	return prepare(s, &a, &names, err);
}

const struct command cmd_report = {
	.name = "report",
	.synopsis = "[options] [NAME...]",
	.summary = "make one page of versions, metrics, aliases and where they came from",
	.group = GROUP_LOOK,
	.needs = NEEDS_REGISTRY,
	.run = run,
};
