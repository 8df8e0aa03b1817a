// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stands before libkmod in programs that run on the fake kernel (LD_PRELOAD):
 * what would have the real kernel load or unload a module is written to the
 * fake one, into the folder $FAKEKERNEL_MODULES. All else is libkmod's, which
 * reads the fake /sys.
 */
#include <errno.h>
#include <fcntl.h>
#include <libkmod.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int tell(const char *file, const struct kmod_module *module)
{
	const char *name = kmod_module_get_name(module);
	const char *folder = getenv("FAKEKERNEL_MODULES");
	char path[256];
	int fd, r = 0;

	snprintf(path, sizeof(path), "%s/%s", folder ? folder : "", file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, name, strlen(name)) < 0)
		r = -errno;
	close(fd);
	return r;
}

int kmod_module_probe_insert_module(
	struct kmod_module *module, unsigned int flags,
	const char *extra_options,
	int (*run_install)(struct kmod_module *m, const char *command,
			   void *data),
	const void *data,
	void (*print_action)(struct kmod_module *m, bool install,
			     const char *options))
{
	int r = tell("load", module);

	(void)flags, (void)extra_options, (void)run_install, (void)data;
	(void)print_action;
	return r == -EEXIST ? 0 : r;
}

int kmod_module_remove_module(struct kmod_module *module, unsigned int flags)
{
	(void)flags;
	return tell("unload", module);
}
