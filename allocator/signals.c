/* SPDX-License-Identifier: GPL-2.0-only */
#include "heap.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#include "backend/memory.h"
#include "backend/mmu.h"
#include "internal.h"

/* Signals while the target runs are its faults; the watchdog ends its hangs. */

volatile sig_atomic_t heap_calls_begun;

static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
static struct sigaction before[sizeof(fatal) / sizeof(fatal[0])];

/* The handler of @number will be left by a jump. */
static void unblock(int number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* End the call from inside the handler of @number. */
static __attribute__((noreturn)) void end_call(enum backend_end end, int number)
{
	unblock(number);
	backend.stop.function = "";
	backend.stop.file = NULL;
	backend_end_call(end, 0);
}

/* What a signal of the target's own making ends; not ours: as it was before. */
static void on_signal(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (backend.out) {
		if (backend.mmu && (number == SIGSEGV || number == SIGBUS)) {
			unblock(number);
			backend_mmu_fault((uintptr_t)info->si_addr);
		}
		snprintf(backend.stop.what, sizeof(backend.stop.what),
			 "signal %d (%s)", number, strsignal(number));
		end_call(BACKEND_FAULT, number);
	}

	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		if (fatal[i] == number)
			sigaction(number, &before[i], NULL);
	/* returning, it happens again at the same place, unless it was sent */
	if (info->si_code <= 0)
		raise(number);
}

static void on_alarm(int number)
{
	static sig_atomic_t seen;

	if (backend.out && seen == heap_calls_begun) {
		snprintf(backend.stop.what, sizeof(backend.stop.what),
			 "stopped by the watchdog");
		end_call(BACKEND_HANG, number);
	}
	seen = heap_calls_begun;
}

void heap_catch_signals(void)
{
	static char stack[64 * 1024];
	const stack_t alternative = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigaction action = {.sa_sigaction = on_signal,
				   .sa_flags = SA_SIGINFO | SA_ONSTACK};
	stack_t old;

	/* ASan brings one, and takes it down itself */
	if (!sigaltstack(NULL, &old) && (old.ss_flags & SS_DISABLE))
		sigaltstack(&alternative, NULL);
	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		sigaction(fatal[i], &action, &before[i]);
}

void heap_watchdog(unsigned int seconds)
{
	struct itimerval timer = {.it_interval.tv_sec = seconds,
				  .it_value.tv_sec = seconds};
	struct sigaction action = {.sa_handler = on_alarm,
				   .sa_flags = SA_RESTART};

	sigaction(SIGPROF, &action, NULL);
	sigaction(SIGALRM, &action, NULL); /* somebody else's clock */
	setitimer(ITIMER_PROF, &timer, NULL);
}
