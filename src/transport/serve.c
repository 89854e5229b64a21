/* SPDX-License-Identifier: Apache-2.0 */
/* Answers one client: hello, then its requests, each by who knows the answer. */
#include <config.h>

#include "transport/serve.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "registry/hold.h"
#include "registry/listing.h"
#include "transport/accept.h"
#include "transport/connection.h"

#define CHANGES_AT_ONCE (1u << 20) /* bytes in a CHANGES frame, about */
#define HEADS_AT_ONCE (4u << 20)   /* and in a HEADS frame */
#define REFUSAL_S 60               /* for a client that is only to be told why not */

/* What is to be told people goes to the client: sent by the thread that speaks to it, queued by all others. */
struct server {
	struct report report; /* first: a pointer to it is one to all of this */
	struct source *source;
	const struct serve_options *options;
	struct connection *c;
	pthread_t speaker;
	pthread_mutex_t lock;
	struct strvec queued; /* 'w' or 'n', and the text */
};

/* ---- notes ---- */

static void send_note(struct server *s, bool is_warning, const char *text)
{
	CLEANUP(strbuf) struct strbuf payload = STRBUF_INIT;
	struct error ignored = ERROR_INIT;

	note_message_write(&payload, is_warning, text);
	(void)!connection_send(s->c, FRAME_NOTE, payload.buf, payload.len, &ignored);
}

static void send_queued(struct server *s)
{
	CLEANUP(strvec) struct strvec queued = STRVEC_INIT;

	pthread_mutex_lock(&s->lock);
	queued = s->queued;
	s->queued = (struct strvec)STRVEC_INIT;
	pthread_mutex_unlock(&s->lock);
	for (size_t i = 0; i < queued.count; i++)
		send_note(s, queued.v[i][0] == 'w', queued.v[i] + 1);
}

static void tell(struct report *r, bool is_warning, const char *text)
{
	struct server *s = (struct server *)r;
	CLEANUP(strbuf) struct strbuf line = STRBUF_INIT;

	if (pthread_equal(pthread_self(), s->speaker)) {
		send_queued(s);
		send_note(s, is_warning, text);
		return;
	}
	strbuf_addf(&line, "%c%s", is_warning ? 'w' : 'n', text);
	pthread_mutex_lock(&s->lock);
	strvec_push(&s->queued, line.buf);
	pthread_mutex_unlock(&s->lock);
}

static void tell_note(struct report *r, const char *text)
{
	tell(r, false, text);
}

static void tell_warning(struct report *r, const char *text)
{
	tell(r, true, text);
}

static void tell_progress(struct report *r, const char *what, uint64_t done, uint64_t total)
{
	struct server *s = (struct server *)r;

	(void)what;
	(void)done;
	(void)total;
	if (pthread_equal(pthread_self(), s->speaker))
		connection_tell_alive(s->c);
}

/* ---- LIST ---- */

struct listing {
	struct server *s;
	struct scope waiting, all; /* not sent yet; kept to note what was handed out, unless it is everything */
	struct strbuf changes;
	uint64_t count;
	bool is_all;
};

static void listing_cleanup(struct listing *l)
{
	scope_cleanup(&l->waiting);
	scope_cleanup(&l->all);
	strbuf_cleanup(&l->changes);
}

static int send_scope(struct listing *l, struct error *err)
{
	CLEANUP(strbuf) struct strbuf payload = STRBUF_INIT;

	if (!l->waiting.count)
		return 0;
	scope_write(&payload, &l->waiting);
	scope_cleanup(&l->waiting);
	return connection_send(l->s->c, FRAME_SCOPE, payload.buf, payload.len, err);
}

static int send_changes(struct listing *l, struct error *err)
{
	int result = l->changes.len ? connection_send(l->s->c, FRAME_CHANGES, l->changes.buf, l->changes.len, err) : 0;

	strbuf_reset(&l->changes);
	return result;
}

static int take_scope(const struct scope_item *item, void *arg, struct error *err)
{
	struct listing *l = arg;

	scope_add(&l->waiting, item->cid, item->name, item->is_shallow);
	if (!l->is_all)
		scope_add(&l->all, item->cid, item->name, item->is_shallow);
	return l->waiting.count < MESSAGE_COLLECTIONS_MAX ? 0 : send_scope(l, err);
}

static int take_change(const char *text, size_t len, void *arg, struct error *err)
{
	struct listing *l = arg;

	if (send_scope(l, err) < 0)
		return -1;
	strbuf_add(&l->changes, text, len);
	strbuf_addc(&l->changes, '\n');
	l->count++;
	return l->changes.len < CHANGES_AT_ONCE ? 0 : send_changes(l, err);
}

