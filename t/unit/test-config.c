/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of configuration: which source wins, what is checked, how files are edited. */
#include <config.h>

#include "registry/config.h"

#include <sys/stat.h>

#include "base/file.h"
#include "tap.h"

static struct error err;
static char home[4200], registry[4200], user_file[4300], registry_file[4300];

static void write_file(const char *path, const char *text)
{
	need(!file_replace(path, text, strlen(text), 0644, &err), err.text);
}

static void is_file(const char *path, const char *want, const char *name)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;

	need(!file_slurp(path, &text, 65536, NULL, &err), err.text);
	is_str(text.buf, want, name);
}

static void set_up(void)
{
	snprintf(home, sizeof home, "%s/home", tap_dir());
	snprintf(registry, sizeof registry, "%s/.mreg", tap_dir());
	snprintf(user_file, sizeof user_file, "%s/mreg/config", home);
	snprintf(registry_file, sizeof registry_file, "%s/config", registry);
	need(!mkdir(registry, 0755), "mkdir");
	setenv("XDG_CONFIG_HOME", home, 1);
	unsetenv("MREG_PAGER");
	unsetenv("MREG_EDITOR");
}

static void test_sources(void)
{
	CLEANUP(config) struct config c = CONFIG_INIT;
	CLEANUP(strvec) struct strvec overrides = STRVEC_INIT;

	write_file(registry_file, "[core]\n\tpager = of-registry\n\tlockTimeout = 3s\n[x \"Sub\"]\n\tkey = in-registry\n");
	need(!config_write(user_file, "core.pager", "of-user", &err), err.text);
	need(!config_write(user_file, "user.name", "Ada", &err), err.text);
	strvec_push(&overrides, "a.b=c=d");
	strvec_push(&overrides, "a.flag");
	need(!config_load(&c, registry, &overrides, &err), err.text);
	is_str(config_get(&c, "core.pager"), "of-registry", "the registry's value wins over the user's");
	is_str(config_get(&c, "user.name"), "Ada", "the user's stands where nobody else says anything");
	is_str(config_get(&c, "X.Sub.KEY"), "in-registry", "section and key are found in any case");
	ok(!config_get(&c, "x.sub.key"), "a subsection only as it is written");
	is_str(config_get(&c, "a.b"), "c=d", "-c sets a key");
	is_str(config_get(&c, "a.flag"), "true", "a key alone is true");
	is_str(config_find(&c, "a.b")->origin, "command line", "a value knows where it comes from");
	ok(!strncmp(config_find(&c, "core.pager")->origin, "file:/", 6), "a file by its path");
	config_cleanup(&c);
	setenv("MREG_PAGER", "of-environment", 1);
	need(!config_load(&c, registry, NULL, &err), err.text);
	is_str(config_get(&c, "core.pager"), "of-environment", "the environment wins over files");
	unsetenv("MREG_PAGER");
}

static void test_values(void)
{
	CLEANUP(config) struct config c = CONFIG_INIT;
	uint64_t ms;
	bool truth;

	write_file(registry_file, "[core]\n\tlockTimeout = 3s\n[t]\n\tyes = On\n\tno = 0\n\tbad = maybe\n\tms = 500ms\n\thuge = 18446744073709551615w\n");
	need(!config_load(&c, registry, NULL, &err), err.text);
	ok(!config_get_duration_ms(&c, "core.lockTimeout", 1, &ms, &err) && ms == 3000, "a duration is read in milliseconds");
	ok(!config_get_duration_ms(&c, "t.ms", 1, &ms, &err) && ms == 500, "which may be written so");
	ok(!config_get_duration_ms(&c, "t.unset", 7, &ms, &err) && ms == 7, "an unset key gives the fallback");
	ok(config_get_duration_ms(&c, "t.bad", 7, &ms, &err) < 0 && err.code == ERR_INVALID, "what is no duration is an error");
	ok(strstr(err.text, "'t.bad'") && strstr(err.text, "'maybe'") && strstr(err.text, registry_file), "that names key, value and file");
	ok(config_get_duration_ms(&c, "t.huge", 7, &ms, &err) < 0, "so is one that does not fit");
	ok(!config_get_bool(&c, "t.yes", false, &truth, &err) && truth, "On is true");
	ok(!config_get_bool(&c, "t.no", true, &truth, &err) && !truth, "0 is false");
	ok(!config_get_bool(&c, "t.unset", true, &truth, &err) && truth, "an unset truth gives the fallback");
	ok(config_get_bool(&c, "t.bad", true, &truth, &err) < 0 && err.code == ERR_INVALID, "maybe is neither");
}

