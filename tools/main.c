// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-hostdev: what every verb has in common, from the command line on. */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/print.h"
#include "lib/base/stdfiles.h"
#include "tools/cli/json.h"
#include "tools/tool.h"
#include "tools/tree/root.h"

/* The exit codes of a verb, or of all. */
static void print_exits(FILE *file, const struct hd_verb *verb)
{
	fputs("Exit status:", file);
	for (enum hd_exit e = 0; e < HD_N_EXITS; e++)
		if (hd_exit_is_of(verb, e))
			fprintf(file, "%s %d %s", e ? "," : "", (int)e,
				hd_exits[e]);
	fputs(".\n", file);
}

static void print_usage(FILE *file)
{
	fputs("Usage: virt-hostdev VERB [OPTION]... [ARGUMENT]...\n"
	      "Gives PCI devices of the host to libvirt guests, safely.\n\nVerbs:\n",
	      file);
	for (const struct hd_verb *const *v = hd_verbs; *v; v++)
		fprintf(file, "  %-8s %-16s %s\n", (*v)->name, (*v)->arguments,
			(*v)->summary);
	fputs("\nvirt-hostdev VERB --help says more of a verb; "
	      "--version prints the version.\n",
	      file);
	print_exits(file, NULL);
}

static void print_verb_help(const struct hd_verb *verb)
{
	printf("Usage: virt-hostdev %s [OPTION]... %s\n%s.\n\n", verb->name,
	       verb->arguments, verb->summary);
	hd_options_print(verb);
	printf("\n%s\n", verb->help);
	print_exits(stdout, verb);
}

/* Where it stands how a verb is used, unless something better is known; of
 * what was put in it says nothing. */
static void add_help(const struct hd_verb *verb, struct hd_err *err)
{
	if (err->code && err->code != EDOM && !err->fix)
		hd_err_fix(err, "virt-hostdev %s --help", verb->name);
}

static int check_number(const struct hd_verb *verb, int n, char **arguments,
			struct hd_err *err)
{
	if (n >= verb->min_arguments && n <= verb->max_arguments)
		return 0;
	if (n < verb->min_arguments)
		return hd_err_set(err, EINVAL, "%s needs %s", verb->name,
				  verb->arguments);
	return hd_err_set(err, EINVAL, "%s takes no argument '%s'", verb->name,
			  arguments[verb->max_arguments]);
}

static int run_here(const struct hd_verb *verb, int argc, char **argv,
		    struct hd_tool *tool, struct hd_err *err)
{
	HD_AUTO_NAMES struct hd_names *names = NULL;
	HD_AUTO_ROOT struct hd_root root = HD_ROOT_INIT;
	int status;

	if (hd_root_open(&root, tool->root, err) < 0)
		return (int)hd_exit_of_err(verb, err);
	tool->host = root.host;
	names = tool->names = hd_names_new();
	status = verb->run(tool, argc, argv, err);
	if (hd_json_failed()) {
		status = HD_EXIT_FAILED;
		if (!err->code)
			hd_err_nomem(err);
	}
	return status == HD_EXIT_FAILED && err->code ?
		       (int)hd_exit_of_err(verb, err) :
		       status;
}

static int run_verb(const struct hd_verb *verb, int argc, char **argv,
		    struct hd_err *err)
{
	HD_AUTOFREE void *values = calloc(1, verb->values_size + 1);
	struct hd_tool tool = { .values = values };
	int first = 0, status = HD_EXIT_FINE;

	if (!values) {
		hd_err_nomem(err);
		return HD_EXIT_FAILED;
	}
	if (hd_options_parse(verb, argc, argv, &tool, &first, err) < 0)
		status = HD_EXIT_USAGE;
	else if (tool.help)
		print_verb_help(verb);
	else if (check_number(verb, argc - first, argv + first, err) < 0)
		status = HD_EXIT_USAGE;
	else
		status = run_here(verb, argc - first, argv + first, &tool, err);
	if (status == HD_EXIT_USAGE)
		add_help(verb, err);
	if (verb->clear)
		verb->clear(values);
	return status;
}

static int run(int argc, char **argv, struct hd_err *err)
{
	if (argc < 2) {
		print_usage(stderr);
		return HD_EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		print_usage(stdout);
		return HD_EXIT_FINE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("virt-hostdev " HD_VERSION);
		return HD_EXIT_FINE;
	}
	for (const struct hd_verb *const *v = hd_verbs; *v; v++)
		if (strcmp(argv[1], (*v)->name) == 0)
			return run_verb(*v, argc - 1, argv + 1, err);
	hd_err_set(err, EINVAL, "there is no verb '%s'", argv[1]);
	hd_err_fix(err, "virt-hostdev --help");
	return HD_EXIT_USAGE;
}

/*
 * Of the locale it is taken whether it is UTF-8, and nothing else: in others
 * isalpha(3) and strcasecmp(3) know more letters, in Turkish ones "I" isn't
 * "i", and what is parsed here are no one's words but libvirt's and the
 * kernel's.
 */
static void set_locale(void)
{
	bool utf8 = setlocale(LC_CTYPE, "") &&
		    strcmp(nl_langinfo(CODESET), "UTF-8") == 0;

	if (!utf8 || !setlocale(LC_CTYPE, "C.UTF-8"))
		setlocale(LC_CTYPE, "C");
}

int main(int argc, char **argv)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	int status;

	set_locale();
	hd_stdfiles_fill();
	/* A limit of the size of files is an error of a write. */
	signal(SIGXFSZ, SIG_IGN);
	status = run(argc, argv, &err);

	if (err.code) {
		fputs("virt-hostdev: ", stderr);
		hd_print_err(stderr, &err);
	}
	if ((ferror(stdout) || fflush(stdout) != 0) && status == HD_EXIT_FINE) {
		fprintf(stderr, "virt-hostdev: cannot write the output: %m\n");
		return HD_EXIT_FAILED;
	}
	return status;
}
