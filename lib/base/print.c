// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/base/print.h"

#include <langinfo.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/stream.h"

/*
 * The number of bytes of the UTF-8 character at @p that may be printed as they
 * are; 0 for what must not. The rules are RFC 3629's, without C0 and C1, and
 * without what separates lines and turns around the order of characters.
 */
static int printable(const unsigned char *p)
{
	static const struct {
		unsigned char first, last, low, high;
		int length;
	} forms[] = {
		{ 0xc3, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
		{ 0xc2, 0xc2, 0xa0, 0xbf, 2 }, /* U+0080 to U+009F are C1 */
	};

	if (*p < 0x80)
		return *p >= ' ' && *p != 0x7f;
	if (p[0] == 0xe2 && ((p[1] == 0x80 && p[2] >= 0xa8 && p[2] <= 0xae) ||
			     (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9)))
		return 0; /* U+2028 to U+202E, U+2066 to U+2069 */
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		int n = 1;

		if (*p < forms[i].first || *p > forms[i].last ||
		    p[1] < forms[i].low || p[1] > forms[i].high)
			continue;
		for (n = 2; n < forms[i].length; n++)
			if ((p[n] & 0xc0) != 0x80)
				return 0;
		return n;
	}
	return 0;
}

bool hd_is_printable(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	while (*p) {
		int n = printable(p);

		if (n == 0)
			return false;
		p += n;
	}
	return true;
}

static bool is_utf8(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* With @ascii other characters don't pass. */
static void print(FILE *file, const char *text, bool ascii)
{
	const char *arrow = is_utf8() ? HD_ARROW : " -> ";
	const unsigned char *p = (const unsigned char *)text;

	while (*p) {
		int n = printable(p);

		if (strncmp((const char *)p, HD_ARROW, strlen(HD_ARROW)) == 0) {
			fputs(arrow, file);
			n = (int)strlen(HD_ARROW);
		} else if (n == 1 || (n > 1 && !ascii)) {
			fwrite(p, 1, (size_t)n, file);
		} else {
			fprintf(file, "\\x%02x", *p);
			n = 1;
		}
		p += n;
	}
}

void hd_print(FILE *file, const char *text)
{
	print(file, text, false);
}

void hd_print_cell(FILE *file, const char *text)
{
	print(file, text, !is_utf8());
}

static bool ends_sentence(const char *text)
{
	size_t n = strlen(text);

	return n > 0 && strchr(".!?", text[n - 1]);
}

static void print_pair(FILE *file, const char *indent, const char *message,
		       const char *fix)
{
	fputs(indent, file);
	hd_print(file, message);
	fputs(ends_sentence(message) ? "\n" : ".\n", file);
	if (!fix)
		return;
	fprintf(file, "%sFix: ", indent);
	hd_print(file, fix);
	fputc('\n', file);
}

void hd_print_findings(FILE *file, const struct hd_findings *findings,
		       const char *indent)
{
	for (int severity = HD_ERROR; severity >= HD_INFO; severity--)
		for (size_t i = 0; i < findings->n; i++) {
			const struct hd_finding *finding = &findings->items[i];

			if ((int)finding->severity == severity)
				print_pair(file, indent, finding->message,
					   finding->fix);
		}
}

void hd_print_err(FILE *file, const struct hd_err *err)
{
	print_pair(file, "", hd_err_message(err), err->fix);
}

char *hd_quote(const char *word)
{
	char *text = NULL;
	size_t size;
	FILE *file;

	if (*word && *word != '-' &&
	    !word[strspn(word, "abcdefghijklmnopqrstuvwxyz"
			       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-,=:/")])
		return strdup(word);
	file = hd_stream_open(&text, &size);
	if (!file)
		return NULL;
	fputc('\'', file);
	for (; *word; word++) {
		if (*word == '\'')
			fputs("'\\''", file);
		else
			fputc(*word, file);
	}
	fputc('\'', file);
	return hd_stream_text(file, &text);
}
