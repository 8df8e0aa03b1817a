/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_BASE_INDEX_H
#define HD_LIB_BASE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

/*
 * Where in an array the things with a number are, found in a few steps however
 * many there are: what asks for thousands of devices is looked at for each of
 * them, and must not be walked through for each. Made with HD_INDEX_INIT.
 */
struct hd_index {
	struct hd_index_item {
		uint64_t key; /* see hd_addr_key() for that of an address */
		size_t at; /* where it is, below SIZE_MAX */
	} *items; /* owned */
	size_t n;
};

#define HD_INDEX_INIT { NULL, 0 }
#define HD_AUTO_INDEX __attribute__((cleanup(hd_index_clear)))

/*
 * Writes down that something with @key is at @at. It is found when
 * hd_index_sort() was called after it. Returns 0 or -ENOMEM with a sentence.
 */
int hd_index_add(struct hd_index *index, uint64_t key, size_t at,
		 struct hd_err *err);

/* By key, and of one key by where it is. */
void hd_index_sort(struct hd_index *index);

/*
 * Those with @key, in the order of where they are, which an index of any size
 * finds in no time; *@ret_n is how many, NULL when there are none. Valid until
 * the index changes.
 */
const struct hd_index_item *hd_index_find(const struct hd_index *index,
					  uint64_t key, size_t *ret_n);

/* Whether there is any with @key. */
bool hd_index_has(const struct hd_index *index, uint64_t key);

void hd_index_clear(struct hd_index *index);

#endif
