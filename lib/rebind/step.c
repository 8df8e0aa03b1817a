// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/rebind/step.h"

#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/finding.h"
#include "lib/base/print.h"
#include "lib/host/device.h"
#include "lib/host/module.h"
#include "lib/host/sysfs.h"
#include "lib/rebind/restore.h"
#include "lib/rebind/screen_step.h"

/* The driver a device has now: *@ret is NULL when it has none. */
static int read_driver(const struct hd_host *host, struct hd_addr addr,
		       char **ret)
{
	HD_AUTOCLOSE int fd = -1;
	int r = hd_seen_required(hd_sysfs_open_device(host, addr, &fd));

	if (r < 0)
		return r == -ENOENT ? -ENODEV : r;
	return hd_seen_optional(hd_sysfs_read_link(fd, "driver", ret));
}

/* What can't be verified is a failure, whatever the kernel did. */
static int fail_to_verify(const char *what, int r, struct hd_err *err)
{
	return hd_err_set(err, -r, "%s can't be read back: %s", what,
			  strerror(-r));
}

/* Verifies that the device has driver @wanted, or none when that is NULL. */
static int verify_driver(const struct hd_host *host, const struct hd_step *step,
			 const char *wanted, struct hd_err *err)
{
	HD_AUTOFREE char *driver = NULL;
	int r = read_driver(host, step->addr, &driver);

	if (r < 0)
		return fail_to_verify(hd_addr_text(step->addr).s, r, err);
	if (driver && wanted ? strcmp(driver, wanted) == 0 : driver == wanted)
		return 0;
	return hd_err_set(err, EIO, "the kernel reported success, but %s %s%s",
			  hd_addr_text(step->addr).s,
			  driver ? "is on driver " : "has no driver",
			  driver ? driver : "");
}

/* Writes the device's name to an attribute of a driver: bind or unbind. */
static int write_driver(const struct hd_host *host, const struct hd_step *step,
			const char *driver, const char *attribute,
			struct hd_err *err)
{
	HD_AUTOCLOSE int fd = -1;
	struct hd_seen seen = hd_sysfs_open_driver(host, driver, &fd);
	int r = seen.error;

	if (seen.is == HD_ABSENT)
		return hd_err_set(err, ENOENT, "the driver isn't loaded");
	if (seen.is == HD_PRESENT)
		r = hd_sysfs_write(fd, attribute, hd_addr_text(step->addr).s);
	return r < 0 ? hd_err_set(err, -r, "%s", strerror(-r)) : 0;
}

static int do_load(const struct hd_host *host, const struct hd_step *step,
		   struct hd_err *err)
{
	HD_AUTOCLOSE int fd = -1;
	struct hd_seen seen;
	int r = hd_module_load(host, step->to, err);

	if (r < 0)
		return r;
	seen = hd_sysfs_open_driver(host, step->to, &fd);
	if (seen.is == HD_ABSENT)
		return hd_err_set(
			err, ENOENT,
			"its module was loaded, but the driver did not appear");
	if (seen.is == HD_UNKNOWN)
		return fail_to_verify(HD_SYSFS_PCI "/drivers", seen.error, err);
	seen = hd_vfio_node_look(host);
	if (seen.is == HD_ABSENT)
		return hd_err_set(
			err, ENOENT,
			"its module was loaded, but /dev/vfio/vfio did not appear");
	if (seen.is == HD_UNKNOWN)
		return fail_to_verify("/dev/vfio/vfio", seen.error, err);
	return 0;
}

static int do_override(const struct hd_host *host, const struct hd_step *step,
		       struct hd_err *err)
{
	HD_AUTOCLOSE int fd = -1;
	HD_AUTOFREE char *text = NULL;
	int r = hd_seen_required(hd_sysfs_open_device(host, step->addr, &fd));

	/* An empty write never reaches the kernel; a newline alone clears. */
	if (r == 0)
		r = hd_sysfs_write(fd, "driver_override",
				   step->to ? step->to : "\n");
	if (r < 0)
		return hd_err_set(err, -r, "%s", strerror(-r));
	r = hd_seen_required(hd_sysfs_read(fd, "driver_override", &text));
	if (r < 0)
		return fail_to_verify("it", r, err);
	if (strcmp(text, step->to ? step->to : "(null)") != 0)
		return hd_err_set(
			err, EIO,
			"the kernel reported success, but it reads '%s'", text);
	return 0;
}

static int do_unbind(const struct hd_host *host, const struct hd_step *step,
		     struct hd_err *err)
{
	int r = write_driver(host, step, step->from, "unbind", err);

	return r < 0 ? r : verify_driver(host, step, NULL, err);
}

/* vfio-pci and its variants, whatever they are called. */
static bool is_vfio(const char *driver)
{
	return strstr(driver, "vfio");
}

/* Why vfio_pci_core_register_device() refuses a device that has no group, when
 * no driver had had it before. */
