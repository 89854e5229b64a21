/* SPDX-License-Identifier: Apache-2.0 */
/* Replays inputs through one fuzz target without a fuzzer: each argument is a file, or a directory of files. */
#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t replayed, failed;

static void report(const char *path, const char *fault)
{
	printf("%sok %zu - %s%s%s\n", fault ? "not " : "", ++replayed, path, fault ? ": " : "", fault ? fault : "");
	fflush(stdout);
	failed += fault != NULL;
}

/* The whole file in memory of exactly its size, so that a read past its end is seen; NULL on an error. */
static uint8_t *slurp(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	struct stat st;
	uint8_t *data = NULL;

	if (!file)
		return NULL;
	if (fstat(fileno(file), &st) == 0 && (data = malloc(st.st_size ? (size_t)st.st_size : 1))) {
		*size = fread(data, 1, (size_t)st.st_size, file);
		if (*size != (size_t)st.st_size) {
			free(data);
			data = NULL;
		}
	}
	fclose(file);
	return data;
}

static void replay_file(const char *path)
{
	size_t size = 0;
	uint8_t *data = slurp(path, &size);

	if (!data) {
		report(path, "cannot be read");
		return;
	}
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	report(path, NULL);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void replay_dir(const char *path)
{
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, is_visible, alphasort);
	char file[4096];

	if (count < 0)
		report(path, strerror(errno));
	for (int i = 0; i < count; i++) {
		if (snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name) < (int)sizeof file)
			replay_file(file);
		else
			report(path, "a name is too long");
		free(entries[i]);
	}
	free(entries);
}

int main(int argc, char **argv)
{
	struct stat st;

	for (int i = 1; i < argc; i++) {
		if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
			replay_dir(argv[i]);
		else
			replay_file(argv[i]);
	}
	if (replayed == 0)
		report("inputs", "there are none");
	printf("1..%zu\n", replayed);
	return failed != 0;
}
