// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/base/file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/seen.h"

#define FIRST_SIZE 16384

int hd_file_is_regular(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? 0 :
	       S_ISDIR(st.st_mode) ? -EISDIR :
				     -EINVAL;
}

/* Makes room for one more byte and a NUL, in text that has @most at most. */
static bool grow(char **text, size_t *size, size_t length, size_t most)
{
	size_t larger = *size ? *size * 2 : FIRST_SIZE;
	char *grown;

	if (length + 1 < *size)
		return true;
	if (larger > most)
		larger = most + 1;
	grown = realloc(*text, larger);
	if (!grown)
		return false;
	*text = grown;
	*size = larger;
	return true;
}

int hd_read_first(int fd, size_t most, char **ret, size_t *ret_length)
{
	HD_AUTOFREE char *text = NULL;
	size_t size = 0, length = 0;
	ssize_t n = 1;

	while (n != 0 && (length < most || !text)) {
		if (!grow(&text, &size, length, most))
			return -ENOMEM;
		n = read(fd, text + length, size - length - 1);
		if (n < 0 && errno != EINTR)
			return -errno;
		length += n > 0 ? (size_t)n : 0;
	}
	text[length] = '\0';
	*ret = hd_steal(&text);
	*ret_length = length;
	return 0;
}

int hd_read_all(int fd, size_t limit, char **ret, size_t *ret_length)
{
	HD_AUTOFREE char *text = NULL;
	size_t length;
	/* One more shows whether there are. */
	int r = hd_read_first(fd, limit + 1, &text, &length);

	if (r == 0 && length > limit)
		return -EFBIG;
	if (r == 0) {
		*ret = hd_steal(&text);
		*ret_length = length;
	}
	return r;
}

int hd_write_all(int fd, const void *data, size_t length)
{
	while (length > 0) {
		ssize_t n = write(fd, data, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		data = (const char *)data + n;
		length -= (size_t)n;
	}
	return 0;
}

const struct dirent *hd_dir_next(DIR *dir, int *r)
{
	const struct dirent *entry;

	do {
		errno = 0;
		entry = readdir(dir);
	} while (entry && (strcmp(entry->d_name, ".") == 0 ||
			   strcmp(entry->d_name, "..") == 0));
	/* A folder that was removed has an end: ENOENT. */
	if (!entry && errno && errno != ENOENT)
		*r = -errno;
	return entry;
}

int hd_dir_each(int fd, int (*visit)(void *data, int dir_fd, const char *name),
		void *data)
{
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	if (fd < 0)
		return hd_seen_optional(hd_seen_of(fd));
	if (!dir) {
		r = -errno;
		close(fd);
		return r;
	}
	while (r == 0 && (entry = hd_dir_next(dir, &r)))
		r = visit(data, dirfd(dir), entry->d_name);
	closedir(dir);
	return r;
}
