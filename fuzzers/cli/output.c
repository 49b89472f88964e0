/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"

/* ---- standard output ---------------------------------------------------- */

static int output_errno;

static void say_failed(void)
{
	fprintf(stderr, "hypheap: standard output: %s\n",
		output_errno ? strerror(output_errno) : "not all written");
}

bool output_failed(void)
{
	errno = 0;
	if (!ferror(stdout) && !fflush(stdout))
		return false;
	if (!output_errno)
		output_errno = errno;
	return true;
}

/* At exit: what is still in the buffer counts as well. */
static void close_output(int status, void *data)
{
	bool failed = output_failed();

	(void)data;
	errno = 0;
	if (fclose(stdout) && !failed && errno != EBADF) {
		output_errno = errno;
		failed = true;
	}
	if (!failed)
		return;
	say_failed();
	_exit(status == STATUS_BUG ? STATUS_BUG : STATUS_USAGE);
}

void output_watch(void)
{
	/* one write for all that is not long: then its errno is the reason */
	static char buffer[1 << 16];

	if (!isatty(STDOUT_FILENO))
		setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	signal(SIGPIPE, SIG_IGN);
	if (on_exit(close_output, NULL)) {
		fputs("hypheap: no memory\n", stderr);
		exit(STATUS_BUG);
	}
}

/* ---- Ctrl-C -------------------------------------------------------------- */

volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

void catch_interrupt(void)
{
	struct sigaction action = {.sa_handler = on_interrupt,
				   .sa_flags = (int)SA_RESETHAND};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* ---- files -------------------------------------------------------------- */

/* Into what is there: standard output, a device, a pipe. */
static int write_into(FILE *out, void (*write)(FILE *out, const void *data),
		      const void *data, bool close)
{
	int err = 0;

	errno = 0;
	write(out, data);
	if (fflush(out) || ferror(out))
		err = errno ? -errno : -EIO;
	if (out == stdout && err && !output_errno)
		output_errno = -err;
	if (close && fclose(out) && !err)
		err = errno ? -errno : -EIO;
	return err;
}

/* A new file beside @name takes its place once it is whole. */
static int replace(const char *name, bool fresh,
		   void (*write)(FILE *out, const void *data), const void *data)
{
	char temp[PATH_MAX];
	FILE *out;
	int fd, err;

	if (snprintf(temp, sizeof(temp), "%s.%ld.tmp", name, (long)getpid()) >=
	    (int)sizeof(temp))
		return -ENAMETOOLONG;
	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return -errno;
	out = fdopen(fd, "wb");
	if (!out) {
		err = -errno;
		close(fd);
		goto out_unlink;
	}

	err = write_into(out, write, data, true);
	if (err)
		goto out_unlink;
	if (!fresh) {
		if (rename(temp, name)) {
			err = -errno;
			goto out_unlink;
		}
		return 0;
	}
	if (link(temp, name))
		err = -errno;
	/* a file system without hard links */
	if (err == -EPERM && !rename(temp, name))
		return 0;

out_unlink:
	unlink(temp);
	return err;
}

int output_file(const char *name, bool fresh,
		void (*write)(FILE *out, const void *data), const void *data)
{
	char path[PATH_MAX];
	struct stat st;
	FILE *out;

	if (!strcmp(name, "-"))
		return write_into(stdout, write, data, false);
	if (stat(name, &st))
		return replace(name, fresh, write, data);
	if (fresh)
		return -EEXIST;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (S_ISREG(st.st_mode)) {
		/* the file that a link leads to, not the link */
		if (!realpath(name, path))
			return -errno;
		return replace(path, false, write, data);
	}

	out = fopen(name, "wb");
	return out ? write_into(out, write, data, true) : -errno;
}

static int make_folder(const char *name)
{
	struct stat st;

	if (!mkdir(name, 0777))
		return 0;
	if (errno != EEXIST)
		return -errno;
	if (stat(name, &st))
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int output_folder(const char *name)
{
	char path[PATH_MAX], *slash;
	int err;

	if (snprintf(path, sizeof(path), "%s", name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	for (slash = strchr(path + 1, '/'); *path && slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		err = make_folder(path);
		*slash = '/';
		if (err)
			return err;
	}
	return make_folder(path);
}

double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}
