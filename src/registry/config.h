/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration: -c, environment, .mreg/config, the user's, the system's; the first that has a key wins. */
#ifndef MREG_REGISTRY_CONFIG_H
#define MREG_REGISTRY_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "base/strvec.h"

enum config_scope { CONFIG_SYSTEM, CONFIG_USER, CONFIG_REGISTRY, CONFIG_ENVIRONMENT, CONFIG_COMMAND };

struct config_item {
	char *key; /* folded */
	char *value;
	enum config_scope scope;
	char *origin; /* "file:/home/me/.config/mreg/config", "command line", "environment:MREG_PAGER" */
};
struct config {
	struct config_item *items; /* from the weakest to the strongest */
	size_t count, cap;
	struct strvec passed_over; /* keys (folded) that name programs, in a file that is not trusted */
};
#define CONFIG_INIT { NULL, 0, 0, STRVEC_INIT }

/* The keys that mreg itself reads, and what their values must be, are one table in config.c. */
bool config_is_known(const char *key);
/* ERR_INVALID when the key is no key, or it is known and the value is not one for it. */
int config_check(const char *key, const char *value, struct error *err) MUST_CHECK;

/* Reads what there is: /etc/mreg/config, $XDG_CONFIG_HOME/mreg/config (~/.config), mreg_dir/config (mreg_dir may be NULL), environment (MREG_PAGER → core.pager,
 * MREG_EDITOR → core.editor, MREG_ENTITY → core.entity, MREG_PROJECT → core.project, MREG_SSH → core.sshCommand), then `overrides` ("key=value" each, from -c). A file that does not parse is ERR_INVALID naming file and line.
 * Keys that name a program (core.pager, core.editor, core.sshCommand, protect.NAME:ALIAS.check) are passed over in a registry's file that belongs to somebody else (neither us nor root), unless safe.directory
 * of the user's or the system's file lists the registry's directory, or is "*". */
int config_load(struct config *c, const char *mreg_dir, const struct strvec *overrides, struct error *err) MUST_CHECK;
void config_cleanup(struct config *c);
/* Whether programs that lie in a registry's directory may be run: it is ours or root's, or safe.directory lists it. */
bool config_trusts(const struct config *c, const char *mreg_dir);
const char *config_get(const struct config *c, const char *key);                          /* NULL if unset */
const struct config_item *config_find(const struct config *c, const char *key);
/* Unset gives the fallback; a value that does not parse is ERR_INVALID naming key, value and origin. */
int config_get_bool(const struct config *c, const char *key, bool fallback, bool *out, struct error *err) MUST_CHECK; /* true yes on 1 / false no off 0 */
int config_get_duration_ms(const struct config *c, const char *key, uint64_t fallback_ms, uint64_t *out, struct error *err) MUST_CHECK; /* "10s"; "500ms" too */
int config_get_size(const struct config *c, const char *key, uint64_t fallback, uint64_t *out, struct error *err) MUST_CHECK; /* "20G"; bytes */
/* The stages, in their order: words of stage.list, else development staging production archived.  ERR_INVALID when one of them is no alias. */
int config_stages(const struct config *c, struct strvec *out, struct error *err) MUST_CHECK;

/* Path of the file a scope is written to (CONFIG_REGISTRY needs mreg_dir). */
int config_path(enum config_scope scope, const char *mreg_dir, struct strbuf *out, struct error *err) MUST_CHECK;
/* Edits that file, keeping comments; value NULL unsets (ERR_NO when it was not set there).  Known keys are checked first. */
int config_write(const char *path, const char *key, const char *value, struct error *err) MUST_CHECK;
/* The same for a key that may stand there several times: beside the values that it has. */
int config_add(const char *path, const char *key, const char *value, struct error *err) MUST_CHECK;
/* Removes a section ("section" or "section.sub") of that file with all that stands in it; ERR_NO when it is not there. */
int config_remove_section(const char *path, const char *section, struct error *err) MUST_CHECK;

#endif
