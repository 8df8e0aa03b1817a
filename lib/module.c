// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/module.h"

#include <errno.h>
#include <fcntl.h>
#include <libkmod.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/sysfs.h"

static void kmod_cleanup(struct kmod_ctx **ctx)
{
	kmod_unref(*ctx);
}

static void module_cleanup(struct kmod_module **module)
{
	kmod_module_unref(*module);
}

#define AUTO_KMOD __attribute__((cleanup(kmod_cleanup)))
#define AUTO_MODULE __attribute__((cleanup(module_cleanup)))

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
	HD_AUTOCLOSE int proc_fd = -1;
	HD_AUTOCLOSE int dir_fd = -1;
	char path[256];

	proc_fd = hd_host_openat(host, "proc/sys/kernel", O_PATH | O_DIRECTORY);
	if (proc_fd < 0 || hd_sysfs_read(proc_fd, "osrelease", &release) < 0 ||
	    !hd_sysfs_is_name(release))
		return -ENOENT;
	snprintf(path, sizeof(path), "lib/modules/%s", release);
	dir_fd = hd_host_openat(host, path, O_PATH | O_DIRECTORY);
	if (dir_fd < 0)
		return -ENOENT;
	*ret = below_root(host, path);
	return *ret ? 0 : -ENOMEM;
}

static int new_context(const struct hd_host *host, struct kmod_ctx **ret)
{
	HD_AUTOFREE char *dir = NULL;
	HD_AUTOFREE char *config = NULL;
	int r;

	if (host->live) {
		*ret = kmod_new(NULL, NULL);
	} else {
		const char *configs[] = { NULL, NULL };

		r = copied_modules_dir(host, &dir);
		if (r < 0)
			return r;
		config = below_root(host, "etc/modprobe.d");
		configs[0] = config;
		*ret = config ? kmod_new(dir, configs) : NULL;
	}
	if (!*ret)
		return -ENOMEM;
	kmod_set_log_fn(*ret, log_nothing, NULL);
	return 0;
}

static bool is_blacklisted(struct kmod_ctx *ctx, struct kmod_module *module)
{
	struct kmod_config_iter *iter = kmod_config_get_blacklists(ctx);
	bool found = false;

	if (!iter)
		return false;
	while (!found && kmod_config_iter_next(iter))
		found = strcmp(kmod_config_iter_get_key(iter),
			       kmod_module_get_name(module)) == 0;
	kmod_config_iter_free_iter(iter);
	return found;
}

static enum hd_module_state state_of(const struct hd_host *host,
				     struct kmod_ctx *ctx,
				     struct kmod_module *module)
{
	int loaded = host->live ? kmod_module_get_initstate(module) : -ENOENT;

	if (loaded == KMOD_MODULE_LIVE || loaded == KMOD_MODULE_BUILTIN)
		return HD_MODULE_PRESENT;
	if (!kmod_module_get_path(module))
		return HD_MODULE_MISSING;
	if (is_blacklisted(ctx, module))
		return HD_MODULE_BLACKLISTED;
	if (kmod_module_get_install_commands(module))
		return HD_MODULE_COMMAND;
	return HD_MODULE_LOADABLE;
}

/* Whether the module declares itself a driver for vfio-pci's devices. */
static bool has_vfio_alias(struct kmod_module *module)
{
	struct kmod_list *info = NULL, *item;
	bool found = false;

	if (kmod_module_get_info(module, &info) < 0)
		return false;
	kmod_list_foreach(item, info) found |=
		strcmp(kmod_module_info_get_key(item), "alias") == 0 &&
		strncmp(kmod_module_info_get_value(item),
			"vfio_pci:", strlen("vfio_pci:")) == 0;
	kmod_module_info_free_list(info);
	return found;
}

static int query(const struct hd_host *host, const char *driver,
		 enum hd_module_state *ret)
{
	AUTO_KMOD struct kmod_ctx *ctx = NULL;
	AUTO_MODULE struct kmod_module *module = NULL;
	bool variant = strcmp(driver, "vfio-pci") != 0;
	HD_AUTOCLOSE int driver_fd = hd_sysfs_open_driver(host, driver);
	int r;

	if (driver_fd == -EINVAL) {
		*ret = HD_MODULE_MISSING;
		return 0;
	}
	if (driver_fd >= 0 && !variant) {
		*ret = HD_MODULE_PRESENT;
		return 0;
	}
	r = new_context(host, &ctx);
	if (r == -ENOENT) {
		*ret = HD_MODULE_UNKNOWN;
		return 0;
	}
	if (r < 0)
		return r;
	r = kmod_module_new_from_name(ctx, driver, &module);
	if (r < 0)
		return r;
	*ret = state_of(host, ctx, module);
	if (variant && *ret != HD_MODULE_MISSING && !has_vfio_alias(module))
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
	AUTO_KMOD struct kmod_ctx *ctx = NULL;
	AUTO_MODULE struct kmod_module *module = NULL;
	int r = new_context(host, &ctx);

	if (r == 0)
		r = kmod_module_new_from_name(ctx, driver, &module);
	if (r == 0)
		r = kmod_module_probe_insert_module(
			module, KMOD_PROBE_APPLY_BLACKLIST, NULL,
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
	fd = hd_host_openat(host, "dev/vfio/vfio", O_PATH);
	return fd >= 0;
}
