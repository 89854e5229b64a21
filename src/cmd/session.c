/* SPDX-License-Identifier: Apache-2.0 */
/* What stands between a verb's options and its work: messages, output, configuration, registry. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/env.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "cmd/cmd.h"
#include "format/reference.h"
#include "registry/registry.h"
#include "registry/remote.h"
#include "transport/borrow.h"
#include "transport/lazy.h"
#include "ui/message.h"
#include "ui/pager.h"
#include "ui/terminal.h"

static void open_messages(struct session *s)
{
	const struct globals *g = &s->globals;
	const struct message_options options = {
		.quiet = g->quiet,
		.json = g->json,
		.progress = !g->no_progress && (g->progress || terminal_is_stderr()),
		.color = terminal_wants_color(g->color, terminal_is_stderr()),
	};

	message_init(&options);
	s->report = message_report();
}

static enum out_mode mode_of(const struct globals *g)
{
	if (g->json)
		return OUT_JSON;
	if (g->template)
		return OUT_TEMPLATE;
	return g->quiet || g->zero ? OUT_LINES : OUT_HUMAN;
}

static int open_out(struct session *s, struct error *err)
{
	const struct globals *g = &s->globals;
	const struct out_options options = {
		.mode = mode_of(g),
		.template = g->template,
		.zero = g->zero,
		.color = terminal_wants_color(g->color, terminal_is_stdout()),
		.width = terminal_width(),
	};

	out_free(s->out);
	s->out = out_new(&options, err);
	return s->out ? 0 : -1;
}

/* Whoever names a registry that is not there is told so, even by a verb that could do without. */
static int find_registry(struct session *s, struct error *err)
{
	const char *given = s->globals.registry ? s->globals.registry : env_get("MREG_DIR");
	CLEANUP(strbuf) struct strbuf dir = STRBUF_INIT;

	if (registry_discover(given, &dir, err) < 0) {
		if (err->code != ERR_NO_REGISTRY || given || (s->command->needs == NEEDS_REGISTRY && !s->remote_name))
			return -1;
		error_clear(err);
		return 0;
	}
	free(s->mreg_dir);
	s->mreg_dir = strbuf_detach(&dir);
	return 0;
}

static void use_source(struct session *s)
{
	s->lazy = s->lazy ? s->lazy : lazy_new(&s->config, s->report, s->offline);
	s->registry->source = lazy_source(s->lazy);
}

/* ---- --remote ---- */

static int open_borrowed(struct session *s, struct error *err)
{
	if (s->offline) {
		error_set(err, ERR_USAGE, "--remote asks another registry, which --offline forbids");
		return error_hint(err, "A clone, which 'mreg clone' makes, can be read without a network.");
	}
	if (!s->remote) {
		s->remote = xcalloc(1, sizeof *s->remote);
		if (remote_find(&s->config, s->remote_name, s->remote, err) < 0)
			return -1;
	}
	s->borrow = borrow_open(s->remote, &s->config, s->command->name, s->report, err);
	if (!s->borrow)
		return -1;
	s->registry = borrow_registry(s->borrow);
	use_source(s);
	return 0;
}

/* The name alone: which of its versions is meant can be told only then. */
static int add_name(struct strvec *names, const char *text, struct error *err)
{
	struct reference ref;

	if (reference_parse(text, &ref, err) < 0)
		return -1;
	strvec_push(names, ref.name);
	return 0;
}

/* A title is none of the names by which the other side selects. */
static bool are_names(const struct strvec *names)
{
	struct error ignored = ERROR_INIT;

	for (size_t i = 0; i < names->count; i++)
		if (name_check_full(names->v[i], strlen(names->v[i]), &ignored) < 0)
			return false;
	return true;
}

int session_update(struct session *s, const char *const *refs, size_t count, struct error *err)
{
	CLEANUP(strvec) struct strvec names = STRVEC_INIT;
	int rc = 0;

	if (!s->borrow)
		return 0;
	for (size_t i = 0; i < count; i++)
		if (add_name(&names, refs[i], err) < 0)
			return -1;
	if (!are_names(&names))
		strvec_release(&names);
	rc = borrow_update(s->borrow, &names, err);
	s->registry = borrow_registry(s->borrow);
	lazy_adopt(s->lazy, borrow_take_connection(s->borrow), s->remote->url);
	return rc;
}

