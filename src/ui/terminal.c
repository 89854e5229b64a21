/* SPDX-License-Identifier: Apache-2.0 */
/* What stdout and stderr are. */
#include <config.h>

#include "ui/terminal.h"

#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/env.h"
#include "base/mem.h"
#include "base/number.h"

#define WIDTH_MAX 10000
#define WIDTH_UNKNOWN 80

bool terminal_is_stdin(void)
{
	return isatty(STDIN_FILENO);
}

bool terminal_is_stdout(void)
{
	return isatty(STDOUT_FILENO);
}

bool terminal_is_stderr(void)
{
	return isatty(STDERR_FILENO);
}

static size_t width_of(int fd)
{
	const char *columns = env_get("COLUMNS");
	struct winsize size;
	uint64_t width;

	if (!isatty(fd))
		return 0;
	if (!ioctl(fd, TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	if (columns && number_parse_u64(columns, strlen(columns), &width) && width && width <= WIDTH_MAX)
		return (size_t)width;
	return WIDTH_UNKNOWN;
}

size_t terminal_width(void)
{
	return width_of(STDOUT_FILENO);
}

size_t terminal_width_stderr(void)
{
	return width_of(STDERR_FILENO);
}

bool terminal_is_utf8(void)
{
	const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *value = NULL;

	for (size_t i = 0; i < COUNT_OF(names) && !value; i++)
		value = env_get(names[i]);
	value = value ? strchr(value, '.') : NULL;
	return value && (!strncasecmp(value, ".utf-8", 6) || !strncasecmp(value, ".utf8", 5));
}

bool terminal_wants_color(const char *when, bool is_terminal)
{
	const char *term = env_get("TERM");

	if (when && !strcmp(when, "always"))
		return true;
	if (when && !strcmp(when, "never"))
		return false;
	return is_terminal && term && strcmp(term, "dumb") && !env_get("NO_COLOR");
}
