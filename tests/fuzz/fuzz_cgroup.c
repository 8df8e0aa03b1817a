// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/display/owner.h"
#include "lib/display/systemd.h"

/* A unit has the name of one, and stands in the text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HD_AUTOFREE char *text = strndup((const char *)data, size);
	HD_AUTOFREE char *unit = NULL;

	if (!text || hd_owner_unit_in(text, &unit) < 0 || !unit)
		return 0;
	if (!hd_unit_is_name(unit, strlen(unit)) || !strstr(text, unit))
		__builtin_trap();
	return 0;
}
