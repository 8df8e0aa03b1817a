// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/base/cleanup.h"
#include "lib/handover/manual.h"
#include "tools/cli/named_devices.h"

struct values {
	bool group;
};

static int run(struct hd_tool *tool, int argc, char **argv, struct hd_err *err)
{
	const struct values *values = tool->values;
	HD_AUTO_NAMED_DEVICES struct hd_named_devices choice = { NULL, 0 };
	HD_AUTO_FINDINGS struct hd_findings findings = { NULL, 0 };
	HD_AUTO_JOB struct hd_job job =
		HD_JOB_INIT(&tool->host, tool->names, &findings, err);
	HD_AUTO(hd_log_run_clear) struct hd_log_run log = { .began = 0 };
	int r = hd_named_devices_read(&choice, tool, values->group, argc, argv,
				      err);

	if (r != HD_EXIT_FINE)
		return r;
	job.ask.config = hd_config_read_or_default(&tool->host, &findings);
	r = hd_named_devices_log(&choice, "release", &log, err);
	if (r == 0)
		r = hd_release_manual(&job, choice.addrs, choice.n);
	hd_log_run_end(&log, &tool->host, &findings, false, err, r);
	return hd_named_devices_report(&choice, tool, r, &findings);
}

static const struct hd_option options[] = {
	{ 'g', "group", NULL, "and everything else in their IOMMU groups",
	  offsetof(struct values, group), NULL },
	{ .name = NULL },
};

const struct hd_verb hd_verb_release = {
	.name = "release",
	.arguments = "ADDRESS...",
	.summary = "Give back to the host what bind has taken",
	.help = "Returns the devices to the drivers and the driver_override that they had before\n"
		"virt-hostdev bind. Refused while a guest has one of them or of\n"
		"their groups: that comes back when the guest ends.",
	.common = HD_OPT_JSON,
	.options = options,
	.values_size = sizeof(struct values),
	.min_arguments = 1,
	.max_arguments = 256,
	.run = run,
};
