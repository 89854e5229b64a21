/* SPDX-License-Identifier: Apache-2.0 */
/* The index's files, looked at and prepared before LMDB maps them; for kv.c alone. */
#ifndef MREG_STORE_KV_FILE_H
#define MREG_STORE_KV_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"

/* The data file's length and whether its header can be trusted with a map of it (ERR_INTEGRITY). *absent: there is none, or it is empty. */
int kv_file_check(const char *path, uint64_t *file_len, bool *absent, struct error *err) MUST_CHECK;
/* LMDB maps its lock file and writes to it: on a full disk a hole in it would be a fault. */
int kv_file_fill_lock(const char *path, struct error *err) MUST_CHECK;
/* Shared maps and byte locks do not hold between machines: ERR_LOCAL where there may be several. */
int kv_file_refuse_network(const char *dir, struct error *err) MUST_CHECK;
/* A file in memory, or a temporary one: its descriptor, and a path to open it by again. */
int kv_file_temporary(struct strbuf *path, struct error *err) MUST_CHECK;
/* Inode and birth time (0 where unknown) of the open data file; is another one in its place by now? */
int kv_file_identity(int fd, uint64_t *inode, int64_t *birth, struct error *err) MUST_CHECK;
bool kv_file_was_replaced(int fd, const char *dir);
/* How much to map of a file of this length, so that it can grow for a while. */
uint64_t kv_file_map_len(uint64_t file_len);
/* What a failed commit's code means. */
int kv_file_write_error(int fd, int rc);
int kv_file_damaged(struct error *err, const char *why); /* ERR_INTEGRITY, and what to do */
void kv_file_pause(void);                                /* between two tries */

/* How long a map must be, that is a number of doublings longer, so that so many bytes more fit into it than its pages in use; 0: one doubling. */
uint64_t kv_file_longer(uint64_t len, uint64_t pages, uint64_t bytes);

#endif
