// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/base/ini.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define BLANKS " \t\r\f\v"

static bool is_blank(char c)
{
	return c && strchr(BLANKS, c);
}

/* Cuts the blanks off both ends. */
static char *trim(char *text)
{
	size_t n;

	text += strspn(text, BLANKS);
	n = strlen(text);
	while (n > 0 && is_blank(text[n - 1]))
		n--;
	text[n] = '\0';
	return text;
}

/* Cuts a comment off, which begins the line or follows a blank. */
static void cut_comment(char *line)
{
	for (char *p = line; *p; p++)
		if (strchr("#;", *p) && (p == line || is_blank(p[-1]))) {
			*p = '\0';
			return;
		}
}

static enum hd_ini_line read_section(struct hd_ini *ini, char *line)
{
	size_t n = strlen(line);

	if (line[n - 1] != ']')
		return HD_INI_WRONG;
	line[n - 1] = '\0';
	ini->name = trim(line + 1);
	ini->value = NULL;
	return HD_INI_SECTION;
}

static enum hd_ini_line read_setting(struct hd_ini *ini, char *line)
{
	size_t n = strcspn(line, "=:");

	if (!line[n])
		return HD_INI_WRONG;
	line[n] = '\0';
	ini->name = trim(line);
	ini->value = trim(line + n + 1);
	return *ini->name ? HD_INI_SETTING : HD_INI_WRONG;
}

enum hd_ini_line hd_ini_next(struct hd_ini *ini)
{
	char *line;

	while ((line = strsep(&ini->rest, "\n"))) {
		ini->line++;
		cut_comment(line);
		line = trim(line);
		if (*line)
			return *line == '[' ? read_section(ini, line) :
					      read_setting(ini, line);
	}
	return HD_INI_END;
}
