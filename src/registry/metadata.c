/* SPDX-License-Identifier: Apache-2.0 */
/* Turns words and files into typed metadata, refusing what could not be given back exactly. */
#include <config.h>

#include "registry/metadata.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/utf8.h"

#define META_FILE_MAX (1u << 20)

/* what: "metadata key" or "metric name" */
static int check_key(const char *what, const char *key, struct error *err)
{
	size_t len = strlen(key);
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;

	utf8_add_escaped(&shown, key, len);
	if (len == 0)
		return error_set(err, ERR_INVALID, "a %s is empty", what);
	if (len > METADATA_KEY_MAX)
		return error_set(err, ERR_INVALID, "%s '%.40s…' is longer than %d bytes", what, shown.buf, METADATA_KEY_MAX);
	if (!utf8_is_valid(key, len))
		return error_set(err, ERR_INVALID, "%s '%s' is not UTF-8", what, shown.buf);
	for (const char *p = key; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return error_set(err, ERR_INVALID, "%s '%s' has a control byte", what, shown.buf);
	return 0;
}

/* What strtod() takes as a number but JSON cannot hold: NaN, infinities, and magnitudes beyond a double or 64 bits. */
static bool is_unholdable_number(const char *text)
{
	char *end;
	double value;
	const char *from = text + (*text == '-' || *text == '+');

	if (!*text || strpbrk(text, "xX"))
		return false;
	value = strtod(text, &end);
	if (*end)
		return false;
	if (isnan(value) || isinf(value))
		return true;
	return from[strspn(from, "0123456789")] == '\0' && *from != '0' && fabs(value) >= 9.2e18;
}

/* JSON; also numbers as people write them, which JSON has no place for: ".5", "1.", "+1".  NULL: neither.  "007" is more likely a name than a number. */
static json_t *parse_value(const char *text, const char *key)
{
	CLEANUP(strbuf) struct strbuf number = STRBUF_INIT;
	struct error ignored = ERROR_INIT;
	json_t *value = json_parse(text, strlen(text), key, &ignored);
	const char *from = text + (*text == '+' || *text == '-'), *point = from + strspn(from, "0123456789");
	const char *behind = *point == '.' ? point + 1 : point;
	size_t decimals = strspn(behind, "0123456789");

	if (value || (point == from && decimals == 0))
		return value;
	strbuf_addf(&number, "%s%s%.*s", *text == '-' ? "-" : "", point == from ? "0" : "", (int)(point - from), from);
	if (*point == '.')
		strbuf_addf(&number, ".%.*s%s", (int)decimals, behind, decimals ? "" : "0");
	strbuf_adds(&number, behind + (*point == '.' ? decimals : 0));
	error_clear(&ignored);
	return json_parse(number.buf, number.len, key, &ignored);
}

int metadata_add_word(json_t *object, const char *word, struct error *err)
{
	const char *equals = strchr(word, '=');
	CLEANUP(ptr) char *key = NULL;
	json_t *value;

	if (!equals) {
		error_set(err, ERR_INVALID, "metadata '%s' is not key=value", word);
		return error_hint(err, "For example: epoch=3");
	}
	key = xstrndup(word, (size_t)(equals - word));
	if (check_key("metadata key", key, err) < 0)
		return -1;
	value = parse_value(equals + 1, key);
	if (!value && is_unholdable_number(equals + 1)) {
		error_set(err, ERR_INVALID, "metadata '%s' is %s: not a number that can be kept", key, equals + 1);
		return error_hint(err, "Quoted it is kept as text: '%s=\"%s\"'", key, equals + 1);
	}
	if (!value && !utf8_is_valid(equals + 1, strlen(equals + 1)))
		return error_set(err, ERR_INVALID, "the value of metadata '%s' is not UTF-8", key);
	json_object_set_new(object, key, value ? value : json_string(equals + 1));
	return 0;
}

int metadata_add_metric(json_t *object, const char *word, struct error *err)
{
	const char *equals = strchr(word, '=');
	CLEANUP(ptr) char *key = NULL;
	json_t *value;
	char *end;
	double number;

	if (!equals) {
		error_set(err, ERR_INVALID, "metric '%s' is not key=number", word);
		return error_hint(err, "For example: accuracy=0.93");
	}
	key = xstrndup(word, (size_t)(equals - word));
	if (check_key("metric name", key, err) < 0)
		return -1;
	number = strtod(equals + 1, &end);
	if (end == equals + 1 || *end || strpbrk(equals + 1, "xX ")) {
		error_set(err, ERR_INVALID, "metric '%s' is '%s': not a number", key, equals + 1);
		return strchr(equals + 1, '=') ? error_hint(err, "Say --metric again for each metric.") : -1;
	}
	if (isinf(number) && strpbrk(equals + 1, "0123456789"))
		return error_set(err, ERR_INVALID, "metric '%s' is %s: beyond the range of numbers", key, equals + 1);
	value = parse_value(equals + 1, key);
	if (!json_is_number(value)) { /* "1e400" is infinite, "007" is no JSON */
		json_decref(value);
		value = metadata_metric_json(number);
	}
	json_object_set_new(object, key, value);
	return 0;
}

json_t *metadata_metric_json(double value)
{
	return isfinite(value) ? json_real(value) : json_string(isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
}

bool metadata_metric_value(const json_t *metric, double *out)
{
	static const struct {
		const char *word;
		double value;
	} words[] = { { "nan", NAN }, { "inf", INFINITY }, { "-inf", -INFINITY } };

	if (json_is_number(metric)) {
		*out = json_number_value(metric);
		return true;
	}
	for (size_t i = 0; json_is_string(metric) && i < COUNT_OF(words); i++)
		if (strcmp(json_string_value(metric), words[i].word) == 0) {
			*out = words[i].value;
			return true;
		}
	return false;
}

int metadata_add_file(json_t *object, const char *path, struct error *err)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	CLEANUP(json) json_t *doc = NULL;
	const char *key;
	json_t *value;

	if (file_slurp_operand(path, &text, META_FILE_MAX, err) < 0)
		return error_wrap(err, "cannot read metadata");
	doc = json_parse(text.buf, text.len, path, err);
	if (!doc)
		return -1;
	if (!json_is_object(doc))
		return error_set(err, ERR_INVALID, "'%s' does not hold a JSON object", path);
	json_object_foreach(doc, key, value) {
		if (check_key("metadata key", key, err) < 0)
			return error_wrap(err, "cannot take metadata from '%s'", path);
		json_object_set(object, key, value);
	}
	return 0;
}
