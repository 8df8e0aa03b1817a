// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/base/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/finding.h"

/* The kernel's MAXSYMLINKS. */
#define LINKS_LIMIT 40

/* Then the path is walked, which nothing that moves elsewhere disturbs. */
#define TRIES 8

/*
 * Where a walk is. The folders it came through stay open, so that ".." means
 * the one it came from, wherever that is by now.
 */
struct walk {
	int root_fd;
	int *folders;
	size_t n;
	char *path; /* owned, with what is left to go at @rest */
	char *rest;
	unsigned followed;
};

static void leave(struct walk *walk)
{
	if (walk->n)
		close(walk->folders[--walk->n]);
}

static void end_walk(struct walk *walk)
{
	while (walk->n)
		leave(walk);
	free(walk->folders);
	free(walk->path);
}

static int here(const struct walk *walk)
{
	return walk->n ? walk->folders[walk->n - 1] : walk->root_fd;
}

static int open_here(const struct walk *walk, const char *name, int flags)
{
	int fd = openat(here(walk), name, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int enter(struct walk *walk, const char *name)
{
	int fd = open_here(walk, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
	int *slot;

	if (fd < 0)
		return fd;
	slot = hd_array_add(&walk->folders, &walk->n, sizeof(*slot));
	if (!slot) {
		close(fd);
		return -ENOMEM;
	}
	*slot = fd;
	return 0;
}

/* Goes on where the link @name leads to: 1; 0 when it is none; or -errno. */
static int follow(struct walk *walk, const char *name, enum hd_links links)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(here(walk), name, target, sizeof(target));
	char *path;

	if (n < 0)
		return errno == EINVAL ? 0 : -errno;
	if (links == HD_LINKS_NONE || ++walk->followed > LINKS_LIMIT)
		return -ELOOP;
	if ((size_t)n >= sizeof(target))
		return -ENAMETOOLONG;
	path = hd_text("%.*s%s", (int)n, target, walk->rest);
	if (!path)
		return -ENOMEM;
	while (*path == '/' && walk->n)
		leave(walk);
	free(walk->path);
	walk->path = walk->rest = path;
	return 1;
}

/* Takes the step @name; the last one opens *@ret. */
static int step(struct walk *walk, const char *name, int flags,
		enum hd_links links, int *ret)
{
	bool last = !*walk->rest;
	int r = 0;

	if (strcmp(name, ".") == 0)
		return 0;
	if (strcmp(name, "..") == 0) {
		leave(walk);
		return 0;
	}
	if (!last || !(flags & O_NOFOLLOW))
		r = follow(walk, name, links);
	if (r != 0)
		return r < 0 ? r : 0;
	if (!last)
		return enter(walk, name);
	*ret = open_here(walk, name, flags | O_NOFOLLOW);
	return *ret < 0 ? *ret : 0;
}

static int walk_inside(int root_fd, const char *path, int flags,
		       enum hd_links links)
{
	HD_AUTO(end_walk)
	struct walk walk = { .root_fd = root_fd, .path = strdup(path) };
	int r = 0, fd = -1;

	walk.rest = walk.path;
	if (!walk.path || !*path)
		return walk.path ? -ENOENT : -ENOMEM;
	while (r == 0 && fd < 0) {
		char name[NAME_MAX + 1];
		size_t n;

		walk.rest += strspn(walk.rest, "/");
		n = strcspn(walk.rest, "/");
		/* A path that ends with a folder: "a/", "a/..", "/". */
		if (n == 0)
			return open_here(&walk, ".", flags);
		if (n > NAME_MAX)
			return -ENAMETOOLONG;
		snprintf(name, sizeof(name), "%.*s", (int)n, walk.rest);
		walk.rest += n;
		r = step(&walk, name, flags, links, &fd);
	}
	return r < 0 ? r : fd;
}

int hd_open_inside(int root_fd, const char *path, int flags,
		   enum hd_links links)
{
	struct open_how how = {
		/* With O_PATH it takes no flag that doesn't fit. */
		.flags = (unsigned)(flags | O_CLOEXEC |
				    (flags & O_PATH ? 0 : O_LARGEFILE)),
		.resolve = RESOLVE_IN_ROOT |
			   (links == HD_LINKS_NONE ? RESOLVE_NO_SYMLINKS : 0),
	};
	long fd;
	int tries = 0;

	/* EAGAIN: something was moved on this host while it looked. */
	do {
		fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
	} while (fd < 0 && errno == EAGAIN && ++tries < TRIES);
	if (fd >= 0)
		return (int)fd;
	/* EPERM: a filter. */
	return errno == ENOSYS || errno == EPERM || errno == EAGAIN ?
		       walk_inside(root_fd, path, flags, links) :
		       -errno;
}
