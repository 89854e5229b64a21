/* SPDX-License-Identifier: Apache-2.0 */
/* Runs one function on several threads and joins them: the pool has no queue, the function knows its work. */
#ifndef MREG_BASE_THREAD_POOL_H
#define MREG_BASE_THREAD_POOL_H

#include <stddef.h>

/* Cores this process may use (sched_getaffinity, then sysconf), at least 1, at most `max`. */
size_t thread_count(size_t max);
/* Calls fn(arg, worker) for worker 0 … count-1, each on its own thread (worker 0 on the caller's), and waits for all.
 * Signals are blocked in the other threads.  If a thread cannot be made the work goes on with those there are. */
void thread_run(size_t count, void (*fn)(void *arg, size_t worker), void *arg);

#endif
