// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>

#include "lib/base/cleanup.h"

int hd_host_open(struct hd_host *host, const char *root, struct hd_err *err)
{
	const char *path = root ? root : "/";
	HD_AUTOCLOSE int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return hd_err_set(err, errno, "cannot open the root %s: %m",
				  path);
	host->root = strdup(path);
	if (!host->root)
		return hd_err_nomem(err);
	host->root_fd = hd_steal_fd(&fd);
	host->live = strcmp(path, "/") == 0;
	return 0;
}

void hd_host_close(struct hd_host *host)
{
	free(host->root);
	hd_auto_close(&host->root_fd);
	*host = (struct hd_host)HD_HOST_INIT;
}

int hd_host_openat(const struct hd_host *host, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned)flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT,
	};
	long fd;

	if (host->live)
		fd = openat(host->root_fd, path, flags | O_CLOEXEC);
	else
		fd = syscall(SYS_openat2, host->root_fd, path, &how,
			     sizeof(how));
	return fd < 0 ? -errno : (int)fd;
}
