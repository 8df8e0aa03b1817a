/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_BASE_ARRAY_H
#define HD_LIB_BASE_ARRAY_H

#include <stddef.h>

/*
 * Appends one zeroed element to an array that is grown by doubling.
 *
 * @array  address of the array's pointer; NULL with *@n == 0 is an empty array
 * @n      number of elements, counted up on success
 * @size   size of one element in bytes
 *
 * Returns the new element, or NULL when memory runs out; the array is then
 * unchanged. An array may be shortened by counting *@n down. Elements move:
 * keep indexes, not pointers, across a call. The owner frees the array with
 * free().
 */
void *hd_array_add(void *array, size_t *n, size_t size);

#endif
