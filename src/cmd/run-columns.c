/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the names of such columns, and adds their values to records. */
#include <config.h>

#include "cmd/run-columns.h"

#include <string.h>

#include "base/mem.h"
#include "cmd/run-ls.h"

/* "run" alone is its id. */
static const char *member_of(const char *name)
{
	const char *member = name[3] ? name + 4 : "id";

	return strcmp(member, "started") == 0 ? "created" : member;
}

static int collect(const char *names, struct strvec *out, struct error *err)
{
	while (names && *names) {
		size_t len = strcspn(names, ",");
		CLEANUP(ptr) char *name = xstrndup(names, len);

		if ((strncmp(name, "run.", 4) == 0 || strcmp(name, "run") == 0) && !strvec_has(out, name)) {
			if (run_ls_check_column(member_of(name), err) < 0)
				return -1;
			strvec_push(out, name);
		}
		names += len + (names[len] == ',');
	}
	return 0;
}

int run_columns_collect(const char *columns, const char *sort, struct strvec *out, struct error *err)
{
	if (collect(columns, out, err) < 0)
		return -1;
	return collect(sort && *sort == '-' ? sort + 1 : sort, out, err);
}

static bool is_of(const char *name, const char *member)
{
	size_t len = strlen(member);

	name = member_of(name);
	return strncmp(name, member, len) == 0 && (!name[len] || name[len] == '.');
}

unsigned run_columns_parts(const struct strvec *names)
{
	static const struct {
		const char *member;
		unsigned part;
	} parts[] = { { "note", OVERLAY_NOTES }, { "tags", OVERLAY_TAGS }, { "metadata", OVERLAY_METADATA }, { "metrics", OVERLAY_METRICS } };
	unsigned all = 0;

	for (size_t i = 0; i < names->count; i++)
		for (size_t j = 0; j < COUNT_OF(parts); j++)
			all |= is_of(names->v[i], parts[j].member) ? parts[j].part : 0u;
	return all;
}

int run_columns_add(json_t *record, struct search *search, const struct oid *version, const struct strvec *names, const struct sorter *sorter,
	struct error *err)
{
	for (size_t i = 0; i < names->count; i++) {
		json_t *value = NULL;

		if (!sorter_wants(sorter, names->v[i]))
			continue;
		if (search_run_made(search, version, member_of(names->v[i]), &value, err) < 0)
			return -1;
		json_object_set_new(record, names->v[i], value ? value : json_null());
	}
	return 0;
}
