/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_BASE_WORD_H
#define HD_LIB_BASE_WORD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/*
 * The words of our own text files: one record a line, words separated by one
 * blank. In a word every byte outside the printable ASCII range, "%" and a
 * leading "-" are written as %XX; "-" stands for none.
 */

/* Writes a blank and @text as one word; NULL and "" are none. */
void hd_word_write(FILE *file, const char *text);

/* Cuts the next word off *@line; NULL when there is none. */
char *hd_word_take(char **line);

/*
 * Undoes hd_word_write(): *@ret is owned by the caller, NULL for none. Returns
 * 0; -EBADMSG when @word is NULL or was not written by us; -ENOMEM.
 */
int hd_word_read(const char *word, char **ret);

/* A decimal number from 0 to @max, and nothing else. @word may be NULL. */
bool hd_word_number(const char *word, int64_t max, int64_t *ret);

#endif
