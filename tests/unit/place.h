/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_PLACE_H
#define HD_PLACE_H

#include <stddef.h>

#include "lib/host/host.h"
#include "lib/state/state.h"

/* A host of its own in a temporary folder, with nothing but an empty state. */
struct place {
	char root[32];
	struct hd_host host;
	struct hd_state store;
};

/* For cmocka: makes a place as the test's state, and removes it. */
int place_set_up(void **state);
int place_tear_down(void **state);

/* Writes a file, and makes each folder on the way; @path has no leading slash.
 */
void place_write(const struct place *place, const char *path, const char *text,
		 size_t length);

/* Removes a file, or a folder with all below it. */
void place_remove(const struct place *place, const char *path);

#endif
