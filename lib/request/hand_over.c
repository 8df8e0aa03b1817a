// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/request/hand_over.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/glob.h"
#include "lib/request/policy.h"
#include "lib/request/request.h"

int hd_stops_add(struct hd_stops *stops, const char *unit)
{
	char *copy = strdup(unit);
	char **slot =
		copy ? hd_array_add(&stops->items, &stops->n, sizeof(*slot)) :
		       NULL;

	if (!slot) {
		free(copy);
		return -ENOMEM;
	}
	*slot = copy;
	return 0;
}

void hd_stops_clear(struct hd_stops *stops)
{
	for (size_t i = 0; i < stops->n; i++)
		free(stops->items[i]);
	free(stops->items);
	*stops = (struct hd_stops){ NULL, 0 };
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

static bool have(const struct hd_stops *stops, const char *unit)
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
