// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/verb/hotplug/change.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/print.h"
#include "tools/cli/json.h"

/* Whether it is our hook's libvirt: only that one's devices are this host's. */
static int check_here(struct hd_change *change)
{
	HD_AUTOFREE char *uri = NULL;

	if (hd_connection_is_here(change->connection, true))
		return 0;
	uri = hd_connection_uri(change->connection);
	hd_err_set(
		change->err, ENOTSUP,
		"only guests of this host's own libvirt, qemu:///system, can be given devices or lose them here, not those of %s",
		uri ? uri : "another one");
	hd_err_fix(change->err, "Run it on that host");
	return -ENOTSUP;
}

/* Where it takes effect, as virsh decides it. */
static int choose_reach(struct hd_change *change)
{
	const struct hd_guest_info *guest = &change->guest;

	change->values = change->tool->values;
	change->live = change->values->live;
	change->config = change->values->config;
	if (!change->live && !change->config) {
		change->live = guest->running;
		change->config = !guest->running;
	}
	if (change->live && !guest->running) {
		hd_err_set(change->err, EINVAL, "guest '%s' doesn't run",
			   guest->name);
		hd_err_fix(change->err, "For its next start: --config");
		return -EINVAL;
	}
	if (change->config && !guest->persistent) {
		hd_err_set(change->err, EINVAL,
			   "guest '%s' has no definition that outlives its run",
			   guest->name);
		hd_err_fix(change->err, "For as long as it runs: --live");
		return -EINVAL;
	}
	return 0;
}

static void clear_text(struct hd_guest_text *text)
{
	free(text->text);
	hd_domain_clear(&text->domain);
	text->text = NULL;
}

int hd_change_read(struct hd_change *change, enum hd_guest_xml which,
		   struct hd_guest_text *ret, struct hd_err *err)
{
	int r;

	clear_text(ret);
	r = hd_connection_xml(change->connection, change->guest.name, which,
			      &ret->text, err);
	if (r == 0)
		r = hd_domain_parse(ret->text, strlen(ret->text), &ret->domain,
				    err);
	return r;
}

static int read_guest(struct hd_change *change, const char *name)
{
	struct hd_err *err = change->err;
	int r = hd_connection_open(change->tool->uri, HD_READ_WRITE,
				   &change->connection, err);

	if (r == 0)
		r = check_here(change);
	if (r == 0)
		r = hd_connection_find(change->connection, name, &change->guest,
				       err);
	if (r == 0)
		r = choose_reach(change);
	if (r == 0 && change->live)
		r = hd_change_read(change, HD_XML_NOW, &change->now, err);
	if (r == 0 && change->config)
		r = hd_change_read(change, HD_XML_NEXT, &change->next, err);
	return r;
}

int hd_change_begin(struct hd_change *change, int argc, char **argv)
{
	int r = hd_named_devices_read(&change->choice, change->tool, false,
				      argc - 1, argv + 1, change->err);

	if (r != HD_EXIT_FINE)
		return r;
	return read_guest(change, argv[0]) < 0 ? HD_EXIT_FAILED : HD_EXIT_FINE;
}

int hd_change_log(struct hd_change *change, const char *event)
{
	int r = 0;

	hd_log_run_begin(&change->run, event, change->guest.name);
	change->run.record.uuid = strdup(change->guest.uuid);
	for (size_t i = 0; r == 0 && i < change->choice.n; i++)
		r = hd_log_run_add(&change->run, change->choice.addrs[i]);
	return r < 0 ? hd_err_nomem(change->err) : 0;
}

bool hd_change_asks(const struct hd_guest_text *text, struct hd_addr addr)
{
	for (size_t i = 0; i < text->domain.n_assigns; i++)
		if (hd_addr_equal(text->domain.assigns[i].addr, addr))
			return true;
	return false;
}

int hd_change_read_devices(struct hd_change *change, struct hd_addr **ret,
			   size_t *ret_n, struct hd_err *err)
{
	HD_AUTO_GUEST_INFO struct hd_guest_info info = { .name = NULL };
	const struct hd_domain *domain = &change->now.domain;
	int r = hd_connection_find(change->connection, change->guest.uuid,
				   &info, err);

	*ret = NULL;
	*ret_n = 0;
	if (r == -ENOENT || (r == 0 && !info.running)) {
		hd_err_clear(err);
		return 0;
	}
	if (r == 0)
		r = hd_change_read(change, HD_XML_NOW, &change->now, err);
	if (r < 0)
		return r;
	*ret = calloc(domain->n_assigns + 1, sizeof(**ret));
	if (!*ret)
		return hd_err_nomem(err);
	for (; *ret_n < domain->n_assigns; (*ret_n)++)
		(*ret)[*ret_n] = domain->assigns[*ret_n].addr;
	return 0;
}

/* Nobody knows better than who looks who holds the devices, when we are gone.
 */
static int leave_to_recover(struct hd_change *change, struct hd_err *cause,
			    struct hd_err *err)
{
	return hd_findings_add_refusal(
		&change->findings, "guest-unknown",
		hd_text("Whether guest '%s' has the devices can't be known: %s.",
			change->guest.name, hd_err_message(cause)),
		hd_text("virt-hostdev recover"), err);
}

