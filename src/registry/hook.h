/* SPDX-License-Identifier: Apache-2.0 */
/* Programs in .mreg/hooks/ that are run around a transaction, and the checks of protected aliases (mreg-hooks(5)). */
#ifndef MREG_REGISTRY_HOOK_H
#define MREG_REGISTRY_HOOK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "registry/event.h"

struct registry;

enum hook_when { HOOK_PRE, HOOK_POST, HOOK_WHEN_COUNT };
struct hook {
	char name[16]; /* "pre-put" */
	char *path;
	bool is_there, is_runnable; /* a file; one that may be executed */
	bool is_noted;              /* it was said that it is not */
};
/* A check command of the configuration. */
struct hook_check {
	char *name, *alias;
	const char *command; /* borrowed; NULL: in a file that is not trusted */
};
struct hooks {
	struct hook v[HOOK_WHEN_COUNT][EVENT_KIND_COUNT];
	struct hook_check *checks;
	size_t check_count, check_cap;
	bool is_trusted;
};
#define HOOKS_INIT { .checks = NULL }
void hooks_cleanup(struct hooks *hooks);

/* What there is now. */
void hooks_find(const struct registry *reg, struct hooks *out);
/* The kinds of events for which there is anything, for event_collect(). */
unsigned hooks_kinds(const struct hooks *hooks);
/* Whether there is any that is asked before a change. */
bool hooks_ask_before(const struct hooks *hooks);

/* ERR_POLICY when one of these events is of a hook or check that may not be run here; says which files are ignored since they cannot be executed. */
int hooks_check(struct hooks *hooks, const struct registry *reg, const struct events *events, struct error *err) MUST_CHECK;
/* Runs the checks and pre-hooks of the events, in order.  ERR_POLICY from the first that does not end with 0.  No lock on the journal may be held. */
int hooks_run_before(const struct hooks *hooks, const struct registry *reg, const struct events *events, struct error *err) MUST_CHECK;

/* What is left to be run when the registry is closed. */
struct hooks_after;
/* Adds the post-hooks of the events. */
void hooks_add_after(struct hooks_after **after, const struct hooks *hooks, const struct registry *reg, const struct events *events);
/* Runs them, warning of those that fail, which are kept for `hook run --failed`; frees. */
void hooks_run_after(struct hooks_after *after);

/* ---- by hand ---- */

/* The hook of that name: ERR_USAGE with the nearest when there is no such kind, ERR_NO_PATH when there is no such file. */
const struct hook *hook_get(const struct hooks *hooks, const char *name, enum event_kind *kind, struct error *err) MUST_CHECK;
/* Runs it on a complete event.  ERR_POLICY when it fails or may not be run. */
int hook_run(const struct hooks *hooks, const struct registry *reg, const struct hook *hook, const json_t *event, struct error *err) MUST_CHECK;

#endif
