/* SPDX-License-Identifier: GPL-2.0-only */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"

/*
 * A fault of the harness itself is never blamed on the allocator: it ends with
 * a line of its own and a status of its own. Faults inside the allocator do not
 * come here; the seam catches them first.
 */

/* Where a sanitizer is linked in, it reports and asks these. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "exitcode=3:detect_stack_use_after_return=0:handle_abort=1:"
	       "handle_sigill=1:allow_user_segv_handler=1";
}

const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void)
{
	return "exitcode=3:print_stacktrace=1:handle_abort=1";
}

const char *__lsan_default_options(void);
const char *__lsan_default_options(void)
{
	return "exitcode=3";
}

extern void __sanitizer_set_death_callback(void (*callback)(void))
	__attribute__((weak));

static void say(const char *what)
{
	static const char lead[] = "HARNESS BUG: ";

	if (write(STDERR_FILENO, lead, sizeof(lead) - 1) < 0 ||
	    write(STDERR_FILENO, what, strlen(what)) < 0 ||
	    write(STDERR_FILENO, "\n", 1) < 0)
		_exit(STATUS_BUG);
}

static void on_death(void)
{
	say("a sanitizer found an error in the harness, see above");
}

static void on_fault(int number)
{
	switch (number) {
	case SIGABRT:
		say("it aborted (SIGABRT)");
		break;
	case SIGSEGV:
		say("segmentation fault (SIGSEGV)");
		break;
	case SIGBUS:
		say("bus error (SIGBUS)");
		break;
	case SIGFPE:
		say("arithmetic error (SIGFPE)");
		break;
	default:
		say("illegal instruction (SIGILL)");
	}
	_exit(STATUS_BUG);
}

void bug_watch(void)
{
	static const int faults[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
	struct sigaction action = {.sa_handler = on_fault,
				   .sa_flags = SA_ONSTACK};

	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(on_death);

	/* a sanitizer that handles it already has more to say than we */
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		struct sigaction old;

		if (!sigaction(faults[i], NULL, &old) &&
		    !(old.sa_flags & SA_SIGINFO) && old.sa_handler == SIG_DFL)
			sigaction(faults[i], &action, NULL);
	}
}

struct run *new_run(void)
{
	struct run *run = run_create();

	if (run)
		return run;
	say("no memory for the model or the twin");
	exit(STATUS_BUG);
}
