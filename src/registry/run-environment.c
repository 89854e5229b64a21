/* SPDX-License-Identifier: Apache-2.0 */
/* The list of variables, and what looks like a secret. */
#include <config.h>

#include "registry/run-environment.h"

#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/mem.h"
#include "format/glob.h"

/* What says how a job ran: devices, threads, its place among others, its scheduler, its interpreter. */
static const char *const usual[] = {
	"CONDA_DEFAULT_ENV", "CUBLAS_WORKSPACE_CONFIG", "CUDA_DEVICE_ORDER", "CUDA_LAUNCH_BLOCKING", "CUDA_VERSION", "CUDA_VISIBLE_DEVICES",
	"GROUP_RANK", "HIP_VISIBLE_DEVICES", "JAX_ENABLE_X64", "JAX_PLATFORMS", "JOB_ID", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "LSB_JOBID",
	"MASTER_ADDR", "MASTER_PORT", "MKL_NUM_THREADS", "NCCL_ALGO", "NCCL_PROTO", "NCCL_VERSION", "NODE_RANK", "NUMEXPR_NUM_THREADS",
	"NVIDIA_TF32_OVERRIDE", "NVIDIA_VISIBLE_DEVICES", "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE",
	"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PBS_JOBID", "PYTHONHASHSEED", "PYTORCH_CUDA_ALLOC_CONF", "RANK", "ROCR_VISIBLE_DEVICES",
	"SGE_TASK_ID", "SLURMD_NODENAME", "SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID", "SLURM_CLUSTER_NAME", "SLURM_CPUS_PER_TASK",
	"SLURM_GPUS", "SLURM_GPUS_ON_NODE", "SLURM_JOB_ID", "SLURM_JOB_NAME", "SLURM_JOB_NODELIST", "SLURM_JOB_NUM_NODES",
	"SLURM_JOB_PARTITION", "SLURM_LOCALID", "SLURM_NODEID", "SLURM_NTASKS", "SLURM_PROCID", "TF_CUDNN_DETERMINISTIC",
	"TF_DETERMINISTIC_OPS", "TOKENIZERS_PARALLELISM", "VIRTUAL_ENV", "WORLD_SIZE", "XLA_FLAGS",
};

bool run_environment_is_secret(const char *name)
{
	static const char *const parts[] = {
		"auth", "cookie", "credential", "dsn", "key", "passphrase", "passwd", "password", "private", "pwd", "secret", "signature",
		"sshpass", "token",
	};
	static const char *const ends[] = { "_pass", "_pat", "_pin" };
	CLEANUP(strbuf) struct strbuf folded = STRBUF_INIT;
	size_t len;

	for (const char *c = name; *c; c++)
		strbuf_addc(&folded, *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c);
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		if (strstr(folded.buf, parts[i]))
			return true;
	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		len = strlen(ends[i]);
		if (folded.len >= len && !strcmp(folded.buf + folded.len - len, ends[i]))
			return true;
	}
	return false;
}

struct choice {
	struct strvec configured; /* run.environment */
	const struct strvec *names;
	struct report *report;
	json_t *out;
	bool is_full;
};

static bool is_usual(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(usual); i++)
		if (!strcmp(usual[i], name))
			return true;
	return false;
}

/* The last word that matches decides. */
static bool is_configured(const struct choice *c, const char *name)
{
	bool is_taken = is_usual(name), may_be = is_taken || !run_environment_is_secret(name);

	for (size_t i = 0; i < c->configured.count; i++) {
		const char *word = c->configured.v[i];

		if (*word == '!' && glob_match(word + 1, name))
			is_taken = false;
		else if (*word != '!' && may_be && glob_match(word, name))
			is_taken = true;
	}
	return is_taken;
}

static bool is_wanted(const struct choice *c, const char *name)
{
	for (size_t i = 0; c->names && i < c->names->count; i++)
		if (!strcmp(c->names->v[i], name) || (!run_environment_is_secret(name) && glob_match(c->names->v[i], name)))
			return true;
	return is_configured(c, name);
}

static void take(const char *text, size_t len, const char *value, void *arg)
{
	struct choice *c = arg;
	CLEANUP(ptr) char *name = xstrndup(text, len);
	size_t value_len = strlen(value);

	if (!is_wanted(c, name))
		return;
	if (value_len > RUN_ENVIRONMENT_VALUE_MAX) {
		report_warning(c->report, "the value of '%s' is not recorded: it has more than %d bytes", name, RUN_ENVIRONMENT_VALUE_MAX);
	} else if (json_object_size(c->out) < RUN_ENVIRONMENT_MAX) {
		CLEANUP(json) json_t *key = json_escaped(name, len);

		json_object_set_new(c->out, json_string_value(key), json_escaped(value, value_len));
	} else if (!c->is_full) {
		report_warning(c->report, "of the environment no more than %d variables are recorded", RUN_ENVIRONMENT_MAX);
		c->is_full = true;
	}
}

static void split(const char *text, struct strvec *out)
{
	size_t len;

	for (text += strspn(text, " \t\n"); *text; text += strspn(text, " \t\n")) {
		len = strcspn(text, " \t\n");
		strvec_push_own(out, xstrndup(text, len));
		text += len;
	}
}

/* Who names a variable outright wants it: it is said why it is not there. */
static void warn_of_secrets(const struct choice *c)
{
	for (size_t i = 0; i < c->configured.count; i++) {
		const char *word = c->configured.v[i];

		if (!strpbrk(word, "!*?[") && run_environment_is_secret(word) && !is_usual(word) && env_get(word))
			report_warning(c->report, "'%s' of run.environment looks like a secret, and is recorded only with --env", word);
	}
}

json_t *run_environment_read(const struct config *config, const struct strvec *names, struct report *report)
{
	struct choice c = { .configured = STRVEC_INIT, .names = names, .report = report, .out = json_object() };
	const char *words = config_get(config, "run.environment");

	if (words)
		split(words, &c.configured);
	warn_of_secrets(&c);
	env_each(take, &c);
	strvec_release(&c.configured);
	return c.out;
}
