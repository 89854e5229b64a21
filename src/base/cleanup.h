/* SPDX-License-Identifier: Apache-2.0 */
/* Ownership by scope: an owning local frees itself unless it is handed over. */
#ifndef MREG_BASE_CLEANUP_H
#define MREG_BASE_CLEANUP_H

/*
 * CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
 *
 * calls strbuf_cleanup(&path) at the end of the scope.  Every T_cleanup() here preserves errno and accepts an
 * empty or NULL object.  Initialise where you declare.
 */
#define CLEANUP(T) __attribute__((cleanup(T##_cleanup)))

/* return STEAL(ptr): yields the pointer and leaves NULL behind, so that the cleanup has nothing to do. */
#define STEAL(ptr) __extension__({ __typeof__(ptr) *steal_from_ = &(ptr); __typeof__(ptr) stolen_ = *steal_from_; *steal_from_ = 0; stolen_; })

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

#endif
