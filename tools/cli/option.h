/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_CLI_OPTION_H
#define HD_TOOLS_CLI_OPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

struct hd_allow;
struct hd_patterns;
struct hd_tool;
struct hd_verb;

/*
 * One option of a verb: a row of a table that ends with a row without a name.
 * What it says is stored in the verb's values (see struct hd_verb): as a
 * "const char *" at @offset, as a bool when it takes no argument, or by @take,
 * which returns 0 or a negative errno with a sentence.
 *
 * The words of @argument tell people and the completion what belongs there:
 * ADDRESS a device of the host, DOMAIN a guest, FILE, DIR and TAR files, small
 * letters themselves. packaging/completions/virt-hostdev.in knows all of them.
 */
struct hd_option {
	char letter; /* 0: it has a name only */
	const char *name;
	const char *argument; /* NULL: takes none */
	const char *help;
	size_t offset;
	int (*take)(void *values, const char *argument, struct hd_err *err);
};

/* What options that several verbs take do with their values. */

/* "yes" or "no" into a bool: the whole of the values. */
int hd_option_yes_no(const char *name, const char *argument, bool *ret,
		     struct hd_err *err);

/* What --allow names; owned by whom they are of. */
struct hd_allows {
	struct hd_allow *items;
	size_t n;
};

/* Adds "ADDRESS=REASON", "0000:03:00.0=default-route". */
int hd_option_allow(struct hd_allows *allows, const char *argument,
		    struct hd_err *err);

/* Adds a unit of systemd, or a pattern of them, that --may-stop names. */
int hd_option_may_stop(struct hd_patterns *stops, const char *argument,
		       struct hd_err *err);

/* A whole number in decimal, from @min to @max. */
int hd_option_number(const char *name, const char *argument, unsigned min,
		     unsigned max, unsigned *ret, struct hd_err *err);

/*
 * Reads the options of the command line into @tool and its values, and says
 * where the arguments begin in *@ret_first. Returns 0, or -EINVAL with a
 * sentence.
 */
int hd_options_parse(const struct hd_verb *verb, int argc, char **argv,
		     struct hd_tool *tool, int *ret_first, struct hd_err *err);

/* More than any verb takes, with those that are common. */
#define HD_MAX_OPTIONS 40

/* The options that a verb takes: its own, and then the common ones. */
struct hd_options {
	const struct hd_option *items[HD_MAX_OPTIONS];
	bool is_own[HD_MAX_OPTIONS];
	size_t n;
};

void hd_options_of(const struct hd_verb *verb, struct hd_options *ret);

/* Prints a line for every option that the verb takes. */
void hd_options_print(const struct hd_verb *verb);

#endif
