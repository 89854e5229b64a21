/* SPDX-License-Identifier: Apache-2.0 */
/* Both ends of a connection in one process, over pipes. */
#include <config.h>

#include "transport/connection.h"

#include <fcntl.h>
#include <signal.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "tap.h"

static struct error err;
static char told[4096];

static void add_told(struct report *r, const char *text)
{
	(void)r;
	snprintf(told + strlen(told), sizeof told - strlen(told), "%s;", text);
}

static struct report report = { add_told, add_told, NULL };

struct pair {
	struct connection *client, *server;
};

/* The server's descriptors are left to the test where it asks for them. */
static struct pair pair_new(int *to_client, int *from_client)
{
	int up[2], down[2];
	struct pair p = { NULL, NULL };

	need(pipe(up) == 0 && pipe(down) == 0, "pipes");
	p.client = connection_new(down[0], up[1], "'far'", 1, &report);
	if (to_client) {
		*to_client = down[1];
		*from_client = up[0];
	} else {
		p.server = connection_new(up[0], down[1], "the client", 1, NULL);
	}
	return p;
}

static void pair_close(struct pair *p)
{
	connection_cleanup(&p->client);
	connection_cleanup(&p->server);
}

static void test_frames(void)
{
	struct pair p = pair_new(NULL, NULL);
	struct frame f;
	bool same = true;

	ok(connection_send(p.client, FRAME_LIST, "{}", 2, &err) == 0 && connection_send_pair(p.client, FRAME_CHANGES, "ab", 2, "cd", 2, &err) == 0 &&
			connection_send(p.client, FRAME_END, "", 0, &err) == 0 && connection_flush(p.client, &err) == 0,
		"frames are sent");
	ok(connection_is_readable(p.server), "they can be read");
	ok(connection_read(p.server, &f, &err) == 0 && f.type == FRAME_LIST && f.len == 2 && !memcmp(f.data, "{}", 2), "the first");
	ok(connection_expect(p.server, FRAME_CHANGES, &f, &err) == 0 && f.len == 4 && !memcmp(f.data, "abcd", 4), "one of two pieces");
	ok(connection_expect(p.server, FRAME_HELLO, &f, &err) < 0 && err.code == ERR_REMOTE, "another than was expected");
	is_str(err.text, "'hello' was to come: the client has sent 'end'", "is named");
	ok(!connection_is_readable(p.server), "and no more");
	for (int i = 0; i < 50000 && same; i++) {
		char text[16];
		int len = snprintf(text, sizeof text, "%d", i);

		same = connection_send(p.server, FRAME_LACK + 0, "012345678901234567890123456789012", 33, &err) == 0 &&
		       connection_send(p.server, FRAME_HEADS, text, (size_t)len, &err) == 0;
		if (i % 100 == 99) {
			same = same && connection_flush(p.server, &err) == 0;
			for (int j = i - 99; j <= i && same; j++) {
				len = snprintf(text, sizeof text, "%d", j);
				same = connection_expect(p.client, FRAME_LACK, &f, &err) == 0 &&
				       connection_expect(p.client, FRAME_HEADS, &f, &err) == 0 && f.len == (size_t)len && !memcmp(f.data, text, f.len);
			}
		}
	}
	ok(same, "a hundred thousand small ones come as they were sent");
	ok(connection_received(p.client) == connection_sent(p.server), "and are counted");
	ok(connection_send(p.client, FRAME_HELLO, "", FRAME_MAX + 1ul, &err) < 0 && err.code == ERR_REMOTE, "what is too large is not begun");
	pair_close(&p);
}

static void test_notes(void)
{
	CLEANUP(strbuf) struct strbuf note = STRBUF_INIT, why = STRBUF_INIT;
	struct pair p = pair_new(NULL, NULL);
	struct error far = ERROR_INIT;
	struct frame f;

	told[0] = '\0';
	note_message_write(&note, false, "it is late");
	error_set(&far, ERR_CONFLICT, "it is 'taken'");
	error_hint(&far, "Wait.");
	error_message_write(&why, &far);
	ok(connection_send(p.server, FRAME_ALIVE, "", 0, &err) == 0 && connection_send(p.server, FRAME_NOTE, note.buf, note.len, &err) == 0 &&
			connection_send(p.server, FRAME_ERROR, why.buf, why.len, &err) == 0 && connection_flush(p.server, &err) == 0,
		"a note and an error are sent");
	ok(connection_read(p.client, &f, &err) < 0 && err.code == ERR_CONFLICT, "the error is returned with its code");
	is_str(err.text, "'far': it is 'taken'", "its text names who said so");
	is_str(err.hint, "Wait.", "its hint is kept");
	is_str(told, "'far': it is late;", "the note was told");
	pair_close(&p);
}

