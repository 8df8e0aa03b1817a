/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_DOCTOR_READ_KCONFIG_H
#define HD_LIB_DOCTOR_READ_KCONFIG_H

#include <stddef.h>

#include "lib/base/err.h"
#include "lib/host/host.h"

/* One option as the kernel was built: "VFIO_PCI", "m". */
struct hd_kconfig_option {
	const char *name; /* without CONFIG_ */
	const char *value; /* "y", "m", a number, a text with its quotes; "n"
			    * for "is not set" */
};

/* The configuration of the kernel. */
struct hd_kconfig {
	char *text; /* holds names and values; owned */
	struct hd_kconfig_option *options; /* in the order of their names */
	size_t n;
};

/* The configurations of distributions have a quarter of a MiB. */
#define HD_KCONFIG_LIMIT (16 * 1024 * 1024)

#define HD_AUTO_KCONFIG __attribute__((cleanup(hd_kconfig_clear)))

/*
 * Reads the text of a configuration, as Kconfig writes it
 * (Documentation/kbuild/kconfig.rst): "CONFIG_NAME=value" and "# CONFIG_NAME is
 * not set"; other lines are comments. Of an option that is there twice the last
 * one counts, as it does for Kconfig. @text is copied.
 *
 * Returns 0; -EINVAL when it names no option; -ENOMEM.
 */
int hd_kconfig_parse(const char *text, size_t length, struct hd_kconfig *ret);

/*
 * The same for a file that may be compressed. Besides the above, the errors of
 * hd_unpack_all(); -EFBIG when more than HD_KCONFIG_LIMIT come out of it.
 */
int hd_kconfig_read_fd(int fd, struct hd_kconfig *ret);

/*
 * Reads the configuration of the kernel that the host runs, from the first of
 * these that is there: /proc/config.gz, /boot/config-RELEASE,
 * /lib/modules/RELEASE/config.
 *
 * @release  of the kernel, NULL when it is not known
 * @ret_path where it was found; owned by the caller
 *
 * Returns 0, or a negative errno with a sentence in @err.
 */
int hd_kconfig_read(const struct hd_host *host, const char *release,
		    struct hd_kconfig *ret, char **ret_path,
		    struct hd_err *err);

/*
 * The value of an option. NULL when the configuration doesn't name it: this
 * kernel has no such option, or one that it depends on is not set.
 */
const char *hd_kconfig_value(const struct hd_kconfig *kconfig,
			     const char *name);

void hd_kconfig_clear(struct hd_kconfig *kconfig);

#endif
