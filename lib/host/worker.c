// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/stdfiles.h"

/* A worker that outlived its maker would change what the next hook reads. */
static void die_with(pid_t maker)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != maker)
		raise(SIGKILL);
}

/* Closes everything but @a and @b; the standard files become /dev/null. */
static void cut_loose(int a, int b)
{
	int keep[] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, a, b };
	int null_fd;

	signal(SIGPIPE, SIG_IGN);
	/* First, so that there is room for one more. */
	hd_close_others(keep, sizeof(keep) / sizeof(keep[0]));
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (null_fd < 0 || dup2(null_fd, fd) < 0)
			close(fd);
	if (null_fd > STDERR_FILENO)
		close(null_fd);
}

/* Becomes the worker that the header speaks of. */
static void become_worker(const struct hd_host *host, pid_t maker, int wait_fd,
			  int go_fd, int fd)
{
	char byte;

	die_with(maker);
	if (go_fd >= 0)
		close(go_fd);
	/*
	 * End of file means that the maker died: its files close before its
	 * death kills us.
	 */
	if (wait_fd >= 0 && read(wait_fd, &byte, 1) != 1)
		_exit(0);
	cut_loose(fd, host->root_fd);
}

pid_t hd_worker_fork_waiting(const struct hd_host *host, int wait_fd, int go_fd,
			     int *ret_fd, struct hd_err *err)
{
	pid_t maker = getpid(), pid;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return hd_err_set(err, errno, "cannot make a pipe: %m");
	pid = fork();
	if (pid == 0) {
		become_worker(host, maker, wait_fd, go_fd, fds[1]);
		*ret_fd = fds[1];
		return 0;
	}
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return hd_err_set(err, errno, "cannot make a process: %m");
	}
	*ret_fd = fds[0];
	return pid;
}

pid_t hd_worker_fork(const struct hd_host *host, int *ret_fd,
		     struct hd_err *err)
{
	return hd_worker_fork_waiting(host, -1, -1, ret_fd, err);
}

int hd_worker_read(int fd, int64_t deadline, void *data, size_t size)
{
	size_t length = 0;

	while (length < size) {
		struct pollfd poll_fd = { fd, POLLIN, 0 };
		int64_t left = deadline - hd_now_ms();
		int n = left > 0 ? poll(&poll_fd, 1, (int)left) : 0;
		ssize_t got;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ETIMEDOUT;
		got = read(fd, (char *)data + length, size - length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -EIO;
		length += (size_t)got;
	}
	return 0;
}
