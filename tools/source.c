// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/read.h"
#include "tools/tool.h"
#include "xml/doc.h"

static int read_fd(int fd, const char *name, char **ret, size_t *ret_length,
		   struct hd_err *err)
{
	int r = hd_read_all(fd, HD_DOC_LIMIT, ret, ret_length);

	if (r == -EFBIG)
		return hd_err_set(err, EFBIG,
				  "%s has more than %d MiB, so it is no domain",
				  name, HD_DOC_LIMIT / 1024 / 1024);
	if (r < 0)
		return hd_err_set(err, -r, "cannot read %s: %s", name,
				  strerror(-r));
	return 0;
}

static int load_file(const char *path, char **ret, size_t *ret_length,
		     struct hd_err *err)
{
	HD_AUTOCLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return hd_err_set(err, errno, "cannot open %s: %m", path);
	return read_fd(fd, path, ret, ret_length, err);
}

/* libvirt prints errors to stderr unless it is given something else to do. */
static void ignore_error(void *data, virError *error)
{
	(void)data, (void)error;
}

static virDomain *look_up(virConnect *connection, const char *name)
{
	virDomain *domain = virDomainLookupByName(connection, name);

	return domain ? domain : virDomainLookupByUUIDString(connection, name);
}

static int load_from(virConnect *connection, const char *name, char **ret,
		     struct hd_err *err)
{
	virDomain *domain = look_up(connection, name);

	if (!domain) {
		hd_err_set(err, ENOENT, "libvirt knows no domain '%s'", name);
		hd_err_fix(
			err,
			"virsh list --all shows them; a file in this folder is written ./%s",
			name);
		return -ENOENT;
	}
	/* What the next start will use, also while the guest runs. */
	*ret = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE);
	virDomainFree(domain);
	if (!*ret)
		return hd_err_set(err, EIO,
				  "libvirt doesn't give the XML of '%s': %s",
				  name, virGetLastErrorMessage());
	return 0;
}

static int load_domain(const struct hd_tool *tool, const char *name, char **ret,
		       size_t *ret_length, struct hd_err *err)
{
	virConnect *connection;
	int r;

	virSetErrorFunc(NULL, ignore_error);
	connection = virConnectOpenReadOnly(tool->uri);
	if (!connection)
		return hd_err_set(err, ENOTCONN, "cannot reach libvirt%s%s: %s",
				  tool->uri ? " at " : "",
				  tool->uri ? tool->uri : "",
				  virGetLastErrorMessage());
	r = load_from(connection, name, ret, err);
	virConnectClose(connection);
	if (r == 0)
		*ret_length = strlen(*ret);
	return r;
}

static bool is_file(const char *source)
{
	size_t n = strlen(source);

	return strchr(source, '/') ||
	       (n > 4 && strcmp(source + n - 4, ".xml") == 0);
}

int hd_source_load(const struct hd_tool *tool, const char *source, char **ret,
		   size_t *ret_length, struct hd_err *err)
{
	if (strcmp(source, "-") == 0)
		return read_fd(STDIN_FILENO, "standard input", ret, ret_length,
			       err);
	if (is_file(source))
		return load_file(source, ret, ret_length, err);
	return load_domain(tool, source, ret, ret_length, err);
}