static void test_broken(void)
{
	CLEANUP(config) struct config c = CONFIG_INIT;
	CLEANUP(strvec) struct strvec overrides = STRVEC_INIT;

	write_file(registry_file, "[core]\nok = 1\n[broken\n");
	ok(config_load(&c, registry, NULL, &err) < 0 && err.code == ERR_INVALID && strstr(err.text, "config:3"),
	   "a file that does not parse is named with its line");
	config_cleanup(&c);
	write_file(registry_file, "");
	strvec_push(&overrides, "core.lockTimeout=soon");
	ok(config_load(&c, registry, &overrides, &err) < 0 && err.code == ERR_INVALID, "-c is checked as a file is");
	config_cleanup(&c);
	ok(!config_load(&c, NULL, NULL, &err), "there need be no registry");
}

static void test_edits(void)
{
	write_file(registry_file, "# mine\n[core]\n\tpager = less ; why\n");
	ok(!config_write(registry_file, "core.locktimeout", "5s", &err), "a key is added");
	ok(!config_write(registry_file, "new.key", "a b", &err), "with its section");
	ok(config_write(registry_file, "core.lockTimeout", "soon", &err) < 0 && err.code == ERR_INVALID, "a bad value of a known key is refused");
	ok(config_write(registry_file, "user.name", "a\nb", &err) < 0 && err.code == ERR_INVALID, "so is a user's name with a newline");
	ok(config_write(registry_file, "nokey", "x", &err) < 0 && err.code == ERR_INVALID, "so is what is no key");
	ok(!config_write(registry_file, "new.key", NULL, &err), "a key is removed");
	ok(config_write(registry_file, "new.key", NULL, &err) < 0 && err.code == ERR_NO, "but not twice");
	ok(config_write("/nonexistent/config", "new.key", NULL, &err) < 0 && err.code == ERR_NO, "nor from a file that is not there");
	is_file(registry_file, "# mine\n[core]\n\tpager = less ; why\n\tlocktimeout = 5s\n[new]\n", "all else stays as it was");
	ok(config_is_known("CORE.lockTimeout") && !config_is_known("core.nothing"), "it is known which keys mean something");
}

static void test_links(void)
{
	char link_path[4300];
	struct stat st;

	snprintf(link_path, sizeof link_path, "%s/link", tap_dir());
	need(!symlink(registry_file, link_path), "symlink");
	ok(!config_write(link_path, "a.b", "c", &err), "a linked file is edited");
	ok(!lstat(link_path, &st) && S_ISLNK(st.st_mode), "and the link stays");
}

/* A registry of somebody else must not name programs that we run. */
static void test_foreign(void)
{
	CLEANUP(config) struct config c = CONFIG_INIT;

	write_file(registry_file, "[core]\n\tpager = evil\n\tlockTimeout = 3s\n[protect \"m:best\"]\n\tcheck = evil\n");
	if (geteuid() != 0 || chown(registry_file, 12345, 12345)) {
		ok(true, "skipped: only root can make a file of somebody else # SKIP");
		return;
	}
	need(!config_write(user_file, "core.pager", NULL, &err), err.text);
	need(!config_load(&c, registry, NULL, &err), err.text);
	ok(!config_get(&c, "core.pager"), "a program that somebody else's registry names is not run");
	ok(!config_get(&c, "protect.m:best.check"), "nor one that is to check an alias");
	ok(c.passed_over.count == 2 && strvec_has(&c.passed_over, "protect.m:best.check"), "and it is known that they were passed over");
	is_str(config_get(&c, "core.lockTimeout"), "3s", "its other keys count");
	config_cleanup(&c);
	need(!config_write(user_file, "safe.directory", tap_dir(), &err), err.text);
	need(!config_load(&c, registry, NULL, &err), err.text);
	is_str(config_get(&c, "core.pager"), "evil", "unless the user lists the directory as safe");
}

static void stages_are(const char *list, const char *want)
{
	CLEANUP(config) struct config c = CONFIG_INIT;
	CLEANUP(strvec) struct strvec overrides = STRVEC_INIT, stages = STRVEC_INIT;
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT, got = STRBUF_INIT;

	strbuf_addf(&text, "stage.list=%s", list ? list : "");
	if (list)
		strvec_push(&overrides, text.buf);
	error_clear(&err);
	if (config_load(&c, NULL, &overrides, &err) < 0 || config_stages(&c, &stages, &err) < 0)
		strbuf_adds(&got, error_code_name(err.code));
	for (size_t i = 0; i < stages.count; i++)
		strbuf_addf(&got, "%s%s", i ? "," : "", stages.v[i]);
	is_str(got.buf, want, list ? list : "no stage.list");
}

static void test_stages(void)
{
	stages_are(NULL, "development,staging,production,archived");
	stages_are(" one  two\tthree ", "one,two,three");
	stages_are("one two one", "invalid");
	stages_are("one latest", "invalid");
	stages_are("v1", "invalid");
	stages_are("  ", "invalid");
	ok(config_is_known("protect.red/m:best.check") && !config_is_known("protect.check") && !config_is_known("protect.m:best.checks"),
		"keys with a subsection are known");
}

int main(void)
{
	set_up();
	test_sources();
	test_values();
	test_broken();
	test_edits();
	test_links();
	test_stages();
	test_foreign();
	return tap_done();
}
