/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HOST_MODULE_H
#define HD_LIB_HOST_MODULE_H

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/host/host.h"

/*
 * What libkmod and modprobe.d(5) say of a module, before anyone loads it; in a
 * copied tree, its own modules.dep, modules.builtin, modules.alias, modprobe.d
 * and /proc/cmdline.
 */
enum hd_module_state {
	HD_MODULE_PRESENT, /* loaded or built in */
	HD_MODULE_LOADABLE,
	HD_MODULE_MISSING, /* none of that name in /lib/modules */
	HD_MODULE_BLACKLISTED, /* by modprobe.d or the kernel's command line */
	HD_MODULE_COMMAND, /* modprobe.d has an install command for it,
			    * which only a shell could run */
	HD_MODULE_NOT_VFIO, /* it has no vfio_pci alias: no VFIO driver */
	HD_MODULE_UNKNOWN, /* a copied tree without the lists of depmod(8) */
};

/*
 * Says whether the VFIO driver @driver ("vfio-pci" is module vfio_pci) is there
 * or could be loaded; loads nothing. A driver of another name must have an
 * alias "vfio_pci:", as the kernel's variant drivers do
 * (Documentation/driver-api/vfio-pci-device-specific-driver-acceptance.rst),
 * because the name comes from the domain's XML and a host driver forced onto a
 * device of another kind would do harm. Returns 0 or a negative errno with a
 * sentence in @err, when it can't be known.
 */
int hd_module_query(const struct hd_host *host, const char *driver,
		    enum hd_module_state *ret, struct hd_err *err);

/*
 * Loads the module and what it needs, as modprobe -b does, but runs no install
 * command of modprobe.d. A module that is there already is success.
 */
int hd_module_load(const struct hd_host *host, const char *driver,
		   struct hd_err *err);

/*
 * The same for a module that was loaded before, whoever had loaded it: it may
 * be blacklisted, as for modprobe NAME, and an install command that only loads
 * modules is done, see hd_install_command(). -ENOENT when there is none of that
 * name.
 */
int hd_module_load_again(const struct hd_host *host, const char *module,
			 struct hd_err *err);

/*
 * Unloads the module, and no other; runs no remove command of modprobe.d. One
 * that isn't there is success. -EAGAIN, without a sentence, while it is in use.
 */
int hd_module_unload(const struct hd_host *host, const char *module,
		     struct hd_err *err);

/*
 * What an install command of modprobe.d(5) loads, when it is nothing but calls
 * of modprobe, as Debian's for NVIDIA's modules, whose files have other names:
 * "modprobe nvidia-modeset ; modprobe -i nvidia-current-drm". @load is called
 * for each, until one returns something else than 0; @options, "modeset=1", may
 * be empty, and with @ignore the module's own command isn't to be done.
 *
 * Returns what @load returned last; -EPERM when only a shell could run the
 * command; -ENOMEM.
 */
typedef int (*hd_install_fn)(void *data, const char *name, bool ignore,
			     const char *options);
int hd_install_command(const char *command, hd_install_fn load, void *data);

/* The folders of modprobe.d(5), those first that outrank others; NULL ends
 * them. */
extern const char *const hd_modprobe_folders[];

/* Whether a file there is a link to /dev/null, which hides those it outranks.
 */
bool hd_modprobe_is_masked(int dir_fd, const char *name);

/*
 * Whether the text of modules.builtin or modules.dep, paths of modules with or
 * without more behind a colon, has a module of this name.
 */
bool hd_module_list_has(const char *text, const char *module);

/*
 * Whether /dev/vfio/vfio is there, which libvirt and QEMU open before anything
 * else. In a copied tree, which has no /dev, it is taken for granted.
 */
HD_LOOK struct hd_seen hd_vfio_node_look(const struct hd_host *host);

#endif
