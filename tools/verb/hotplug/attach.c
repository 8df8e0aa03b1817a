// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/print.h"
#include "lib/check/rules.h"
#include "lib/check/situation.h"
#include "tools/verb/hotplug/change.h"
#include "xml/rewrite/hostdev.h"

static int refuse_known(struct hd_change *change, struct hd_addr addr,
			const char *what)
{
	hd_err_set(change->err, EEXIST, "%s '%s' has %s already", what,
		   change->guest.name, hd_addr_text(addr).s);
	hd_err_fix(change->err,
		   "Name the others only; what it has: virsh dumpxml %s",
		   change->guest.uuid);
	return -EEXIST;
}

static int check_new(struct hd_change *change)
{
	for (size_t i = 0; i < change->choice.n; i++) {
		struct hd_addr addr = change->choice.addrs[i];

		if (change->live && hd_change_asks(&change->now, addr))
			return refuse_known(change, addr, "guest");
		if (change->config && hd_change_asks(&change->next, addr))
			return refuse_known(change, addr,
					    "the definition of guest");
	}
	return 0;
}

/* Adds to what a domain asks for. */
static int add_assigns(const struct hd_named_devices *choice, bool managed,
		       struct hd_assign **assigns, size_t *n,
		       struct hd_err *err)
{
	for (size_t i = 0; i < choice->n; i++) {
		struct hd_assign *slot =
			hd_array_add(assigns, n, sizeof(*slot));

		if (!slot)
			return hd_err_nomem(err);
		slot->addr = choice->addrs[i];
		slot->source = HD_SOURCE_HOSTDEV;
		slot->managed = managed;
	}
	return 0;
}

/*
 * What the guest says to us, as it was edited last: the fix of a refusal that
 * names it works at once.
 */
static const struct hd_metadata *metadata_of(const struct hd_change *change)
{
	return change->guest.persistent ? &change->next.domain.metadata :
					  &change->now.domain.metadata;
}

/* What the guest allows, and what the command line does. */
static int add_allows(const struct hd_change *change, struct hd_allow **ret,
		      size_t *ret_n)
{
	const struct hd_metadata *metadata = metadata_of(change);
	const struct hd_allows *allows = &change->values->allows;
	size_t n = metadata->n_allows + allows->n;

	*ret = calloc(n + 1, sizeof(**ret));
	if (!*ret)
		return hd_err_nomem(change->err);
	for (size_t i = 0; i < n; i++)
		(*ret)[i] = i < metadata->n_allows ?
				    metadata->allows[i] :
				    allows->items[i - metadata->n_allows];
	*ret_n = n;
	return 0;
}

/* The guest's pins of these devices, of which the array owns nothing. */
static int add_pins(const struct hd_change *change, struct hd_pin **ret,
		    size_t *ret_n)
{
	const struct hd_metadata *metadata = metadata_of(change);

	*ret = calloc(metadata->n_pins + 1, sizeof(**ret));
	if (!*ret)
		return hd_err_nomem(change->err);
	for (size_t i = 0; i < metadata->n_pins; i++)
		if (hd_named_devices_has(&change->choice,
					 metadata->pins[i].addr))
			(*ret)[(*ret_n)++] = metadata->pins[i];
	return 0;
}

/* Takes the devices from the host, as the hook would for this guest. */
static int take(struct hd_change *change, char moving[HD_UUID_SIZE])
{
	HD_AUTO_JOB struct hd_job job =
		HD_JOB_INIT(&change->tool->host, change->tool->names,
			    &change->findings, change->err);
	HD_AUTOFREE struct hd_assign *assigns = NULL;
	HD_AUTOFREE struct hd_allow *allows = NULL;
	HD_AUTOFREE struct hd_pin *pins = NULL;
	struct hd_request request;
	int r = hd_config_read(&change->tool->host, &job.ask.config,
			       change->err);

	if (r == 0 && change->guest.persistent)
		r = hd_change_read(change, HD_XML_NEXT, &change->next,
				   change->err);
	request =
		hd_domain_request(&change->now.domain, &job.ask.config.policy);
	request.siblings = metadata_of(change)->siblings;
	request.siblings_line = metadata_of(change)->siblings_line;
	request.hand_over = metadata_of(change)->hand_over;
	request.hand_over_line = metadata_of(change)->hand_over_line;
	request.stops = metadata_of(change)->stops;
	request.n_assigns = request.n_pins = 0;
	if (r == 0)
		r = add_assigns(&change->choice, false, &assigns,
				&request.n_assigns, change->err);
	if (r == 0)
		r = add_allows(change, &allows, &request.n_allows);
	if (r == 0)
		r = add_pins(change, &pins, &request.n_pins);
	if (r < 0)
		return r;
	request.assigns = assigns;
	request.allows = allows;
	request.pins = pins;
	return hd_attach_begin(&job, &request, moving);
}

