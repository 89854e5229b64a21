/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc says of processes, and by what their host is told from others. */
#include <config.h>

#include "base/process-id.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/number.h"
#include "base/strbuf.h"

static char space[PROCESS_ID_SPACE_LEN + 1], boot[PROCESS_ID_BOOT_MAX + 1];
static pthread_once_t space_once = PTHREAD_ONCE_INIT, boot_once = PTHREAD_ONCE_INIT;

/* Containers may share a name and a directory: a number tells of a process only among those who number them alike. */
static void make_space(void)
{
	char name[256] = "", link[64] = "";
	struct sha256 ctx;
	struct oid digest;
	ssize_t len;

	gethostname(name, sizeof name - 1);
	len = readlink("/proc/self/ns/pid", link, sizeof link);
	sha256_init(&ctx);
	sha256_update(&ctx, name, strlen(name) + 1);
	sha256_update(&ctx, link, len > 0 ? (size_t)len : 0);
	sha256_finish(&ctx, &digest);
	hex_encode(digest.raw, PROCESS_ID_SPACE_LEN / 2, space);
}

const char *process_id_space(void)
{
	pthread_once(&space_once, make_space);
	return space;
}

static void make_boot(void)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	struct error ignored = ERROR_INIT;
	size_t len;

	if (file_slurp("/proc/sys/kernel/random/boot_id", &text, 4096, NULL, &ignored) < 0)
		return;
	len = strspn(text.buf, "0123456789abcdef-");
	memcpy(boot, text.buf, len < PROCESS_ID_BOOT_MAX ? len : PROCESS_ID_BOOT_MAX);
}

const char *process_id_boot(void)
{
	pthread_once(&boot_once, make_boot);
	return boot;
}

/* /proc/PID/stat from its field 3 on; the name in field 2 may contain anything. */
static const char *read_stat(pid_t pid, struct strbuf *text)
{
	struct error ignored = ERROR_INIT;
	const char *end;
	char path[64];

	snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
	if (file_slurp(path, text, 4096, NULL, &ignored) < 0)
		return NULL;
	end = strrchr(text->buf, ')');
	return end && end[1] == ' ' ? end + 2 : NULL;
}

bool process_id_is_gone(pid_t pid)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	const char *state;

	if (kill(pid, 0) && errno == ESRCH)
		return true;
	state = read_stat(pid, &text);
	return state && (*state == 'Z' || *state == 'X');
}

/* Field 22. */
bool process_id_ticks(pid_t pid, uint64_t *ticks)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	const char *field = read_stat(pid, &text);

	for (int i = 3; field && i < 22; i++) {
		field = strchr(field, ' ');
		field += field != NULL;
	}
	return field && number_parse_u64(field, strcspn(field, " \n"), ticks);
}