/* Before the client has all of it, so that nothing is ever used that was not noted; a registry that cannot be written is no reason to give nothing. */
static int note_offer(struct listing *l, const struct end *end, struct error *err)
{
	struct registry *reg = l->s->source->registry;
	struct error why = ERROR_INIT;

	if (!reg || !end->seq)
		return 0;
	registry_drop_view(reg);
	if (listing_offer(reg, &l->all, l->is_all, end->seq, &why) >= 0)
		return 0;
	if (why.code == ERR_INTERRUPTED) {
		*err = why;
		return -1;
	}
	report_note(&l->s->report, "it is not noted there that this was handed out: %s", why.text);
	return 0;
}

static int answer_list(struct server *s, const struct frame *f, struct error *err)
{
	CLEANUP(list_request) struct list_request request = { .has_since = false };
	CLEANUP(listing) struct listing l = { .s = s, .changes = STRBUF_INIT };
	CLEANUP(strbuf) struct strbuf payload = STRBUF_INIT;
	const struct listing_sink sink = { take_scope, take_change, &l };
	struct end end = { .seq = 0 };

	if (list_request_parse(f->data, f->len, &request, err) < 0)
		return -1;
	l.is_all = !request.patterns.count && !request.collections.count;
	if (s->source->methods->list(s->source, &request, &sink, &end, err) < 0 || send_scope(&l, err) < 0 || send_changes(&l, err) < 0 ||
		note_offer(&l, &end, err) < 0)
		return -1;
	end.changes = l.count;
	end_write(&payload, &end);
	return connection_send(s->c, FRAME_END, payload.buf, payload.len, err);
}

/* ---- COMPARE, PUSH, HOLD ---- */

static int need_registry(struct server *s, const char *what, struct error *err)
{
	return s->source->registry ? 0 : error_set(err, ERR_USAGE, "a bundle cannot be %s", what);
}

/* In as many frames as it takes. */
static int send_heads(struct server *s, const struct key_heads_list *answer, struct error *err)
{
	for (size_t first = 0, next; first < answer->count || !first; first = next) {
		CLEANUP(strbuf) struct strbuf payload = STRBUF_INIT;
		struct key_heads_list some = { .v = answer->v ? answer->v + first : NULL };
		size_t bytes = 0;

		for (next = first; next < answer->count && (next == first || bytes < HEADS_AT_ONCE); next++)
			for (size_t i = 0; i < answer->v[next].count; i++)
				bytes += 2 * strlen(answer->v[next].values[i]) + 2 * OID_HEX_LEN;
		some.count = next - first;
		some.more = next < answer->count;
		heads_message_write(&payload, &some);
		if (connection_send(s->c, FRAME_HEADS, payload.buf, payload.len, err) < 0)
			return -1;
		if (!answer->count)
			break;
	}
	return 0;
}

static int answer_compare(struct server *s, const struct frame *f, struct error *err)
{
	CLEANUP(key_heads_list) struct key_heads_list question = KEY_HEADS_LIST_INIT, answer = KEY_HEADS_LIST_INIT;
	struct view *view;
	int result;

	if (compare_parse(f->data, f->len, &question, err) < 0 || need_registry(s, "compared with", err) < 0)
		return -1;
	view = registry_view(s->source->registry, err);
	if (!view)
		return -1;
	result = listing_compare(s->source->registry, view, &question, &answer, err);
	registry_drop_view(s->source->registry);
	return result < 0 ? -1 : send_heads(s, &answer, err);
}

static int answer_push(struct server *s, const struct frame *f, struct error *err)
{
	CLEANUP(push) struct push push = { .why = NULL };
	CLEANUP(ptr) char *by = NULL;

	if (push_parse(f->data, f->len, &push, err) < 0 || need_registry(s, "pushed to", err) < 0)
		return -1;
	if (s->options->is_read_only)
		return error_set(err, ERR_POLICY, "this registry is served for reading alone");
	if (s->options->user)
		by = xstrdup(s->options->user);
	else if (*push.user)
		by = xstrdup(push.user);
	else
		by = registry_user(s->source->registry->config);
	return accept_push(s->c, s->source->registry, by, &push, err);
}

static int answer_hold(struct server *s, const struct frame *f, struct error *err)
{
	CLEANUP(strvec) struct strvec versions = STRVEC_INIT;
	CLEANUP(strbuf) struct strbuf payload = STRBUF_INIT;
	CLEANUP(ptr) bool *complete = NULL;

	if (hold_parse(f->data, f->len, &versions, err) < 0 || need_registry(s, "relied on", err) < 0)
		return -1;
	complete = xcalloc(versions.count + 1, sizeof *complete);
	if (hold_verify(s->source->registry, &versions, complete, err) < 0)
		return -1;
	registry_drop_view(s->source->registry);
	held_write(&payload, complete, versions.count);
	return connection_send(s->c, FRAME_HELD, payload.buf, payload.len, err);
}

/* ---- the conversation ---- */

