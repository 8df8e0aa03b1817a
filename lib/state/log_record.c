// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/state/log_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/print.h"
#include "lib/base/stream.h"
#include "lib/base/word.h"

const char *hd_outcome_name(enum hd_outcome outcome)
{
	static const char *const names[] = { "nothing", "done", "refused",
					     "failed" };

	return names[outcome];
}

char *hd_log_record_format(const struct hd_log_record *record)
{
	char *text = NULL;
	size_t size;
	FILE *file = hd_stream_open(&text, &size);

	if (!file)
		return NULL;
	fprintf(file, "run %lld %lld %s", (long long)record->time,
		(long long)record->duration, hd_outcome_name(record->outcome));
	hd_word_write(file, record->event);
	hd_word_write(file, record->domain);
	hd_word_write(file, record->uuid);
	hd_word_write(file, record->devices);
	hd_word_write(file, record->message);
	fputc('\n', file);
	return hd_stream_text(file, &text);
}

static bool read_outcome(const char *word, enum hd_outcome *ret)
{
	for (*ret = HD_OUTCOME_NOTHING; word && *ret <= HD_OUTCOME_FAILED;
	     (*ret)++)
		if (strcmp(word, hd_outcome_name(*ret)) == 0)
			return true;
	return false;
}

/* Only a person does something for no guest. */
static bool is_whole(const struct hd_log_record *record)
{
	return record->event &&
	       (record->domain || strcmp(record->event, "bind") == 0 ||
		strcmp(record->event, "release") == 0);
}

static bool parse(char *line, struct hd_log_record *record)
{
	const char *word = hd_word_take(&line);

	return word && strcmp(word, "run") == 0 &&
	       hd_word_number(hd_word_take(&line), INT64_MAX, &record->time) &&
	       hd_word_number(hd_word_take(&line), INT64_MAX,
			      &record->duration) &&
	       read_outcome(hd_word_take(&line), &record->outcome) &&
	       hd_word_read(hd_word_take(&line), &record->event) == 0 &&
	       hd_word_read(hd_word_take(&line), &record->domain) == 0 &&
	       hd_word_read(hd_word_take(&line), &record->uuid) == 0 &&
	       hd_word_read(hd_word_take(&line), &record->devices) == 0 &&
	       hd_word_read(hd_word_take(&line), &record->message) == 0 &&
	       !line && is_whole(record);
}

bool hd_log_record_parse(char *line, struct hd_log_record *ret)
{
	struct hd_log_record record = { .event = NULL };

	if (!parse(line, &record)) {
		hd_log_record_clear(&record);
		return false;
	}
	*ret = record;
	return true;
}

void hd_log_record_clear(struct hd_log_record *record)
{
	free(record->event);
	free(record->domain);
	free(record->uuid);
	free(record->devices);
	free(record->message);
	*record = (struct hd_log_record){ .event = NULL };
}
