/* SPDX-License-Identifier: Apache-2.0 */
/* Errors as values. */
#include <config.h>

#include "base/error.h"

#include <errno.h>
#include <signal.h>

#include "base/interrupt.h"
#include "tap.h"

static void test_text(void)
{
	struct error err = ERROR_INIT;

	is_int(error_set(&err, ERR_CONFLICT, "'%s' exists already", "m"), -1, "setting an error returns failure");
	error_hint(&err, "Choose another name than '%s'.", "m");
	is_int(error_wrap(&err, "cannot create '%s'", "m"), -1, "so does wrapping");
	is_str(err.text, "cannot create 'm': 'm' exists already", "the outermost action comes first");
	is_str(err.hint, "Choose another name than 'm'.", "wrapping keeps the hint");
	is_int(err.code, ERR_CONFLICT, "wrapping keeps the code");
	error_set(&err, ERR_NO, "again: %s", err.text);
	is_str(err.text, "again: cannot create 'm': 'm' exists already", "a text may be made of itself");
	is_str(err.hint, "", "a new error has no hint");
	error_clear(&err);
	ok(err.code == ERR_NONE && !err.text[0], "a cleared error is none");
}

static void is_errno(int number, enum error_code code, const char *text)
{
	struct error err = ERROR_INIT;

	errno = number;
	error_set_errno(&err, "cannot read '%s'", "x");
	is_str(err.text, text, "errno is put into words");
	is_int(err.code, code, "and into a code");
	is_int(errno, number, "and stays as it was");
}

static void test_length(void)
{
	struct error err = ERROR_INIT;
	char longest[2000];

	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	error_set(&err, ERR_LOCAL, "%s", longest);
	is_int((int)strlen(err.text), (int)sizeof err.text - 1, "a text that does not fit is cut");
	is_str(err.text + strlen(err.text) - 4, "x...", "and says so");
	error_wrap(&err, "cannot do it");
	ok(!strncmp(err.text, "cannot do it: xxx", 17) && !strcmp(err.text + strlen(err.text) - 4, "x..."), "wrapping keeps the start");
	error_set(&err, ERR_LOCAL, "%.*s\xe2\x82\xac\xe2\x82\xac", (int)sizeof err.text - 6, longest);
	is_str(err.text + strlen(err.text) - 4, "x...", "no half character is left");
	error_hint(&err, "%s", longest);
	is_int((int)strlen(err.hint), (int)sizeof err.hint - 1, "a hint that does not fit is cut");
}

static void test_codes(void)
{
	bool all = true;

	for (int code = 0; code < ERR_CODE_COUNT; code++)
		all = all && error_code_name((enum error_code)code) && (code == ERR_NONE) == !error_status((enum error_code)code);
	ok(all, "every code has a name and a status");
	is_int(error_status(ERR_NO_REFERENCE), 4, "a missing version is 4");
	is_int(error_status(ERR_QUIET), 141, "a reader that went away is 141");
	is_str(error_code_name(ERR_FORMAT), "newer-format", "codes have the names of mreg-json(5)");
}

static void test_interrupt(void)
{
	struct error err = ERROR_INIT;

	signal(SIGHUP, SIG_IGN);
	interrupt_install();
	raise(SIGHUP);
	is_int(interrupt_check(&err), 0, "a signal that the parent ignores stays ignored");
	raise(SIGTERM);
	is_int(interrupt_check(&err), -1, "a signal stops us");
	is_int(error_status(err.code), 128 + SIGTERM, "with its own status");
	interrupt_defer();
	is_int(interrupt_check(&err), 0, "but not once the change is durable");
}

int main(void)
{
	test_text();
	is_errno(EACCES, ERR_LOCAL, "cannot read 'x': Permission denied");
	is_errno(ENOSPC, ERR_DISK_FULL, "cannot read 'x': No space left on device");
	is_errno(EROFS, ERR_READ_ONLY, "cannot read 'x': Read-only file system");
	is_errno(ENOMEM, ERR_NO_MEMORY, "cannot read 'x': Cannot allocate memory");
	test_length();
	test_codes();
	test_interrupt();
	return tap_done();
}
