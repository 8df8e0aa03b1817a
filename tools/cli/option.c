// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/cli/option.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/guard/guard.h"
#include "lib/request/hand_over.h"
#include "lib/request/patterns.h"
#include "tools/tool.h"

/* What getopt returns for the first one; letters are below. */
#define FIRST 0x100

/* The options that several verbs share; @bit is asked of the verb's row. */
static const struct {
	unsigned bit; /* 0: every verb takes it */
	struct hd_option option; /* stored in struct hd_tool */
} common[] = {
	{ HD_OPT_JSON,
	  { 'j', "json", NULL, "print JSON for programs",
	    offsetof(struct hd_tool, json), NULL } },
	{ HD_OPT_ROOT,
	  { 'r', "root", "DIR|TAR",
	    "look at another machine: its copied /sys and /proc, its capture",
	    offsetof(struct hd_tool, root), NULL } },
	{ HD_OPT_CONNECT,
	  { 'c', "connect", "URI", "the libvirt to ask",
	    offsetof(struct hd_tool, uri), NULL } },
	{ 0,
	  { 'h', "help", NULL, "print this help",
	    offsetof(struct hd_tool, help), NULL } },
};

#define N_COMMON (sizeof(common) / sizeof(common[0]))

static void add(struct hd_options *options, const struct hd_option *option,
		bool is_own)
{
	if (options->n == HD_MAX_OPTIONS)
		return;
	options->items[options->n] = option;
	options->is_own[options->n++] = is_own;
}

void hd_options_of(const struct hd_verb *verb, struct hd_options *ret)
{
	ret->n = 0;
	for (const struct hd_option *o = verb->options; o && o->name; o++)
		add(ret, o, true);
	for (size_t i = 0; i < N_COMMON; i++)
		if (!common[i].bit || (verb->common & common[i].bit))
			add(ret, &common[i].option, false);
}

/* Fills getopt's two tables. */
static void make_tables(const struct hd_options *options, char *letters,
			struct option *longs)
{
	*letters++ = ':'; /* getopt prints nothing by itself */
	for (size_t i = 0; i < options->n; i++) {
		const struct hd_option *o = options->items[i];

		longs[i] = (struct option){ o->name,
					    o->argument ? required_argument :
							  no_argument,
					    NULL, FIRST + (int)i };
		if (!o->letter)
			continue;
		*letters++ = o->letter;
		if (o->argument)
			*letters++ = ':';
	}
	*letters = '\0';
	longs[options->n] = (struct option){ NULL, 0, NULL, 0 };
}

static size_t find(const struct hd_options *options, int value)
{
	if (value >= FIRST)
		return (size_t)(value - FIRST);
	for (size_t i = 0; i < options->n; i++)
		if (options->items[i]->letter == value)
			return i;
	return options->n;
}

static int take(const struct hd_option *option, void *values,
		struct hd_err *err)
{
	char *place = (char *)values + option->offset;

	if (option->take)
		return option->take(values, optarg, err);
	if (option->argument)
		*(const char **)place = optarg;
	else
		*(bool *)place = true;
	return 0;
}

int hd_options_parse(const struct hd_verb *verb, int argc, char **argv,
		     struct hd_tool *tool, int *ret_first, struct hd_err *err)
{
	struct hd_options options;
	char letters[2 * HD_MAX_OPTIONS + 2];
	struct option longs[HD_MAX_OPTIONS + 1];
	int value, r = 0;

	hd_options_of(verb, &options);
	make_tables(&options, letters, longs);
	while (r == 0 &&
	       (value = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		const char *word = argv[optind - 1];
		size_t i = find(&options, value);

		if (value == ':')
			r = hd_err_set(err, EINVAL, "%s needs an argument",
				       word);
		else if (i == options.n)
			r = hd_err_set(err, EINVAL,
				       "there is no option %s here", word);
		else
			r = take(options.items[i],
				 options.is_own[i] ? tool->values : tool, err);
	}
	*ret_first = optind;
	return r;
}

/* The column where the help of an option begins. */
#define HELP_COLUMN 28

void hd_options_print(const struct hd_verb *verb)
{
	struct hd_options options;

	hd_options_of(verb, &options);
	for (size_t i = 0; i < options.n; i++) {
		const struct hd_option *o = options.items[i];
		int n = o->letter ? printf("  -%c, ", o->letter) :
				    printf("      ");

		n += printf("--%s%s%s", o->name, o->argument ? " " : "",
			    o->argument ? o->argument : "");
		if (n > HELP_COLUMN - 2) {
			putchar('\n');
			n = 0;
		}
		printf("%*s%s\n", HELP_COLUMN - n, "", o->help);
	}
}

int hd_option_yes_no(const char *name, const char *argument, bool *ret,
		     struct hd_err *err)
{
	*ret = strcmp(argument, "yes") == 0;
	if (*ret || strcmp(argument, "no") == 0)
		return 0;
	return hd_err_set(err, EINVAL, "--%s takes yes or no, not '%s'", name,
			  argument);
}

int hd_option_number(const char *name, const char *argument, unsigned min,
		     unsigned max, unsigned *ret, struct hd_err *err)
{
	size_t n = strspn(argument, "0123456789");
	unsigned long number = n < 10 ? strtoul(argument, NULL, 10) : max + 1UL;

	if (n == 0 || argument[n] || number < min || number > max)
		return hd_err_set(err, EINVAL,
				  "--%s takes a number from %u to %u, not '%s'",
				  name, min, max, argument);
	*ret = (unsigned)number;
	return 0;
}

int hd_option_allow(struct hd_allows *allows, const char *argument,
		    struct hd_err *err)
{
	struct hd_allow *allow =
		hd_array_add(&allows->items, &allows->n, sizeof(*allow));
	const char *equals = strchr(argument, '=');
	HD_AUTOFREE char *addr =
		equals ? strndup(argument, (size_t)(equals - argument)) : NULL;

	if (!allow)
		return hd_err_nomem(err);
	if (addr && hd_addr_parse(addr, &allow->addr, NULL) == 0 &&
	    hd_critical_parse(equals + 1, &allow->critical))
		return 0;
	return hd_err_set(
		err, EINVAL,
		"--allow takes ADDRESS=REASON, with a reason that a refusal names, not '%s'",
		argument);
}

int hd_option_may_stop(struct hd_patterns *stops, const char *argument,
		       struct hd_err *err)
{
	if (!hd_unit_pattern_fits(argument))
		return hd_err_set(err, EINVAL,
				  "--may-stop takes " HD_UNIT_PATTERNS
				  ", not '%s'",
				  argument);
	return hd_patterns_add(stops, argument) < 0 ? hd_err_nomem(err) : 0;
}