/* What no definition should hold: it could never be right. */
static bool is_final(const struct hd_finding *finding)
{
	const struct hd_rule *rule = hd_rule_find(finding->id);

	return rule == &hd_rules[HD_RULE_DEVICE_MISSING] ||
	       rule == &hd_rules[HD_RULE_NOT_ENDPOINT];
}

/*
 * Nothing is taken now, and until the guest starts much may change: what would
 * be refused now is a warning.
 */
static int look(struct hd_change *change)
{
	HD_AUTO_FINDINGS struct hd_findings found = { NULL, 0 };
	HD_AUTO_SITUATION struct hd_situation situation = { .modules = NULL };
	HD_AUTO_ASK struct hd_ask ask = HD_ASK_INIT(
		&change->tool->host, change->tool->names, &found, change->err);
	struct hd_domain *domain = &change->next.domain;
	size_t first = domain->n_assigns;
	struct hd_request request;
	int r = hd_config_read(&change->tool->host, &ask.config, change->err);

	if (r == 0)
		r = add_assigns(&change->choice, !change->values->unmanaged,
				&domain->assigns, &domain->n_assigns,
				change->err);
	request = hd_domain_request(domain, &ask.config.policy);
	if (r == 0)
		r = hd_examine(&ask, &request, &situation);
	for (size_t i = 0; r >= 0 && i < found.n; i++) {
		struct hd_finding *finding = &found.items[i];

		if (finding->assign == HD_WHOLE_DOMAIN ||
		    finding->assign < first)
			continue;
		r = hd_findings_add(
			&change->findings, finding->id,
			finding->severity == HD_ERROR && !is_final(finding) ?
				HD_WARNING :
				finding->severity,
			HD_WHOLE_DOMAIN, hd_steal(&finding->message),
			hd_steal(&finding->fix), change->err);
	}
	if (r < 0)
		return r;
	return hd_findings_refuse(&change->findings) ? HD_REFUSED : 0;
}

/* libvirt's own words say what is missing, but not what to do about it. */
static void add_fix(struct hd_change *change)
{
	if (strstr(hd_err_message(change->err), "available PCI slots"))
		hd_err_fix(
			change->err,
			"Give the guest a <controller type='pci' model='pcie-root-port'/> for each device (pcie-to-pci-bridge if it is no PCI Express device), and start it anew: virsh edit %s",
			change->guest.uuid);
	else
		hd_err_fix(
			change->err,
			"QEMU's own words may be in /var/log/libvirt/qemu/%s.log",
			change->guest.name);
}

/* One after another. *@ret_done counts those that libvirt has given. */
static int give(struct hd_change *change, enum hd_reach reach, size_t *ret_done)
{
	bool managed = reach == HD_REACH_CONFIG && !change->values->unmanaged;

	for (*ret_done = 0; *ret_done < change->choice.n; (*ret_done)++) {
		struct hd_addr addr = change->choice.addrs[*ret_done];
		HD_AUTOFREE char *xml = hd_hostdev_format(&(struct hd_hostdev){
			.addr = addr, .managed = managed });
		int r = xml ? hd_connection_attach(change->connection,
						   change->guest.name, xml,
						   reach, change->err) :
			      hd_err_nomem(change->err);

		if (r < 0) {
			hd_err_wrap(change->err, "%s", hd_addr_text(addr).s);
			add_fix(change);
			return r;
		}
	}
	return 0;
}

