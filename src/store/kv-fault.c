/* SPDX-License-Identifier: Apache-2.0 */
/* A fault within the index ends the process with the status of a damaged one. */
#include <config.h>

#include "store/kv-fault.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#define STATUS_INTEGRITY 7

/* LMDB trusts its pages, so damage shows as a fault: one that comes while a thread is in here is the index's. */
static _Thread_local volatile sig_atomic_t inside;
static struct sigaction other_bus, other_segv;

void kv_fault_enter(void)
{
	inside = inside + 1;
}

void kv_fault_leave(void)
{
	inside = inside - 1;
}

_Noreturn void kv_fault_die(void)
{
	static const char text[] = "mreg: index is damaged; run 'mreg fsck --rebuild-index'\n";
	ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);

	(void)ignored;
	_exit(STATUS_INTEGRITY);
}

static void on_fault(int sig)
{
	if (inside)
		kv_fault_die();
	/* Not ours: the instruction faults again under whoever was asked before. */
	sigaction(sig, sig == SIGBUS ? &other_bus : &other_segv, NULL);
}

void kv_fault_catch(void)
{
	static bool caught;
	struct sigaction action = { .sa_handler = on_fault };

	if (caught)
		return;
	caught = true;
	sigemptyset(&action.sa_mask);
	sigaction(SIGBUS, &action, &other_bus);
	sigaction(SIGSEGV, &action, &other_segv);
}
