// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/explain/explain.h"
#include "lib/explain/log_entry.h"
#include "lib/explain/stamp.h"

/* What a report promises to those who print it. */
static void assert_report(const struct hd_report *report)
{
	if (report->n > HD_CASES || report->n_causes > report->n ||
	    (report->n > 0) != (report->n_causes > 0))
		__builtin_trap();
	for (size_t i = 0; i < report->n; i++) {
		const struct hd_case *item = &report->items[i];

		if (item->n_lines == 0 || item->n_lines > HD_CASE_LINES ||
		    item->count < item->n_lines ||
		    (item->because == HD_NO_CAUSE) != (i < report->n_causes) ||
		    (i >= report->n_causes &&
		     item->because >= report->n_causes))
			__builtin_trap();
		for (size_t k = 0; k < item->n_lines; k++)
			if (strlen(item->lines[k]) > HD_CASE_LINE_SIZE ||
			    strchr(item->lines[k], '\n'))
				__builtin_trap();
	}
}

/* The first byte says in pieces of what size the log comes, which must make no
 * difference. */
static void explain(struct hd_explain *explain, const uint8_t *data,
		    size_t size, size_t piece, struct hd_report *ret)
{
	while (size > 0) {
		size_t n = size < piece ? size : piece;

		hd_explain_feed(explain, (const char *)data, n);
		data += n;
		size -= n;
	}
	if (hd_explain_report(explain, ret, NULL) < 0)
		__builtin_trap();
	assert_report(ret);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct hd_explain *explainer; /* takes long to make */
	HD_AUTO_REPORT struct hd_report whole = { NULL, 0, 0 };
	HD_AUTO_REPORT struct hd_report pieces = { NULL, 0, 0 };

	if (!explainer)
		explainer = hd_explain_new();
	if (!explainer || size == 0)
		return 0;
	hd_stamp_read((const char *)data + 1, size - 1, 1800000000, NULL);
	hd_stamp_uptime((const char *)data + 1, size - 1);
	hd_log_line_begins((const char *)data + 1, size - 1);
	explain(explainer, data + 1, size - 1, size, &whole);
	explain(explainer, data + 1, size - 1, data[0] + 1u, &pieces);
	if (whole.n != pieces.n || whole.n_causes != pieces.n_causes)
		__builtin_trap();
	for (size_t i = 0; i < whole.n; i++)
		if (whole.items[i].entry != pieces.items[i].entry ||
		    whole.items[i].count != pieces.items[i].count)
			__builtin_trap();
	return 0;
}
