// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/print.h"
#include "tools/verb/hotplug/change.h"
#include "xml/domain/place.h"

/* Whether it is held for the guest, which may have given it up long ago. */
static int is_held(struct hd_change *change, struct hd_addr addr, bool *ret)
{
	HD_AUTO_STATE struct hd_state state = HD_STATE_INIT;
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	int r = hd_state_open(&change->tool->host, HD_STATE_READ, &state,
			      change->err);

	if (r == 0)
		r = hd_claim_load(&state, change->guest.uuid, &claim,
				  change->err);
	*ret = r == 0 && hd_claim_find(&claim, addr);
	return r == -ENOENT ? 0 : r;
}

static int refuse_unknown(struct hd_change *change, struct hd_addr addr,
			  const char *what)
{
	hd_err_set(change->err, ENOENT, "%s '%s' doesn't have %s", what,
		   change->guest.name, hd_addr_text(addr).s);
	hd_err_fix(change->err, "virsh dumpxml %s shows what it has",
		   change->guest.uuid);
	return -ENOENT;
}

static int check_known(struct hd_change *change)
{
	for (size_t i = 0; i < change->choice.n; i++) {
		struct hd_addr addr = change->choice.addrs[i];
		bool held = false;
		int r = 0;

		if (change->live && !hd_change_asks(&change->now, addr))
			r = is_held(change, addr, &held);
		if (r < 0)
			return r;
		if (change->live && !held &&
		    !hd_change_asks(&change->now, addr))
			return refuse_unknown(change, addr, "guest");
		if (change->config && !hd_change_asks(&change->next, addr))
			return refuse_unknown(change, addr,
					      "the definition of guest");
	}
	return 0;
}

/*
 * QEMU takes no second request for a device, but the first one still stands
 * (qdev-monitor.c, qmp_device_del()).
 */
static bool is_asked_already(const struct hd_err *err)
{
	return strstr(hd_err_message(err), "already in the process of unplug");
}

/* Whether a running guest gave it up before it was asked, or ended. */
static bool is_gone(struct hd_change *change, struct hd_addr addr)
{
	HD_AUTO_ERR struct hd_err unknown = HD_ERR_INIT;
	HD_AUTOFREE struct hd_addr *has = NULL;
	size_t n;

	if (hd_change_read_devices(change, &has, &n, &unknown) < 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (hd_addr_equal(has[i], addr))
			return false;
	return true;
}

/* Asks for one device, if it is there. */
static int take_one(struct hd_change *change, struct hd_addr addr,
		    enum hd_reach reach)
{
	const char *text =
		reach == HD_REACH_LIVE ? change->now.text : change->next.text;
	HD_AUTOFREE char *xml = NULL;
	int r = hd_place_text(text, strlen(text), addr, &xml, change->err);

	if (r < 0 || !xml)
		return r;
	r = hd_connection_detach(change->connection, change->guest.name, xml,
				 reach, change->err);
	if (r < 0 && reach == HD_REACH_LIVE &&
	    (is_asked_already(change->err) || is_gone(change, addr))) {
		hd_err_clear(change->err);
		return 0;
	}
	if (r < 0)
		hd_err_fix(change->err, "See what it has: virsh dumpxml %s",
			   change->guest.uuid);
	return r;
}

/*
 * Has libvirt take away what is there of the devices. What it took out of the
 * definition before it refused another one stays out.
 */
static int take(struct hd_change *change, enum hd_reach reach)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < change->choice.n; i++) {
		struct hd_addr addr = change->choice.addrs[i];

		r = take_one(change, addr, reach);
		if (r < 0)
			hd_err_wrap(change->err, "%s", hd_addr_text(addr).s);
	}
	return r;
}

/* Picks out what can go back to the host when the guest has given it up. */
static int pick(struct hd_change *change, char moving[HD_UUID_SIZE])
{
	const struct hd_domain *domain = &change->now.domain;
	HD_AUTO_JOB struct hd_job job =
		HD_JOB_INIT(&change->tool->host, change->tool->names,
			    &change->findings, change->err);
	HD_AUTOFREE struct hd_addr *staying =
		calloc(domain->n_assigns + 1, sizeof(*staying));
	size_t n = 0;

	if (!staying)
		return hd_err_nomem(change->err);
	for (size_t i = 0; i < domain->n_assigns; i++)
		if (!hd_named_devices_has(&change->choice,
					  domain->assigns[i].addr))
			staying[n++] = domain->assigns[i].addr;
	return hd_detach_begin(
		&job, change->guest.uuid,
		(struct hd_addrs){ change->choice.addrs, change->choice.n },
		(struct hd_addrs){ staying, n }, moving);
}

static int take_live(struct hd_change *change)
{
	struct hd_addrs addrs = { change->choice.addrs, change->choice.n };
	char moving[HD_UUID_SIZE] = "";
	int r = hd_change_log(change, "detach"), ended;

	if (r == 0)
		r = pick(change, moving);
	if (r == 0)
		r = take(change, HD_REACH_LIVE);
	if (r == 0)
		r = hd_change_wait(change, addrs, change->err);
	ended = hd_change_end(change, moving);
	return r ? r : ended;
}

/* The definition first: a guest that keeps a device shall not get it again. */
static int detach(struct hd_change *change)
{
	int r = check_known(change);

	if (r == 0 && change->config)
		r = take(change, HD_REACH_CONFIG);
	return r == 0 && change->live ? take_live(change) : r;
}

static void say(const struct hd_change *change, struct hd_addr addr,
		const char *driver)
{
	fputs(hd_addr_text(addr).s, stdout);
	if (change->config) {
		fputs(" is no longer in the definition of guest '", stdout);
		hd_print(stdout, change->guest.name);
		putchar('\'');
	}
	if (change->live) {
		fputs(change->config ? ", and" : "", stdout);
		fputs(driver ? " is on driver " : " has no driver", stdout);
		hd_print(stdout, driver ? driver : "");
	}
	puts(".");
}

static int run(struct hd_tool *tool, int argc, char **argv, struct hd_err *err)
{
	HD_AUTO_CHANGE struct hd_change change = { .tool = tool, .err = err };
	int r = hd_change_begin(&change, argc, argv);

	return r == HD_EXIT_FINE ?
		       hd_change_report(&change, detach(&change), say) :
		       r;
}

static const struct hd_option options[] = {
	HD_CHANGE_REACH,
	{ .name = NULL },
};

const struct hd_verb hd_verb_detach = {
	.name = "detach",
	.arguments = "DOMAIN ADDRESS...",
	.summary = "Take devices from a guest, also while it runs",
	.help = "A running guest is asked for the devices and waited for; then they go back to the\n"
		"drivers that they had. One without a system that knows PCI hot-unplug keeps them\n"
		"until it is reset or ends. A device whose IOMMU group the guest has more of comes\n"
		"back with the last of them. --config changes the definition only, for the next\n"
		"start; with neither option a running guest is changed as it runs, and another\n"
		"one's definition.",
	.common = HD_OPT_JSON | HD_OPT_CONNECT,
	.options = options,
	.values_size = sizeof(struct hd_change_values),
	.min_arguments = 2,
	.max_arguments = 256,
	.run = run,
};