static int end_moving(struct hd_change *change, const char *moving,
		      struct hd_err *err)
{
	HD_AUTO_ERR struct hd_err cause = HD_ERR_INIT;
	HD_AUTO_JOB struct hd_job job =
		HD_JOB_INIT(&change->tool->host, change->tool->names,
			    &change->findings, err);
	HD_AUTOFREE struct hd_addr *addrs = NULL;
	size_t n;

	if (hd_change_read_devices(change, &addrs, &n, &cause) < 0)
		return leave_to_recover(change, &cause, err);
	job.ask.config = hd_config_read_or_default(&change->tool->host,
						   &change->findings);
	return hd_hotplug_end(&job, moving, (struct hd_addrs){ addrs, n });
}

int hd_change_end(struct hd_change *change, const char *moving)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	int r = moving[0] ? end_moving(change, moving, &err) : 0;

	if (r >= 0)
		return r;
	hd_findings_add(&change->findings, "claim-kept", HD_ERROR,
			HD_WHOLE_DOMAIN, hd_steal(&err.message),
			hd_text("virt-hostdev recover"), NULL);
	return HD_REFUSED;
}

/* Says which of the devices the guest keeps. Returns how many, or an errno. */
static int count_kept(struct hd_change *change, struct hd_addrs addrs,
		      struct hd_addr *ret_first, struct hd_err *err)
{
	HD_AUTOFREE struct hd_addr *has = NULL;
	size_t n;
	int kept = 0;
	int r = hd_change_read_devices(change, &has, &n, err);

	for (size_t i = addrs.n; r == 0 && i-- > 0;)
		for (size_t j = 0; j < n; j++)
			if (hd_addr_equal(addrs.items[i], has[j])) {
				*ret_first = has[j];
				kept++;
			}
	return r < 0 ? r : kept;
}

int hd_change_wait(struct hd_change *change, struct hd_addrs addrs,
		   struct hd_err *err)
{
	const struct timespec pause = { .tv_nsec = 200 * 1000000L };
	int64_t deadline = hd_now_ms() + HD_CHANGE_SECONDS * INT64_C(1000);
	struct hd_addr first;
	int kept = count_kept(change, addrs, &first, err);

	while (kept > 0 && hd_now_ms() < deadline) {
		nanosleep(&pause, NULL);
		kept = count_kept(change, addrs, &first, err);
	}
	if (kept <= 0)
		return kept;
	return hd_findings_add_refusal(
		&change->findings, "guest-keeps",
		hd_text("Guest '%s' was asked to give up %s, but still has it after %d seconds.",
			change->guest.name, hd_addr_text(first).s,
			HD_CHANGE_SECONDS),
		hd_text("A guest gives a device up when its system runs and knows PCI hot-unplug, when it is reset, or when it ends; then: virt-hostdev detach %s %s",
			change->guest.uuid, hd_addr_text(first).s),
		err);
}

static json_object *device_json(const struct hd_change *change, size_t i)
{
	json_object *object = json_object_new_object();
	char *driver =
		hd_named_devices_driver(change->tool, change->choice.addrs[i]);

	json_object_object_add(
		object, "address",
		hd_json_text(hd_addr_text(change->choice.addrs[i]).s));
	json_object_object_add(object, "driver", hd_json_text(driver));
	free(driver);
	return object;
}

static void print_json(const struct hd_change *change, bool ok)
{
	json_object *object = json_object_new_object();
	json_object *devices = json_object_new_array();
	json_object *found = json_object_new_array();

	for (size_t i = 0; i < change->choice.n; i++)
		json_object_array_add(devices, device_json(change, i));
	for (size_t i = 0; i < change->findings.n; i++)
		json_object_array_add(
			found, hd_json_finding(&change->findings.items[i]));
	json_object_object_add(object, "ok", json_object_new_boolean(ok));
	json_object_object_add(object, "domain",
			       hd_json_text(change->guest.name));
	json_object_object_add(object, "live",
			       json_object_new_boolean(change->live));
	json_object_object_add(object, "config",
			       json_object_new_boolean(change->config));
	json_object_object_add(object, "devices", devices);
	json_object_object_add(object, "findings", found);
	hd_json_print(object);
}

int hd_change_report(struct hd_change *change, int r,
		     void (*say)(const struct hd_change *change,
				 struct hd_addr addr, const char *driver))
{
	const struct hd_named_devices *choice = &change->choice;
	bool ok = r == 0;

	if (change->run.record.event)
		hd_log_run_end(&change->run, &change->tool->host,
			       &change->findings, false, change->err, r);
	if (change->tool->json)
		print_json(change, ok);
	else
		hd_print_findings(stderr, &change->findings, "");
	for (size_t i = 0; ok && !change->tool->json && i < choice->n; i++) {
		char *driver =
			hd_named_devices_driver(change->tool, choice->addrs[i]);

		say(change, choice->addrs[i], driver);
		free(driver);
	}
	return ok ? HD_EXIT_FINE : HD_EXIT_FAILED;
}

void hd_change_clear(struct hd_change *change)
{
	hd_connection_close(&change->connection);
	hd_guest_info_clear(&change->guest);
	hd_named_devices_clear(&change->choice);
	clear_text(&change->now);
	clear_text(&change->next);
	hd_findings_clear(&change->findings);
	hd_log_run_clear(&change->run);
}
