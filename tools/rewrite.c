// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>

#include "lib/cleanup.h"
#include "tools/tool.h"
#include "xml/domain.h"
#include "xml/rewrite.h"

struct values {
	bool follow_pins;
};

static int follow(struct hd_tool *tool, const char *text, size_t length,
		  char **ret, size_t *ret_length, struct hd_err *err)
{
	HD_AUTO_DOMAIN struct hd_domain domain = { .name = NULL };
	HD_AUTO_PINNEDS struct hd_pinneds pinneds = { NULL, 0 };
	int r = hd_domain_parse(text, length, &domain, err);

	if (r == 0)
		r = hd_pins_compare(&tool->host, domain.metadata.pins,
				    domain.metadata.n_pins, &pinneds, err);
	return r < 0 ? r :
		       hd_rewrite_follow_pins(text, length, &pinneds, ret,
					      ret_length, err);
}

static int run(struct hd_tool *tool, int argc, char **argv, struct hd_err *err)
{
	const struct values *values = tool->values;
	HD_AUTOFREE char *text = NULL;
	HD_AUTOFREE char *rewritten = NULL;
	size_t length, size = 0;
	int r;

	(void)argc;
	if (!values->follow_pins) {
		hd_err_set(err, EINVAL, "rewrite needs --follow-pins");
		return HD_EXIT_USAGE;
	}
	r = hd_source_load_whole(tool, argv[0], &text, &length, err);
	if (r == 0)
		r = follow(tool, text, length, &rewritten, &size, err);
	if (r == 0)
		r = hd_source_store(tool, argv[0], rewritten ? rewritten : text,
				    rewritten ? size : length,
				    rewritten != NULL, err);
	return r < 0 ? HD_EXIT_FAILED : HD_EXIT_FINE;
}

static const struct hd_option options[] = {
	{ 'f', "follow-pins", NULL, "go to where the pinned devices are",
	  offsetof(struct values, follow_pins), NULL },
	{ .name = NULL },
};

const struct hd_verb hd_verb_rewrite = {
	.name = "rewrite",
	.arguments = "DOMAIN|FILE|-",
	.summary = "Change a domain, and nothing in it but what is asked for",
	.help = "With --follow-pins the addresses of devices that moved become those where the\n"
		"pinned devices are now (see pin). A DOMAIN is defined anew, a FILE is changed in\n"
		"place, - is read and written to standard output. Everything else stays byte for\n"
		"byte.",
	.common = HD_OPT_ROOT | HD_OPT_CONNECT,
	.options = options,
	.values_size = sizeof(struct values),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
