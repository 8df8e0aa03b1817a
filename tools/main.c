// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-hostdev: a table of verbs, each in its own file. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "lib/array.h"
#include "lib/cleanup.h"
#include "lib/print.h"
#include "lib/stdfiles.h"
#include "tools/capture/root.h"
#include "tools/tool.h"

static const struct hd_verb *const verbs[] = {
	&hd_verb_list,	  &hd_verb_show, &hd_verb_xml,	   &hd_verb_check,
	&hd_verb_plan,	  &hd_verb_bind, &hd_verb_release, &hd_verb_status,
	&hd_verb_recover, &hd_verb_log,	 &hd_verb_pin,	   &hd_verb_rewrite,
	&hd_verb_capture,
};

/* Every option there is, for parsing and for the help of the verbs. */
static const struct {
	unsigned bit; /* 0: every verb takes it */
	char letter;
	const char *name;
	const char *argument; /* NULL: takes none */
	const char *help;
} options[] = {
	{ HD_OPT_JSON, 'j', "json", NULL, "print JSON for programs" },
	{ HD_OPT_ROOT, 'r', "root", "DIR|TAR",
	  "look at another machine: its copied /sys and /proc, its capture" },
	{ HD_OPT_CONNECT, 'c', "connect", "URI", "the libvirt to ask" },
	{ HD_OPT_MANAGED, 'm', "managed", "yes|no",
	  "who binds the device: libvirt (yes, the default) or the hook (no)" },
	{ HD_OPT_GROUP, 'g', "group", NULL,
	  "and everything else in their IOMMU groups" },
	{ HD_OPT_DRIVER, 'd', "driver", "NAME",
	  "bind to this VFIO driver instead of vfio-pci" },
	{ HD_OPT_ALLOW, 'a', "allow", "ADDRESS=REASON",
	  "let the host lose this, of this device" },
	{ HD_OPT_GUARD, 'G', "guard", NULL,
	  "show what the host would lose with each device" },
	{ HD_OPT_PIN, 'k', "check", NULL, "compare, and write nothing" },
	{ HD_OPT_PIN, 'u', "update", NULL, "write down anew what is pinned" },
	{ HD_OPT_PIN, 'x', "remove", NULL, "forget the pins" },
	{ HD_OPT_FOLLOW_PINS, 'f', "follow-pins", NULL,
	  "go to where the pinned devices are" },
	{ HD_OPT_SERIALS, 's', "with-serials", NULL,
	  "keep serial numbers, MAC addresses and the host's name" },
	{ 0, 'h', "help", NULL, "print this help" },
};

#define N_OPTIONS (sizeof(options) / sizeof(options[0]))
#define N_VERBS (sizeof(verbs) / sizeof(verbs[0]))

/* What main asks of parsing besides a filled tool. */
struct parsed {
	const char *root;
	bool help;
};

static void print_usage(FILE *file)
{
	fputs("Usage: virt-hostdev VERB [OPTION]... [ARGUMENT]...\n"
	      "Gives PCI devices of the host to libvirt guests, safely.\n\nVerbs:\n",
	      file);
	for (size_t i = 0; i < N_VERBS; i++)
		fprintf(file, "  %-8s %-16s %s\n", verbs[i]->name,
			verbs[i]->arguments, verbs[i]->summary);
	fputs("\nvirt-hostdev VERB --help says more of a verb; "
	      "--version prints the version.\n"
	      "Exit status: 0 fine, 1 failed or refused, 2 wrong usage.\n",
	      file);
}

static void print_verb_help(const struct hd_verb *verb)
{
	printf("Usage: virt-hostdev %s [OPTION]... %s\n%s.\n\n", verb->name,
	       verb->arguments, verb->summary);
	for (size_t i = 0; i < N_OPTIONS; i++) {
		const char *argument = options[i].argument;

		if (options[i].bit && !(verb->options & options[i].bit))
			continue;
		printf("  -%c, --%s%s%-*s %s\n", options[i].letter,
		       options[i].name, argument ? " " : "",
		       16 - (int)strlen(options[i].name) - (argument ? 1 : 0),
		       argument ? argument : "", options[i].help);
	}
	printf("\n%s\n", verb->help);
}

static int usage(struct hd_err *err)
{
	hd_err_fix(err, "virt-hostdev --help");
	return HD_EXIT_USAGE;
}

/* Fills getopt's two tables with the options that the verb takes. */
static void make_tables(const struct hd_verb *verb, char *letters,
			struct option *longs)
{
	*letters++ = ':'; /* getopt prints nothing by itself */
	for (size_t i = 0; i < N_OPTIONS; i++) {
		if (options[i].bit && !(verb->options & options[i].bit))
			continue;
		*letters++ = options[i].letter;
		if (options[i].argument)
			*letters++ = ':';
		*longs++ = (struct option){ options[i].name,
					    options[i].argument ?
						    required_argument :
						    no_argument,
					    NULL, options[i].letter };
	}
	*letters = '\0';
	*longs = (struct option){ NULL, 0, NULL, 0 };
}

