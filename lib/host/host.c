// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/inside.h"

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

/* Anything may lie in a copied tree; what isn't a file waits or does things. */
static int open_copy(const struct hd_host *host, const char *path, int flags)
{
	bool look = flags & O_PATH;
	int fd = hd_open_inside(host->root_fd, path,
				look ? flags : flags | O_NONBLOCK,
				HD_LINKS_INSIDE);
	int r = fd < 0 || look ? 0 : hd_file_is_regular(fd);

	if (r == 0 || r == -EISDIR)
		return fd;
	close(fd);
	return r;
}

struct hd_seen hd_host_openat(const struct hd_host *host, const char *path,
			      int flags, int *ret_fd)
{
	int fd;

	if (!(flags & O_PATH))
		flags |= O_NOCTTY;
	if (host->live) {
		path += strspn(path, "/");
		fd = openat(host->root_fd, path, flags | O_CLOEXEC);
		if (fd < 0)
			fd = -errno;
	} else {
		fd = open_copy(host, path, flags);
	}
	if (fd >= 0)
		*ret_fd = fd;
	return hd_seen_of(fd);
}

struct hd_seen hd_host_read(const struct hd_host *host, const char *path,
			    size_t limit, char **ret, size_t *ret_length)
{
	HD_AUTOCLOSE int fd = -1;
	struct hd_seen seen =
		hd_host_openat(host, path, O_RDONLY | O_NONBLOCK, &fd);
	int r;

	if (seen.is != HD_PRESENT)
		return seen;
	r = hd_file_is_regular(fd);
	return hd_seen_of(r < 0 ? r : hd_read_all(fd, limit, ret, ret_length));
}
