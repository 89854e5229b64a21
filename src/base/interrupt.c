/* SPDX-License-Identifier: Apache-2.0 */
/* Signals that ask us to stop, noted in a flag. */
#include <config.h>

#include "base/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"

/* Within a second of the first a signal is that first one again: timeout(1) sends it to the program and then to its group, and a key repeats. */
#define SAME_MS 1000

static atomic_int received;
static atomic_bool deferred;
static atomic_long first_ms; /* when it was received */

/* CLOCK_MONOTONIC; a signal handler may ask it. */
static long now_ms(void)
{
	struct timespec ts = { 0, 0 };

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (long)(ts.tv_sec % 1000000) * 1000 + ts.tv_nsec / 1000000;
}

/* Who asks twice means it: the default action then runs when this handler returns. */
static void on_signal(int sig)
{
	int saved = errno, none = 0;

	if (!atomic_load(&received))
		atomic_store(&first_ms, now_ms());
	if (!atomic_compare_exchange_strong(&received, &none, sig) && labs(now_ms() - atomic_load(&first_ms)) >= SAME_MS)
		signal(sig, SIG_DFL), raise(sig);
	errno = saved;
}

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

void interrupt_install(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct sigaction before;

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < COUNT_OF(signals); i++)
		if (!sigaction(signals[i], NULL, &before) && before.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is like a full disk */
}

bool interrupt_pending(void)
{
	return atomic_load(&received) && !atomic_load(&deferred);
}

int interrupt_signal(void)
{
	return atomic_load(&received);
}

int interrupt_check(struct error *err)
{
	if (!interrupt_pending())
		return 0;
	return error_set(err, ERR_INTERRUPTED, "interrupted by signal %d (%s)", interrupt_signal(), strsignal(interrupt_signal()));
}

/* Between the question and the waiting no signal can come: it is let in by ppoll() alone.  timeout may be NULL.  How many are ready, or -1. */
static int wait_for(struct pollfd *wanted, nfds_t count, const struct timespec *timeout, struct error *err)
{
	sigset_t ours, before;
	int ready = 0;

	sigemptyset(&ours);
	for (size_t i = 0; i < COUNT_OF(signals); i++)
		sigaddset(&ours, signals[i]);
	pthread_sigmask(SIG_BLOCK, &ours, &before);
	while (!interrupt_pending() && (ready = ppoll(wanted, count, timeout, &before)) < 0 && errno == EINTR)
		;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return interrupt_check(err) < 0 ? -1 : ready > 0 ? ready : 0;
}

int interrupt_wait_input(int fd, struct error *err)
{
	return wait_for(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, NULL, err) < 0 ? -1 : 0;
}

int interrupt_poll(struct pollfd *fds, size_t count, int ms, struct error *err)
{
	const struct timespec most = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	return wait_for(fds, (nfds_t)count, ms < 0 ? NULL : &most, err);
}

int interrupt_wait(uint64_t ms, struct error *err)
{
	return wait_for(NULL, 0, &(struct timespec){ .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000 }, err);
}

void interrupt_defer(void)
{
	atomic_store(&deferred, true);
}

void interrupt_heed(void)
{
	atomic_store(&deferred, false);
}
