/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOL_H
#define HD_TOOL_H

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/host/host.h"
#include "lib/host/names.h"
#include "tools/cli/exit.h"
#include "tools/cli/option.h"

/* The options that verbs share; a verb's row says which of them it takes. */
enum {
	HD_OPT_JSON = 1 << 0,
	HD_OPT_ROOT = 1 << 1,
	HD_OPT_CONNECT = 1 << 2,
};

/* What every verb works with, and what the command line said. */
struct hd_tool {
	struct hd_host host; /* main's, who closes it */
	struct hd_names *names;
	bool json;
	const char *root; /* NULL: this machine */
	const char *uri; /* of libvirt; NULL for its default */
	bool help;
	void *values; /* of the verb's own options; main's */
};

/*
 * One verb: a file or folder of its own in tools/verb, and a row of hd_verbs.
 * What stands here is all that --help, the manual page and the completion say
 * of it: they are made of it.
 */
struct hd_verb {
	const char *name;
	const char *arguments; /* as in struct hd_option, one word a place */
	const char *summary;
	const char *help; /* paragraphs after the options */
	unsigned common; /* HD_OPT_… */
	const struct hd_option *options; /* its own; NULL: none */
	size_t values_size; /* of what they are stored in: zeros at first */
	void (*clear)(void *values); /* NULL: they own nothing */
	int min_arguments;
	int max_arguments;
	/* It tells how something is and changes nothing of it, so that what it
	 * can't read is HD_EXIT_UNKNOWN. */
	bool tells;
	/*
	 * Prints its result to stdout and returns one of enum hd_exit. When
	 * @err is filled main prints it, and finds out by hd_exit_of_err() what
	 * is meant by HD_EXIT_FAILED.
	 */
	int (*run)(struct hd_tool *tool, int argc, char **argv,
		   struct hd_err *err);
};

extern const struct hd_verb hd_verb_list, hd_verb_show, hd_verb_xml,
	hd_verb_check, hd_verb_plan, hd_verb_bind, hd_verb_release,
	hd_verb_status, hd_verb_recover, hd_verb_log, hd_verb_pin,
	hd_verb_allow, hd_verb_rewrite, hd_verb_capture, hd_verb_attach,
	hd_verb_detach, hd_verb_explain, hd_verb_doctor, hd_verb_rom;

/* All of them, in the order of --help; NULL ends them. */
extern const struct hd_verb *const hd_verbs[];

#endif
