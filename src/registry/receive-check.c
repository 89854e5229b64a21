/* SPDX-License-Identifier: Apache-2.0 */
/* What a change that was made elsewhere must be before anything is done with it: a legal value of a known key, in words that do no harm. */
#include <config.h>

#include "registry/receive.h"

#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "format/json.h"
#include "format/name.h"
#include "format/run-id.h"
#include "registry/metadata.h"

#define NUMBER_MAX (UINT64_C(1) << 53)


/* The value of a key of this form; NULL for a tombstone. */
typedef bool (*value_fn)(const char *rest, const json_t *value);

/* ---- values ---- */

static bool is_text(const json_t *value)
{
	return json_is_string(value) && strlen(json_string_value(value)) == json_string_length(value);
}

static bool is_run(const json_t *value)
{
	static const char *const known[] = { "kind", "label", "name", "type", NULL };
	const json_t *label = json_object_get(value, "label");
	struct error why = ERROR_INIT;
	const char *kind, *id, *type;

	return json_only_keys(value, known) && json_get_string(value, "kind", &kind) && strcmp(kind, "run") == 0 && json_get_string(value, "name", &id) &&
	       run_id_is(id, strlen(id)) && json_get_string(value, "type", &type) && name_check(NAME_TYPE, type, strlen(type), &why) == 0 &&
	       (!label || (is_text(label) && name_check_label(json_string_value(label), json_string_length(label), &why) == 0));
}

static bool is_collection(const char *rest, const json_t *value)
{
	static const char *const known[] = { "kind", "name", "type", NULL };
	struct error why = ERROR_INIT;
	const char *kind, *name, *type;

	(void)rest;
	if (!value || is_run(value))
		return true;
	return json_only_keys(value, known) && json_get_string(value, "kind", &kind) && json_get_string(value, "name", &name) &&
	       json_get_string(value, "type", &type) && (strcmp(kind, "artifact") == 0 || strcmp(kind, "model") == 0) &&
	       name_check_full(name, strlen(name), &why) == 0 && name_check(NAME_TYPE, type, strlen(type), &why) == 0;
}

static bool is_title(const char *rest, const json_t *value)
{
	struct error why = ERROR_INIT;

	(void)rest;
	return !value || (is_text(value) && name_check_title(json_string_value(value), json_string_length(value), &why) == 0);
}

static bool is_version(const char *rest, const json_t *value)
{
	static const char *const known[] = { "digest", "files", "size", "version", NULL };
	struct oid id;
	uint64_t n;

	if (!number_parse_u64(rest, strlen(rest), &n) || n > NUMBER_MAX || (rest[0] == '0' && rest[1]))
		return false;
	return !value || (json_only_keys(value, known) && json_get_oid(value, "digest", &id) && json_get_oid(value, "version", &id) &&
			  json_get_u64(value, "files", &n) && json_get_u64(value, "size", &n));
}

static bool is_folded(const char *rest, const char *alias)
{
	CLEANUP(strbuf) struct strbuf folded = STRBUF_INIT;

	ascii_fold(&folded, alias, strlen(alias));
	return strcmp(folded.buf, rest) == 0;
}

/* The alias as written stands in the value, and folded in the key. */
static bool is_named(const char *rest, const json_t *value)
{
	struct error why = ERROR_INIT;
	const char *alias = rest;

	if (value && !json_get_string(value, "alias", &alias))
		return false;
	return is_folded(rest, alias) && name_check(NAME_ALIAS, alias, strlen(alias), &why) == 0;
}

static bool is_alias(const char *rest, const json_t *value)
{
	static const char *const known[] = { "alias", "version", NULL };
	struct oid id;

	return is_named(rest, value) && (!value || (json_only_keys(value, known) && json_get_oid(value, "version", &id)));
}

static bool is_protection(const char *rest, const json_t *value)
{
	static const char *const known[] = { "alias", "reason", NULL };
	bool reason;

	return is_named(rest, value) && (!value || (json_only_keys(value, known) && json_get_bool(value, "reason", &reason)));
}

static bool is_tag(const char *rest, const json_t *value)
{
	struct error why = ERROR_INIT;

	return name_check(NAME_TAG, rest, strlen(rest), &why) == 0 && (!value || json_is_true(value));
}

static bool is_note(const char *rest, const json_t *value)
{
	(void)rest;
	return !value || is_text(value);
}

/* / and % are written as %2f and %25, and nothing else is. */
static bool is_encoded(const char *rest)
{
	for (const char *at = strchr(rest, '%'); at; at = strchr(at + 1, '%'))
		if (strncmp(at, "%2f", 3) != 0 && strncmp(at, "%25", 3) != 0)
			return false;
	return true;
}

/* *inner: what it says; NULL when it says that there is nothing. */
static bool is_wrapped(const char *rest, const json_t *value, const json_t **inner)
{
	static const char *const known[] = { "value", NULL };

	*inner = value ? json_object_get(value, "value") : NULL;
	return is_encoded(rest) && (!value || (json_is_object(value) && json_only_keys(value, known)));
}

static bool is_metadata(const char *rest, const json_t *value)
{
	const json_t *inner;

	return is_wrapped(rest, value, &inner);
}

static bool is_metric(const char *rest, const json_t *value)
{
	const json_t *inner;
	double number;

	return is_wrapped(rest, value, &inner) && (!inner || metadata_metric_value(inner, &number));
}

static bool is_ttl(const char *rest, const json_t *value)
{
	(void)rest;
	if (!value || (json_is_integer(value) && json_integer_value(value) >= 0))
		return true;
	return json_is_string(value) && strcmp(json_string_value(value), "never") == 0;
}

