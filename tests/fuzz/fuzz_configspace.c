// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/fuzz.h"

#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>

#include "lib/host/configspace.h"

/* What a device says of itself. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Of its own, so that a read beyond it is seen. */
	unsigned char *config = calloc(1, HD_CONFIG_SPACE);

	if (!config)
		return 0;
	memcpy(config, data, size < HD_CONFIG_SPACE ? size : HD_CONFIG_SPACE);
	for (unsigned id = 0; id < 0x40; id++) {
		size_t at = hd_config_capability(config, id, 20);

		if (at && (at + 20 > 256 || config[at] != id))
			__builtin_trap();
		at = hd_config_extended(config, id, 20);
		if (at && (at + 20 > HD_CONFIG_SPACE ||
			   hd_config_word(config, at) != id))
			__builtin_trap();
	}
	free(config);
	return 0;
}
