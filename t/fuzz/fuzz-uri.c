/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a URI: its parts lie in it and make it up again, and what is shown holds no control byte. */
#include <config.h>

#include "base/path.h"
#include "base/strbuf.h"
#include "format/uri.h"
#include "fuzz.h"

static void add_part(struct strbuf *out, const char *mark, const struct uri_part *part)
{
	if (!part->at)
		return;
	strbuf_adds(out, mark);
	strbuf_add(out, part->at, part->len);
}

static void check_legal(const char *text, const struct uri *uri)
{
	CLEANUP(strbuf) struct strbuf whole = STRBUF_INIT, name = STRBUF_INIT, part = STRBUF_INIT, encoded = STRBUF_INIT;

	add_part(&whole, "", &uri->scheme);
	strbuf_addc(&whole, ':');
	add_part(&whole, "//", &uri->authority);
	add_part(&whole, "", &uri->path);
	add_part(&whole, "?", &uri->query);
	add_part(&whole, "#", &uri->fragment);
	must(strcmp(whole.buf, text) == 0);
	if (uri_base_name(uri, &name))
		must(path_is_safe(name.buf, name.len) && !strchr(name.buf, '/'));
	must(uri_find_secret(uri, &part) == (part.len > 0));
	if (uri_scheme(uri) == URI_FILE) {
		strbuf_reset(&name);
		uri_file_path(uri, &name);
		must(name.buf[0] == '/' && strlen(name.buf) == name.len);
	}
	uri_add_encoded(&encoded, text);
	for (const char *p = encoded.buf; *p; p++)
		must(*p > 0x20 && *p < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;
	struct error err = ERROR_INIT;
	struct uri uri;

	uri_add_shown(&shown, text);
	for (const char *p = shown.buf; *p; p++)
		must((unsigned char)*p >= 0x20 && *p != 0x7f);
	if (uri_parse(text, &uri, &err) < 0)
		must(err.code == ERR_INVALID && err.text[0]);
	else
		check_legal(text, &uri);
	free(text);
	return 0;
}
