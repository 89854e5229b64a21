/* SPDX-License-Identifier: Apache-2.0 */
/* Reads operands, those on standard input as well. */
#include <config.h>

#include "cmd/references.h"

#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strbuf.h"

#define STDIN_MAX (1u << 20)

static int read_lines(struct strvec *out, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	ssize_t got;

	strbuf_grow(&text, STDIN_MAX);
	got = file_read_stream(STDIN_FILENO, text.buf, STDIN_MAX, "standard input", err);
	if (got < 0)
		return -1;
	if (got == STDIN_MAX)
		return error_set(err, ERR_USAGE, "more than 1 MiB on standard input");
	strbuf_set_len(&text, (size_t)got);
	for (char *line = text.buf; *line;) {
		size_t len = strcspn(line, "\n");
		char *next = line + len + (line[len] == '\n');

		line[len] = '\0';
		if (len)
			strvec_push(out, line);
		line = next;
	}
	return 0;
}

int references_read(const struct operands *operands, size_t first, struct strvec *out, bool *piped, struct error *err)
{
	for (size_t i = first; i < operands->count; i++) {
		bool is_stdin = strcmp(operands->v[i], "-") == 0;

		if (!is_stdin)
			strvec_push(out, operands->v[i]);
		else if (read_lines(out, err) < 0)
			return -1;
		if (piped)
			*piped |= is_stdin;
	}
	return 0;
}
