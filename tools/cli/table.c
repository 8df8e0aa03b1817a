// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/cli/table.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/print.h"
#include "lib/base/stream.h"

struct hd_table hd_table_new(void)
{
	struct hd_table table = { .table = scols_new_table() };

	/* hd_print_cell() escapes what must be; it would escape that again. */
	table.failed = !table.table ||
		       scols_table_enable_noencoding(table.table, 1) != 0;
	return table;
}

void hd_table_column(struct hd_table *table, const char *header, int flags)
{
	table->failed = table->failed ||
			!scols_table_new_column(table->table, header, 0, flags);
}

void hd_table_line(struct hd_table *table)
{
	table->line =
		table->failed ? NULL : scols_table_new_line(table->table, NULL);
	table->cell = 0;
	table->failed |= !table->line;
}

void hd_table_cell(struct hd_table *table, const char *text)
{
	char *printed = NULL;
	size_t size;
	FILE *file =
		table->failed || !text ? NULL : hd_stream_open(&printed, &size);

	table->failed = true;
	if (!file)
		return;
	hd_print_cell(file, text);
	if (fclose(file) == 0 &&
	    scols_line_refer_data(table->line, table->cell, printed) == 0) {
		table->cell++;
		table->failed = false;
	} else {
		free(printed);
	}
}

bool hd_table_is_empty(const struct hd_table *table)
{
	return !table->failed && scols_table_is_empty(table->table);
}

int hd_table_print(struct hd_table *table, struct hd_err *err)
{
	if (table->failed || scols_print_table(table->table) != 0)
		return hd_err_nomem(err);
	return 0;
}

void hd_table_clear(struct hd_table *table)
{
	scols_unref_table(table->table);
}
