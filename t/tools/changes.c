/* SPDX-License-Identifier: Apache-2.0 */
/* What travels between registries, with files and pipes for the way between them; see usage(). */
#include <config.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/number.h"
#include "registry/listing.h"
#include "registry/receive.h"
#include "store/spots.h"
#include "transport/source.h"

#define INPUT_MAX (1u << 30)

static struct error err;
static struct config config;
static struct registry *reg;

static int usage(void)
{
	fprintf(stderr, "usage: changes list DIR SEQ [PATTERN...]   changes after a line (0: all) on stdout, the scope and the end on stderr\n"
			"       changes offer DIR [PATTERN...]      notes that all of it was handed out\n"
			"       changes compare DIR KEY HEAD...     heads and values of a key, and which of these are known\n"
			"       changes receive DIR BY push|pull [WHY [override]]   takes over what stands on stdin\n"
			"       changes try DIR BY push|pull        the same, and takes it back\n");
	return 2;
}

static int failed(void)
{
	fprintf(stderr, "%s: %s\n", error_code_name(err.code), err.text);
	if (*err.hint)
		fprintf(stderr, "%s\n", err.hint);
	return error_status(err.code);
}

static void say(struct report *r, const char *text)
{
	(void)r;
	fprintf(stderr, "%s\n", text);
}

static struct report report = { .note = say, .warning = say };

static int open_registry(const char *dir)
{
	CLEANUP(strbuf) struct strbuf mreg_dir = STRBUF_INIT;

	if (registry_discover(dir, &mreg_dir, &err) < 0 || config_load(&config, mreg_dir.buf, NULL, &err) < 0)
		return -1;
	reg = registry_open(mreg_dir.buf, &config, "test", &report, &err);
	return reg ? 0 : -1;
}

static int print_scope(const struct scope_item *item, void *arg, struct error *e)
{
	(void)arg;
	(void)e;
	fprintf(stderr, "%s%s\n", item->is_shallow ? "shallow " : "", item->name);
	return 0;
}

static int print_change(const char *text, size_t len, void *arg, struct error *e)
{
	(void)arg;
	(void)e;
	fwrite(text, 1, len, stdout);
	putchar('\n');
	return 0;
}

static int list(int argc, char **argv)
{
	static const struct listing_sink sink = { print_scope, print_change, NULL };
	CLEANUP(list_request) struct list_request request = { .has_since = false };
	CLEANUP(source) struct source *source = source_of_registry(reg, &err);
	struct journal_position since;
	struct end end;

	if (argc < 1 || !source || !number_parse_u64(argv[0], strlen(argv[0]), &request.seq))
		return source ? usage() : failed();
	if (request.seq) {
		if (spots_position(registry_view(reg, &err), request.seq, &since, &err) < 0)
			return failed();
		request.has_since = true;
		request.sum = since.sum;
	}
	for (int i = 1; i < argc; i++)
		strvec_push(&request.patterns, argv[i]);
	if (source->methods->list(source, &request, &sink, &end, &err) < 0)
		return failed();
	fprintf(stderr, "seq %llu changes %llu%s\n", (unsigned long long)end.seq, (unsigned long long)end.changes, end.was_since ? " since" : "");
	return 0;
}

static int offer(int argc, char **argv)
{
	CLEANUP(scope) struct scope scope = { NULL, 0, 0 };
	CLEANUP(strvec) struct strvec patterns = STRVEC_INIT;
	struct view *v = registry_view(reg, &err);
	struct journal_position now;
	int got;

	for (int i = 0; i < argc; i++)
		strvec_push(&patterns, argv[i]);
	if (!v || listing_select(reg, v, &patterns, true, &scope, &err) < 0)
		return failed();
	view_position(v, &now);
	registry_drop_view(reg);
	got = listing_offer(reg, &scope, !argc, now.seq, &err);
	if (got < 0)
		return failed();
	puts(got ? "noted" : "known");
	return 0;
}

static int compare(int argc, char **argv)
{
	CLEANUP(key_heads_list) struct key_heads_list question = KEY_HEADS_LIST_INIT, answer = KEY_HEADS_LIST_INIT;
	struct key_heads *one = argc ? key_heads_add(&question, argv[0]) : NULL;
	struct view *v = registry_view(reg, &err);

	if (!one || !v)
		return one ? failed() : usage();
	one->heads = xcalloc((size_t)argc, sizeof *one->heads);
	for (; one->count + 1 < (size_t)argc; one->count++)
		if (!oid_parse(argv[one->count + 1], strlen(argv[one->count + 1]), &one->heads[one->count]))
			return usage();
	if (listing_compare(reg, v, &question, &answer, &err) < 0)
		return failed();
	for (size_t i = 0; i < answer.v[0].count; i++)
		printf("%s %s\n", oid_hex(&answer.v[0].heads[i]).text, answer.v[0].values[i]);
	for (size_t i = 0; i < answer.v[0].known_count; i++)
		puts(answer.v[0].known[i] ? "known" : "unknown");
	return 0;
}

static void print_result(const struct receive_result *result)
{
	for (size_t i = 0; i < result->refs.count; i++) {
		const struct ref_change *c = &result->refs.v[i];

		printf("%s %s %s '%s' '%s'\n", c->ref, c->kind, c->what, c->from, c->to);
	}
	for (size_t i = 0; i < result->diverged.count; i++)
		printf("diverged %s\n", result->diverged.v[i]);
}

static int receive(int argc, char **argv, bool for_good)
{
	CLEANUP(strbuf) struct strbuf input = STRBUF_INIT;
	CLEANUP(changes) struct changes changes = CHANGES_INIT;
	CLEANUP(receive_result) struct receive_result result = RECEIVE_RESULT_INIT;
	struct receive r = { .changes = &changes, .remote = "far" };
	int got;

	if (argc < 2)
		return usage();
	r.by = argv[0];
	r.verb = argv[1];
	r.is_push = strcmp(argv[1], "push") == 0;
	r.why = argc > 2 ? argv[2] : NULL;
	r.override = argc > 3;
	if (file_slurp("/dev/stdin", &input, INPUT_MAX, NULL, &err) < 0 || changes_parse(input.buf, input.len, &changes, &err) < 0)
		return failed();
	got = for_good ? receive_commit(reg, &r, &result, &err) : receive_rehearse(reg, &r, NULL, NULL, &result, &err);
	print_result(&result);
	if (got < 0)
		return failed();
	fprintf(stderr, "%s\n", result.has_changed ? "changed" : "nothing new");
	return 0;
}

static int act(int argc, char **argv)
{
	if (strcmp(argv[0], "list") == 0)
		return list(argc - 2, argv + 2);
	if (strcmp(argv[0], "offer") == 0)
		return offer(argc - 2, argv + 2);
	if (strcmp(argv[0], "compare") == 0)
		return compare(argc - 2, argv + 2);
	if (strcmp(argv[0], "receive") == 0 || strcmp(argv[0], "try") == 0)
		return receive(argc - 2, argv + 2, argv[0][0] == 'r');
	return usage();
}

int main(int argc, char **argv)
{
	int status;

	signal(SIGPIPE, SIG_IGN);
	if (argc < 3)
		return usage();
	if (open_registry(argv[2]) < 0)
		return failed();
	status = act(argc - 1, argv + 1);
	registry_close(reg);
	config_cleanup(&config);
	return status;
}
