/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_CLI_TABLE_H
#define HD_TOOLS_CLI_TABLE_H

#include <libsmartcols.h>
#include <stdbool.h>

#include "lib/base/err.h"

/* A table as people read it, filled from left to right and top to bottom. */
struct hd_table {
	struct libscols_table *table;
	struct libscols_line *line;
	size_t cell; /* the line's next one */
	bool failed; /* memory has run out: hd_table_print() says so */
};

#define HD_AUTO_TABLE __attribute__((cleanup(hd_table_clear)))

struct hd_table hd_table_new(void);

/* Adds a column; @flags are libsmartcols'. */
void hd_table_column(struct hd_table *table, const char *header, int flags);

void hd_table_line(struct hd_table *table);

/* Fills the next cell of the line, as hd_print_cell() prints it; NULL is text
 * for which there was no memory. */
void hd_table_cell(struct hd_table *table, const char *text);

/* Whether it has no line. */
bool hd_table_is_empty(const struct hd_table *table);

/* Prints the table to stdout. Returns 0 or -ENOMEM. */
int hd_table_print(struct hd_table *table, struct hd_err *err);

void hd_table_clear(struct hd_table *table);

#endif