/* ---- what runs used and made ---- */

#define EDGE_TEXT_MAX 1024

static bool is_edge_text(const json_t *value, const char *member)
{
	const json_t *text = json_object_get(value, member);

	return is_text(text) && json_string_length(text) <= EDGE_TEXT_MAX &&
	       !utf8_has_control(json_string_value(text), json_string_length(text), "");
}

static bool is_edge_of(const char *rest)
{
	struct oid version;

	return oid_parse(rest, strlen(rest), &version);
}

static bool is_input(const char *rest, const json_t *value)
{
	static const char *const known[] = { "as", "digest", "ref", NULL };
	struct oid id;

	if (!is_edge_of(rest))
		return false;
	return !value || (json_only_keys(value, known) && json_get_oid(value, "digest", &id) && is_edge_text(value, "ref") &&
			  (!json_object_get(value, "as") || is_edge_text(value, "as")));
}

static bool is_output(const char *rest, const json_t *value)
{
	static const char *const known[] = { "created", "digest", "ref", NULL };
	struct oid id;
	bool created;

	if (!is_edge_of(rest))
		return false;
	return !value ||
	       (json_only_keys(value, known) && json_get_oid(value, "digest", &id) && is_edge_text(value, "ref") && json_get_bool(value, "created", &created));
}

static bool is_from(const char *rest, const json_t *value)
{
	static const char *const known[] = { "digest", "ref", "version", NULL };
	struct oid id;

	(void)rest;
	return !value || (json_only_keys(value, known) && json_get_oid(value, "digest", &id) && json_get_oid(value, "version", &id) && is_edge_text(value, "ref"));
}

/* ---- keys ---- */

/* mreg-journal(5) lists them.  Of those that are no mention here some are this registry's own, and some a later mreg's. */
static const struct form {
	const char *table;
	bool of_version; /* the subject may be a version as well */
	bool has_rest;
	value_fn is_legal;
} forms[] = {
	{ "alias", false, true, is_alias }, { "coll", false, false, is_collection }, { "from", false, false, is_from },
	{ "input", false, true, is_input }, { "link", false, true, is_version }, { "meta", true, true, is_metadata },
	{ "metric", true, true, is_metric }, { "note", true, false, is_note }, { "output", false, true, is_output },
	{ "protect", false, true, is_protection }, { "tag", true, true, is_tag }, { "title", false, false, is_title },
	{ "ttl", true, false, is_ttl }, { "version", false, true, is_version },
};

static bool is_hex(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!(text[i] >= '0' && text[i] <= '9') && !(text[i] >= 'a' && text[i] <= 'f'))
			return false;
	return true;
}

static bool is_subject(const struct form *form, const char *subject, size_t len)
{
	return (len == CID_HEX_LEN || (form->of_version && len == OID_HEX_LEN)) && is_hex(subject, len);
}

/* NULL: it does not travel.  *rest: what follows the subject, or NULL. */
static const struct form *find_form(const char *key, const char **rest)
{
	size_t table = strcspn(key, "/"), len;

	for (size_t i = 0; key[table] && i < COUNT_OF(forms); i++) {
		const char *subject = key + table + 1;

		if (strlen(forms[i].table) != table || memcmp(forms[i].table, key, table) != 0)
			continue;
		len = strcspn(subject, "/");
		*rest = subject[len] ? subject + len + 1 : NULL;
		if (!is_subject(&forms[i], subject, len) || forms[i].has_rest != (*rest != NULL) || (*rest && strchr(*rest, '/')))
			return NULL;
		return &forms[i];
	}
	return NULL;
}

bool receive_is_known_key(const char *key)
{
	const char *rest;

	return find_form(key, &rest) != NULL;
}

/* ---- the change ---- */

static int check_texts(const struct change *c, struct error *err)
{
	const struct {
		const char *name, *text, *allowed;
	} texts[] = { { "user", c->user, "" }, { "host", c->host, "" }, { "verb", c->verb, "" }, { "reason", c->why, CHANGE_WHY_CONTROLS }, { "run", c->run, "" } };

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		size_t len = strlen(texts[i].text);

		if (!utf8_is_valid(texts[i].text, len) || utf8_has_control(texts[i].text, len, texts[i].allowed))
			return error_set(err, ERR_INTEGRITY, "the %s of a change of '%s' has control characters", texts[i].name, c->key);
	}
	return 0;
}

static int check_value(const struct change *c, const struct form *form, const char *rest, struct error *err)
{
	CLEANUP(json) json_t *value = json_parse(c->value, strlen(c->value), c->key, err);

	if (!value) {
		err->code = ERR_INTEGRITY;
		return -1;
	}
	if (form->is_legal(rest, json_is_null(value) ? NULL : value))
		return 0;
	return error_set(err, ERR_INTEGRITY, "a change of '%s' has a value that is none of such a key", c->key);
}

int receive_check_change(const struct change *c, struct error *err)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;
	const char *rest = NULL;
	const struct form *form = find_form(c->key, &rest);

	if (!form) {
		utf8_add_escaped(&shown, c->key, strnlen(c->key, CHANGE_KEY_MAX));
		error_set(err, ERR_INTEGRITY, "a change of '%s', which is no key that travels between registries", shown.buf);
		return error_hint(err, "If the other side has a newer mreg, this one is too old for it.");
	}
	return check_texts(c, err) < 0 ? -1 : check_value(c, form, rest, err);
}
