// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/tree/root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/base/cleanup.h"
#include "lib/base/finding.h"
#include "lib/base/stdfiles.h"
#include "lib/base/word.h"
#include "tools/tree/summary.h"
#include "tools/tree/unpack.h"

/* Removes what is below @fd, which it takes over. */
static void remove_below(int fd)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		close(fd);
		return;
	}
	while ((entry = readdir(dir))) {
		int child;

		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0 ||
		    unlinkat(fd, entry->d_name, 0) == 0)
			continue;
		child = openat(fd, entry->d_name,
			       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (child >= 0)
			remove_below(child);
		unlinkat(fd, entry->d_name, AT_REMOVEDIR);
	}
	closedir(dir);
}

/*
 * In the remover: waits for the end of the process that unpacks, whatever ends
 * it, or for its word.
 */
__attribute__((noreturn)) static void remove_later(int alive_fd,
						   const char *path)
{
	int fd, keep = STDIN_FILENO;
	char byte;

	/* No signal of a terminal, and no file that somebody reads to its end.
	 */
	setsid();
	dup2(alive_fd, STDIN_FILENO);
	hd_close_others(&keep, 1);
	while (read(STDIN_FILENO, &byte, 1) < 0 && errno == EINTR)
		;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		remove_below(fd);
	rmdir(path);
	_exit(0);
}

/* Makes the process that removes @path after us. */
static int start_remover(struct hd_root *root, const char *path,
			 struct hd_err *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return hd_err_set(err, errno, "cannot make a pipe: %m");
	root->remover = fork();
	if (root->remover == 0) {
		close(fds[1]);
		remove_later(fds[0], path);
	}
	close(fds[0]);
	if (root->remover < 0) {
		close(fds[1]);
		root->remover = 0;
		return hd_err_set(err, errno, "cannot make a process: %m");
	}
	root->alive_fd = fds[1];
	return 0;
}

/*
 * Half a tar that isn't compressed may look like a whole one, but a capture
 * says how many entries it has. Other tars don't.
 */
static int check_entries(int dir_fd, size_t entries, const char *name,
			 struct hd_err *err)
{
	HD_AUTOCLOSE int fd =
		openat(dir_fd, HD_SUMMARY, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	/* The line is one of the first, and short. */
	char text[4096] = "";
	ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof(text) - 1, 0);
	char *line = strstr(text, "\nentries ");
	int64_t expected;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (n < 0)
		return hd_err_set(err, errno, "%s of %s can't be read: %m",
				  HD_SUMMARY, name);
	if (line) {
		line += strlen("\nentries ");
		line[strcspn(line, "\n")] = '\0';
	}
	if (!hd_word_number(line, INT32_MAX, &expected))
		return hd_err_set(
			err, EDOM,
			"%s is no whole capture: it doesn't say how many entries it has",
			name);
	if (entries != (size_t)expected + 1)
		return hd_err_set(err, EDOM,
				  "%s is no whole capture: it has %zu entries "
				  "of %zu",
				  name, entries, (size_t)expected + 1);
	return 0;
}

static int unpack(struct hd_root *root, int fd, const char *name,
		  struct hd_err *err)
{
	const char *parent = getenv("TMPDIR");
	HD_AUTOFREE char *path =
		hd_text("%s/virt-hostdev-XXXXXX",
			parent && *parent == '/' ? parent : "/tmp");
	HD_AUTOCLOSE int dir_fd = -1;
	size_t entries = 0;
	int r;

	if (!path)
		return hd_err_nomem(err);
	if (!mkdtemp(path))
		return hd_err_set(err, errno,
				  "cannot make a folder to unpack %s (%s): %m",
				  name, path);
	r = start_remover(root, path, err);
	if (r < 0) {
		rmdir(path);
		return r;
	}
	dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return hd_err_set(err, errno, "cannot open %s: %m", path);
	r = hd_tar_unpack(fd, dir_fd, name, &entries, err);
	if (r == 0)
		r = check_entries(dir_fd, entries, name, err);
	return r < 0 ? r : hd_host_open(&root->host, path, err);
}

int hd_root_open(struct hd_root *root, const char *path, struct hd_err *err)
{
	HD_AUTOCLOSE int fd = -1;
	struct stat st;

	/* What isn't there and what may not be looked at: it has the words. */
	if (!path || stat(path, &st) < 0 || S_ISDIR(st.st_mode))
		return hd_host_open(&root->host, path, err);
	/* It may be something else by now, which must not be waited for. */
	if (S_ISREG(st.st_mode))
		fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (S_ISREG(st.st_mode) && fd < 0)
		return hd_err_set(err, errno, "cannot open %s: %m", path);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return hd_err_set(err, EDOM, "%s is neither a folder nor a tar",
				  path);
	return unpack(root, fd, path, err);
}

void hd_root_close(struct hd_root *root)
{
	hd_host_close(&root->host);
	hd_auto_close(&root->alive_fd);
	if (root->remover)
		waitpid(root->remover, NULL, 0);
	*root = (struct hd_root)HD_ROOT_INIT;
}
