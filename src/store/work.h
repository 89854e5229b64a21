/* SPDX-License-Identifier: Apache-2.0 */
/* What the threads of one piece of work share: a lock, the first error, how far they are. */
#ifndef MREG_STORE_WORK_H
#define MREG_STORE_WORK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/report.h"

struct work {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* woken whenever something under the lock may let a waiting thread go on */
	atomic_bool failed;
	struct error error;     /* the first one, under the lock */
	struct report *report;
	const char *what;
	_Atomic uint64_t done;
	uint64_t total; /* 0 when unknown */
};

void work_init(struct work *w, struct report *report, const char *what, uint64_t total);
void work_release(struct work *w);

static inline void work_lock(struct work *w)
{
	pthread_mutex_lock(&w->lock);
}

static inline void work_unlock(struct work *w)
{
	pthread_mutex_unlock(&w->lock);
}

/* With the lock held: until somebody calls work_wake(). */
static inline void work_wait(struct work *w)
{
	pthread_cond_wait(&w->changed, &w->lock);
}

static inline void work_wake(struct work *w)
{
	pthread_cond_broadcast(&w->changed);
}

static inline bool work_has_failed(struct work *w)
{
	return atomic_load_explicit(&w->failed, memory_order_acquire);
}

/* -1 when this thread should stop: a signal came, or another one has failed (err is its error then). With or without the lock held. */
int work_check(struct work *w, struct error *err) MUST_CHECK;
/* Keeps the error if it is the first, and wakes all so that they stop. Without the lock held. */
void work_fail(struct work *w, const struct error *why);
/* bytes more are done: told to the report once a MiB or so. */
void work_advance(struct work *w, uint64_t bytes);
/* bytes that had been counted must be done again. */
void work_take_back(struct work *w, uint64_t bytes);
/* After all threads have ended: 0, or -1 and the first error. */
int work_result(struct work *w, struct error *err) MUST_CHECK;
/* How many threads are worth starting for so many files of so many bytes: no more than cores, and no more than 8. */
size_t work_thread_count(size_t files, uint64_t bytes);

#endif
