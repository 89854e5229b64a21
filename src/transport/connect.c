/* SPDX-License-Identifier: Apache-2.0 */
/* Starts `mreg serve` here or through ssh, exchanges hello, and says in plain words why that did not work. */
#include <config.h>

#include "transport/connect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/utf8.h"
#include "format/remote-url.h"
#include "transport/peer.h"

#define SELF "/proc/self/exe"
#define PIPE_SIZE (1 << 20)
#define DEFAULT_TIMEOUT_MS 600000u
#define OTHER_LINE_MAX 512 /* of whatever else answers */

struct attempt {
	const char *shown;
	struct remote_url url;
	struct strvec argv;
	struct config const *config;
	struct report *report;
};

static void attempt_cleanup(struct attempt *a)
{
	remote_url_cleanup(&a->url);
	strvec_cleanup(&a->argv);
}

/* ---- what is run ---- */

static void add_server(struct attempt *a)
{
	strvec_push(&a->argv, access(SELF, X_OK) == 0 ? SELF : "mreg");
	strvec_push(&a->argv, "serve");
	strvec_push(&a->argv, "--");
	strvec_push(&a->argv, a->url.path);
}

static int add_ssh(struct attempt *a, struct error *err)
{
	const char *program = config_get(a->config, "core.sshCommand");
	CLEANUP(strbuf) struct strbuf host = STRBUF_INIT, command = STRBUF_INIT;

	if (process_split(program ? program : "ssh", &a->argv, err) < 0)
		return error_wrap(err, "'core.sshCommand'");
	if (!a->argv.count)
		return error_set(err, ERR_INVALID, "'core.sshCommand' names no program");
	if (a->url.port) {
		strvec_push(&a->argv, "-p");
		strvec_push(&a->argv, a->url.port);
	}
	if (a->url.user)
		strbuf_addf(&host, "%s@", a->url.user);
	strbuf_adds(&host, a->url.host);
	strbuf_adds(&command, "mreg serve ");
	remote_url_quote(&command, a->url.path);
	strvec_push(&a->argv, host.buf);
	strvec_push(&a->argv, command.buf);
	return 0;
}

struct channel {
	int ours, theirs;
};
#define CHANNEL_INIT { -1, -1 }

static void channel_cleanup(struct channel *ch)
{
	fd_cleanup(&ch->ours);
	fd_cleanup(&ch->theirs);
}

/* A larger pipe spares context switches; where the user's limit forbids it, it stays as it is. */
static int open_channel(struct channel *ch, bool we_read, struct error *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return error_set_errno(err, "cannot make a pipe");
#ifdef F_SETPIPE_SZ
	(void)fcntl(ends[0], F_SETPIPE_SZ, PIPE_SIZE);
#endif
	*ch = we_read ? (struct channel){ ends[0], ends[1] } : (struct channel){ ends[1], ends[0] };
	return 0;
}

static int set_cannot_run(const struct attempt *a, struct error *err)
{
	char why[sizeof err->text];

	memcpy(why, err->text, sizeof why);
	error_set(err, ERR_REMOTE, "cannot connect to '%s': %s", a->shown, why);
	if (a->url.is_ssh)
		error_hint(err, "Install OpenSSH, or name the program to be used by core.sshCommand or MREG_SSH.");
	return -1;
}

static struct connection *start(const struct attempt *a, struct error *err)
{
	CLEANUP(channel) struct channel in = CHANNEL_INIT, out = CHANNEL_INIT, errors = CHANNEL_INIT;
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;
	struct connection *c;
	pid_t pid;

	if (open_channel(&in, true, err) < 0 || open_channel(&out, false, err) < 0 || open_channel(&errors, true, err) < 0)
		return NULL;
	if (process_spawn((const char *const *)a->argv.v, out.theirs, in.theirs, errors.theirs, &pid, err) < 0) {
		(void)!set_cannot_run(a, err);
		return NULL;
	}
	strbuf_addf(&name, "'%s'", a->shown);
	c = connection_new(in.ours, out.ours, name.buf, 0, a->report);
	connection_set_process(c, pid, errors.ours, !a->url.is_ssh);
	in.ours = out.ours = errors.ours = -1;
	return c;
}

/* ---- why it did not work ---- */

