// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/byhand.h"
#include "lib/cleanup.h"
#include "tools/byhand.h"

static struct hd_assign *make_assigns(const struct hd_choice *choice,
				      const struct hd_tool *tool)
{
	struct hd_assign *assigns = calloc(choice->n, sizeof(*assigns));

	for (size_t i = 0; assigns && i < choice->n; i++)
		assigns[i] = (struct hd_assign){
			.addr = choice->addrs[i],
			.source = HD_SOURCE_HOSTDEV,
			.driver = (char *)tool->driver,
		};
	return assigns;
}

static int run(struct hd_tool *tool, int argc, char **argv, struct hd_err *err)
{
	HD_AUTO_CHOICE struct hd_choice choice = { NULL, 0 };
	HD_AUTO_FINDINGS struct hd_findings findings = { NULL, 0 };
	HD_AUTO_JOB struct hd_job job =
		HD_JOB_INIT(&tool->host, tool->names, &findings, err);
	HD_AUTOFREE struct hd_assign *assigns = NULL;
	char uuid[HD_UUID_SIZE];
	struct hd_request request;
	int r = hd_choice_read(&choice, tool, argc, argv, err);

	if (r != HD_EXIT_FINE)
		return r;
	assigns = make_assigns(&choice, tool);
	r = assigns ? hd_uuid_make(uuid) : -ENOMEM;
	if (r < 0) {
		hd_err_set(err, -r, "%s", strerror(-r));
		return HD_EXIT_FAILED;
	}
	r = hd_config_read(&tool->host, &job.config, err);
	/* Who wants the siblings too says --group. */
	request = (struct hd_request){
		.uuid = uuid,
		.assigns = assigns,
		.n_assigns = choice.n,
		.policy = { HD_SIBLINGS_REFUSE },
		.allows = tool->allows,
		.n_allows = tool->n_allows,
	};
	if (r == 0)
		r = hd_bind(&job, &request);
	return hd_choice_report(&choice, tool, r, &findings);
}

const struct hd_verb hd_verb_bind = {
	.name = "bind",
	.arguments = "ADDRESS...",
	.summary = "Take devices from the host, for no guest in particular",
	.help = "Binds all of them to vfio-pci, or none, after the checks that the hook makes\n"
		"before a guest starts. Guests with managed='no' or 'yes' can then be given them,\n"
		"and leave them as they are. What the devices had is written down:\n"
		"virt-hostdev release gives it back. It lasts until the host is rebooted.\n"
		"What the host can't do without is refused with its reason, unless it is allowed\n"
		"by name: --allow 0000:03:00.0=default-route.",
	.options = HD_OPT_JSON | HD_OPT_GROUP | HD_OPT_DRIVER | HD_OPT_ALLOW,
	.min_arguments = 1,
	.max_arguments = 256,
	.run = run,
};
