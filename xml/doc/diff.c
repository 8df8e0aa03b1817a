// SPDX-License-Identifier: GPL-2.0-or-later
#include "xml/doc/diff.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/print.h"
#include "lib/base/stream.h"

/* Lines around a change that are printed too. */
#define CONTEXT 3

/* Lines of the document that others come in the place of. */
struct change {
	struct hd_range old; /* whole lines */
	size_t line; /* the number of lines before it */
	char *text; /* the new lines; owned */
	size_t start, end; /* the part of them that is new */
};

struct changes {
	struct change *items;
	size_t n;
};

static void clear(struct changes *changes)
{
	for (size_t i = 0; i < changes->n; i++)
		free(changes->items[i].text);
	free(changes->items);
}

/* Where the lines are printed, and what of. */
struct printer {
	FILE *file;
	const char *document;
	size_t length;
	enum hd_diff_style style;
	bool *failed; /* memory ran out */
};

/* The end of the line at @at, its line end included. */
static size_t line_after(const char *text, size_t at, size_t length)
{
	const char *end = memchr(text + at, '\n', length - at);

	return end ? (size_t)(end + 1 - text) : length;
}

/* The start of the line that ends before @at. */
static size_t line_before(const char *text, size_t at)
{
	const char *end = at > 1 ? memrchr(text, '\n', at - 1) : NULL;

	return end ? (size_t)(end + 1 - text) : 0;
}

static size_t count_lines(const char *text, size_t start, size_t end)
{
	size_t n = 0;

	for (; start < end; n++)
		start = line_after(text, start, end);
	return n;
}

/*
 * Writes what becomes of the lines from the edit *@at on, up to a line that
 * none of them touches; moves *@at there.
 */
static size_t write_lines(FILE *file, const struct printer *printer,
			  const struct hd_edits *edits, size_t *at,
			  size_t start)
{
	size_t done = start, end = start;

	for (; *at < edits->n; (*at)++) {
		const struct hd_edit *edit = &edits->items[*at];

		if (end > start && edit->range.start > end)
			break;
		if (edit->range.start > done)
			fwrite(printer->document + done, 1,
			       edit->range.start - done, file);
		fputs(edit->text, file);
		if (edit->range.end > done)
			done = edit->range.end;
		if (edit->range.start > done)
			done = edit->range.start;
		end = line_after(printer->document, done, printer->length);
	}
	fwrite(printer->document + done, 1, end - done, file);
	return end;
}

/* Takes off what the old and the new lines have in common at both ends. */
static void trim(const char *document, struct change *change, size_t length)
{
	change->end = length;
	while (change->old.start < change->old.end &&
	       change->start < change->end) {
		size_t x = line_after(document, change->old.start,
				      change->old.end) -
			   change->old.start;
		size_t y =
			line_after(change->text, change->start, change->end) -
			change->start;

		if (x != y || memcmp(document + change->old.start,
				     change->text + change->start, x) != 0)
			break;
		change->old.start += x;
		change->start += x;
		change->line++;
	}
	while (change->old.start < change->old.end &&
	       change->start < change->end) {
		size_t x = line_before(document, change->old.end);
		size_t y = line_before(change->text, change->end);

		if (x < change->old.start || y < change->start ||
		    change->old.end - x != change->end - y ||
		    memcmp(document + x, change->text + y, change->end - y) !=
			    0)
			break;
		change->old.end = x;
		change->end = y;
	}
}

/* The lines that the edits from *@at on touch; *@line and *@from are those that
 * were counted up to there. */
static int add_change(struct changes *changes, const struct printer *printer,
		      const struct hd_edits *edits, size_t *at, size_t *from,
		      size_t *line)
{
	size_t start = line_before(printer->document,
				   edits->items[*at].range.start + 1);
	size_t size;
	struct change change = { .text = NULL };
	struct change *item;
	FILE *file = hd_stream_open(&change.text, &size);

	if (!file)
		return -1;
	*line += count_lines(printer->document, *from, start);
	change.line = *line;
	change.old.start = *from = start;
	change.old.end = write_lines(file, printer, edits, at, start);
	if (fclose(file) != 0) {
		free(change.text);
		return -1;
	}
	trim(printer->document, &change, size);
	if (change.old.start == change.old.end && change.start == change.end) {
		free(change.text);
		return 0;
	}
	item = hd_array_add(&changes->items, &changes->n, sizeof(*item));
	if (!item) {
		free(change.text);
		return -1;
	}
	*item = change;
	return 0;
}

/* A terminal's sequence for a colour, "" for none. */
static const char *colour(const struct printer *printer, const char *sequence)
{
	return printer->style == HD_DIFF_COLOURED ? sequence : "";
}

