/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of templates and of a record's members. */
#include <config.h>

#include "ui/template.h"

#include "tap.h"
#include "ui/record.h"

#define RECORD \
	"{\"ref\":\"m:v3\",\"n\":3,\"lr\":0.5,\"on\":true,\"none\":null," \
	"\"aliases\":[\"a\",\"b\"],\"meta\":{\"a.b\":1,\"deep\":{\"er\":\"x\"}},\"esc\":\"\\u001b[1m\"}"

static json_t *record;

static void expands(const char *text, const char *want, const char *name)
{
	CLEANUP(template) struct template t = TEMPLATE_INIT;
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;
	struct error err = ERROR_INIT;

	need(template_parse(text, &t, &err) == 0, err.text);
	template_expand(&out, &t, record, false);
	is_str(out.buf, want, name);
}

static void refuses(const char *text, const char *want, const char *name)
{
	CLEANUP(template) struct template t = TEMPLATE_INIT;
	struct error err = ERROR_INIT;

	ok(template_parse(text, &t, &err) < 0 && err.code == ERR_USAGE, "%s", name);
	is_str(err.text, want, "and the message shows where");
}

static void bytes(void)
{
	CLEANUP(template) struct template t = TEMPLATE_INIT;
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT, safe = STRBUF_INIT;
	struct error err = ERROR_INIT;

	need(template_parse("{ref}\\0{esc}", &t, &err) == 0, err.text);
	template_expand(&out, &t, record, false);
	ok(out.len == 9 && !memcmp(out.buf, "m:v3\0\033[1m", 9), "\\0 is a NUL and values are exact");
	template_expand(&safe, &t, record, true);
	ok(safe.len == 12 && !memcmp(safe.buf, "m:v3\0\\x1b[1m", 12), "on a terminal a value cannot act as an escape sequence");
}

int main(void)
{
	struct error err = ERROR_INIT;

	record = json_parse(RECORD, strlen(RECORD), "record", &err);
	need(record != NULL, err.text);
	expands("", "", "an empty template prints nothing");
	expands("{ref}\\t{n}\\n{lr}\\\\{on}", "m:v3\t3\n0.5\\true", "members stand between escapes");
	expands("{{{ref}}}", "{m:v3}", "doubled braces are braces");
	expands("[{nothing}{none}]", "[]", "a member that is missing or null prints nothing");
	expands("{aliases}", "a,b", "a list is joined by commas");
	expands("{meta.deep.er} {meta.a.b}", "x 1", "dots step into objects, and a name may have dots itself");
	expands("{meta.deep}", "{\"er\":\"x\"}", "an object is printed as JSON");
	refuses("{ref", "template '{ref': a brace is not closed at column 1", "an open brace is refused");
	refuses("a}b", "template 'a}b': a brace is closed that was not opened at column 2", "a stray closing brace is refused");
	refuses("x{}", "template 'x{}': no member is named at column 2", "an empty member is refused");
	refuses("\\q", "template '\\q': unknown escape at column 1", "an unknown escape is refused");
	refuses("\\", "template '\\': unknown escape at column 1", "a backslash at the end is refused");
	bytes();
	json_decref(record);
	return tap_done();
}
