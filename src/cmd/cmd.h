/* SPDX-License-Identifier: Apache-2.0 */
/* A verb: one descriptor at the end of its own file, run with a session. */
#ifndef MREG_CMD_CMD_H
#define MREG_CMD_CMD_H

#include <stdbool.h>

#include "base/error.h"
#include "base/report.h"
#include "base/strvec.h"
#include "registry/config.h"
#include "ui/opt.h"
#include "ui/out.h"

struct borrow;
struct lazy;
struct registry;
struct remote;

/* What main has prepared when run() is called. */
struct session {
	struct globals globals;
	struct strvec overrides;   /* -c key=value */
	struct config config;
	struct out *out;           /* NULL until session_open() */
	struct report *report;
	struct registry *registry; /* after session_open() of a verb that needs one */
	char *mreg_dir;            /* of the registry found, or NULL */
	const struct command *command;
	bool offline;              /* --offline */
	const char *remote_name;   /* --remote, or NULL */
	struct remote *remote;     /* what that means; the registry is then a borrowed one */
	struct borrow *borrow;
	struct lazy *lazy;         /* fetches what is not here (transport/lazy.h) */
	int status, signal;        /* of a program that was run in our place, when there is no error: ours are the same */
};

enum command_group { GROUP_START, GROUP_STORE, GROUP_LOOK, GROUP_CURATE, GROUP_TRACE, GROUP_SHARE, GROUP_KEEP, GROUP_OTHER };
enum command_needs {
	NEEDS_NOTHING,
	NEEDS_CONFIG,   /* configuration, with a registry's when there is one */
	NEEDS_REGISTRY,
};

struct command {
	const char *name;
	const char *synopsis; /* "NAME PATH… [options]" without the name: SYNOPSIS of the page shows the same */
	const char *summary;  /* lower case, no full stop: the page's .Nd */
	enum command_group group;
	enum command_needs needs;
	/* Parses its options by session_parse(), then acts.  0, or -1 with err; ERR_NO for status 1. */
	int (*run)(struct session *s, int argc, char **argv, struct error *err);
};

/* Options that many verbs have, in the same words. */
#define OPT_WHY(ptr) OPT_STRING('m', "message", ptr, "WHY", "reason, for the history")
#define OPT_DRY_RUN(ptr) OPT_FLAG('n', "dry-run", ptr, "decide, change nothing")
#define OPT_OFFLINE(ptr) OPT_FLAG(0, "offline", ptr, "use no network, and fetch nothing from a remote")
#define OPT_REMOTE(ptr) OPT_STRING(0, "remote", ptr, "REMOTE", "ask that registry: a remote's name, a URL or a path")
#define OPT_RUN(ptr) OPT_STRING(0, "run", ptr, "RUN", "the run that it belongs to (default: that of MREG_RUN)")
#define OPT_OVERRIDE(ptr) OPT_FLAG(0, "override", ptr, "do it although an alias is protected; needs -m")

/* opt_parse() with the command's synopsis, then opens what the command needs (config, registry, out, messages): after it s->out and s->registry stand. */
int session_parse(struct session *s, const struct opt *opts, int argc, char **argv, size_t min, size_t max, struct operands *operands,
		  struct error *err) MUST_CHECK;
/*
 * With --remote, before the first look at the registry, and again whenever it may have changed: brings what is known of it up to date, of the collections
 * that these references or names mean; count 0: of all.  ERR_NO_COLLECTION when one of them is not there, ERR_REMOTE.  Ends the snapshot, and
 * s->registry may be another one.  Without --remote nothing is done.
 */
int session_update(struct session *s, const char *const *refs, size_t count, struct error *err) MUST_CHECK;
/* Opens the registry for one that only sometimes needs it, and so is a verb of NEEDS_CONFIG.  ERR_NO_REGISTRY. */
int session_use_registry(struct session *s, struct error *err) MUST_CHECK;
/* Opens configuration and registry if both are there, for one that says nothing when they are not: whether s->registry stands. */
bool session_try_registry(struct session *s);
/* Of a verb that takes --remote: exchanges the borrowed registry for that of here (ERR_NO_REGISTRY), and back; nothing without --remote.  Ends the snapshot. */
int session_use_local(struct session *s, struct error *err) MUST_CHECK;
int session_use_remote(struct session *s, struct error *err) MUST_CHECK;
/* For one that waits for long: nothing is held from here on, and what was read is gone, until session_open_again(). */
void session_let_go(struct session *s);
int session_open_again(struct session *s, struct error *err) MUST_CHECK;
/* A time as people write it: what --at and --since take. */
int session_time(const char *text, int64_t *ns, struct error *err) MUST_CHECK;
/* Human lists that may be long: starts the pager before the first output. */
int session_pager(struct session *s, struct error *err) MUST_CHECK;
/* The verb failed because something is damaged: a borrowed registry is made anew the next time, and the error says so. */
void session_distrust(struct session *s, struct error *err);
/* Frees what session_parse() opened; what is not flushed is lost. */
void session_close(struct session *s);

/* All verbs, sorted by name, from commands.def. */
extern const struct command *const commands[];
extern const size_t command_count;
const struct command *command_find(const char *name);
/* The verbs by group, with their summaries. */
void command_overview(struct strbuf *out);
/* ERR_USAGE naming the word, with the verb that was meant: the nearest, or ours for a word of another tool. */
int command_unknown(const char *name, struct error *err);
/* "put" of GROUP_STORE is "store". */
const char *command_group_name(enum command_group group);

#define COMMAND(identifier, name) extern const struct command cmd_##identifier;
#include "cmd/commands.def"
#undef COMMAND

#endif
