// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/doctor/read/idmap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"

/* Which entry decides of each ID, once it is masked. */
struct owners {
	size_t entry[HD_REQUESTER_IDS]; /* NONE, or its index */
	uint32_t free[HD_REQUESTER_IDS + 1]; /* from here on the next without */
};

#define NONE SIZE_MAX

/* Follows the way to an ID that has no entry yet, and makes it shorter. */
static uint32_t next_free(struct owners *owners, uint32_t id)
{
	while (owners->free[id] != id) {
		owners->free[id] = owners->free[owners->free[id]];
		id = owners->free[id];
	}
	return id;
}

static void own(struct owners *owners, const struct hd_id_entry *entry,
		size_t index)
{
	/* As the kernel adds: beyond 32 bits nothing fits any more. */
	uint32_t end = entry->base + entry->length;
	uint32_t id;

	if (entry->base >= HD_REQUESTER_IDS)
		return;
	if (end > HD_REQUESTER_IDS)
		end = HD_REQUESTER_IDS;
	for (id = next_free(owners, entry->base); id < end;
	     id = next_free(owners, id)) {
		owners->entry[id] = index;
		owners->free[id] = id + 1;
	}
}

/* Returns which entry made it stop, or @n. */
static size_t find_owners(const struct hd_id_entry *entries, size_t n,
			  uint32_t mask, struct owners *owners)
{
	for (uint32_t id = 0; id < HD_REQUESTER_IDS; id++)
		owners->entry[id] = NONE;
	for (uint32_t id = 0; id <= HD_REQUESTER_IDS; id++)
		owners->free[id] = id;
	for (size_t i = 0; i < n; i++) {
		if (entries[i].base & ~mask)
			return i;
		own(owners, &entries[i], i);
	}
	return n;
}

static struct hd_id_range fate_of(const struct hd_id_entry *entries,
				  size_t entry, bool stopped)
{
	struct hd_id_range range = { .fate = HD_ID_UNMAPPED,
				     .unit = HD_NO_UNIT };

	if (entry == NONE) {
		range.fate = stopped ? HD_ID_REFUSED : HD_ID_UNMAPPED;
	} else if (entries[entry].unit == HD_NO_UNIT) {
		range.fate = HD_ID_DANGLING;
	} else {
		range.fate = HD_ID_MAPPED;
		range.unit = entries[entry].unit;
	}
	return range;
}

static int add(struct hd_id_ranges *ret, struct hd_id_range range, uint16_t id)
{
	struct hd_id_range *last = ret->n ? &ret->items[ret->n - 1] : NULL;

	if (!last || last->fate != range.fate || last->unit != range.unit) {
		last = hd_array_add(&ret->items, &ret->n, sizeof(*last));
		if (!last)
			return -ENOMEM;
		*last = range;
		last->first = id;
	}
	last->last = id;
	return 0;
}

/* What a requester ID becomes. */
struct stream {
	size_t unit;
	uint32_t out;
	uint16_t id;
};

static int compare(const void *one, const void *other)
{
	const struct stream *a = one, *b = other;

	if (a->unit != b->unit)
		return a->unit < b->unit ? -1 : 1;
	if (a->out != b->out)
		return a->out < b->out ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}

static void find_shared(struct stream *streams, struct hd_id_ranges *ret)
{
	qsort(streams, ret->mapped, sizeof(*streams), compare);
	for (uint32_t i = 1; i < ret->mapped && !ret->shared; i++) {
		if (streams[i].unit != streams[i - 1].unit ||
		    streams[i].out != streams[i - 1].out)
			continue;
		ret->shared = true;
		ret->one = streams[i - 1].id;
		ret->other = streams[i].id;
	}
}

int hd_id_map_follow(const struct hd_id_entry *entries, size_t n, uint32_t mask,
		     uint16_t first, uint16_t last, struct hd_id_ranges *ret)
{
	HD_AUTOFREE struct owners *owners = malloc(sizeof(*owners));
	HD_AUTOFREE struct stream *streams =
		calloc(HD_REQUESTER_IDS, sizeof(*streams));
	HD_AUTO(hd_id_ranges_clear)
	struct hd_id_ranges ranges = { .items = NULL };
	bool stopped;

	if (!owners || !streams)
		return -ENOMEM;
	stopped = find_owners(entries, n, mask, owners) < n;
	for (uint32_t id = first; id <= last; id++) {
		size_t entry = owners->entry[id & mask];
		struct hd_id_range range = fate_of(entries, entry, stopped);

		if (add(&ranges, range, (uint16_t)id) < 0)
			return -ENOMEM;
		if (range.fate == HD_ID_MAPPED)
			streams[ranges.mapped++] =
				(struct stream){ range.unit,
						 (id & mask) -
							 entries[entry].base +
							 entries[entry].out,
						 (uint16_t)id };
	}
	if (n > 1 || (mask & (HD_REQUESTER_IDS - 1)) != HD_REQUESTER_IDS - 1)
		find_shared(streams, &ranges);
	*ret = ranges;
	ranges = (struct hd_id_ranges){ .items = NULL };
	return 0;
}

const struct hd_id_range *hd_id_ranges_find(const struct hd_id_ranges *ranges,
					    uint16_t id)
{
	for (size_t i = 0; i < ranges->n; i++)
		if (id >= ranges->items[i].first && id <= ranges->items[i].last)
			return &ranges->items[i];
	return NULL;
}

void hd_id_ranges_clear(struct hd_id_ranges *ranges)
{
	free(ranges->items);
	*ranges = (struct hd_id_ranges){ .items = NULL };
}
