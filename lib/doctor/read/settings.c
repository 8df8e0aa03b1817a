// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/doctor/read/settings.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* What follows "name =", or NULL. */
static const char *match(const char *line, const char *name)
{
	size_t n = strlen(name);
	const char *p = skip_blanks(line);

	if (strncmp(p, name, n) != 0)
		return NULL;
	p = skip_blanks(p + n);
	return *p == '=' ? p + 1 : NULL;
}

static char *copy_value(const char *p)
{
	char *value = malloc(strlen(p) + 1), *out = value;
	bool list = false;
	char quote = '\0';

	if (!value)
		return NULL;
	for (; *p && (list || *p != '\n'); p++) {
		if (quote ? *p == quote : *p == '"' || *p == '\'') {
			quote = quote ? '\0' : *p;
		} else if (quote) {
			*out++ = *p;
		} else if (*p == '#') {
			p += strcspn(p, "\n") - 1;
		} else if (!isspace((unsigned char)*p)) {
			*out++ = *p;
			list = *p == '[' || (list && *p != ']');
		}
	}
	*out = '\0';
	return value;
}

int hd_setting_value(const char *text, const char *name, char **ret)
{
	const char *found = NULL;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		const char *value;

		line += *line == '\n';
		value = match(line, name);
		if (value)
			found = value;
	}
	*ret = found ? copy_value(found) : NULL;
	return found && !*ret ? -ENOMEM : 0;
}

int hd_apparmor_executes(const char *text, const char *program)
{
	for (const char *line = text; line; line = strchr(line, '\n')) {
		HD_AUTOFREE char *path = NULL;
		size_t n;

		line += *line == '\n';
		line += strspn(line, " \t");
		n = strcspn(line, " \t\n");
		if (*line != '/')
			continue;
		path = strndup(line, n);
		line += n + strspn(line + n, " \t");
		if (!path)
			return -ENOMEM;
		if (memchr(line, 'x', strcspn(line, ",\n")) &&
		    fnmatch(path, program,
			    strstr(path, "**") ? 0 : FNM_PATHNAME) == 0)
			return 1;
	}
	return 0;
}
