// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/base/index.h"

#include <stdlib.h>

#include "lib/base/array.h"

int hd_index_add(struct hd_index *index, uint64_t key, size_t at,
		 struct hd_err *err)
{
	struct hd_index_item *item =
		hd_array_add(&index->items, &index->n, sizeof(*item));

	if (!item)
		return hd_err_nomem(err);
	*item = (struct hd_index_item){ key, at };
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct hd_index_item *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

void hd_index_sort(struct hd_index *index)
{
	if (index->n)
		qsort(index->items, index->n, sizeof(*index->items), compare);
}

/* How many stand before the place that {@key, @at} has or would have. */
static size_t count_before(const struct hd_index *index, uint64_t key,
			   size_t at)
{
	const struct hd_index_item wanted = { key, at };
	size_t first = 0, end = index->n;

	while (first < end) {
		size_t middle = first + (end - first) / 2;

		if (compare(&index->items[middle], &wanted) < 0)
			first = middle + 1;
		else
			end = middle;
	}
	return first;
}

const struct hd_index_item *hd_index_find(const struct hd_index *index,
					  uint64_t key, size_t *ret_n)
{
	size_t first = count_before(index, key, 0);

	*ret_n = count_before(index, key, SIZE_MAX) - first;
	return *ret_n ? &index->items[first] : NULL;
}

bool hd_index_has(const struct hd_index *index, uint64_t key)
{
	size_t n;

	return hd_index_find(index, key, &n);
}

void hd_index_clear(struct hd_index *index)
{
	free(index->items);
	*index = (struct hd_index)HD_INDEX_INIT;
}
