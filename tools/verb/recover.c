// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/base/print.h"
#include "lib/handover/recover.h"
#include "tools/tool.h"

struct values {
	const char *accept; /* a claim's UUID */
};

/* What came of settling one claim. */
static int settle(struct hd_job *job, const char *uuid)
{
	int r = hd_accept(job, uuid);

	if (r < 0)
		return HD_EXIT_FAILED;
	hd_print_findings(stderr, job->ask.findings, "");
	if (r == 0)
		printf("Settled: the claim %s is forgotten.\n", uuid);
	return r ? HD_EXIT_FAILED : HD_EXIT_FINE;
}

static int run(struct hd_tool *tool, int argc, char **argv, struct hd_err *err)
{
	HD_AUTO_FINDINGS struct hd_findings findings = { NULL, 0 };
	HD_AUTO_JOB struct hd_job job =
		HD_JOB_INIT(&tool->host, NULL, &findings, err);
	const char *accept = ((const struct values *)tool->values)->accept;
	unsigned undone;
	int r;

	(void)argc, (void)argv;
	if (geteuid() != 0) {
		hd_err_set(err, EPERM, "only root can give devices back");
		return HD_EXIT_FAILED;
	}
	job.ask.config = hd_config_read_or_default(&tool->host, &findings);
	if (accept)
		return settle(&job, accept);
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

static const struct hd_option options[] = {
	{ 'a', "accept", "UUID",
	  "settle the claim that can't be used, and forget it",
	  offsetof(struct values, accept), NULL },
	{ .name = NULL },
};

const struct hd_verb hd_verb_recover = {
	.name = "recover",
	.arguments = "",
	.summary = "Give back what guests that are gone have left behind",
	.help = "Returns every device of a guest that doesn't run any more to the driver it had,\n"
		"from what was written down before it was taken. Guests that run keep theirs.\n"
		"The hook does the same by itself for devices that a guest is about to get.\n"
		"A claim that is damaged, or that another version of virt-hostdev wrote, is\n"
		"reported until it is settled with --accept: what can be told of it is given back,\n"
		"and the rest is taken to be as it should.",
	.options = options,
	.values_size = sizeof(struct values),
	.run = run,
};
