// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stands for libvirt's daemon, whose name it has:
 *
 *	libvirtd FD COMMAND...
 *
 * runs COMMAND, and ends as that does. The command's parent is a process that
 * goes on afterwards, as a daemon does, until nobody has the other end of the
 * pipe FD open.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int as_daemon(int life_fd, int status_fd, char **command)
{
	pid_t pid = fork();
	int status = 127 << 8;
	char byte;

	if (pid == 0) {
		close(life_fd);
		close(status_fd);
		execvp(command[0], command);
		_exit(127);
	}
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		close(fd);
	if (pid > 0)
		waitpid(pid, &status, 0);
	if (write(status_fd, &status, sizeof(status)) != sizeof(status))
		return 1;
	close(status_fd);
	return read(life_fd, &byte, 1) != 0;
}

int main(int argc, char **argv)
{
	int fds[2], status;

	if (argc < 3 || pipe(fds) < 0)
		return 127;
	switch (fork()) {
	case -1:
		return 127;
	case 0:
		close(fds[0]);
		return as_daemon(atoi(argv[1]), fds[1], argv + 2);
	default:
		close(fds[1]);
	}
	if (read(fds[0], &status, sizeof(status)) != sizeof(status))
		return 127;
	if (!WIFSIGNALED(status))
		return WEXITSTATUS(status);
	signal(WTERMSIG(status), SIG_DFL);
	kill(getpid(), WTERMSIG(status));
	return 127;
}