/* Takes back the first @n, for another one was refused. */
static void take_back(struct hd_change *change, enum hd_reach reach, size_t n)
{
	HD_AUTO_ERR struct hd_err cause = HD_ERR_INIT;
	struct hd_addrs addrs = { change->choice.addrs, n };
	int r = 0;

	for (size_t i = n; i-- > 0;) {
		HD_AUTOFREE char *xml = hd_hostdev_format(
			&(struct hd_hostdev){ .addr = addrs.items[i] });

		if (xml && r == 0)
			r = hd_connection_detach(change->connection,
						 change->guest.name, xml, reach,
						 &cause);
	}
	if (r == 0 && n && reach == HD_REACH_LIVE)
		r = hd_change_wait(change, addrs, &cause);
	if (r < 0)
		hd_findings_add(
			&change->findings, "not-undone", HD_ERROR,
			HD_WHOLE_DOMAIN,
			hd_text("What was attached before can't be taken back: %s.",
				hd_err_message(&cause)),
			hd_text("See what the guest has: virsh dumpxml %s",
				change->guest.uuid),
			NULL);
}

/* Between the two the devices are on their way. */
static int give_live(struct hd_change *change)
{
	char moving[HD_UUID_SIZE] = "";
	size_t done;
	int r = hd_change_log(change, "attach"), ended;

	if (r == 0)
		r = take(change, moving);
	if (r)
		return r;
	r = give(change, HD_REACH_LIVE, &done);
	if (r < 0)
		take_back(change, HD_REACH_LIVE, done);
	ended = hd_change_end(change, moving);
	return r ? r : ended;
}

/* The definition first: what was put into it can always be taken back. */
static int attach(struct hd_change *change)
{
	size_t done = 0;
	int r = check_new(change);

	if (r == 0 && !change->live)
		r = look(change);
	if (r)
		return r;
	if (change->config)
		r = give(change, HD_REACH_CONFIG, &done);
	if (r == 0 && change->live)
		r = give_live(change);
	if (change->config && r)
		take_back(change, HD_REACH_CONFIG, done);
	return r;
}

static void say(const struct hd_change *change, struct hd_addr addr,
		const char *driver)
{
	(void)driver;
	printf("%s is %s guest '", hd_addr_text(addr).s,
	       change->live ? "with" : "in the definition of");
	hd_print(stdout, change->guest.name);
	puts(change->live && change->config ? "', and in its definition." :
	     change->live		    ? "'." :
					      "', for its next start.");
}

static int run(struct hd_tool *tool, int argc, char **argv, struct hd_err *err)
{
	HD_AUTO_CHANGE struct hd_change change = { .tool = tool, .err = err };
	int r = hd_change_begin(&change, argc, argv);

	return r == HD_EXIT_FINE ?
		       hd_change_report(&change, attach(&change), say) :
		       r;
}

static int take_managed(void *data, const char *argument, struct hd_err *err)
{
	struct hd_change_values *values = data;
	bool managed = true;
	int r = hd_option_yes_no("managed", argument, &managed, err);

	values->unmanaged = !managed;
	return r;
}

static int take_allow(void *data, const char *argument, struct hd_err *err)
{
	return hd_option_allow(&((struct hd_change_values *)data)->allows,
			       argument, err);
}

static void clear_values(void *data)
{
	free(((struct hd_change_values *)data)->allows.items);
}

static const struct hd_option options[] = {
	HD_CHANGE_REACH,
	{ 'm', "managed", "yes|no",
	  "in the definition: libvirt binds the device (yes, the default) or the hook",
	  0, take_managed },
	{ 'a', "allow", "ADDRESS=REASON",
	  "let the host lose this, of this device", 0, take_allow },
	{ .name = NULL },
};

const struct hd_verb hd_verb_attach = {
	.name = "attach",
	.arguments = "DOMAIN ADDRESS...",
	.summary = "Give devices to a guest, also while it runs",
	.help = "For a running guest it makes the checks that the hook makes before a start, takes\n"
		"the devices from the host, and has libvirt give them to the guest: all or none.\n"
		"They come back with virt-hostdev detach, or when the guest ends. --config changes\n"
		"the definition only, for the next start; with neither option a running guest is\n"
		"changed as it runs, and another one's definition. --managed is for the definition.",
	.common = HD_OPT_JSON | HD_OPT_CONNECT,
	.options = options,
	.values_size = sizeof(struct hd_change_values),
	.clear = clear_values,
	.min_arguments = 2,
	.max_arguments = 256,
	.run = run,
};
