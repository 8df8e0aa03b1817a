// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/cli/outlive.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/display/systemd.h"

static int wait_for(pid_t pid, int *ret_exit, struct hd_err *err)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return hd_err_set(err, errno,
					  "cannot wait for process %d: %m",
					  pid);
	if (WIFEXITED(status)) {
		*ret_exit = WEXITSTATUS(status);
		return HD_WAITED;
	}
	hd_err_set(err, EINTR, "process %d, which did it, was killed (%s)", pid,
		   strsignal(WTERMSIG(status)));
	hd_err_fix(err, "See what is left: virt-hostdev status");
	return -EINTR;
}

static int leave(const struct hd_host *host, const char *scope,
		 struct hd_err *err)
{
	setsid();
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	if (hd_scope_enter(host, scope, err) == 0)
		return 0;
	hd_err_wrap(
		err,
		"nothing was changed, as this can't go on without the terminal");
	return -err->code;
}

int hd_outlive(const struct hd_host *host, const char *scope, int *ret_exit,
	       struct hd_err *err)
{
	pid_t pid;

	/* Nothing is to be written twice. */
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return hd_err_set(err, errno, "cannot make a process: %m");
	return pid ? wait_for(pid, ret_exit, err) : leave(host, scope, err);
}

void hd_outlive_output(void)
{
	struct pollfd fds[] = { { .fd = STDOUT_FILENO },
				{ .fd = STDERR_FILENO } };
	HD_AUTOCLOSE int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (null_fd < 0 || poll(fds, 2, 0) < 0)
		return;
	for (int i = 0; i < 2; i++)
		if (fds[i].revents & (POLLERR | POLLHUP))
			dup2(null_fd, fds[i].fd);
}