static void test_hostile(void)
{
	static const char *const wrong[] = { "\2\0\0\0q\0\0\0{}", "\377\377\377\377H\0\0\0", "\1\0\0\1W\0\0\0", "\2\0\0\0H\0\0\1{}", "\1\0\0\0Z\0\0\0." };
	struct frame f;
	int to, from;

	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct pair p = pair_new(&to, &from);

		need(write(to, wrong[i], 8) == 8, "written");
		close(to);
		ok(connection_read(p.client, &f, &err) < 0 && err.code == ERR_REMOTE && strstr(err.text, "not of the protocol"), "%zu: %s", i, err.text);
		pair_close(&p);
		close(from);
	}
}

static void test_gone(void)
{
	CLEANUP(strbuf) struct strbuf why = STRBUF_INIT;
	CLEANUP(ptr) char *much = xcalloc(1, FRAME_MAX);
	struct error far = ERROR_INIT;
	struct frame f;
	int to, from, result = 0;
	struct pair p = pair_new(&to, &from);

	need(write(to, "\5\0\0\0H\0\0\0{}", 10) == 10, "written");
	close(to);
	ok(connection_read(p.client, &f, &err) < 0 && !strcmp(err.text, "'far' has ended the connection"), "half a frame is none");
	pair_close(&p);
	close(from);

	p = pair_new(NULL, NULL);
	connection_cleanup(&p.client);
	ok(connection_read_request(p.server, &f, &err) == 0, "the end between two frames is no failure");
	ok(connection_read(p.server, &f, &err) < 0 && err.code == ERR_REMOTE, "except for who waits for an answer");
	pair_close(&p);

	p = pair_new(&to, &from);
	error_set(&far, ERR_POLICY, "no");
	error_message_write(&why, &far);
	strbuf_insert(&why, 0, "\0\0\0\0X\0\0\0", 8);
	store_le32(why.buf, (uint32_t)why.len - 8);
	need(write(to, why.buf, why.len) == (ssize_t)why.len, "written");
	close(to);
	close(from);
	for (int i = 0; i < 3 && result == 0; i++)
		result = connection_send(p.client, FRAME_CHANGES, much, FRAME_MAX, &err);
	ok(result < 0 && err.code == ERR_POLICY && !strcmp(err.text, "'far': no"), "who takes nothing more has said why: %s", err.text);
	ok(connection_send(p.client, FRAME_CHANGES, "", 0, &err) < 0 && err.code == ERR_REMOTE, "nothing is sent after it");
	pair_close(&p);
}

static void test_silent(void)
{
	struct pair p = pair_new(NULL, NULL);
	CLEANUP(ptr) char *much = xcalloc(1, FRAME_MAX);
	struct frame f;

	ok(connection_read(p.client, &f, &err) < 0 && err.code == ERR_REMOTE, "who is silent too long is given up");
	is_str(err.text, "'far' has been silent for 1 s", "and named");
	ok(connection_send(p.client, FRAME_CHANGES, much, FRAME_MAX, &err) < 0 && strstr(err.text, "silent"), "so is who takes nothing");
	pair_close(&p);
}

static void test_line(void)
{
	CLEANUP(strbuf) struct strbuf line = STRBUF_INIT;
	struct frame f;
	int to, from;
	struct pair p = pair_new(&to, &from);

	need(write(to, "hello you\n\0\0\0\0E\0\0\0", 18) == 18, "written");
	ok(connection_read_line(p.client, 64, &line, &err) == 0, "a line comes first");
	is_str(line.buf, "hello you\n", "with its newline");
	ok(connection_read(p.client, &f, &err) == 0 && f.type == FRAME_END, "then frames");
	strbuf_reset(&line);
	need(write(to, "0123456789", 10) == 10, "written");
	ok(connection_read_line(p.client, 4, &line, &err) == 0 && line.len == 4, "no more is taken of a long one");
	close(to);
	strbuf_reset(&line);
	ok(connection_read_line(p.client, 64, &line, &err) == 0 && line.len == 6, "nor than there is");
	pair_close(&p);
	close(from);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	test_frames();
	test_notes();
	test_hostile();
	test_gone();
	test_silent();
	test_line();
	return tap_done();
}
