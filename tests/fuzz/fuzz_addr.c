// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/addr.h"
#include "xml/doc/number.h"

/* What is printed reads back as itself. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HD_AUTOFREE char *text = strndup((const char *)data, size);
	struct hd_addr addr, again;
	uint32_t value;

	if (!text)
		return 0;
	if (hd_number_parse(text, 0x1f, &value) && value > 0x1f)
		__builtin_trap();
	if (hd_addr_parse(text, &addr, NULL) < 0)
		return 0;
	if (hd_addr_parse(hd_addr_text(addr).s, &again, NULL) < 0 ||
	    !hd_addr_equal(addr, again) ||
	    hd_addr_parse(hd_addr_nodedev(addr).s, &again, NULL) < 0 ||
	    !hd_addr_equal(addr, again))
		__builtin_trap();
	return 0;
}
