/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing .mreg/format. */
#include <config.h>

#include "format/stamp.h"

#include <stdbool.h>
#include <string.h>

#include "base/digest.h"
#include "base/number.h"

#define STAMP_MAX_DIGITS 20

static const char stamp_head[] = "mreg registry\nversion ";
static const char stamp_id[] = "\nid ";

void stamp_write(struct strbuf *out, const struct stamp *stamp)
{
	char hex[2 * REGISTRY_ID_LEN + 1];

	hex_encode(stamp->id, REGISTRY_ID_LEN, hex);
	strbuf_addf(out, "%s%llu%s%s\n", stamp_head, (unsigned long long)stamp->version, stamp_id, hex);
}

/* Takes what is left of text past the literal; false if it does not begin so. */
static bool skip(const char **text, size_t *len, const char *literal)
{
	size_t want = strlen(literal);

	if (*len < want || memcmp(*text, literal, want) != 0)
		return false;
	*text += want;
	*len -= want;
	return true;
}

static bool parse_version(const char **text, size_t *len, uint64_t *version)
{
	const char *end = *len ? memchr(*text, '\n', *len) : NULL;
	size_t digits = end ? (size_t)(end - *text) : 0;

	if (digits == 0 || digits > STAMP_MAX_DIGITS || !number_parse_u64(*text, digits, version))
		return false;
	*text += digits;
	*len -= digits;
	return true;
}

int stamp_parse(const char *text, size_t len, struct stamp *out, struct error *err)
{
	const size_t hex_len = 2 * REGISTRY_ID_LEN;
	struct stamp stamp;

	if (!skip(&text, &len, stamp_head) || !parse_version(&text, &len, &stamp.version))
		return error_set(err, ERR_INTEGRITY, "this is not the format file of a registry");
	if (stamp.version > STAMP_VERSION) {
		error_set(err, ERR_FORMAT, "the registry has layout version %llu, this mreg knows only up to %d",
			(unsigned long long)stamp.version, STAMP_VERSION);
		return error_hint(err, "Use a newer mreg.");
	}
	if (!skip(&text, &len, stamp_id) || len != hex_len + 1 || text[hex_len] != '\n' ||
		!hex_decode(text, hex_len, stamp.id, REGISTRY_ID_LEN))
		return error_set(err, ERR_INTEGRITY, "the format file of the registry is damaged: no legal id in its third line");
	*out = stamp;
	return 0;
}
