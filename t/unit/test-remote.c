/* SPDX-License-Identifier: Apache-2.0 */
/* Which registry a user means, and the files that say what was seen of it. */
#include <config.h>

#include "registry/remote.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "tap.h"

static struct strbuf mreg_dir = STRBUF_INIT;

static void load(struct config *config, const char *override)
{
	CLEANUP(strvec) struct strvec overrides = STRVEC_INIT;
	struct error err = ERROR_INIT;

	if (override)
		strvec_push(&overrides, override);
	need(config_load(config, mreg_dir.buf, &overrides, &err) == 0, err.text);
}

/* "NAME URL", or the code of the error and its hint. */
static void finds(const char *text, const char *override, const char *want, const char *name)
{
	CLEANUP(config) struct config config = CONFIG_INIT;
	CLEANUP(remote) struct remote r = { .name = NULL };
	CLEANUP(strbuf) struct strbuf got = STRBUF_INIT;
	struct error err = ERROR_INIT;

	load(&config, override);
	if (remote_find(&config, text, &r, &err) == 0)
		strbuf_addf(&got, "%s %s", r.name, r.url);
	else
		strbuf_addf(&got, "%s: %s. %s", error_code_name(err.code), err.text, err.hint);
	is_str(got.buf, want, name);
}

static void change(int (*fn)(const struct registry *, const char *, const char *, struct error *), const char *name, const char *url)
{
	CLEANUP(config) struct config config = CONFIG_INIT;
	CLEANUP(registry) struct registry *reg = NULL;
	struct error err = ERROR_INIT;

	load(&config, NULL);
	reg = registry_open(mreg_dir.buf, &config, "test", NULL, &err);
	need(reg && fn(reg, name, url, &err) == 0, err.text);
}

static void test_finding(void)
{
	CLEANUP(strbuf) struct strbuf relative = STRBUF_INIT;

	finds(NULL, NULL, "usage: there is no remote. Name a path or URL, or add one: 'mreg remote add origin URL'.", "there is none");
	change(remote_add, "team", "../team");
	strbuf_addf(&relative, "team %s/../team", tap_dir());
	finds(NULL, NULL, relative.buf, "the only one; its path is relative to the registry's directory");
	change(remote_add, "lab", "ann@host:reg");
	finds(NULL, NULL, "usage: there are 2 remotes, and none is called 'origin': say which. There are lab, team.", "several");
	change(remote_add, "origin", "ssh://host/reg");
	finds(NULL, NULL, "origin ssh://host/reg", "origin before others");
	finds("lab", NULL, "lab ann@host:reg", "by its name");
	finds("lab", "remote.lab.url=/elsewhere", "lab /elsewhere", "what is configured later wins");
	finds("teem", NULL, "usage: no remote 'teem'. Did you mean 'team'?", "a name that is none");
	finds("host:reg", NULL, " host:reg", "a URL");
	finds("/no/where", NULL, " /no/where", "a path that is none is told by whoever goes there");
	finds("http://x/y", NULL,
	      "invalid: 'http://x/y' is no place of a registry: its scheme is neither file nor ssh. ",
	      "another scheme");
	need(chdir(tap_dir()) == 0 && mkdir("there", 0777) == 0, "cannot make a directory");
	strbuf_reset(&relative);
	strbuf_addf(&relative, " %s/there", tap_dir());
	finds("there", NULL, relative.buf, "a word that exists here is a path");
	finds("./there", NULL, relative.buf, "the same path is the same URL");
}

static void test_state(void)
{
	CLEANUP(config) struct config config = CONFIG_INIT;
	CLEANUP(registry) struct registry *reg = NULL;
	CLEANUP(remote) struct remote r = { .name = NULL };
	CLEANUP(remote_state) struct remote_state s = REMOTE_STATE_INIT, t = REMOTE_STATE_INIT, u = REMOTE_STATE_INIT;
	CLEANUP(strvec) struct strvec none = STRVEC_INIT, ids = STRVEC_INIT, pending = STRVEC_INIT;
	struct error err = ERROR_INIT;

	load(&config, NULL);
	reg = registry_open(mreg_dir.buf, &config, "test", NULL, &err);
	need(reg && remote_find(&config, "lab", &r, &err) == 0, err.text);
	is_int(remote_state_read(reg, &r, &s, &err), 0, "nothing is known at first");
	remote_state_cursor(&s, &none)->seq = 5;
	strvec_push(&ids, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	strvec_push(&ids, "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210");
	need(remote_change_pending(reg, &r, &ids, NULL, &err) == 0 && remote_change_pending(reg, &r, &ids, NULL, &err) == 0, err.text);
	free(ids.v[--ids.count]);
	need(remote_change_pending(reg, &r, NULL, &ids, &err) == 0, err.text);
	need(remote_state_write(reg, &r, &s, &err) == 0, err.text);
	ok(remote_state_read(reg, &r, &t, &err) == 1 && remote_state_cursor(&t, &none)->seq == 5, "it is read back");
	free(r.url);
	r.url = xstrdup("ann@host:other");
	ok(remote_state_read(reg, &r, &u, &err) == 0 && !u.count, "of another URL nothing is known");
	is_int((int)u.pending.count, 1, "but for what is pending, which a process that knew of none has left alone");
	need(remote_remove(reg, "lab", &err) == 0, err.text);
	ok(remote_pending(reg, &pending, &err) == 0 && pending.count == 1, "which stays when the remote is removed");
}

int main(void)
{
	struct error err = ERROR_INIT;

	need(registry_init(tap_dir(), false, &mreg_dir, &err) == 0, err.text);
	test_finding();
	test_state();
	strbuf_release(&mreg_dir);
	return tap_done();
}
