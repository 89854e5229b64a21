/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as the place of a registry: refused, or made of parts that are no options; whatever it is, quoted it is one word and shown it is safe. */
#include <config.h>

#include "base/process.h"
#include "base/strvec.h"
#include "base/utf8.h"
#include "format/remote-url.h"
#include "fuzz.h"

static void try_quote(const char *word)
{
	CLEANUP(strbuf) struct strbuf quoted = STRBUF_INIT;
	CLEANUP(strvec) struct strvec words = STRVEC_INIT;
	struct error err = ERROR_INIT;

	remote_url_quote(&quoted, word);
	must(process_split(quoted.buf, &words, &err) == 0);
	must(words.count == 1 && strcmp(words.v[0], word) == 0);
}

static void try_shown(const char *text)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT, again = STRBUF_INIT;

	remote_url_show(&shown, text);
	utf8_add_visible(&again, shown.buf, shown.len);
	must(strcmp(shown.buf, again.buf) == 0);
}

static bool is_no_option(const char *part)
{
	return !part || (*part && *part != '-' && strcspn(part, " \t\n'\"\\$`;&|<>()") == strlen(part));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);
	CLEANUP(remote_url) struct remote_url url = { .path = NULL };
	struct error err = ERROR_INIT;

	try_quote(text);
	try_shown(text);
	if (remote_url_parse(text, &url, &err) < 0) {
		must(err.code == ERR_INVALID);
	} else {
		must(url.path && *url.path);
		must(url.is_ssh == (url.host != NULL));
		must(is_no_option(url.user) && is_no_option(url.host) && is_no_option(url.port));
		try_quote(url.path);
	}
	free(text);
	return 0;
}
