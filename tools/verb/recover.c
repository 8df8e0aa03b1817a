// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/base/print.h"
#include "lib/handover/recover.h"
#include "tools/tool.h"

static int run(struct hd_tool *tool, int argc, char **argv, struct hd_err *err)
{
	HD_AUTO_FINDINGS struct hd_findings findings = { NULL, 0 };
	HD_AUTO_JOB struct hd_job job =
		HD_JOB_INIT(&tool->host, NULL, &findings, err);
	unsigned undone;
	int r;

	(void)argc, (void)argv;
	if (geteuid() != 0) {
		hd_err_set(err, EPERM, "only root can give devices back");
		return HD_EXIT_FAILED;
	}
	job.ask.config = hd_config_read_or_default(&tool->host, &findings);
	r = hd_recover(&job, &undone);
	if (r < 0)
		return HD_EXIT_FAILED;
	hd_print_findings(stderr, &findings, "");
	if (undone)
		printf("Given back to the host: the devices of %u %s.\n",
		       undone, undone == 1 ? "guest" : "guests");
	else if (r == 0)
		puts("There was nothing to give back.");
	return r ? HD_EXIT_FAILED : HD_EXIT_FINE;
}

const struct hd_verb hd_verb_recover = {
	.name = "recover",
	.arguments = "",
	.summary = "Give back what guests that are gone have left behind",
	.help = "Returns every device of a guest that doesn't run any more to the driver it had,\n"
		"from what was written down before it was taken. Guests that run keep theirs.\n"
		"The hook does the same by itself for devices that a guest is about to get.",
	.run = run,
};
