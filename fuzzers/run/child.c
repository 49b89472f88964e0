/* SPDX-License-Identifier: GPL-2.0-only */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "allocator/heap.h"
#include "child.h"

#define FIRST_ROOM 256u

/**
 * struct shared - What both processes see.
 * @config, @world, @nr: the program
 * @answer, @taken: what came of it
 * @ops: @room operations of the program, then @room that ran
 */
struct shared {
	struct child_config config;
	struct prog_world world;
	uint32_t nr, taken, room;
	struct child_answer answer;
	struct op ops[];
};

/* @pid: 0: there is no process. @line: our end of it. */
struct child {
	struct child_config config;
	struct shared *shared;
	size_t bytes;
	pid_t pid;
	int line;
};

/* ---- in the child ------------------------------------------------------- */

static void watch(void *data, const struct run *run, const struct step *step)
{
	struct shared *shared = data;

	(void)run;
	if (step->actual.end != STEP_SKIPPED && shared->taken < shared->room)
		shared->ops[shared->room + shared->taken++] = step->op;
}

/* As heap_watchdog(), and finer. */
static void set_watchdog(unsigned int ms)
{
	struct itimerval timer = {
		.it_interval = {.tv_sec = ms / 1000,
				.tv_usec = (suseconds_t)(ms % 1000) * 1000}};

	timer.it_value = timer.it_interval;
	heap_watchdog(0);
	setitimer(ITIMER_PROF, &timer, NULL);
}

static void run_shared(struct shared *shared, struct run *run)
{
	const struct prog prog = {
		.world = shared->world, .ops = shared->ops, .nr = shared->nr};
	struct child_answer *answer = &shared->answer;
	struct run_config config = run_config_full();
	struct run_result result;

	if (!shared->config.full) {
		config.digest = false;
		config.replay = false;
		config.slow_books = false;
	}
	config.level = shared->config.level;
	config.watch = watch;
	config.data = shared;
	set_watchdog(shared->config.hang_ms);
	answer->end = run_program(run, &prog, &config, &result) ? CHILD_HOLDS
								: CHILD_FAILS;
	answer->oracle = result.verdict.oracle;
	answer->step = result.verdict.step;
	verdict_signature(&result.verdict, answer->signature,
			  sizeof(answer->signature));
	memcpy(answer->text, result.verdict.text, sizeof(answer->text));
	if (result.verdict.step && result.last.actual.end != STEP_DONE)
		snprintf(answer->where, sizeof(answer->where), "%s",
			 result.last.where);
}

static __attribute__((noreturn)) void serve(struct shared *shared, int line)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct run *run;
	char byte;

	/* the one who waits decides when it is over */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	if (null >= 0) {
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
	}

	assert(shared);
	run = run_create();
	if (!run)
		_exit(3);
	while (read(line, &byte, 1) == 1) {
		run_shared(shared, run);
		if (write(line, &byte, 1) != 1)
			break;
	}
	_exit(0);
}

/* ---- in the parent ------------------------------------------------------ */

struct child *child_create(const struct child_config *config)
{
	struct child *child = calloc(1, sizeof(*child));

	if (child)
		child->config = *config;
	return child;
}

struct child_config *child_config(struct child *child)
{
	return &child->config;
}

/* Return: what waitpid() says of it. */
static int end_process(struct child *child)
{
	int status = 0;

	if (!child->pid)
		return 0;
	kill(child->pid, SIGKILL);
	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	close(child->line);
	child->pid = 0;
	return status;
}

static void drop_shared(struct child *child)
{
	if (child->shared)
		munmap(child->shared, child->bytes);
	child->shared = NULL;
}

void child_destroy(struct child *child)
{
	if (!child)
		return;
	end_process(child);
	drop_shared(child);
	free(child);
}

/* Room for @nr operations, which a process that is there must see too. */
static int make_room(struct child *child, uint32_t nr)
{
	uint32_t room = FIRST_ROOM;
	void *at;

	if (child->shared && nr <= child->shared->room)
		return 0;
	while (room < nr)
		room *= 2;
	end_process(child);
	drop_shared(child);
	child->bytes =
		sizeof(struct shared) + 2 * (size_t)room * sizeof(struct op);
	at = mmap(NULL, child->bytes, PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		return -errno;
	child->shared = at;
	child->shared->room = room;
	return 0;
}

static int start(struct child *child)
{
	int line[2];

	if (child->pid)
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line))
		return -errno;
	fflush(NULL);
	child->pid = fork();
	if (!child->pid) {
		close(line[0]);
		serve(child->shared, line[1]);
	}
	close(line[1]);
	child->line = line[0];
	if (child->pid > 0)
		return 0;
	child->pid = 0;
	close(line[0]);
	return -errno;
}

static double now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

/* Wait for its byte. */
static enum child_end wait_for(struct child *child)
{
	struct pollfd poll_for = {.fd = child->line, .events = POLLIN};
	double limit = now() + child->config.seconds;
	char byte;

	for (;;) {
		double left = limit - now();
		int ready;

		if (child->config.stop && *child->config.stop)
			return CHILD_STOPPED;
		if (left <= 0)
			return CHILD_SLOW;
		/* a signal between the look at stop and poll() is not lost */
		ready = poll(&poll_for, 1, left > 0.2 ? 200 : 1);
		if (ready > 0)
			break;
		if (ready < 0 && errno != EINTR)
			return CHILD_DIED;
	}
	return read(child->line, &byte, 1) == 1 ? CHILD_HOLDS : CHILD_DIED;
}

static int reap(struct child *child)
{
	siginfo_t info;

	/* its line is closed: it ends by itself, and how is worth knowing */
	while (waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOWAIT) < 0 &&
	       errno == EINTR)
		;
	return end_process(child);
}

int child_run(struct child *child, const struct prog *prog,
	      struct child_answer *answer)
{
	struct shared *shared;
	enum child_end end;
	int err = make_room(child, prog->nr);

	if (!err)
		err = start(child);
	if (err)
		return err;

	shared = child->shared;
	assert(shared);
	shared->config = child->config;
	shared->world = prog->world;
	shared->nr = prog->nr;
	shared->taken = 0;
	memset(&shared->answer, 0, sizeof(shared->answer));
	if (prog->nr)
		memcpy(shared->ops, prog->ops, prog->nr * sizeof(*prog->ops));
	end = send(child->line, "", 1, MSG_NOSIGNAL) == 1 ? wait_for(child)
							  : CHILD_DIED;

	*answer = shared->answer;
	if (end == CHILD_HOLDS) {
		if (child->config.fresh)
			end_process(child);
		return 0;
	}
	memset(answer, 0, sizeof(*answer));
	answer->end = end;
	shared->taken = 0;
	if (end == CHILD_DIED)
		answer->status = reap(child);
	else
		end_process(child);
	return 0;
}

const struct op *child_taken(const struct child *child, uint32_t *nr)
{
	*nr = child->shared ? child->shared->taken : 0;
	return child->shared ? child->shared->ops + child->shared->room : NULL;
}

const char *child_end_words(int status, char *buf, size_t size)
{
	if (WIFSIGNALED(status))
		snprintf(buf, size, "signal %d", WTERMSIG(status));
	else
		snprintf(buf, size, "exit %d", WEXITSTATUS(status));
	return buf;
}
