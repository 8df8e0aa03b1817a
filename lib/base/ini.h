/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_BASE_INI_H
#define HD_LIB_BASE_INI_H

/*
 * A text in sections, line by line:
 *
 *	# a comment, as is a line with ";"
 *	[section]
 *	name = value	; and what follows a blank and "#" or ";"
 *
 * Blanks at either end of a section, a name and a value don't count, and ":" is
 * as good as "=". Nothing is cut short, and no line goes on in the next one.
 */
struct hd_ini {
	char *rest; /* what is still to be read; it is cut in place */
	unsigned line; /* of what was read last, from 1 */
	char *name; /* of the section or the setting */
	char *value; /* of a setting; may be empty */
};

enum hd_ini_line { HD_INI_END, HD_INI_SECTION, HD_INI_SETTING, HD_INI_WRONG };

/* Reads on to the next line that says something, or is wrong. */
enum hd_ini_line hd_ini_next(struct hd_ini *ini);

#endif
