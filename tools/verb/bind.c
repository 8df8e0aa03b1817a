// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/handover/manual.h"
#include "tools/cli/named_devices.h"

struct values {
	bool group, hand_over;
	const char *driver; /* NULL: vfio-pci */
	struct hd_allows allows;
	struct hd_patterns stops; /* owned */
};

static int take_allow(void *data, const char *argument, struct hd_err *err)
{
	return hd_option_allow(&((struct values *)data)->allows, argument, err);
}

static int take_stop(void *data, const char *argument, struct hd_err *err)
{
	return hd_option_may_stop(&((struct values *)data)->stops, argument,
				  err);
}

static void clear_values(void *data)
{
	struct values *values = data;

	free(values->allows.items);
	hd_patterns_clear(&values->stops);
}

static struct hd_assign *make_assigns(const struct hd_named_devices *choice,
				      const char *driver)
{
	struct hd_assign *assigns = calloc(choice->n, sizeof(*assigns));

	for (size_t i = 0; assigns && i < choice->n; i++)
		assigns[i] = (struct hd_assign){
			.addr = choice->addrs[i],
			.source = HD_SOURCE_HOSTDEV,
			.driver = (char *)driver,
		};
	return assigns;
}

static int run(struct hd_tool *tool, int argc, char **argv, struct hd_err *err)
{
	const struct values *values = tool->values;
	HD_AUTO_NAMED_DEVICES struct hd_named_devices choice = { NULL, 0 };
	HD_AUTO_FINDINGS struct hd_findings findings = { NULL, 0 };
	HD_AUTO_JOB struct hd_job job =
		HD_JOB_INIT(&tool->host, tool->names, &findings, err);
	HD_AUTOFREE struct hd_assign *assigns = NULL;
	char uuid[HD_UUID_SIZE];
	struct hd_request request;
	int r;

	if (values->stops.n && !values->hand_over) {
		hd_err_set(err, EINVAL, "--may-stop needs --hand-over-display");
		return HD_EXIT_USAGE;
	}
	r = hd_named_devices_read(&choice, tool, values->group, argc, argv,
				  err);
	if (r != HD_EXIT_FINE)
		return r;
	assigns = make_assigns(&choice, values->driver);
	r = assigns ? hd_uuid_make(uuid) : -ENOMEM;
	if (r < 0) {
		hd_err_set(err, -r, "%s", strerror(-r));
		return HD_EXIT_FAILED;
	}
	r = hd_config_read(&tool->host, &job.ask.config, err);
	/* Who wants the siblings too says --group. */
	request = (struct hd_request){
		.uuid = uuid,
		.assigns = assigns,
		.n_assigns = choice.n,
		.siblings = HD_SIBLINGS_REFUSE,
		/* What is preset for guests ends no desktop by hand. */
		.hand_over =
			values->hand_over ? HD_HAND_OVER_YES : HD_HAND_OVER_NO,
		.stops = values->stops,
		.policy = &job.ask.config.policy,
		.allows = values->allows.items,
		.n_allows = values->allows.n,
	};
	if (r == 0)
		r = hd_bind(&job, &request);
	return hd_named_devices_report(&choice, tool, r, &findings);
}

static const struct hd_option options[] = {
	{ 'g', "group", NULL, "and everything else in their IOMMU groups",
	  offsetof(struct values, group), NULL },
	{ 'd', "driver", "DRIVER",
	  "bind to this VFIO driver instead of vfio-pci",
	  offsetof(struct values, driver), NULL },
	{ 'a', "allow", "ADDRESS=REASON",
	  "let the host lose this, of this device", 0, take_allow },
	{ 0, "hand-over-display", NULL,
	  "take the host's screen down with its card",
	  offsetof(struct values, hand_over), NULL },
	{ 0, "may-stop", "UNIT",
	  "stop this for it, too, if it uses the card; several, too", 0,
	  take_stop },
	{ .name = NULL },
};

const struct hd_verb hd_verb_bind = {
	.name = "bind",
	.arguments = "ADDRESS...",
	.summary = "Take devices from the host, for no guest in particular",
	.help = "Binds all of them to vfio-pci, or none, after the checks that the hook makes\n"
		"before a guest starts. Guests with managed='no' or 'yes' can then be given them,\n"
		"and leave them as they are. What the devices had is written down:\n"
		"virt-hostdev release gives it back. It lasts until the host is rebooted.\n"
		"What the host can't do without is refused with its reason, unless it is allowed\n"
		"by name: --allow 0000:03:00.0=default-route.\n"
		"With --hand-over-display what shows on a graphics card among them ends, the display\n"
		"manager first, and comes back when that card is released; --allow isn't needed then.",
	.common = HD_OPT_JSON,
	.options = options,
	.values_size = sizeof(struct values),
	.clear = clear_values,
	.min_arguments = 1,
	.max_arguments = 256,
	.run = run,
};
