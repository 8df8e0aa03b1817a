// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/libvirt/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/replace.h"
#include "lib/base/text.h"
#include "tools/libvirt/connection.h"
#include "tools/tool.h"
#include "xml/doc/doc.h"

/* Of a text that can't be used: it was put in, and nothing else is wrong. */
static int blame_input(int r, struct hd_err *err)
{
	if (r != -EINVAL && r != -E2BIG && r != -EFBIG)
		return r;
	err->code = EDOM;
	return -EDOM;
}

int hd_source_parse(const char *text, size_t length, struct hd_domain *ret,
		    struct hd_err *err)
{
	return blame_input(hd_domain_parse(text, length, ret, err), err);
}

int hd_source_parse_readable(const char *text, size_t length,
			     struct hd_domain *ret, struct hd_err *err)
{
	return blame_input(hd_domain_parse_readable(text, length, ret, err),
			   err);
}

static int read_fd(int fd, const char *name, char **ret, size_t *ret_length,
		   struct hd_err *err)
{
	int r = hd_read_all(fd, HD_DOC_LIMIT, ret, ret_length);

	if (r == -EFBIG)
		return hd_err_set(err, EDOM,
				  "%s has more than %d MiB, so it is no domain",
				  name, HD_DOC_LIMIT / 1024 / 1024);
	if (r < 0)
		return hd_err_set(err, -r, "cannot read %s: %s", name,
				  strerror(-r));
	return 0;
}

/* A pipe that a shell made for "<(command)", not one with a name. */
static bool is_shell_pipe(int fd, const struct stat *st)
{
	char link[64] = "", target[16] = "";

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return S_ISFIFO(st->st_mode) &&
	       readlink(link, target, sizeof(target) - 1) > 0 &&
	       hd_after(target, "pipe:");
}

static int refuse_kind(const char *path, mode_t mode, struct hd_err *err)
{
	hd_err_set(err, EDOM, "%s is %s, not a file", path,
		   S_ISDIR(mode)  ? "a folder" :
		   S_ISFIFO(mode) ? "a pipe" :
				    "a device or a socket");
	if (!S_ISDIR(mode))
		hd_err_fix(err, "To read from it: - and < %s", path);
	return -EDOM;
}

/*
 * A named pipe or a device could make us wait for ever, so it is not read;
 * opening it would wait as well, and there are devices that start something.
 */
static int load_file(const char *path, char **ret, size_t *ret_length,
		     struct hd_err *err)
{
	HD_AUTOCLOSE int fd = -1;
	struct stat st;

	if (stat(path, &st) < 0)
		return hd_err_set(err, errno, "cannot open %s: %m", path);
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode))
		return refuse_kind(path, st.st_mode, err);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return hd_err_set(err, errno, "cannot open %s: %m", path);
	if (!S_ISREG(st.st_mode) && !is_shell_pipe(fd, &st))
		return refuse_kind(path, st.st_mode, err);
	if (fcntl(fd, F_SETFL, O_RDONLY) < 0)
		return hd_err_set(err, errno, "cannot read %s: %m", path);
	return read_fd(fd, path, ret, ret_length, err);
}

static int load_domain(const struct hd_tool *tool, const char *name,
		       enum hd_guest_xml which, char **ret, size_t *ret_length,
		       struct hd_err *err)
{
	HD_AUTO_CONNECTION struct hd_connection *connection = NULL;
	int r = hd_connection_open(
		tool->uri, which == HD_XML_WHOLE ? HD_READ_WRITE : HD_READ_ONLY,
		&connection, err);

	if (r == 0)
		r = hd_connection_xml(connection, name, which, ret, err);
	if (r == 0)
		*ret_length = strlen(*ret);
	return r;
}

int hd_source_may_define(const struct hd_tool *tool, struct hd_err *err)
{
	if (!tool->root)
		return 0;
	hd_err_set(
		err, EINVAL,
		"libvirt isn't told to define what was made of another host, by --root");
	hd_err_fix(
		err,
		"Leave --root away; or work on a copy: virsh dumpxml --inactive GUEST >guest.xml");
	return -EINVAL;
}

int hd_source_define(const struct hd_tool *tool, const char *name,
		     const char *text, struct hd_err *err)
{
	HD_AUTO_CONNECTION struct hd_connection *connection = NULL;
	int r = hd_connection_open(tool->uri, HD_READ_WRITE, &connection, err);

	return r < 0 ? r : hd_connection_define(connection, name, text, err);
}

bool hd_source_is_domain(const char *source)
{
	return strcmp(source, "-") != 0 && !strchr(source, '/') &&
	       !hd_ends_with(source, ".xml");
}

static int load(const struct hd_tool *tool, const char *source,
		enum hd_guest_xml which, char **ret, size_t *ret_length,
		struct hd_err *err)
{
	if (strcmp(source, "-") == 0)
		return read_fd(STDIN_FILENO, "standard input", ret, ret_length,
			       err);
	if (!hd_source_is_domain(source))
		return load_file(source, ret, ret_length, err);
	return load_domain(tool, source, which, ret, ret_length, err);
}

int hd_source_load(const struct hd_tool *tool, const char *source, char **ret,
		   size_t *ret_length, struct hd_err *err)
{
	return load(tool, source, HD_XML_NEXT, ret, ret_length, err);
}

int hd_source_load_whole(const struct hd_tool *tool, const char *source,
			 char **ret, size_t *ret_length, struct hd_err *err)
{
	return load(tool, source, HD_XML_WHOLE, ret, ret_length, err);
}

int hd_source_store(const struct hd_tool *tool, const char *source,
		    const char *text, size_t length, bool changed,
		    struct hd_err *err)
{
	if (strcmp(source, "-") == 0)
		return fwrite(text, 1, length, stdout) == length ?
			       0 :
			       hd_err_set(err, errno,
					  "cannot write the output: %m");
	if (!changed)
		return 0;
	if (!hd_source_is_domain(source))
		return hd_replace_file(source, text, length, err);
	return hd_source_define(tool, source, text, err);
}
