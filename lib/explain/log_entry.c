// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/explain/log_entry.h"

#include <string.h>

/* Shorter lines weren't wrapped, even where a long word came next. */
#define WRAP_WIDTH 32

/* Lines of a full record that the next one gets as well. */
#define OVERLAP 2

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Whether @p looks like @shape: 0 is a digit, everything else itself. */
static bool has_shape(const char *p, size_t n, const char *shape)
{
	if (n < strlen(shape))
		return false;
	for (; *shape; shape++, p++)
		if (*shape == '0' ? !is_digit(*p) : *shape != *p)
			return false;
	return true;
}

static bool has_word(const char *p, size_t n, const char *const *words,
		     size_t n_words)
{
	for (size_t i = 0; i < n_words; i++) {
		size_t length = strlen(words[i]);

		if (n >= length && memcmp(p, words[i], length) == 0)
			return true;
	}
	return false;
}

#define HAS_WORD(p, n, words)                                                  \
	has_word(p, n, words, sizeof(words) / sizeof((words)[0]))

/* "[   12.345678]", "[Sat Nov 21 04:16:03 2026]" */
static bool is_kernel_stamp(const char *p, size_t n)
{
	static const char *const days[] = { "Mon ", "Tue ", "Wed ", "Thu ",
					    "Fri ", "Sat ", "Sun " };
	size_t i = 1;

	if (n < 4 || *p != '[')
		return false;
	if (HAS_WORD(p + 1, n - 1, days))
		return true;
	while (i < n && p[i] == ' ')
		i++;
	while (i < n && is_digit(p[i]))
		i++;
	return i + 1 < n && is_digit(p[i - 1]) && p[i] == '.' &&
	       is_digit(p[i + 1]);
}

/* "Nov 21 04:16:03" */
static bool is_syslog_stamp(const char *p, size_t n)
{
	static const char *const months[] = { "Jan ", "Feb ", "Mar ", "Apr ",
					      "May ", "Jun ", "Jul ", "Aug ",
					      "Sep ", "Oct ", "Nov ", "Dec " };

	return n > 7 && HAS_WORD(p, n, months) &&
	       (is_digit(p[4]) || p[4] == ' ') && is_digit(p[5]);
}

bool hd_log_line_begins(const char *line, size_t n)
{
	static const char *const programs[] = {
		"error: ", "qemu-system-", "libvirt: ", "modprobe: ", "{\""
	};

	/* Quoted, indented, with a level: "> <6>[ 12.345678]". */
	while (n > 0 &&
	       (*line == ' ' || *line == '\t' || *line == '>' || *line == '|'))
		line++, n--;
	if (n > 3 && *line == '<' && is_digit(line[1])) {
		const char *close = memchr(line, '>', n < 6 ? n : 6);

		if (close) {
			n -= (size_t)(close + 1 - line);
			line = close + 1;
		}
	}
	return is_kernel_stamp(line, n) || is_syslog_stamp(line, n) ||
	       has_shape(line, n, "0000-00-00") || HAS_WORD(line, n, programs);
}

size_t hd_log_entry_line_end(const struct hd_log_entry *record, size_t i)
{
	return i + 1 < record->n_lines ? record->lines[i + 1] - 1 : record->n;
}

static void flush(struct hd_log_entries *records)
{
	if (records->record.n_lines > records->record.n_old)
		records->take(records->data, &records->record);
	records->record.first += records->record.n_lines;
	records->record.n = 0;
	records->record.n_lines = 0;
	records->record.n_old = 0;
}

/* A full record goes, and leaves its last lines to the next one. */
static void overflow(struct hd_log_entries *records)
{
	struct hd_log_entry *record = &records->record;
	size_t keep = record->n_lines > OVERLAP ? OVERLAP : record->n_lines;
	size_t first = record->n_lines - keep, from;

	/* No more than leaves room for a line. */
	while (keep > 0 &&
	       record->n - record->lines[first] > HD_LOG_ENTRY_SIZE / 2)
		first++, keep--;
	records->take(records->data, record);
	from = keep ? record->lines[first] : record->n;
	memmove(record->raw, record->raw + from, record->n - from);
	for (size_t i = 0; i < keep; i++) {
		record->lines[i] = record->lines[first + i] - from;
		record->joined[i] = record->joined[first + i];
	}
	record->n -= from;
	record->first += first;
	record->n_lines = record->n_old = keep;
}

static bool has_room(const struct hd_log_entry *record, size_t n)
{
	return record->n + n + 1 < sizeof(record->raw) &&
	       record->n_lines < HD_LOG_ENTRY_LINES;
}

/* Whether a line of @n bytes can belong to the record so far: the one before it
 * is long enough to have been wrapped, or it is indented. */
static bool goes_on(const struct hd_log_entries *records, const char *line,
		    size_t n)
{
	const struct hd_log_entry *record = &records->record;

	if (records->cut)
		return true;
	return record->n_lines > 0 && n > 0 &&
	       (record->n - record->lines[record->n_lines - 1] >= WRAP_WIDTH ||
		*line == ' ') &&
	       !hd_log_line_begins(line, n);
}

static void add_line(struct hd_log_entries *records, const char *line, size_t n)
{
	struct hd_log_entry *record = &records->record;

	if (n > 0 && line[n - 1] == '\r')
		n--;
	if (!goes_on(records, line, n))
		flush(records);
	else if (!has_room(record, n))
		overflow(records);
	if (record->n_lines > 0)
		record->raw[record->n++] = '\n';
	record->joined[record->n_lines] = records->cut;
	record->lines[record->n_lines++] = record->n;
	memcpy(record->raw + record->n, line, n);
	record->n += n;
}

/* Keeps the beginning of a line, and passes on what there is no room for. */
static void keep(struct hd_log_entries *records, const char *piece, size_t n)
{
	while (n > 0) {
		size_t room = sizeof(records->line) - records->n;
		size_t part = n < room ? n : room;

		memcpy(records->line + records->n, piece, part);
		records->n += part;
		piece += part;
		n -= part;
		if (records->n == sizeof(records->line)) {
			add_line(records, records->line, records->n);
			records->n = 0;
			records->cut = true;
		}
	}
}

static void end_line(struct hd_log_entries *records)
{
	add_line(records, records->line, records->n);
	records->n = 0;
	records->cut = false;
}

void hd_log_entries_feed(struct hd_log_entries *records, const char *piece,
			 size_t n)
{
	const char *end = piece + n;

	while (piece < end) {
		const char *newline =
			memchr(piece, '\n', (size_t)(end - piece));

		if (newline && records->n == 0 && !records->cut &&
		    (size_t)(newline - piece) < sizeof(records->line)) {
			add_line(records, piece, (size_t)(newline - piece));
			piece = newline + 1;
			continue;
		}
		keep(records, piece,
		     (size_t)((newline ? newline : end) - piece));
		if (!newline)
			return;
		end_line(records);
		piece = newline + 1;
	}
}

void hd_log_entries_end(struct hd_log_entries *records)
{
	if (records->n > 0)
		end_line(records);
	records->cut = false;
	flush(records);
}
