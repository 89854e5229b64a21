/* SPDX-License-Identifier: Apache-2.0 */
/* mreg config: reads and writes configuration. */
#include <config.h>

#include "registry/config.h"

#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "cmd/cmd.h"
#include "format/config-file.h"
#include "ui/record.h"

struct request {
	bool user, add, unset, list, show_origin, dry_run;
};

static json_t *item_record(const char *key, const char *value, const char *origin)
{
	json_t *record = json_object();

	json_object_set_new(record, "key", record_string(key));
	json_object_set_new(record, "value", value ? record_string(value) : json_null());
	json_object_set_new(record, "origin", record_string(origin));
	return record;
}

static bool is_asked_for(const struct request *r, const struct config_item *item)
{
	return !r->user || item->scope == CONFIG_USER;
}

static int list(struct session *s, const struct request *r, struct error *err)
{
	const struct column columns[] = {
		{ "key", NULL, COLUMN_TEXT, false },
		{ "value", NULL, COLUMN_TEXT, false },
		{ "origin", NULL, COLUMN_TEXT, !r->show_origin },
		{ NULL, NULL, COLUMN_TEXT, false },
	};
	const struct config_item *item;

	if (session_pager(s, err) < 0 || out_list_begin(s->out, columns, NULL, "key", err) < 0)
		return -1;
	for (size_t i = 0; i < s->config.count; i++) {
		item = &s->config.items[i];
		if (is_asked_for(r, item) && out_list_row(s->out, item_record(item->key, item->value, item->origin), err) < 0)
			return -1;
	}
	return out_list_end(s->out, err);
}

/* The strongest one of those asked for. */
static const struct config_item *find(const struct session *s, const struct request *r, const char *key)
{
	const struct config_item *item = config_find(&s->config, key);

	if (!item || is_asked_for(r, item))
		return item;
	for (size_t i = s->config.count; i > 0; i--)
		if (!strcmp(s->config.items[i - 1].key, item->key) && is_asked_for(r, &s->config.items[i - 1]))
			return &s->config.items[i - 1];
	return NULL;
}

static int print(struct session *s, const struct request *r, const char *key, struct error *err)
{
	const struct config_item *item;

	if (config_key_check(key, err) < 0)
		return -1;
	item = find(s, r, key);
	if (!item)
		return error_set(err, ERR_NO, out_mode(s->out) == OUT_JSON ? "'%s' is not set" : "%.0s", key);
	if (r->show_origin && out_mode(s->out) == OUT_HUMAN)
		return out_text(s->out, err, "%s  %s\n", item->value, item->origin);
	if (out_mode(s->out) == OUT_HUMAN) /* the owner's own text, exactly: $(mreg config KEY) */
		return out_bytes(s->out, item->value, strlen(item->value), err) < 0 ? -1 : out_bytes(s->out, "\n", 1, err);
	return out_result(s->out, item_record(item->key, item->value, item->origin), "value", err);
}

/* value NULL: unset. */
static int write_key(struct session *s, const struct request *r, const char *key, const char *value, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT, origin = STRBUF_INIT;

	if (value && config_check(key, value, err) < 0)
		return -1;
	if (config_path(r->user ? CONFIG_USER : CONFIG_REGISTRY, s->mreg_dir, &path, err) < 0)
		return -1;
	if (!r->dry_run && (r->add ? config_add(path.buf, key, value, err) : config_write(path.buf, key, value, err)) < 0)
		return -1;
	if (value && !r->user && strcmp(key, "safe.directory") == 0)
		report_note(s->report, "'%s' counts only in your own configuration: --user", key);
	if (value && !config_is_known(key))
		report_note(s->report, "mreg itself reads no key '%s'", key);
	strbuf_addf(&origin, "file:%s", path.buf);
	return out_result(s->out, item_record(key, value, origin.buf), NULL, err);
}

static int wrong_usage(const struct request *r, const struct operands *operands, struct error *err)
{
	if (r->list && (r->unset || operands->count))
		return error_set(err, ERR_USAGE, "'-l' goes with no key and not with '--unset'");
	if (!r->list && !operands->count)
		return error_set(err, ERR_USAGE, "no key was given");
	if (r->unset && operands->count > 1)
		return error_set(err, ERR_USAGE, "'--unset' takes no value: '%s'", operands->v[1]);
	if (r->add && operands->count < 2)
		return error_set(err, ERR_USAGE, "'--add' takes a key and a value");
	return 0;
}

static int run(struct session *s, int argc, char **argv, struct error *err)
{
	struct request r = { .user = false };
	CLEANUP(operands) struct operands operands = OPERANDS_INIT;
	const struct opt opts[] = {
		OPT_FLAG('\0', "user", &r.user, "your own configuration instead of the registry's"),
		OPT_FLAG('\0', "add", &r.add, "add a value to those that the key has in the file"),
		OPT_FLAG('\0', "unset", &r.unset, "remove the key"),
		OPT_FLAG('l', "list", &r.list, "list all keys, the ones that win last"),
		OPT_FLAG('\0', "show-origin", &r.show_origin, "show where each value comes from"),
		OPT_FLAG('n', "dry-run", &r.dry_run, "only check key and value"),
		OPT_END,
	};

	if (session_parse(s, opts, argc, argv, 0, 2, &operands, err) < 0)
		return -1;
	if (wrong_usage(&r, &operands, err) < 0)
		return error_hint(err, "usage: mreg config %s", s->command->synopsis);
	if (r.list)
		return list(s, &r, err);
	if (r.unset || operands.count == 2)
		return write_key(s, &r, operands.v[0], r.unset ? NULL : operands.v[1], err);
	return print(s, &r, operands.v[0], err);
}

const struct command cmd_config = {
	.name = "config", .synopsis = "[--user] [--add] KEY [VALUE] | --unset KEY | -l [--show-origin]", .summary = "read and write configuration",
	.group = GROUP_START, .needs = NEEDS_CONFIG, .run = run,
};