static int answer(struct server *s, const struct frame *f, struct error *err)
{
	if (f->type == FRAME_LIST)
		return answer_list(s, f, err);
	if (f->type == FRAME_COMPARE)
		return answer_compare(s, f, err);
	if (f->type == FRAME_PUSH)
		return answer_push(s, f, err);
	if (f->type == FRAME_HOLD)
		return answer_hold(s, f, err);
	if (f->type == FRAME_WANT)
		return provide_answer(s->source, s->c, f->data, f->len, err);
	return error_set(err, ERR_REMOTE, "'%s' is no request", frame_type_name(f->type));
}

static int greet(struct server *s, struct error *err)
{
	CLEANUP(hello) struct hello theirs = { .protocol = 0 }, ours = { .protocol = PROTOCOL_VERSION };
	CLEANUP(strbuf) struct strbuf payload = STRBUF_INIT;
	struct frame f;

	if (connection_expect(s->c, FRAME_HELLO, &f, err) < 0 || hello_parse(f.data, f.len, &theirs, false, err) < 0)
		return -1;
	if (theirs.protocol != PROTOCOL_VERSION)
		return error_set(err, ERR_REMOTE, "version %u of the protocol is not spoken here, only version %d", theirs.protocol, PROTOCOL_VERSION);
	if (s->source->methods->hello(s->source, &ours, err) < 0)
		return -1;
	ours.program = xstrdup("mreg " PACKAGE_VERSION);
	ours.is_read_only |= s->options->is_read_only;
	hello_write(&payload, &ours, true);
	return connection_send(s->c, FRAME_HELLO, payload.buf, payload.len, err);
}

static int converse(struct server *s, struct error *err)
{
	struct frame f;
	int got;

	if (greet(s, err) < 0)
		return -1;
	while ((got = connection_read_request(s->c, &f, err)) > 0) {
		if (answer(s, &f, err) < 0)
			return -1;
		send_queued(s);
	}
	return got;
}

/* Nothing else that is run here, or is written by mistake, can come between the frames. */
static int take_descriptor(int fd, int null_flags, struct error *err)
{
	CLEANUP(fd) int null = file_open("/dev/null", null_flags, 0, err);
	int taken;

	if (null < 0)
		return -1;
	taken = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (taken >= 0 && dup2(null, fd) >= 0)
		return taken;
	return error_set_errno(err, "cannot take over descriptor %d", fd);
}

static struct connection *open_client(unsigned idle_s, struct error *err)
{
	CLEANUP(strbuf) struct strbuf line = STRBUF_INIT;
	int in = take_descriptor(STDIN_FILENO, O_RDONLY, err);
	int out = in < 0 ? -1 : take_descriptor(STDOUT_FILENO, O_WRONLY, err);
	struct connection *c;

	if (out < 0) {
		fd_cleanup(&in);
		return NULL;
	}
	c = connection_new(in, out, "the client", idle_s, NULL);
	protocol_line_write(&line, PROTOCOL_VERSION, PROTOCOL_VERSION);
	connection_send_text(c, line.buf, line.len);
	return c;
}

/* -1; the text is taken away when the client has been told it. */
static int tell_failure(struct connection *c, struct error *err)
{
	CLEANUP(strbuf) struct strbuf payload = STRBUF_INIT;
	struct error ignored = ERROR_INIT;

	error_message_write(&payload, err);
	if (connection_send(c, FRAME_ERROR, payload.buf, payload.len, &ignored) == 0 && connection_flush(c, &ignored) == 0)
		err->text[0] = err->hint[0] = '\0';
	return -1;
}

int serve_run(struct source *source, const struct serve_options *options, struct report *report, struct error *err)
{
	CLEANUP(connection) struct connection *c = open_client(options->idle_s, err);
	struct server s = { .report = { tell_note, tell_warning, tell_progress }, .source = source, .options = options, .c = c, .queued = STRVEC_INIT };
	struct registry *reg = source->registry;
	int result;

	if (!c)
		return -1;
	s.speaker = pthread_self();
	pthread_mutex_init(&s.lock, NULL);
	source->report = &s.report;
	if (reg)
		reg->report = reg->store->report = &s.report;
	result = converse(&s, err);
	if (result < 0)
		(void)!tell_failure(c, err);
	source->report = report;
	if (reg)
		reg->report = reg->store->report = report;
	pthread_mutex_destroy(&s.lock);
	strvec_release(&s.queued);
	return result;
}

int serve_refuse(struct error *err)
{
	struct error ignored = ERROR_INIT;
	CLEANUP(connection) struct connection *c = open_client(REFUSAL_S, &ignored);
	struct frame f;

	/* what it says is waited for, so that it does not lose its reader before it has read ours */
	if (c && connection_expect(c, FRAME_HELLO, &f, &ignored) == 0)
		(void)!tell_failure(c, err);
	return -1;
}
