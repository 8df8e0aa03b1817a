// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/doctor/read/scripts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/finding.h"
#include "lib/base/text.h"
#include "lib/host/hooknote.h"

/* Of a program no more is read; a script of that size is none. */
#define SIZE_LIMIT (8 * 1024 * 1024)

struct reader {
	const struct hd_host *host;
	struct hd_scripts scripts;
};

/* The path of an open file of this machine. */
static int read_path(int fd, char ret[PATH_MAX])
{
	HD_AUTOFREE char *link = hd_text("/proc/self/fd/%d", fd);
	ssize_t n;

	if (!link)
		return -ENOMEM;
	n = readlink(link, ret, PATH_MAX);
	if (n < 0 || n == PATH_MAX)
		return n < 0 ? -errno : -ENAMETOOLONG;
	ret[n] = '\0';
	return 0;
}

/* Where a file of the host is, links followed. */
static int find_place(const struct hd_host *host, int fd, char **ret)
{
	char root[PATH_MAX], path[PATH_MAX];
	const char *inside;
	int r = read_path(host->root_fd, root);

	if (r == 0)
		r = read_path(fd, path);
	if (r < 0)
		return r;
	inside = hd_after(path, strcmp(root, "/") == 0 ? "" : root);
	if (!inside || *inside != '/')
		return -EXDEV; /* somebody moves it */
	*ret = strdup(inside);
	return *ret ? 0 : -ENOMEM;
}

/* The program of a bundle is found from where the hook itself is. */
static int add_program(const struct hd_host *host, struct hd_script *script,
		       int fd, const char *program)
{
	script->ours = true;
	if (*program == '/') {
		script->program = strdup(program);
	} else {
		int r = find_place(host, fd, &script->place);

		if (r < 0)
			return r;
		script->program = hd_text(
			"%.*s%s",
			(int)(strrchr(script->place, '/') + 1 - script->place),
			script->place, program);
	}
	return script->program ? 0 : -ENOMEM;
}

static int read_text(const struct hd_host *host, struct hd_script *script,
		     int fd)
{
	HD_AUTOFREE char *text = NULL;
	const char *program;
	size_t length;
	int r;

	if (!S_ISREG(script->st.st_mode))
		return 0;
	r = hd_read_all(fd, SIZE_LIMIT, &text, &length);
	if (r < 0)
		return r == -EFBIG ? 0 : r;
	program = hd_hook_note_find(text, length);
	if (program) {
		r = add_program(host, script, fd, program);
		if (r < 0)
			return r;
	}
	if (!memchr(text, '\0', length))
		script->text = hd_steal(&text);
	return 0;
}

/*
 * Opens what is a script if it is there. In a copied tree a link may lead to
 * what wasn't copied: -ENOLINK.
 */
static struct hd_seen open_script(const struct hd_host *host, const char *path,
				  int *ret_fd)
{
	HD_AUTOCLOSE int link = -1;
	struct hd_seen seen =
		hd_host_openat(host, path, O_RDONLY | O_NONBLOCK, ret_fd);

	if (seen.is != HD_ABSENT || host->live)
		return seen;
	seen = hd_host_openat(host, path, O_PATH | O_NOFOLLOW, &link);
	return seen.is == HD_PRESENT ? hd_seen_of(-ENOLINK) : seen;
}

/* Takes @path over. */
static int add(struct reader *reader, char *path)
{
	HD_AUTOFREE char *own = path;
	HD_AUTOCLOSE int fd = -1;
	struct hd_script *script;
	struct hd_seen seen;
	struct stat st;

	if (!own)
		return -ENOMEM;
	seen = open_script(reader->host, own, &fd);
	if (seen.is != HD_PRESENT)
		return seen.error;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (reader->scripts.n >= HD_SCRIPTS_LIMIT)
		return -E2BIG;
	script = hd_array_add(&reader->scripts.items, &reader->scripts.n,
			      sizeof(*script));
	if (!script)
		return -ENOMEM;
	script->path = hd_steal(&own);
	script->st = st;
	return read_text(reader->host, script, fd);
}

/* The same, where all that can't be read is noted, and others are read on. */
static int add_or_note(struct reader *reader, char *path)
{
	int r = add(reader, path);

	if (r < 0 && r != -ENOMEM) {
		reader->scripts.error = r;
		return 0;
	}
	return r;
}

static int visit(void *data, int dir_fd, const char *name)
{
	(void)dir_fd;
	if (*name == '.')
		return 0;
	return add_or_note(data, hd_text(HD_SCRIPTS_FOLDER "/%s", name));
}

static int by_path(const void *a, const void *b)
{
	const struct hd_script *x = a, *y = b;

	return strcmp(x->path, y->path);
}

int hd_scripts_read(const struct hd_host *host, struct hd_scripts *ret)
{
	struct reader reader = { host, { NULL, 0, 0 } };
	int fd = -1, r = add_or_note(&reader, strdup(HD_SCRIPTS_FILE));
	struct hd_seen folder = hd_host_openat(host, HD_SCRIPTS_FOLDER,
					       O_RDONLY | O_DIRECTORY, &fd);

	if (r == 0)
		r = folder.is == HD_PRESENT ?
			    hd_dir_each(hd_steal_fd(&fd), visit, &reader) :
			    folder.error;
	hd_auto_close(&fd);
	if (r == -ENOMEM) {
		hd_scripts_clear(&reader.scripts);
		return r;
	}
	if (r < 0)
		reader.scripts.error = r;
	if (reader.scripts.n)
		qsort(reader.scripts.items, reader.scripts.n,
		      sizeof(*reader.scripts.items), by_path);
	*ret = reader.scripts;
	return 0;
}

/* The word of the list that a line has, or NULL. */
static const char *find_word(const char *line, size_t n, const char *words)
{
	for (const char *p = words; p; p = strchr(p, '|')) {
		p += *p == '|';
		if (memmem(line, n, p, strcspn(p, "|")))
			return p;
	}
	return NULL;
}

static bool is_comment(const char *line)
{
	return line[strspn(line, " \t")] == '#';
}

unsigned hd_script_find(const char *text, const char *words,
			const char **ret_word)
{
	unsigned number = 0;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		number++;
		if (is_comment(line))
			continue;
		*ret_word = find_word(line, strcspn(line, "\n"), words);
		if (*ret_word)
			return number;
	}
	return 0;
}

unsigned hd_script_find_background(const char *text)
{
	unsigned number = 0;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		size_t n;

		line += *line == '\n';
		number++;
		n = strcspn(line, "\n");
		while (n && strchr(" \t\r", line[n - 1]))
			n--;
		if (n >= 2 && line[n - 1] == '&' && line[n - 2] != '&' &&
		    !is_comment(line) && !memchr(line, '>', n))
			return number;
	}
	return 0;
}

void hd_scripts_clear(struct hd_scripts *scripts)
{
	for (size_t i = 0; i < scripts->n; i++) {
		free(scripts->items[i].path);
		free(scripts->items[i].text);
		free(scripts->items[i].program);
		free(scripts->items[i].place);
	}
	free(scripts->items);
	*scripts = (struct hd_scripts){ NULL, 0, 0 };
}