static bool is_without_group(const struct hd_host *host, struct hd_addr addr)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	int group;

	return hd_device_read_group(host, addr, &group, &err) == 0 &&
	       group == HD_NO_GROUP;
}

static int do_bind(const struct hd_host *host, const struct hd_step *step,
		   struct hd_err *err)
{
	int r = write_driver(host, step, step->to, "bind", err);

	if (r == -EINVAL && is_vfio(step->to) &&
	    is_without_group(host, step->addr))
		return hd_err_set(
			err, EINVAL,
			"the kernel has made no IOMMU group for it, so it is behind no IOMMU, or the firmware's description of the machine doesn't cover it");
	return r < 0 ? r : verify_driver(host, step, step->to, err);
}

static int do_restore(const struct hd_host *host, const struct hd_step *step,
		      struct hd_err *err)
{
	return hd_restore(host, step->addr, step->attributes, step->patience,
			  err);
}

/* What a step is in words, for the sentence when it fails. */
static char *say_load(const struct hd_step *step)
{
	return hd_text("Driver %s can't be loaded", step->to);
}

static char *say_override(const struct hd_step *step)
{
	if (!step->to)
		return hd_text("The driver_override of %s can't be cleared",
			       hd_addr_text(step->addr).s);
	return hd_text("The driver_override of %s can't be set to %s",
		       hd_addr_text(step->addr).s, step->to);
}

static char *say_unbind(const struct hd_step *step)
{
	return hd_text("%s can't be taken from driver %s",
		       hd_addr_text(step->addr).s, step->from);
}

static char *say_bind(const struct hd_step *step)
{
	return hd_text("%s can't be bound to driver %s",
		       hd_addr_text(step->addr).s, step->to);
}

static char *say_restore(const struct hd_step *step)
{
	return hd_text("Not all that was set of %s can be put back",
		       hd_addr_text(step->addr).s);
}

/* Of a device its address is in the kernel's log, of a module its name. */
static char *remedy_of_kernel(const struct hd_step *step)
{
	HD_AUTOFREE char *word =
		hd_quote(hd_step_has_device(step) ? hd_addr_text(step->addr).s :
						    step->to);

	return word ? hd_text("Look for the kernel's own reason: dmesg | grep %s",
			      word) :
		      NULL;
}

static const struct {
	int (*run)(const struct hd_host *host, const struct hd_step *step,
		   struct hd_err *err);
	char *(*say)(const struct hd_step *step);
	char *(*remedy)(const struct hd_step *step);
	bool minor;
} kinds[HD_N_STEPS] = {
	[HD_STEP_LOAD] = { do_load, say_load, remedy_of_kernel, false },
	[HD_STEP_OVERRIDE] = { do_override, say_override, remedy_of_kernel,
			       false },
	[HD_STEP_UNBIND] = { do_unbind, say_unbind, remedy_of_kernel, false },
	[HD_STEP_BIND] = { do_bind, say_bind, remedy_of_kernel, false },
	[HD_STEP_RESTORE] = { do_restore, say_restore, remedy_of_kernel, true },
	[HD_STEP_STOP] = { hd_do_stop, hd_say_stop, hd_remedy_stop, false },
	[HD_STEP_START] = { hd_do_start, hd_say_start, hd_remedy_start, false },
	[HD_STEP_LET_GO] = { hd_do_let_go, hd_say_let_go, hd_remedy_let_go,
			     false },
	[HD_STEP_VT_OFF] = { hd_do_vt_off, hd_say_vt_off, hd_remedy_vt, false },
	[HD_STEP_VT_ON] = { hd_do_vt_on, hd_say_vt_on, hd_remedy_vt, false },
	[HD_STEP_FB_OFF] = { hd_do_fb_off, hd_say_fb_off, hd_remedy_again,
			     false },
	[HD_STEP_FB_ON] = { hd_do_fb_on, hd_say_fb_on, hd_remedy_again, false },
	[HD_STEP_UNLOAD] = { hd_do_unload, hd_say_unload, hd_remedy_unload,
			     false },
	[HD_STEP_RELOAD] = { hd_do_reload, hd_say_reload, hd_remedy_reload,
			     false },
	[HD_STEP_SET] = { hd_do_set, hd_say_set, hd_remedy_again, true },
	/* Who has turned the screen off meanwhile wants it so. */
	[HD_STEP_SCREEN] = { hd_do_screen, hd_say_screen, hd_remedy_again,
			     true },
};

int hd_step_run(const struct hd_host *host, const struct hd_step *step,
		struct hd_err *err)
{
	return kinds[step->kind].run(host, step, err);
}

char *hd_step_failure(const struct hd_step *step)
{
	return kinds[step->kind].say(step);
}

char *hd_step_remedy(const struct hd_step *step)
{
	return kinds[step->kind].remedy(step);
}

bool hd_step_is_minor(const struct hd_step *step)
{
	return kinds[step->kind].minor;
}
