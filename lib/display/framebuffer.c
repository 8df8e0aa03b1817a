// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/display/framebuffer.h"

#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/look.h"
#include "lib/host/sysfs.h"

struct framebuffer {
	const struct hd_host *host;
	const char *name, *driver;
	struct hd_err *err;
};

/* The driver that it has, NULL for none, and whether it is there. */
static int read_driver(const struct framebuffer *fb, char **ret,
		       bool *ret_there)
{
	HD_AUTOCLOSE int fd = -1;
	struct hd_seen seen =
		hd_sysfs_open_platform_device(fb->host, fb->name, &fd);

	*ret = NULL;
	*ret_there = seen.is == HD_PRESENT;
	if (seen.is == HD_PRESENT)
		seen = hd_sysfs_read_link(fd, "driver", ret);
	return hd_look_fail(fb->host, hd_seen_optional(seen), fb->err,
			    HD_SYSFS_PLATFORM "/devices/%s", fb->name);
}

static int write_driver(const struct framebuffer *fb, const char *attribute)
{
	HD_AUTOCLOSE int fd = -1;
	struct hd_seen seen =
		hd_sysfs_open_platform_driver(fb->host, fb->driver, &fd);
	int r = hd_seen_required(seen);

	if (r == -ENOENT)
		return hd_err_set(fb->err, ENOENT, "driver %s isn't there",
				  fb->driver);
	if (r == 0)
		r = hd_sysfs_write(fd, attribute, fb->name);
	return r < 0 ? hd_err_set(fb->err, -r, "%s", strerror(-r)) : 0;
}

/* Whether it is as it is to be; a negative errno when it never will. */
static int look(const struct framebuffer *fb, bool bound)
{
	HD_AUTOFREE char *driver = NULL;
	bool there;
	int r = read_driver(fb, &driver, &there);

	if (r < 0)
		return r;
	if (driver && strcmp(driver, fb->driver) != 0)
		return hd_err_set(fb->err, EBUSY, "it is on driver %s", driver);
	if (!there && bound)
		return hd_err_set(
			fb->err, ENODEV,
			"the kernel has removed it: only a driver of the card brings a screen again");
	return (driver != NULL) == bound;
}

int hd_framebuffer_set(const struct hd_host *host, const char *name,
		       const char *driver, bool bound, struct hd_err *err)
{
	struct framebuffer fb = { host, name, driver, err };
	int r = look(&fb, bound);

	if (r != 0)
		return r < 0 ? r : 0;
	r = write_driver(&fb, bound ? "bind" : "unbind");
	if (r == 0)
		r = look(&fb, bound);
	if (r < 0)
		return r;
	return r ? 0 :
		   hd_err_set(err, EIO,
			      "the kernel reported success, but it %s",
			      bound ? "has no driver" : "still has its driver");
}
