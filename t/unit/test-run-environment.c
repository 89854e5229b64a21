/* SPDX-License-Identifier: Apache-2.0 */
/* Which variables are recorded, and that secrets are not. */
#include <config.h>

#include "registry/run-environment.h"

#include "base/strbuf.h"
#include "tap.h"

static void is_read(const char *words, const char *names, const char *want, const char *name)
{
	CLEANUP(json) json_t *got = NULL;
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct strvec overrides = STRVEC_INIT, given = STRVEC_INIT;
	struct config config = CONFIG_INIT;
	struct error err = ERROR_INIT;

	strbuf_addf(&text, "run.environment=%s", words);
	strvec_push(&overrides, text.buf);
	strbuf_reset(&text);
	if (names)
		strvec_push(&given, names);
	need(!config_load(&config, NULL, &overrides, &err), err.text);
	got = run_environment_read(&config, &given, NULL);
	json_canonical(&text, got);
	is_str(text.buf, want, name);
	strvec_release(&overrides);
	strvec_release(&given);
	config_cleanup(&config);
}

static void test_secrets(void)
{
	static const char *const secrets[] = { "AWS_SECRET_ACCESS_KEY", "HF_TOKEN", "github_token", "PGPASSWORD", "WANDB_API_KEY", "GH_PAT",
					       "MY_CREDENTIALS", "NETRC_AUTH", "SMTP_PASS", "SSHPASS", "SENTRY_DSN" };
	static const char *const plain[] = { "RANK", "PATH", "COMPASS", "OMP_NUM_THREADS", "LR" };

	for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
		ok(run_environment_is_secret(secrets[i]), "%s looks like a secret", secrets[i]);
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
		ok(!run_environment_is_secret(plain[i]), "%s does not", plain[i]);
}

int main(void)
{
	char *long_value = malloc(RUN_ENVIRONMENT_VALUE_MAX + 2);

	need(long_value != NULL, "malloc");
	memset(long_value, 'x', RUN_ENVIRONMENT_VALUE_MAX + 1);
	long_value[RUN_ENVIRONMENT_VALUE_MAX + 1] = '\0';
	clearenv();
	setenv("XDG_CONFIG_HOME", tap_dir(), 1);
	setenv("RANK", "3", 1);
	setenv("EXP_LR", "0.1", 1);
	setenv("EXP_TOKEN", "s3cret", 1);
	setenv("EXP_ODD", "a\nb\xff", 1);
	setenv("EXP_LONG", long_value, 1);
	setenv("EXP_EMPTY", "", 1);
	is_read("", NULL, "{\"RANK\":\"3\"}", "a list of usual ones is recorded");
	is_read("EXP_LR", NULL, "{\"EXP_LR\":\"0.1\",\"RANK\":\"3\"}", "one that is configured, too");
	is_read("EXP_*", NULL, "{\"EXP_EMPTY\":\"\",\"EXP_LR\":\"0.1\",\"EXP_ODD\":\"a\\\\nb\\\\xff\",\"RANK\":\"3\"}",
		"a glob takes no secret and nothing long, and odd bytes are escaped");
	is_read("EXP_TOKEN EXP_LR !RANK", NULL, "{\"EXP_LR\":\"0.1\"}", "the configuration takes out usual ones, and never takes a secret");
	is_read("EXP_LR !*", NULL, "{}", "or everything");
	is_read("!*", "EXP_LR", "{\"EXP_LR\":\"0.1\"}", "what the command line names is recorded all the same");
	is_read("!*", "EXP_*", "{\"EXP_EMPTY\":\"\",\"EXP_LR\":\"0.1\",\"EXP_ODD\":\"a\\\\nb\\\\xff\"}", "a glob there takes no secret either");
	is_read("!*", "*TOKEN", "{}", "however near it comes");
	is_read("!*", "EXP_TOKEN", "{\"EXP_TOKEN\":\"s3cret\"}", "but whoever names it there exactly means it");
	test_secrets();
	free(long_value);
	return tap_done();
}
