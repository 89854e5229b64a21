/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes a file in order, at once or later. */
#include <config.h>

#include "store/file-digest.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/mem.h"
#include "codec/deflate.h"

#define SPARED_MIN (8u << 20)   /* a smaller one is hashed in no time */
#define READ_STEP (256u << 10)  /* hashed while it is in the core's cache */

void file_digest_begin(struct file_digest *d, const struct source *source)
{
	*d = (struct file_digest){ .source = source, .is_spared = !source->is_pipe && source->before.st_size >= (off_t)SPARED_MIN };
	sha256_init(&d->sha);
}

void file_digest_add(struct file_digest *d, const void *data, size_t len)
{
	if (d->is_spared) {
		d->passed = deflate_crc32(d->passed, data, len);
		return;
	}
	sha256_update(&d->sha, data, len);
	d->hashed += len;
}

/* Who writes through a mapping changes a file without changing its times, so these do not tell whether it is still what was cut into chunks. */
int file_digest_catch_up(struct file_digest *d, uint64_t taken, struct work *work, struct error *err)
{
	CLEANUP(ptr) uint8_t *buf = NULL;
	uint32_t sum = 0;

	if (!d->is_spared)
		return 0;
	d->is_spared = false;
	if (d->hashed < taken)
		buf = xmalloc(READ_STEP);
	while (d->hashed < taken) {
		size_t want = taken - d->hashed < READ_STEP ? (size_t)(taken - d->hashed) : READ_STEP;
		ssize_t n = work_check(work, err) < 0 ? -1 : file_pread(d->source->fd, buf, want, d->hashed, d->source->path, err);

		if (n < 0)
			return -1;
		if (!n)
			break; /* it was cut meanwhile */
		sum = deflate_crc32(sum, buf, (size_t)n);
		file_digest_add(d, buf, (size_t)n);
	}
	d->is_torn = sum != d->passed || d->hashed != taken;
	return 0;
}

void file_digest_finish(struct file_digest *d, struct oid *out)
{
	if (d->is_spared)
		BUG("a digest was asked for that was spared");
	sha256_finish(&d->sha, out);
}
