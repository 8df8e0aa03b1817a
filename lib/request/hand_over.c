// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/request/hand_over.h"

#include <string.h>

#include "lib/base/glob.h"
#include "lib/base/text.h"
#include "lib/request/policy.h"
#include "lib/request/request.h"

#define UNIT_NAME_MAX 255

bool hd_unit_pattern_fits(const char *text)
{
	static const char known[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
		":-_.\\@*?";
	static const char *const ends[] = { ".service", ".scope", ".slice" };
	size_t length = strlen(text);

	if (!length || length > UNIT_NAME_MAX || text[strspn(text, known)])
		return false;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (hd_ends_with(text, ends[i]))
			return true;
	return text[length - 1] == '*';
}

bool hd_hand_over_parse(const char *text, enum hd_hand_over *ret)
{
	if (strcmp(text, "yes") == 0)
		*ret = HD_HAND_OVER_YES;
	else if (strcmp(text, "no") == 0)
		*ret = HD_HAND_OVER_NO;
	else
		return false;
	return true;
}

bool hd_hands_over(const struct hd_request *request)
{
	if (request->hand_over == HD_HAND_OVER_UNSAID)
		return request->policy->hand_over;
	return request->hand_over == HD_HAND_OVER_YES;
}

static bool have(const struct hd_patterns *stops, const char *unit)
{
	for (size_t i = 0; i < stops->n; i++)
		if (hd_glob(stops->items[i], unit))
			return true;
	return false;
}

bool hd_may_stop(const struct hd_request *request, const char *unit)
{
	return have(&request->stops, unit) ||
	       have(&request->policy->stops, unit);
}
