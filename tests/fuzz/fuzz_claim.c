// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/state/claim.h"

/* What is left of it, written down, is whole. */
static void salvage(const char *text, size_t size)
{
	HD_AUTO_CLAIM struct hd_claim left = { .domain = NULL };
	HD_AUTO_CLAIM struct hd_claim again = { .domain = NULL };
	HD_AUTOFREE char *whole = NULL;
	bool named;

	if (hd_claim_salvage(text, size, &left, NULL) < 0)
		__builtin_trap();
	named = left.owned && left.since && (left.domain || !left.guest[0]);
	whole = hd_claim_format(&left);
	if (named && hd_claim_parse(whole, strlen(whole), &again, NULL) < 0)
		__builtin_trap();
}

/* What is read and written again reads the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	HD_AUTO_CLAIM struct hd_claim again = { .domain = NULL };
	HD_AUTOFREE char *text = NULL;
	HD_AUTOFREE char *twice = NULL;

	salvage((const char *)data, size);
	if (hd_claim_parse((const char *)data, size, &claim, NULL) < 0)
		return 0;
	text = hd_claim_format(&claim);
	if (!text || hd_claim_parse(text, strlen(text), &again, NULL) < 0)
		__builtin_trap();
	twice = hd_claim_format(&again);
	if (!twice || strcmp(text, twice) != 0)
		__builtin_trap();
	return 0;
}
