// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/state/log.h"

/* Lines of the log that others may have written. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hd_log_record record;
	HD_AUTOFREE char *line = strndup((const char *)data, size);

	if (!line || !hd_log_record_parse(line, &record))
		return 0;
	if (!record.event || !record.domain || record.time < 0)
		__builtin_trap();
	hd_log_record_clear(&record);
	return 0;
}
