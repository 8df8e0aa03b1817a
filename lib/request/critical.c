// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/request/critical.h"

#include <stddef.h>
#include <string.h>

static const char *const names[] = {
	[HD_CRITICAL_MOUNT] = "mount",
	[HD_CRITICAL_SWAP] = "swap",
	[HD_CRITICAL_FSTAB] = "fstab",
	[HD_CRITICAL_RESUME] = "resume",
	[HD_CRITICAL_DEFAULT_ROUTE] = "default-route",
	[HD_CRITICAL_SSH] = "ssh",
	[HD_CRITICAL_NETWORK_ROOT] = "network-root",
	[HD_CRITICAL_DISPLAY] = "display",
	[HD_CRITICAL_KEYBOARD] = "keyboard",
	[HD_CRITICAL_CHIPSET] = "chipset",
	[HD_CRITICAL_REGION] = "reserved-region",
};

#define N_NAMES (sizeof(names) / sizeof(names[0]))

const char *hd_critical_name(enum hd_critical critical)
{
	return critical < N_NAMES ? names[critical] : NULL;
}

bool hd_critical_parse(const char *text, enum hd_critical *ret)
{
	for (size_t i = 0; i < N_NAMES; i++) {
		if (strcmp(names[i], text) != 0)
			continue;
		*ret = (enum hd_critical)i;
		return true;
	}
	return false;
}
