// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/base/word.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NONE "-"

static bool is_plain(unsigned char c, bool first)
{
	return c > ' ' && c < 0x7f && c != '%' && !(first && c == '-');
}

void hd_word_write(FILE *file, const char *text)
{
	if (!text || !*text) {
		fputs(" " NONE, file);
		return;
	}
	fputc(' ', file);
	for (const char *p = text; *p; p++) {
		if (is_plain((unsigned char)*p, p == text))
			fputc(*p, file);
		else
			fprintf(file, "%%%02x", (unsigned char)*p);
	}
}

char *hd_word_take(char **line)
{
	char *word = strsep(line, " ");

	return word && *word ? word : NULL;
}

int hd_word_read(const char *word, char **ret)
{
	char *text, *out;

	if (!word || !*word)
		return -EBADMSG;
	*ret = NULL;
	if (strcmp(word, NONE) == 0)
		return 0;
	text = out = malloc(strlen(word) + 1);
	if (!text)
		return -ENOMEM;
	for (const char *p = word; *p; p++) {
		unsigned byte = (unsigned char)*p;

		if (*p == '%') {
			if (!isxdigit((unsigned char)p[1]) ||
			    !isxdigit((unsigned char)p[2]) ||
			    sscanf(p + 1, "%2x", &byte) != 1 || byte == 0)
				break;
			p += 2;
		} else if (!is_plain((unsigned char)byte, p == word)) {
			break;
		}
		*out++ = (char)byte;
		if (p[1] == '\0') {
			*out = '\0';
			*ret = text;
			return 0;
		}
	}
	free(text);
	return -EBADMSG;
}

bool hd_word_number(const char *word, int64_t max, int64_t *ret)
{
	char *end;
	long long value;

	if (!word || !isdigit((unsigned char)*word))
		return false;
	errno = 0;
	value = strtoll(word, &end, 10);
	if (errno || *end || value > max)
		return false;
	*ret = value;
	return true;
}