enum cause {
	NO_MREG,
	HOST_UNKNOWN,
	KEY_CHANGED,
	KEY_UNVERIFIED,
	DENIED,
	REFUSED,
	UNREACHABLE,
	CAUSE_COUNT,
};

/* OpenSSH does not translate its messages; what the C library adds to them is not asked for. */
static enum cause find_cause(const struct peer *p)
{
	static const struct {
		const char *text;
		enum cause cause;
	} texts[] = {
		{ "Could not resolve hostname", HOST_UNKNOWN },
		{ "REMOTE HOST IDENTIFICATION HAS CHANGED", KEY_CHANGED },
		{ "Host key verification failed", KEY_UNVERIFIED },
		{ "Permission denied (", DENIED },
		{ "Too many authentication failures", DENIED },
		{ "Connection refused", REFUSED },
		{ "timed out", UNREACHABLE },
		{ "No route to host", UNREACHABLE },
		{ "Network is unreachable", UNREACHABLE },
	};

	if (p->has_ended && p->status == 127)
		return NO_MREG;
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (peer_has_said(p, texts[i].text))
			return texts[i].cause;
	return CAUSE_COUNT;
}

/*
 * The configuration of ssh may name another host and port for this one: what it says it tried ("connect to host 10.0.0.1 port 2222: ...") is right.
 */
static const char *port_tried(const struct attempt *a, const struct peer *p, struct strbuf *port)
{
	for (size_t i = 0; i < p->said.count; i++) {
		const char *at = strstr(p->said.v[i], "connect to host "), *digits = at ? strstr(at, " port ") : NULL;

		if (!digits)
			continue;
		digits += strlen(" port ");
		strbuf_add(port, digits, strspn(digits, "0123456789"));
		return port->buf;
	}
	return a->url.port ? a->url.port : "22";
}

static int set_cause(enum cause cause, const struct attempt *a, const struct peer *p, struct error *err)
{
	CLEANUP(strbuf) struct strbuf tried = STRBUF_INIT;
	const char *host = a->url.host, *port = port_tried(a, p, &tried);

	switch (cause) {
	case NO_MREG:
		error_set(err, ERR_REMOTE, "cannot connect to '%s': there is no mreg on '%s'", a->shown, host);
		return error_hint(err, "Install it there, so that 'ssh %s mreg --version' works: it must be on the PATH of a shell that is not interactive.",
			host);
	case HOST_UNKNOWN:
		error_set(err, ERR_REMOTE, "cannot connect to '%s': no host '%s' is known", a->shown, host);
		return error_hint(err, "Check how it is spelt, and whether this machine has a network.");
	case KEY_CHANGED:
		error_set(err, ERR_REMOTE, "cannot connect to '%s': the host key of '%s' is not the one that was known", a->shown, host);
		return error_hint(err, "Somebody may be listening in.  Ask whoever runs the host; 'ssh-keygen -R' forgets the old key.");
	case KEY_UNVERIFIED:
		error_set(err, ERR_REMOTE, "cannot connect to '%s': the host key of '%s' is not known here", a->shown, host);
		return error_hint(err, "Connect once by 'ssh %s%s%s%s', compare the key that it shows, and try again.", a->url.port ? "-p " : "",
			a->url.port ? a->url.port : "", a->url.port ? " " : "", host);
	case DENIED:
		error_set(err, ERR_REMOTE, "cannot connect to '%s': '%s' does not let us in: permission denied", a->shown, host);
		return error_hint(err, "Check the user's name, and that the far side has your key: 'ssh-add -l' lists those that are offered.");
	case REFUSED:
		error_set(err, ERR_REMOTE, "cannot connect to '%s': '%s' refuses connections on port %s", a->shown, host, port);
		return error_hint(err, "Check that sshd runs there, and on that port: ssh://host:PORT/path names another.");
	case UNREACHABLE:
		error_set(err, ERR_REMOTE, "cannot connect to '%s': '%s' cannot be reached on port %s", a->shown, host, port);
		return error_hint(err, "Check that it is up, and that there is a way to it from here.");
	case CAUSE_COUNT:
		break;
	}
	BUG("cause %d", (int)cause);
}

