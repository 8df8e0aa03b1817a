// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/place.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/unit/unit.h"

int place_set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));
	char run[64];

	assert_non_null(place);
	strcpy(place->root, "/tmp/hd-place-XXXXXX");
	assert_non_null(mkdtemp(place->root));
	snprintf(run, sizeof(run), "%s/run", place->root);
	assert_int_equal(mkdir(run, 0755), 0);
	place->host = (struct hd_host)HD_HOST_INIT;
	place->store = (struct hd_state)HD_STATE_INIT;
	assert_int_equal(hd_host_open(&place->host, place->root, NULL), 0);
	assert_int_equal(hd_state_open(&place->host, HD_STATE_CREATE,
				       &place->store, NULL),
			 0);
	*state = place;
	return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type,
			struct FTW *position)
{
	(void)st, (void)type, (void)position;
	return remove(path);
}

void place_remove(const struct place *place, const char *path)
{
	char whole[256];

	snprintf(whole, sizeof(whole), "%s/%s", place->root, path);
	assert_int_equal(nftw(whole, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

int place_tear_down(void **state)
{
	struct place *place = *state;

	hd_state_close(&place->store);
	hd_host_close(&place->host);
	place_remove(place, "");
	free(place);
	return 0;
}

void place_write(const struct place *place, const char *path, const char *text,
		 size_t length)
{
	char whole[256];
	FILE *file;

	for (const char *p = strchr(path, '/'); p; p = strchr(p + 1, '/')) {
		snprintf(whole, sizeof(whole), "%s/%.*s", place->root,
			 (int)(p - path), path);
		mkdir(whole, 0755);
	}
	snprintf(whole, sizeof(whole), "%s/%s", place->root, path);
	file = fopen(whole, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}
