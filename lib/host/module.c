// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/module.h"

#include <errno.h>
#include <fcntl.h>
#include <libkmod.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/host/proc.h"
#include "lib/host/sysfs.h"

/* One module, looked at through libkmod. */
struct session {
	struct kmod_ctx *ctx;
	struct kmod_module *module;
};

#define AUTO_SESSION __attribute__((cleanup(session_end)))

static void session_end(struct session *session)
{
	if (session->module)
		kmod_module_unref(session->module);
	if (session->ctx)
		kmod_unref(session->ctx);
}

/* By default libkmod writes to stderr, which belongs to our one sentence. */
static void log_nothing(void *data, int priority, const char *file, int line,
			const char *fn, const char *format, va_list args)
{
	(void)data, (void)priority, (void)file, (void)line, (void)fn;
	(void)format, (void)args;
}

static int refuse_command(struct kmod_module *module, const char *command,
			  void *data)
{
	(void)module, (void)command, (void)data;
	return -EPERM;
}

/* "ROOT/PATH"; libkmod takes no file descriptors. */
static char *below_root(const struct hd_host *host, const char *path)
{
	char *whole;

	return asprintf(&whole, "%s/%s", host->root, path) < 0 ? NULL : whole;
}

/* A copied tree names its kernel's release in /proc; -ENOENT without one. */
static int copied_modules_dir(const struct hd_host *host, char **ret)
{
	HD_AUTOFREE char *release = NULL;
	HD_AUTOCLOSE int dir_fd = -1;
	char path[256];

	if (hd_proc_read_release(host, &release) < 0)
		return -ENOENT;
	snprintf(path, sizeof(path), "lib/modules/%s", release);
	dir_fd = HD_UNSORTED_FD(hd_host_openat, host, path,
				O_PATH | O_DIRECTORY);
	if (dir_fd < 0)
		return -ENOENT;
	*ret = below_root(host, path);
	return *ret ? 0 : -ENOMEM;
}

static int new_context(const struct hd_host *host, struct session *session)
{
	const char *configs[] = { NULL, NULL };
	HD_AUTOFREE char *dir = NULL;
	HD_AUTOFREE char *config = NULL;
	int r = 0;

	if (!host->live) {
		r = copied_modules_dir(host, &dir);
		config = below_root(host, "etc/modprobe.d");
		configs[0] = config;
	}
	if (r < 0)
		return r;
	session->ctx = kmod_new(dir, host->live ? NULL : configs);
	if (!session->ctx)
		return -ENOMEM;
	kmod_set_log_fn(session->ctx, log_nothing, NULL);
	return 0;
}

static int session_begin(struct session *session, const struct hd_host *host,
			 const char *driver)
{
	int r = new_context(host, session);
	return r < 0 ? r :
		       kmod_module_new_from_name(session->ctx, driver,
						 &session->module);
}

static bool is_blacklisted(const struct session *session)
{
	struct kmod_config_iter *iter =
		kmod_config_get_blacklists(session->ctx);
	bool found = false;

	if (!iter)
		return false;
	while (!found && kmod_config_iter_next(iter))
		found = strcmp(kmod_config_iter_get_key(iter),
			       kmod_module_get_name(session->module)) == 0;
	kmod_config_iter_free_iter(iter);
	return found;
}

static enum hd_module_state state_of(const struct hd_host *host,
				     const struct session *session)
{
	int loaded = host->live ? kmod_module_get_initstate(session->module) :
				  -ENOENT;

	if (loaded == KMOD_MODULE_LIVE || loaded == KMOD_MODULE_BUILTIN)
		return HD_MODULE_PRESENT;
	if (!kmod_module_get_path(session->module))
		return HD_MODULE_MISSING;
	if (is_blacklisted(session))
		return HD_MODULE_BLACKLISTED;
	if (kmod_module_get_install_commands(session->module))
		return HD_MODULE_COMMAND;
	return HD_MODULE_LOADABLE;
}

/* Whether the module declares itself a driver for vfio-pci's devices. */
static bool has_vfio_alias(const struct session *session)
{
	struct kmod_list *info = NULL, *item;
	bool found = false;

	if (kmod_module_get_info(session->module, &info) < 0)
		return false;
	for (item = info; item; item = kmod_list_next(info, item))
		found |=
			strcmp(kmod_module_info_get_key(item), "alias") == 0 &&
			hd_after(kmod_module_info_get_value(item), "vfio_pci:");
	kmod_module_info_free_list(info);
	return found;
}

static int query(const struct hd_host *host, const char *driver,
		 enum hd_module_state *ret)
{
	AUTO_SESSION struct session session = { .ctx = NULL };
	bool variant = strcmp(driver, "vfio-pci") != 0;
	HD_AUTOCLOSE int driver_fd =
		HD_UNSORTED_FD(hd_sysfs_open_driver, host, driver);
	int r;

	if (driver_fd == -EINVAL) {
		*ret = HD_MODULE_MISSING;
		return 0;
	}
	if (driver_fd >= 0 && !variant) {
		*ret = HD_MODULE_PRESENT;
		return 0;
	}
	r = session_begin(&session, host, driver);
	if (r == -ENOENT) {
		*ret = HD_MODULE_UNKNOWN;
		return 0;
	}
	if (r < 0)
		return r;
	*ret = state_of(host, &session);
	if (variant && *ret != HD_MODULE_MISSING && !has_vfio_alias(&session))
		*ret = HD_MODULE_NOT_VFIO;
	return 0;
}

int hd_module_query(const struct hd_host *host, const char *driver,
		    enum hd_module_state *ret, struct hd_err *err)
{
	int r = query(host, driver, ret);

	if (r < 0)
		return hd_err_set(
			err, -r,
			"cannot learn about the module of driver %s: %s",
			driver, strerror(-r));
	return 0;
}

int hd_module_load(const struct hd_host *host, const char *driver,
		   struct hd_err *err)
{
	AUTO_SESSION struct session session = { .ctx = NULL };
	int r = session_begin(&session, host, driver);

	if (r == 0)
		r = kmod_module_probe_insert_module(
			session.module, KMOD_PROBE_APPLY_BLACKLIST, NULL,
			refuse_command, NULL, NULL);
	if (r > 0) /* libkmod's word for "blacklisted" */
		r = -EPERM;
	if (r < 0 && r != -EEXIST)
		return hd_err_set(err, -r, "cannot load module %s: %s", driver,
				  strerror(-r));
	return 0;
}

bool hd_vfio_node_exists(const struct hd_host *host)
{
	HD_AUTOCLOSE int fd = -1;

	if (!host->live)
		return true;
	fd = HD_UNSORTED_FD(hd_host_openat, host, "dev/vfio/vfio", O_PATH);
	return fd >= 0;
}
