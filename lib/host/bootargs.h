/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HOST_BOOTARGS_H
#define HD_LIB_HOST_BOOTARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/host/host.h"

/* One parameter of the kernel: "intel_iommu" and "on,sm_on". */
struct hd_bootarg {
	const char *name;
	const char *value; /* NULL when there is no "=" */
};

/* The kernel's command line in words. */
struct hd_bootargs {
	char *text; /* holds names and values; owned */
	struct hd_bootarg *items;
	size_t n;
};

#define HD_AUTO_BOOTARGS __attribute__((cleanup(hd_bootargs_clear)))

/*
 * Cuts a command line into its words as the kernel does (lib/cmdline.c,
 * next_arg()): at white space outside of double quotes; what follows "--" is
 * for init. @text is copied.
 *
 * Returns 0 or -ENOMEM.
 */
int hd_bootargs_parse(const char *text, struct hd_bootargs *ret);

/*
 * The same for the command line of the host's kernel. Returns 0; -ENOENT when
 * /proc/cmdline isn't there, as in a copied tree that lacks it; another
 * negative errno when it can't be known.
 */
int hd_bootargs_read(const struct hd_host *host, struct hd_bootargs *ret);

/*
 * The next word, after @after or from the first when it is NULL, that is one of
 * @wanted: "NAME", "NAME=VALUE" or "NAME=PART", where PART is one of a value's
 * parts between commas, or ends with "=" and is its beginning
 * ("pci=config_acs="). More than one are separated by "|". "-" and "_" are the
 * same in names, as they are for the kernel.
 *
 * Returns NULL when there is none.
 */
const struct hd_bootarg *hd_bootargs_find(const struct hd_bootargs *args,
					  const char *wanted,
					  const struct hd_bootarg *after);

/* The last value of a parameter, or NULL. */
const char *hd_bootargs_value(const struct hd_bootargs *args, const char *name);

/* Whether two names of parameters or modules are the same: "-" is "_". */
bool hd_module_names_equal(const char *a, const char *b, size_t n);

/*
 * Whether a boot configuration (Documentation/admin-guide/bootconfig.rst) has
 * a key that is @key, or ends with it after a dot, with this value. It is read
 * as /proc/bootconfig and Android's images have it, a key and its value in each
 * line: braces make no longer keys.
 */
bool hd_bootconfig_says(const char *text, const char *key, const char *value);

void hd_bootargs_clear(struct hd_bootargs *args);

#endif