static void print_text(const struct printer *printer, const char *text,
		       size_t n)
{
	HD_AUTOFREE char *line = NULL;
	char *word, *rest;

	if (printer->style == HD_DIFF_PLAIN) {
		fwrite(text, 1, n, printer->file);
		return;
	}
	line = rest = strndup(text, n);
	*printer->failed |= !line;
	while ((word = rest ? strsep(&rest, "\t") : NULL)) {
		hd_print(printer->file, word);
		if (rest)
			fputc('\t', printer->file);
	}
}

/* Every line from @start to @end, with its mark. */
static void print_lines(const struct printer *printer, char mark,
			const char *text, size_t start, size_t end)
{
	const char *on = colour(printer, mark == '+' ? "\033[32m" :
					 mark == '-' ? "\033[31m" :
						       "");

	while (start < end) {
		size_t next = line_after(text, start, end);
		bool complete = text[next - 1] == '\n';

		fprintf(printer->file, "%s%c", on, mark);
		print_text(printer, text + start, next - start - complete);
		fprintf(printer->file, "%s\n", *on ? "\033[m" : "");
		if (!complete)
			fputs("\\ No newline at end of file\n", printer->file);
		start = next;
	}
}

/* "@@ -1,2 +3,4 @@"; lines are counted from 1, but where there are none. */
static void print_head(const struct printer *printer, const size_t lines[2],
		       const size_t counts[2])
{
	fprintf(printer->file, "%s@@ -%zu,%zu +%zu,%zu @@%s\n",
		colour(printer, "\033[36m"), lines[0] + (counts[0] > 0),
		counts[0], lines[1] + (counts[1] > 0), counts[1],
		colour(printer, "\033[m"));
}

/* CONTEXT lines on from @at, or as many as there are before @end. */
static size_t forward(const struct printer *printer, size_t at, size_t end)
{
	for (int i = 0; i < CONTEXT && at < end; i++)
		at = line_after(printer->document, at, end);
	return at;
}

static size_t backward(const struct printer *printer, size_t at, size_t start)
{
	for (int i = 0; i < CONTEXT && at > start; i++)
		at = line_before(printer->document, at);
	return at;
}

/* Changes that are near enough to each other, with the lines around them. */
static void print_hunk(const struct printer *printer,
		       const struct change *first, const struct change *last,
		       size_t *added)
{
	const char *document = printer->document;
	size_t start = backward(printer, first->old.start, 0), at = start;
	size_t end = forward(printer, last->old.end, printer->length);
	size_t line =
		first->line - count_lines(document, start, first->old.start);
	size_t lines[2] = { line, line + *added };
	size_t counts[2] = { count_lines(document, start, end), 0 };

	counts[1] = counts[0];
	for (const struct change *each = first; each <= last; each++) {
		counts[1] -=
			count_lines(document, each->old.start, each->old.end);
		counts[1] += count_lines(each->text, each->start, each->end);
	}
	*added += counts[1] - counts[0];
	print_head(printer, lines, counts);
	for (const struct change *each = first; each <= last; each++) {
		print_lines(printer, ' ', document, at, each->old.start);
		print_lines(printer, '-', document, each->old.start,
			    each->old.end);
		print_lines(printer, '+', each->text, each->start, each->end);
		at = each->old.end;
	}
	print_lines(printer, ' ', document, at, end);
}

/* Whether the lines around two changes meet. */
static bool is_near(const struct printer *printer, const struct change *x,
		    const struct change *y)
{
	size_t end = forward(printer, x->old.end, y->old.start);

	return forward(printer, end, y->old.start) == y->old.start;
}

static void print_names(const struct printer *printer, const char *name)
{
	static const char *const marks[] = { "--- a/", "+++ b/" };

	for (size_t i = 0; i < 2; i++) {
		fprintf(printer->file, "%s%s", colour(printer, "\033[1m"),
			marks[i]);
		hd_print(printer->file, name);
		fprintf(printer->file, "%s\n", colour(printer, "\033[m"));
	}
}

int hd_diff_print(FILE *file, const char *name, const char *document,
		  size_t length, const struct hd_edits *edits,
		  enum hd_diff_style style, struct hd_err *err)
{
	bool failed = false;
	const struct printer printer = { file, document, length, style,
					 &failed };
	HD_AUTO(clear) struct changes changes = { NULL, 0 };
	size_t at = 0, from = 0, line = 0, added = 0, last;

	while (at < edits->n)
		if (add_change(&changes, &printer, edits, &at, &from, &line) <
		    0)
			return hd_err_nomem(err);
	if (changes.n)
		print_names(&printer, name);
	for (size_t i = 0; i < changes.n; i = last + 1) {
		for (last = i; last + 1 < changes.n &&
			       is_near(&printer, &changes.items[last],
				       &changes.items[last + 1]);)
			last++;
		print_hunk(&printer, &changes.items[i], &changes.items[last],
			   &added);
	}
	return failed ? hd_err_nomem(err) : 0;
}
