/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOL_H
#define HD_TOOL_H

#include <json-c/json.h>
#include <stdbool.h>

#include "lib/base/finding.h"
#include "lib/host/host.h"
#include "lib/host/names.h"
#include "tools/cli/option.h"

/* Exit codes of every verb. */
enum { HD_EXIT_FINE = 0, HD_EXIT_FAILED = 1, HD_EXIT_USAGE = 2 };

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
	/*
	 * Prints its result to stdout and returns an exit code. When it returns
	 * HD_EXIT_FAILED or HD_EXIT_USAGE with @err filled, main prints @err.
	 */
	int (*run)(struct hd_tool *tool, int argc, char **argv,
		   struct hd_err *err);
};

extern const struct hd_verb hd_verb_list, hd_verb_show, hd_verb_xml,
	hd_verb_check, hd_verb_plan, hd_verb_bind, hd_verb_release,
	hd_verb_status, hd_verb_recover, hd_verb_log, hd_verb_pin,
	hd_verb_rewrite, hd_verb_capture, hd_verb_attach, hd_verb_detach,
	hd_verb_explain, hd_verb_doctor;

/* All of them, in the order of --help; NULL ends them. */
extern const struct hd_verb *const hd_verbs[];

/* A JSON string, or null for NULL. */
json_object *hd_json_text(const char *text);

/* A JSON number, or null where @value equals @none. */
json_object *hd_json_int(int value, int none);

/* One finding: id, severity, line, message, fix. */
json_object *hd_json_finding(const struct hd_finding *finding);

/* An array of the findings that concern @assign, an index or HD_WHOLE_DOMAIN.
 */
json_object *hd_json_findings(const struct hd_findings *findings,
			      size_t assign);

/* Prints @object, indented, with a newline, and releases it. */
void hd_json_print(json_object *object);

/* What JSON prints as null, a table prints as "-". */
const char *hd_json_cell(json_object *value);

/* Whether a source is a domain of libvirt, see hd_source_load(). */
bool hd_source_is_domain(const char *source);

/*
 * The text of a domain: "-" is stdin, a name with a slash or ending in .xml is
 * a file, everything else is the name or UUID of a domain of libvirt, whose
 * persistent definition is taken.
 *
 * Returns 0 and the text for free(), or a negative errno with a sentence.
 */
int hd_source_load(const struct hd_tool *tool, const char *source, char **ret,
		   size_t *ret_length, struct hd_err *err);

/* The same with all secrets, to be stored again. */
int hd_source_load_whole(const struct hd_tool *tool, const char *source,
			 char **ret, size_t *ret_length, struct hd_err *err);

/*
 * Hands a domain to libvirt, which validates it, as the new definition of
 * @name. Returns 0 or a negative errno with a sentence.
 */
int hd_source_define(const struct hd_tool *tool, const char *name,
		     const char *text, struct hd_err *err);

/*
 * Puts a text where it came from: "-" is printed to stdout, a file is changed
 * in place, a domain is defined anew. Of those two nothing is touched unless
 * the text has @changed.
 *
 * Returns 0 or a negative errno with a sentence, and then it is as it was.
 */
int hd_source_store(const struct hd_tool *tool, const char *source,
		    const char *text, size_t length, bool changed,
		    struct hd_err *err);

#endif
