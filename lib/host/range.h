/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HOST_RANGE_H
#define HD_LIB_HOST_RANGE_H

#include <stdbool.h>
#include <stdint.h>

/* Addresses of a device, from the first to the last. */
struct hd_range {
	uint64_t first, last;
	uint64_t flags; /* IORESOURCE_… of <linux/ioport.h> */
};

/*
 * Reads the beginning of a text as a line of a device's "resource" in sysfs:
 * "0x90000000 0x9fffffff 0x40200". False when it isn't one.
 */
bool hd_range_of_resource(const char *line, struct hd_range *ret);

/*
 * The same as a line of /proc/iomem, "  90000000-903fffff : BOOTFB", and who
 * has it, in *@ret_owner. It has no flags.
 */
bool hd_range_of_iomem(const char *line, struct hd_range *ret,
		       const char **ret_owner);

#endif
