// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/print.h"
#include "lib/check/situation.h"
#include "lib/handover/manual.h"
#include "tools/cli/named_devices.h"
#include "tools/cli/outlive.h"

struct values {
	bool group, hand_over, yes;
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

static int check_values(const struct values *values, struct hd_err *err)
{
	if (values->hand_over || (!values->stops.n && !values->yes))
		return 0;
	return hd_err_set(err, EINVAL, "%s needs --hand-over-display",
			  values->yes ? "--yes" : "--may-stop");
}

/* What would come of it, and whether this process would end with it; nothing
 * is changed. Returns as hd_examine(). */
static int look_first(const struct hd_tool *tool,
		      const struct hd_request *request,
		      struct hd_findings *findings, struct hd_caller *ret,
		      struct hd_err *err)
{
	HD_AUTO_SITUATION struct hd_situation situation = { .modules = NULL };
	HD_AUTO_ASK struct hd_ask ask =
		HD_ASK_INIT(&tool->host, tool->names, findings, err);
	int r = hd_config_read(&tool->host, &ask.config, err);

	if (r == 0)
		r = hd_examine(&ask, request, &situation);
	return r ? r : hd_caller_find(&ask, &situation, getpid(), ret);
}

static void say_where(const struct hd_named_devices *choice,
		      const struct hd_caller *caller)
{
	fputs(caller->ends ? "This terminal ends with " :
			     "This terminal may end with the host's screen",
	      stderr);
	hd_print(stderr, caller->ends ? caller->ends : "");
	fputs(". What comes of it is in: virt-hostdev status, journalctl -t virt-hostdev\n"
	      "The screen comes back, over ssh for instance, with: virt-hostdev release",
	      stderr);
	for (size_t i = 0; i < choice->n; i++)
		fprintf(stderr, " %s", hd_addr_text(choice->addrs[i]).s);
	fputc('\n', stderr);
}

/*
 * Where this process would end with what is stopped, another one goes on: see
 * hd_outlive(). Where it wouldn't, it isn't to in a moment either.
 */
static int see_through(const struct hd_tool *tool,
		       const struct hd_named_devices *choice,
		       struct hd_request *request, struct hd_findings *findings,
		       int *ret_exit, struct hd_err *err)
{
	HD_AUTO_CALLER struct hd_caller caller = { NULL, NULL };
	HD_AUTOFREE char *scope = NULL;
	int r = look_first(tool, request, findings, &caller, err);

	if (r)
		return r;
	hd_findings_clear(findings);
	if (!caller.ends && !caller.unknown) {
		request->caller = getpid();
		return 0;
	}
	scope = hd_text("virt-hostdev-%s.scope", request->uuid);
	if (!scope)
		return hd_err_nomem(err);
	say_where(choice, &caller);
	return hd_outlive(&tool->host, scope, ret_exit, err);
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
	HD_AUTO(hd_log_run_clear) struct hd_log_run log = { .began = 0 };
	const pid_t begun = getpid();
	int r, status;

	if (check_values(values, err) < 0)
		return HD_EXIT_USAGE;
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
		.caller = values->yes ? 0 : begun,
		.policy = &job.ask.config.policy,
		.allows = values->allows.items,
		.n_allows = values->allows.n,
	};
	if (r == 0)
		r = hd_named_devices_log(&choice, "bind", &log, err);
	if (r == 0 && values->yes)
		r = see_through(tool, &choice, &request, &findings, &status,
				err);
	if (r == HD_WAITED)
		return status;
	if (r == 0)
		r = hd_bind(&job, &request);
	hd_log_run_end(&log, &tool->host, &findings, false, err, r);
	if (getpid() != begun)
		hd_outlive_output();
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
	{ 'y', "yes", NULL, "also when this terminal ends with what is stopped",
	  offsetof(struct values, yes), NULL },
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
		"manager first, and comes back when that card is released; --allow isn't needed then.\n"
		"From a terminal that ends with it this is refused, unless --yes is given; then it goes\n"
		"on without the terminal, and virt-hostdev status and log say what came of it.",
	.common = HD_OPT_JSON,
	.options = options,
	.values_size = sizeof(struct values),
	.clear = clear_values,
	.min_arguments = 1,
	.max_arguments = 256,
	.run = run,
};
