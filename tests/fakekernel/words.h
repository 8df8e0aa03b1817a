/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FK_WORDS_H
#define FK_WORDS_H

#define FK_WORDS 64

/*
 * Splits @line at blanks, in place, up to a word that starts with '#'; a NULL
 * ends @words, which has room for FK_WORDS and that. -1 when there are more.
 */
int fk_split(char *line, char **words);

/* The number of an errno's name, 0 for "0", -1 when there is no such name. */
int fk_errno(const char *name);

#endif