/* "0000:03:00.0=default-route" */
static int take_allow(struct hd_tool *tool, const char *text,
		      struct hd_err *err)
{
	struct hd_allow *allow =
		hd_array_add(&tool->allows, &tool->n_allows, sizeof(*allow));
	const char *equals = strchr(text, '=');
	HD_AUTOFREE char *addr =
		equals ? strndup(text, (size_t)(equals - text)) : NULL;

	if (!allow)
		return hd_err_nomem(err);
	if (addr && hd_addr_parse(addr, &allow->addr, NULL) == 0 &&
	    hd_critical_parse(equals + 1, &allow->critical))
		return 0;
	return hd_err_set(
		err, EINVAL,
		"--allow takes ADDRESS=REASON, with a reason that a refusal names, not '%s'",
		text);
}

static int take_option(int letter, struct hd_tool *tool, struct parsed *parsed,
		       const char *word, struct hd_err *err)
{
	switch (letter) {
	case 'j':
		tool->json = true;
		return 0;
	case 'r':
		parsed->root = optarg;
		return 0;
	case 'c':
		tool->uri = optarg;
		return 0;
	case 'm':
		tool->managed = strcmp(optarg, "yes") == 0;
		if (tool->managed || strcmp(optarg, "no") == 0)
			return 0;
		return hd_err_set(err, EINVAL,
				  "--managed takes yes or no, not '%s'",
				  optarg);
	case 'g':
		tool->group = true;
		return 0;
	case 'd':
		tool->driver = optarg;
		return 0;
	case 'a':
		return take_allow(tool, optarg, err);
	case 'G':
		tool->guard = true;
		return 0;
	case 'k':
		tool->check = true;
		return 0;
	case 'u':
		tool->update = true;
		return 0;
	case 'x':
		tool->remove = true;
		return 0;
	case 'f':
		tool->follow_pins = true;
		return 0;
	case 's':
		tool->serials = true;
		return 0;
	case 'h':
		parsed->help = true;
		return 0;
	case ':':
		return hd_err_set(err, EINVAL, "%s needs an argument", word);
	default:
		return hd_err_set(err, EINVAL, "there is no option %s here",
				  word);
	}
}

static int parse_options(const struct hd_verb *verb, int argc, char **argv,
			 struct hd_tool *tool, struct parsed *parsed,
			 struct hd_err *err)
{
	char letters[2 * N_OPTIONS + 2];
	struct option longs[N_OPTIONS + 1];
	int letter, n;

	make_tables(verb, letters, longs);
	while ((letter = getopt_long(argc, argv, letters, longs, NULL)) != -1)
		if (take_option(letter, tool, parsed, argv[optind - 1], err) <
		    0)
			return usage(err);
	n = argc - optind;
	if (parsed->help ||
	    (n >= verb->min_arguments && n <= verb->max_arguments))
		return 0;
	if (n < verb->min_arguments)
		hd_err_set(err, EINVAL, "%s needs %s", verb->name,
			   verb->arguments);
	else
		hd_err_set(err, EINVAL, "%s takes no argument '%s'", verb->name,
			   argv[optind + verb->max_arguments]);
	return usage(err);
}

static void clear_tool(struct hd_tool *tool)
{
	free(tool->allows);
}

static int run_verb(const struct hd_verb *verb, int argc, char **argv,
		    struct hd_err *err)
{
	HD_AUTO_NAMES struct hd_names *names = NULL;
	HD_AUTO_ROOT struct hd_root root = HD_ROOT_INIT;
	HD_AUTO(clear_tool) struct hd_tool tool = { .managed = true };
	struct parsed parsed = { NULL, false };
	int status = parse_options(verb, argc, argv, &tool, &parsed, err);

	if (status != 0)
		return status;
	if (parsed.help) {
		print_verb_help(verb);
		return HD_EXIT_FINE;
	}
	if (hd_root_open(&root, parsed.root, err) < 0)
		return HD_EXIT_FAILED;
	tool.host = root.host;
	names = tool.names = hd_names_new();
	return verb->run(&tool, argc - optind, argv + optind, err);
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
	for (size_t i = 0; i < N_VERBS; i++)
		if (strcmp(argv[1], verbs[i]->name) == 0)
			return run_verb(verbs[i], argc - 1, argv + 1, err);
	hd_err_set(err, EINVAL, "there is no verb '%s'", argv[1]);
	return usage(err);
}

int main(int argc, char **argv)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	int status;

	hd_stdfiles_fill();
	status = run(argc, argv, &err);

	if (err.code) {
		fputs("virt-hostdev: ", stderr);
		hd_print_err(stderr, &err);
	}
	if (fflush(stdout) != 0 && status == HD_EXIT_FINE) {
		fprintf(stderr, "virt-hostdev: cannot write the output: %m\n");
		return HD_EXIT_FAILED;
	}
	return status;
}