int session_use_local(struct session *s, struct error *err)
{
	if (!s->borrow)
		return 0;
	borrow_close(s->borrow);
	s->borrow = NULL;
	s->registry = NULL;
	return session_use_registry(s, err);
}

int session_use_remote(struct session *s, struct error *err)
{
	if (s->borrow || !s->remote)
		return 0;
	registry_close(s->registry);
	s->registry = NULL;
	return open_borrowed(s, err);
}

/* ---- all of it ---- */

int session_use_registry(struct session *s, struct error *err)
{
	CLEANUP(strbuf) struct strbuf dir = STRBUF_INIT;

	if (!s->mreg_dir)
		return registry_discover(NULL, &dir, err) < 0 ? -1 : error_set(err, ERR_NO_REGISTRY, "'%s' has come meanwhile", dir.buf);
	s->registry = registry_open(s->mreg_dir, &s->config, s->command->name, s->report, err);
	if (!s->registry)
		return -1;
	use_source(s);
	return 0;
}

bool session_try_registry(struct session *s)
{
	struct error ignored = ERROR_INIT;

	s->report = NULL;
	return find_registry(s, &ignored) == 0 && config_load(&s->config, s->mreg_dir, &s->overrides, &ignored) == 0 && s->mreg_dir &&
	       session_use_registry(s, &ignored) == 0;
}

static int open_needs(struct session *s, struct error *err)
{
	if (s->command->needs == NEEDS_NOTHING)
		return 0;
	if (find_registry(s, err) < 0 || config_load(&s->config, s->mreg_dir, &s->overrides, err) < 0)
		return -1;
	if (s->command->needs == NEEDS_CONFIG)
		return 0;
	return session_open_again(s, err);
}

int session_parse(struct session *s, const struct opt *opts, int argc, char **argv, size_t min, size_t max, struct operands *operands,
		  struct error *err)
{
	CLEANUP(strbuf) struct strbuf synopsis = STRBUF_INIT;

	strbuf_addf(&synopsis, "%s%s%s", s->command->name, *s->command->synopsis ? " " : "", s->command->synopsis);
	if (opt_parse(&s->globals, opts, synopsis.buf, argc, argv, min, max, operands, err) < 0)
		return -1;
	open_messages(s);
	if (open_out(s, err) < 0)
		return -1;
	return open_needs(s, err);
}

void session_let_go(struct session *s)
{
	if (s->borrow)
		borrow_close(s->borrow);
	else
		registry_close(s->registry);
	lazy_free(s->lazy);
	s->borrow = NULL;
	s->registry = NULL;
	s->lazy = NULL;
	interrupt_heed(); /* what was changed, if only in what is borrowed, is closed */
}

int session_open_again(struct session *s, struct error *err)
{
	return s->remote_name ? open_borrowed(s, err) : session_use_registry(s, err);
}

int session_time(const char *text, int64_t *ns, struct error *err)
{
	if (clock_parse_user(text, ns))
		return 0;
	return error_set(err, ERR_USAGE, "'%s' is no time: write 2026-11-21, 2026-11-21T10:00:00Z, @SECONDS, or 2d for two days ago", text);
}

int session_pager(struct session *s, struct error *err)
{
	const char *command = config_get(&s->config, "core.pager");

	if (out_mode(s->out) != OUT_HUMAN || s->globals.no_pager)
		return 0;
	if (pager_start(command ? command : "less", err) == 0)
		return 0;
	if (err->code != ERR_LOCAL)
		return -1;
	/* a pager that is not installed is no reason to show nothing */
	if (command)
		report_warning(s->report, "%s", err->text);
	error_clear(err);
	return 0;
}

void session_distrust(struct session *s, struct error *err)
{
	if (!s->borrow)
		return;
	borrow_distrust(s->borrow);
	error_hint(err, "What was kept of '%s' is thrown away: ask again.", s->remote_name);
}

void session_close(struct session *s)
{
	session_let_go(s);
	if (s->remote)
		remote_cleanup(s->remote);
	free(s->remote);
	s->remote = NULL;
	out_free(s->out);
	config_cleanup(&s->config);
	strvec_release(&s->overrides);
	free(s->mreg_dir);
	s->out = NULL;
	s->mreg_dir = NULL;
}
