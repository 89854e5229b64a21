/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as configuration: what is read can be edited, and an edit changes one key only. */
#include <config.h>

#include "format/config-file.h"
#include "fuzz.h"

struct listing {
	struct strbuf all;   /* every key and value but those of `key` */
	struct strbuf value; /* the last one of `key` */
	const char *key;
	size_t count;        /* of `key` */
	struct strbuf first; /* key read */
};

static int list(const char *key, const char *value, void *arg)
{
	struct listing *l = arg;
	struct error err = ERROR_INIT;

	must(config_key_check(key, &err) == 0);
	if (l->first.len == 0)
		strbuf_adds(&l->first, key);
	if (l->key && strcmp(key, l->key) == 0) {
		l->count++;
		strbuf_reset(&l->value);
		strbuf_adds(&l->value, value);
	} else {
		strbuf_addf(&l->all, "%s\n%s\n", key, value);
	}
	return 0;
}

static void listing_cleanup(struct listing *l)
{
	strbuf_cleanup(&l->all);
	strbuf_cleanup(&l->value);
	strbuf_cleanup(&l->first);
}

static struct listing listing_of(const char *text, size_t len, const char *key)
{
	struct listing l = { STRBUF_INIT, STRBUF_INIT, key, 0, STRBUF_INIT };
	struct error err = ERROR_INIT;

	must(config_file_parse(text, len, "config", list, &l, &err) == 0);
	return l;
}

/* value NULL: removed. */
static void check_edit(const uint8_t *data, size_t size, const char *key, const char *value)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	CLEANUP(listing) struct listing before = listing_of((const char *)data, size, key), after = listing_of("", 0, key);
	struct error err = ERROR_INIT;

	strbuf_add(&text, data, size);
	must(config_file_set(&text, "config", key, value, &err) == 0);
	listing_cleanup(&after);
	after = listing_of(text.buf, text.len, key);
	must(strcmp(before.all.buf, after.all.buf) == 0);
	must(value ? after.count >= 1 && strcmp(after.value.buf, value) == 0 : after.count == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(listing) struct listing all = { STRBUF_INIT, STRBUF_INIT, NULL, 0, STRBUF_INIT };
	struct error err = ERROR_INIT;
	char *value;

	if (config_file_parse((const char *)data, size, "config", list, &all, &err) < 0) {
		must(err.code == ERR_INVALID && strncmp(err.text, "config:", 7) == 0);
		return 0;
	}
	value = fuzz_string(data, size < 40 ? size : 40);
	check_edit(data, size, "new.Sub \"x\\.key", value);
	check_edit(data, size, "a.k", value);
	check_edit(data, size, "a.k", NULL);
	if (all.first.len > 0) {
		check_edit(data, size, all.first.buf, value);
		check_edit(data, size, all.first.buf, "plain");
		check_edit(data, size, all.first.buf, NULL);
	}
	free(value);
	return 0;
}
