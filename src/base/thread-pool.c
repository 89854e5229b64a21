/* SPDX-License-Identifier: Apache-2.0 */
/* Runs one function on several threads and joins them. */
#include <config.h>

#include "base/thread-pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

struct worker {
	pthread_t thread;
	void (*fn)(void *arg, size_t worker);
	void *arg;
	size_t number;
};

static long usable_cores(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	if (!sched_getaffinity(0, sizeof set, &set))
		return CPU_COUNT(&set);
	return sysconf(_SC_NPROCESSORS_ONLN);
}

size_t thread_count(size_t max)
{
	long cores = usable_cores();

	if (cores < 1 || !max)
		return 1;
	return (size_t)cores < max ? (size_t)cores : max;
}

static void *start(void *arg)
{
	struct worker *w = arg;

	w->fn(w->arg, w->number);
	return NULL;
}

/* All signals but those that a thread causes itself go to the caller's thread, where a system call is to be interrupted. */
static void block_signals(sigset_t *before)
{
	static const int own[] = { SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGABRT, SIGTRAP };
	sigset_t set;

	sigfillset(&set);
	for (size_t i = 0; i < COUNT_OF(own); i++)
		sigdelset(&set, own[i]);
	pthread_sigmask(SIG_SETMASK, &set, before);
}

void thread_run(size_t count, void (*fn)(void *arg, size_t worker), void *arg)
{
	struct worker *workers = xcalloc(count, sizeof *workers);
	size_t running = 1;
	sigset_t before;

	block_signals(&before);
	for (; running < count; running++) {
		workers[running] = (struct worker){ .fn = fn, .arg = arg, .number = running };
		if (pthread_create(&workers[running].thread, NULL, start, &workers[running]))
			break;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	fn(arg, 0);
	for (size_t i = 1; i < running; i++)
		pthread_join(workers[i].thread, NULL);
	free(workers);
}
