// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What rebinding devices costs at the very least: rawwrites OVERRIDE FROM TO
 * ADDRESS... makes the sysfs writes for all devices at the same time, and
 * nothing else. An OVERRIDE that is empty is cleared.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int r = 0;

	if (fd < 0 || write(fd, text, strlen(text)) < 0) {
		fprintf(stderr, "'%s' can't be written to %s: %m\n", text,
			path);
		r = -1;
	}
	if (fd >= 0)
		close(fd);
	return r;
}

static int write_driver(const char *driver, const char *attribute,
			const char *address)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s/%s", driver,
		 attribute);
	return write_file(path, address);
}

static int rebind(const char *address, const char *override, const char *from,
		  const char *to)
{
	char path[PATH_MAX];
	int r;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override",
		 address);
	r = write_file(path, override[0] ? override : "\n");
	if (r == 0)
		r = write_driver(from, "unbind", address);
	if (r == 0)
		r = write_driver(to, "bind", address);
	return r;
}

int main(int argc, char **argv)
{
	int failures = 0, status;

	if (argc < 5) {
		fputs("usage: rawwrites OVERRIDE FROM TO ADDRESS...\n", stderr);
		return 2;
	}
	for (int i = 4; i < argc; i++) {
		pid_t pid = fork();

		if (pid < 0) {
			perror("fork");
			failures++;
			break;
		}
		if (pid == 0)
			_exit(rebind(argv[i], argv[1], argv[2], argv[3]) < 0);
	}
	while (wait(&status) > 0)
		failures += status != 0;
	return failures > 0;
}