/* line: what answered instead, perhaps nothing. */
static int explain(struct connection *c, const struct attempt *a, struct strbuf *line, struct error *err)
{
	const struct peer *p = connection_peer(c);
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;
	enum cause cause = p && a->url.is_ssh ? find_cause(p) : CAUSE_COUNT;
	const char *last = p ? peer_last_line(p) : NULL;

	strbuf_trim_end(line);
	utf8_add_visible(&shown, line->buf, line->len);
	if (cause != CAUSE_COUNT)
		return set_cause(cause, a, p, err);
	if (shown.len) {
		error_set(err, ERR_REMOTE, "cannot connect to '%s': something else than mreg answered: '%.200s'", a->shown, shown.buf);
		if (a->url.is_ssh)
			error_hint(err, "If the far shell prints that when it starts, let it do so only when it is interactive.");
		return -1;
	}
	if (last)
		return error_set(err, ERR_REMOTE, "cannot connect to '%s': %.400s", a->shown, last);
	if (p && p->has_ended)
		return error_set(err, ERR_REMOTE, "cannot connect to '%s': '%s' ended with status %d", a->shown, a->argv.v[0], p->status);
	return error_set(err, ERR_REMOTE, "cannot connect to '%s': nothing answered", a->shown);
}

/* ---- hello ---- */

static int check_versions(const struct attempt *a, unsigned min, unsigned max, struct error *err)
{
	if (min <= PROTOCOL_VERSION && PROTOCOL_VERSION <= max)
		return 0;
	error_set(err, ERR_REMOTE, "cannot connect to '%s': it speaks versions %u to %u of the protocol, this mreg version %d", a->shown, min, max,
		PROTOCOL_VERSION);
	return error_hint(err, min > PROTOCOL_VERSION ? "Install a newer mreg here." : "Install a newer mreg there.");
}

static int greet(struct connection *c, const struct attempt *a, struct error *err)
{
	CLEANUP(strbuf) struct strbuf line = STRBUF_INIT, payload = STRBUF_INIT;
	struct hello mine = { .protocol = PROTOCOL_VERSION, .program = (char[]){ "mreg " PACKAGE_VERSION } };
	unsigned min, max;

	if (connection_read_line(c, OTHER_LINE_MAX, &line, err) < 0)
		return -1;
	if (protocol_line_parse(line.buf, line.len, &min, &max, err) < 0)
		return explain(c, a, &line, err);
	if (check_versions(a, min, max, err) < 0)
		return -1;
	hello_write(&payload, &mine, false);
	return connection_send(c, FRAME_HELLO, payload.buf, payload.len, err);
}

static int take_hello(struct connection *c, struct hello *hello, struct error *err)
{
	struct frame f;

	if (connection_expect(c, FRAME_HELLO, &f, err) < 0)
		return -1;
	if (hello_parse(f.data, f.len, hello, true, err) < 0)
		return error_wrap(err, "%s", connection_name(c));
	if (hello->protocol == PROTOCOL_VERSION)
		return 0;
	return error_set(err, ERR_REMOTE, "%s answered in version %u of the protocol", connection_name(c), hello->protocol);
}

static int prepare(struct attempt *a, const char *url, struct error *err)
{
	if (remote_url_parse(url, &a->url, err) < 0)
		return -1;
	if (a->url.is_ssh)
		return add_ssh(a, err);
	if (!file_exists(a->url.path)) {
		error_set(err, ERR_REMOTE, "cannot connect to '%s': there is no '%s'", a->shown, a->url.path);
		return error_hint(err, "A path of another machine is written host:path.");
	}
	add_server(a);
	return 0;
}

struct connection *connect_open(const char *url, const char *shown, const struct config *config, struct report *report, struct hello *hello,
				struct error *err)
{
	CLEANUP(strbuf) struct strbuf visible = STRBUF_INIT;
	CLEANUP(attempt) struct attempt a = { .config = config, .report = report };
	CLEANUP(connection) struct connection *c = NULL;
	uint64_t timeout_ms;

	remote_url_show(&visible, shown);
	a.shown = visible.buf;
	if (config_get_duration_ms(config, "core.remoteTimeout", DEFAULT_TIMEOUT_MS, &timeout_ms, err) < 0 || prepare(&a, url, err) < 0)
		return NULL;
	c = start(&a, err);
	if (!c || greet(c, &a, err) < 0)
		return NULL;
	connection_begin(c, (unsigned)(timeout_ms / 1000 + (timeout_ms % 1000 != 0)));
	return take_hello(c, hello, err) < 0 ? NULL : STEAL(c);
}
