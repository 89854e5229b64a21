/* SPDX-License-Identifier: Apache-2.0 */
/* Listens to the standard error of ssh, or of our own child, and waits for its end. */
#include <config.h>

#include "transport/peer.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/utf8.h"

#define LINES_MAX 32
#define TOLD_MAX 200   /* whoever says more than that says nothing */
#define LINE_MAX_LEN 500
#define READS_MAX 64   /* at once: who never stops must not be all that is heard */
#define TERM_MS 2000   /* from SIGTERM to SIGKILL */

static void drop_first(struct strvec *list)
{
	ptr_cleanup(&list->v[0]);
	memmove(list->v, list->v + 1, list->count * sizeof *list->v); /* with its NULL */
	list->count--;
}

static void take_line(struct peer *p, const char *name, struct report *report)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	strbuf_trim_end(&p->line);
	utf8_add_visible(&shown, p->line.buf, p->line.len);
	strbuf_reset(&p->line);
	if (!shown.len)
		return;
	if (p->said.count == LINES_MAX)
		drop_first(&p->said);
	strvec_push(&p->said, shown.buf);
	if (p->is_holding)
		p->untold = p->untold < LINES_MAX ? p->untold + 1 : LINES_MAX;
	else if (p->told++ < TOLD_MAX)
		report_note(report, "%s: %s", name, shown.buf);
}

static void take(struct peer *p, const char *data, size_t len, const char *name, struct report *report)
{
	for (size_t i = 0; i < len; i++) {
		if (data[i] == '\n' || p->line.len >= LINE_MAX_LEN)
			take_line(p, name, report);
		if (data[i] != '\n')
			strbuf_addc(&p->line, data[i]);
	}
}

static void close_errors(struct peer *p)
{
	fd_cleanup(&p->errors);
	p->errors = -1;
}

void peer_listen(struct peer *p, const char *name, struct report *report)
{
	char buf[4096];
	ssize_t n = -1;

	for (int i = 0; i < READS_MAX && p->errors >= 0 && (n = read(p->errors, buf, sizeof buf)) > 0; i++)
		take(p, buf, (size_t)n, name, report);
	if (p->errors >= 0 && n == 0) {
		take_line(p, name, report);
		close_errors(p);
	}
}

void peer_release(struct peer *p, const char *name, struct report *report)
{
	peer_listen(p, name, report);
	for (size_t i = p->said.count - p->untold; i < p->said.count && p->told < TOLD_MAX; i++, p->told++)
		report_note(report, "%s: %s", name, p->said.v[i]);
	p->untold = 0;
	p->is_holding = false;
}

/* A process that went into the background may hold standard error open for ever: its end is not waited for. */
bool peer_await(struct peer *p, unsigned ms)
{
	if (!p->has_ended)
		p->has_ended = p->pid > 0 && process_wait_ms(p->pid, ms, &p->status);
	if (!p->has_ended)
		return false;
	p->is_holding = true;
	peer_listen(p, "", NULL);
	take_line(p, "", NULL);
	return true;
}

void peer_end(struct peer *p, unsigned ms)
{
	static const struct peer none = PEER_INIT;

	close_errors(p);
	if (p->pid > 0 && !p->has_ended && !process_wait_ms(p->pid, ms, &p->status) && !p->is_server) {
		kill(p->pid, SIGTERM);
		if (!process_wait_ms(p->pid, TERM_MS, &p->status)) {
			kill(p->pid, SIGKILL);
			process_wait_ms(p->pid, TERM_MS, &p->status);
		}
	}
	strbuf_release(&p->line);
	strvec_release(&p->said);
	*p = none;
}

bool peer_has_said(const struct peer *p, const char *text)
{
	for (size_t i = 0; i < p->said.count; i++)
		if (strstr(p->said.v[i], text))
			return true;
	return false;
}

const char *peer_last_line(const struct peer *p)
{
	return p->said.count ? p->said.v[p->said.count - 1] : NULL;
}
