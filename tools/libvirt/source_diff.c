// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/libvirt/source_diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/finding.h"
#include "lib/base/text.h"
#include "tools/libvirt/source.h"
#include "xml/doc/diff.h"

static enum hd_diff_style find_style(void)
{
	const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");

	if (!isatty(STDOUT_FILENO))
		return HD_DIFF_PLAIN;
	if ((no_colour && *no_colour) || !term || strcmp(term, "dumb") == 0)
		return HD_DIFF_TERMINAL;
	return HD_DIFF_COLOURED;
}

static bool is_file(const char *source)
{
	return strcmp(source, "-") != 0 && !hd_source_is_domain(source);
}

int hd_source_print_diff(const char *source, const char *name, const char *text,
			 size_t length, const struct hd_edits *edits,
			 struct hd_err *err)
{
	HD_AUTOFREE char *file =
		is_file(source) ? strdup(source) : hd_text("%s.xml", name);
	const char *start = file;

	if (!file)
		return hd_err_nomem(err);
	while (*start == '/' || hd_after(start, "./"))
		start++;
	return hd_diff_print(stdout, start, text, length, edits, find_style(),
			     err);
}
