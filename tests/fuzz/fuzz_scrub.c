// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "tools/verb/capture/scrub.h"

#define SERIAL "S4EWNX0R123456"
#define MAC "3c:fd:fe:a1:b2:c3"

/* Whatever stands before and after them, they go. */
static const char secrets[] =
	"\n" SERIAL " " MAC " enx3cfdfea1b2c3\npasswd=hunter2\n";

static void add(struct hd_recording *record, enum hd_content content,
		const void *data, size_t size, const char *more)
{
	struct hd_recorded *entry = calloc(1, sizeof(*entry));

	record->entries =
		reallocarray(record->entries, record->n + 1, sizeof(entry));
	entry->data = calloc(1, 2 * size + strlen(more) + 1);
	if (!entry || !record->entries || !entry->data)
		abort();
	record->entries[record->n++] = entry;
	memcpy(entry->data, data, size);
	strcpy(entry->data + size, more);
	entry->length = size + strlen(more);
	if (content != HD_CONTENT_SERIAL) {
		memcpy(entry->data + entry->length, data, size);
		entry->length += size;
	}
	entry->path = strdup("etc/" SERIAL "/" MAC);
	entry->mode = S_IFREG;
	entry->policy.content = content;
}

/* The same text before the secrets and after them. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const gone[] = { SERIAL, MAC, "3cfdfea1b2c3",
					    "hunter2" };
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	HD_AUTO_RECORDING struct hd_recording record = { .n = 0 };

	/* Inside another word they aren't secrets. */
	for (size_t k = 0; k < sizeof(gone) / sizeof(gone[0]); k++)
		if (memmem(data, size, gone[k], strlen(gone[k])))
			return 0;
	add(&record, HD_CONTENT_SERIAL, SERIAL, strlen(SERIAL), "  \n");
	add(&record, HD_CONTENT_TEXT, data, size, secrets);
	add(&record, HD_CONTENT_SERIAL, data, size, "");
	/* No text meets a limit. */
	if (hd_scrub_record(&record, &err) < 0 || record.misses.n > 0)
		__builtin_trap();
	for (size_t i = 0; i < record.n; i++)
		for (size_t k = 0; k < sizeof(gone) / sizeof(gone[0]); k++)
			if (strstr(record.entries[i]->path, gone[k]) ||
			    (i == 1 && memmem(record.entries[i]->data,
					      record.entries[i]->length,
					      gone[k], strlen(gone[k]))))
				__builtin_trap();
	return 0;
}
