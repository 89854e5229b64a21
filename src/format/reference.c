/* SPDX-License-Identifier: Apache-2.0 */
/* Taking apart what a user types to name a collection or a version. */
#include <config.h>

#include "format/reference.h"

#include <string.h>

#include "base/digest.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "format/run-id.h"

#define DIGEST_MIN_HEX 8

static int wrap_text(struct error *err, const char *text)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	utf8_add_escaped(&shown, text, strnlen(text, 3 * NAME_MAX_LEN));
	return error_wrap(err, "invalid reference '%s'", shown.buf);
}

/* "PROJECT/" or "ENTITY/PROJECT/". */
static bool is_legal_prefix(const char *text, size_t len, struct error *ignored)
{
	CLEANUP(strbuf) struct strbuf name = STRBUF_INIT;

	strbuf_add(&name, text, len);
	strbuf_addc(&name, 'x');
	return name_check_full(name.buf, name.len, ignored) == 0;
}

/* A title, or PROJECT/TITLE. */
static bool is_title_in_project(const char *name, struct error *ignored)
{
	const char *title = name_last_part(name);

	if (title > name && !is_legal_prefix(name, (size_t)(title - name), ignored))
		return false;
	return name_check_title(title, strlen(title), ignored) == 0;
}

static int parse_digest(const char *hex, struct reference *out, struct error *err)
{
	size_t len = strlen(hex);

	if (len < DIGEST_MIN_HEX || len > OID_HEX_LEN)
		return error_set(err, ERR_INVALID, "a digest has 8 to 64 hexadecimal digits after '@'");
	for (size_t i = 0; i < len; i++) {
		char c = hex[i];

		if (c >= 'A' && c <= 'F')
			c = (char)(c - 'A' + 'a');
		else if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return error_set(err, ERR_INVALID, "a digest has hexadecimal digits only after '@'");
		out->hex[i] = c;
	}
	out->hex[len] = '\0';
	out->kind = REFERENCE_DIGEST;
	return 0;
}

static int parse_ref(const char *ref, struct reference *out, struct error *err)
{
	size_t len = strlen(ref);
	unsigned long long number;

	if (len == 0)
		return error_set(err, ERR_INVALID, "after ':' comes a version or an alias");
	if (name_is_version(ref, len, &number)) {
		out->kind = REFERENCE_NUMBER;
		out->number = number;
		return 0;
	}
	if (name_is_latest(ref, len)) {
		out->kind = REFERENCE_LATEST;
		return 0;
	}
	if (name_check(NAME_ALIAS, ref, len, err) < 0)
		return -1;
	out->kind = REFERENCE_ALIAS;
	memcpy(out->alias, ref, len + 1);
	return 0;
}

/* What is wrong with it as a name is what is said when it is no title either. */
static int parse_name(const char *text, size_t len, struct reference *out, struct error *err)
{
	struct error ignored = ERROR_INIT;

	if (len > NAME_FULL_MAX)
		return name_check(NAME_COLLECTION, text, len, err);
	memcpy(out->name, text, len);
	out->name[len] = '\0';
	if (name_check_full(text, len, err) == 0)
		return 0;
	if (!is_title_in_project(out->name, &ignored))
		return -1;
	error_clear(err);
	return 0;
}

static int parse_parts(const char *text, struct reference *out, struct error *err)
{
	size_t len = strcspn(text, ":@");

	if (parse_name(text, len, out, err) < 0)
		return -1;
	if (text[len] == ':')
		return parse_ref(text + len + 1, out, err);
	if (text[len] == '@')
		return parse_digest(text + len + 1, out, err);
	return 0;
}

int reference_parse(const char *text, struct reference *out, struct error *err)
{
	struct reference ref = { .kind = REFERENCE_BARE };

	if (run_id_is(text, strcspn(text, ":@"))) {
		error_set(err, ERR_NO_COLLECTION, "'%.*s' is the id of a run, and no artifact or model", RUN_ID_LEN, text);
		return error_hint(err, "'mreg run show %.*s' tells of it.", RUN_ID_LEN, text);
	}
	if (parse_parts(text, &ref, err) < 0)
		return wrap_text(err, text);
	*out = ref;
	return 0;
}
