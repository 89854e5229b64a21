/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps the first error and counts progress for threads that work together. */
#include <config.h>

#include "store/work.h"

#include "base/interrupt.h"
#include "base/thread-pool.h"

#define THREADS_MAX 8
#define PROGRESS_SHIFT 20          /* a report a MiB */
#define BYTES_WORTH_A_THREAD (1u << 18)
#define FILE_COSTS_BYTES (1u << 14) /* opening one takes as long as hashing so much */

void work_init(struct work *w, struct report *report, const char *what, uint64_t total)
{
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	atomic_init(&w->failed, false);
	atomic_init(&w->done, 0);
	error_clear(&w->error);
	w->report = report;
	w->what = what;
	w->total = total;
}

void work_release(struct work *w)
{
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
}

int work_check(struct work *w, struct error *err)
{
	if (work_has_failed(w)) {
		*err = w->error; /* written before the flag, and never again */
		return -1;
	}
	return interrupt_check(err);
}

void work_fail(struct work *w, const struct error *why)
{
	work_lock(w);
	if (!work_has_failed(w)) {
		w->error = *why;
		atomic_store(&w->failed, true);
	}
	work_wake(w);
	work_unlock(w);
}

/* Sizes were looked up before the files were read: what has grown since must not take progress past its end. */
static void tell(struct work *w, uint64_t done)
{
	report_progress(w->report, w->what, w->total && done > w->total ? w->total : done, w->total);
}

void work_advance(struct work *w, uint64_t bytes)
{
	uint64_t before = atomic_fetch_add_explicit(&w->done, bytes, memory_order_relaxed);

	if (before >> PROGRESS_SHIFT != (before + bytes) >> PROGRESS_SHIFT)
		tell(w, before + bytes);
}

void work_take_back(struct work *w, uint64_t bytes)
{
	atomic_fetch_sub_explicit(&w->done, bytes, memory_order_relaxed);
}

int work_result(struct work *w, struct error *err)
{
	if (work_has_failed(w)) {
		*err = w->error;
		return -1;
	}
	tell(w, atomic_load(&w->done));
	return 0;
}

size_t work_thread_count(size_t files, uint64_t bytes)
{
	uint64_t worth = bytes / BYTES_WORTH_A_THREAD + files / (BYTES_WORTH_A_THREAD / FILE_COSTS_BYTES) + 1;

	return thread_count(worth < THREADS_MAX ? (size_t)worth : THREADS_MAX);
}
