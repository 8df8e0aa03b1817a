// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/tree/unpack.h"

/*
 * Removes what a tar has made, and looks at it: only files, folders and links.
 * The depth is that of a path, which is bounded.
 */
static void remove_below(int fd)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;

	if (!dir)
		abort();
	while ((entry = readdir(dir))) {
		const char *name = entry->d_name;
		struct stat st;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) ||
		      S_ISLNK(st.st_mode)))
			__builtin_trap();
		if (!S_ISDIR(st.st_mode)) {
			unlinkat(fd, name, 0);
			continue;
		}
		fchmodat(fd, name, 0700, 0);
		remove_below(openat(fd, name,
				    O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
					    O_CLOEXEC));
		unlinkat(fd, name, AT_REMOVEDIR);
	}
	closedir(dir);
}

/* Unpacks into an empty folder; nothing but that folder is changed. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	char outer[] = "/tmp/fuzz-tar-XXXXXX";
	int fd = memfd_create("tar", MFD_CLOEXEC), outer_fd, dir_fd;
	struct stat before, after;
	size_t n = 0;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || !mkdtemp(outer))
		abort();
	lseek(fd, 0, SEEK_SET);
	outer_fd = open(outer, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	mkdirat(outer_fd, "in", 0700);
	dir_fd = openat(outer_fd, "in", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fstat(outer_fd, &before);
	if (hd_tar_unpack(fd, dir_fd, "it", &n, &err) < 0 &&
	    (!err.message || !*err.message))
		__builtin_trap();
	fstat(outer_fd, &after);
	if (before.st_mtim.tv_nsec != after.st_mtim.tv_nsec ||
	    before.st_nlink != after.st_nlink)
		__builtin_trap();
	close(fd);
	close(dir_fd);
	remove_below(outer_fd);
	rmdir(outer);
	return 0;
}
