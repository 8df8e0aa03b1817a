// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "lib/base/cleanup.h"
#include "tools/cli/json.h"
#include "tools/tool.h"
#include "tools/verb/check/all.h"
#include "tools/verb/check/report.h"

struct values {
	bool all;
};

static int check_one(const struct hd_tool *tool, const char *source,
		     struct hd_err *err)
{
	HD_AUTO_HYPERVISOR struct hd_hypervisor hypervisor = { .connection =
								       NULL };
	HD_AUTO_CHECKED_DOMAIN struct hd_checked_domain checked = {
		.domain.name = NULL
	};
	int r = hd_hypervisor_open(&hypervisor, tool, source, err);

	if (r == 0)
		r = hd_checked_domain_check(&checked, &hypervisor, source, err);
	if (r < 0)
		return HD_EXIT_FAILED;
	if (!hypervisor.here &&
	    hd_remote_host_unknown(
		    &hypervisor.remote,
		    checked.domain.uuid[0] ? checked.domain.uuid : "FILE",
		    &checked.findings, err) < 0)
		return HD_EXIT_FAILED;
	if (tool->json)
		hd_json_print(hd_check_json(&checked));
	else
		hd_check_print(&checked);
	return r ? HD_EXIT_FAILED : HD_EXIT_FINE;
}

static int run(struct hd_tool *tool, int argc, char **argv, struct hd_err *err)
{
	const struct values *values = tool->values;

	if (values->all && argc == 0)
		return hd_check_all(tool, err);
	if (!values->all && argc == 1)
		return check_one(tool, argv[0], err);
	hd_err_set(err, EINVAL, "check needs either %s or --all",
		   hd_verb_check.arguments);
	return HD_EXIT_USAGE;
}

static const struct hd_option options[] = {
	{ 'A', "all", NULL, "look at every domain, and at pairs of them",
	  offsetof(struct values, all), NULL },
	{ .name = NULL },
};

const struct hd_verb hd_verb_check = {
	.name = "check",
	.arguments = "DOMAIN|FILE|-",
	.summary =
		"Say whether a guest could start with its devices, and why not",
	.help = "Finds what the hook would find before the guest starts, and what libvirt and\n"
		"QEMU would refuse in its XML or the guest would suffer from. Changes nothing.\n"
		"A name with a slash or ending in .xml is a file, - is standard input, and\n"
		"everything else is the name or UUID of a domain of libvirt.\n"
		"With --all every domain of libvirt is checked, and pairs of them that ask for the\n"
		"same device or group, which is wrong if both run or are started with the host.\n"
		"Of another host (--connect) only what libvirt tells of its devices is known.",
	.common = HD_OPT_JSON | HD_OPT_ROOT | HD_OPT_CONNECT,
	.options = options,
	.values_size = sizeof(struct values),
	.min_arguments = 0,
	.max_arguments = 1,
	.tells = true,
	.run = run,
};
