// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/verb/check/all.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/print.h"
#include "tools/cli/json.h"
#include "tools/verb/check/report.h"

/* One domain of all. */
struct guest {
	const struct hd_guest_info *info;
	struct hd_checked_domain
		checked; /* its next start, or a transient one's run */
	struct hd_domain now; /* what it has while it runs */
};

/* Two of them, with one device or one group. */
struct pair {
	const struct guest *a, *b;
	struct hd_addr of_a, of_b;
	int group;
};

struct all {
	struct hd_hypervisor hypervisor;
	struct hd_guest_infos infos;
	struct guest *guests; /* as many as infos */
	struct pair *pairs; /* one for each finding */
	struct hd_findings findings; /* of pairs */
	struct hd_findings general;
};

static void clear_all(struct all *all)
{
	for (size_t i = 0; all->guests && i < all->infos.n; i++) {
		hd_checked_domain_clear(&all->guests[i].checked);
		hd_domain_clear(&all->guests[i].now);
	}
	free(all->guests);
	free(all->pairs);
	hd_findings_clear(&all->findings);
	hd_findings_clear(&all->general);
	hd_guest_infos_clear(&all->infos);
	hd_hypervisor_clear(&all->hypervisor);
}

/* What stands against one domain doesn't stand against the others. */
static int note_unreadable(struct guest *guest, struct hd_err *cause,
			   struct hd_err *err)
{
	struct hd_domain *domain = &guest->checked.domain;

	if (!domain->name)
		domain->name = strdup(guest->info->name);
	if (!domain->name)
		return hd_err_nomem(err);
	memcpy(domain->uuid, guest->info->uuid, HD_UUID_SIZE);
	return hd_findings_add(&guest->checked.findings, "domain-unreadable",
			       HD_ERROR, HD_WHOLE_DOMAIN,
			       hd_text("%s.", hd_err_message(cause)),
			       hd_steal(&cause->fix), err);
}

static int read_now(const struct all *all, struct guest *guest,
		    struct hd_err *err)
{
	HD_AUTOFREE char *text = NULL;
	int r = hd_connection_xml(all->hypervisor.connection, guest->info->uuid,
				  HD_XML_NOW, &text, err);

	return r < 0 ? r :
		       hd_domain_parse(text, strlen(text), &guest->now, err);
}

static int read_next(const struct all *all, struct guest *guest,
		     struct hd_err *err)
{
	HD_AUTOFREE char *text = NULL;
	int r = hd_connection_xml(
		all->hypervisor.connection, guest->info->uuid,
		guest->info->persistent ? HD_XML_NEXT : HD_XML_NOW, &text, err);

	return r < 0 ? r :
		       hd_checked_domain_check_text(
			       &guest->checked, &all->hypervisor, text,
			       strlen(text), guest->info->name, err);
}

static int read_guest(const struct all *all, struct guest *guest,
		      struct hd_err *err)
{
	HD_AUTO_ERR struct hd_err cause = HD_ERR_INIT;
	int r = read_next(all, guest, &cause);

	if (r >= 0 && guest->info->running)
		r = read_now(all, guest, &cause);
	return r < 0 ? note_unreadable(guest, &cause, err) : 0;
}

/* What a guest asks for, now or at its next start; NULL after the last one. */
static const struct hd_addr *asked(const struct guest *guest, size_t index)
{
	const struct hd_domain *next = &guest->checked.domain;

	if (index < next->n_assigns)
		return &next->assigns[index].addr;
	index -= next->n_assigns;
	return index < guest->now.n_assigns ? &guest->now.assigns[index].addr :
					      NULL;
}

static int group_of(const struct guest *guest, struct hd_addr addr)
{
	const struct hd_inventory *inventory = guest->checked.inventory;
	const struct hd_device *device =
		inventory ? hd_inventory_find(inventory, addr) : NULL;

	return device ? device->group : HD_NO_GROUP;
}

/* The first device of @guest at @addr or, without it, of @group. */
static const struct hd_addr *find_asked(const struct guest *guest,
					const struct hd_addr *addr, int group)
{
	const struct hd_addr *each;

	for (size_t i = 0; (each = asked(guest, i)); i++)
		if (addr ? hd_addr_equal(*each, *addr) :
			   group != HD_NO_GROUP &&
				    group_of(guest, *each) == group)
			return each;
	return NULL;
}

/*
 * Two that never run together may share what they like. Two that run, or that
 * the host starts, can't both get it at their next start.
 */
static enum hd_severity severity_of(const struct pair *pair, const char **ret)
{
	const struct hd_guest_info *a = pair->a->info, *b = pair->b->info;

	*ret = "so only one of them can run at a time";
	if (a->running && b->running)
		*ret = "and both run";
	else if (a->autostart && b->autostart)
		*ret = "and the host starts both";
	else if ((a->running && b->autostart) || (b->running && a->autostart))
		*ret = "and one of them runs while the host starts the other";
	else
		return HD_INFO;
	return (a->running && b->running) || (a->autostart && b->autostart) ?
		       HD_ERROR :
		       HD_WARNING;
}

static int add_pair(struct all *all, const struct pair *pair,
		    struct hd_err *err)
{
	bool same = hd_addr_equal(pair->of_a, pair->of_b);
	const char *when;
	enum hd_severity severity = severity_of(pair, &when);
	size_t n = all->findings.n;
	struct pair *slot = hd_array_add(&all->pairs, &n, sizeof(*slot));
	const char *a = pair->a->info->name, *b = pair->b->info->name;
	char *fix =
		severity == HD_INFO ?
			NULL :
			hd_text("Leave it to one of them: virt-hostdev detach --config %s %s",
				pair->b->info->uuid,
				hd_addr_text(pair->of_b).s);

	if (!slot) {
		free(fix);
		return hd_err_nomem(err);
	}
	*slot = *pair;
	return hd_findings_add(
		&all->findings, same ? "shared-device" : "shared-group",
		severity, HD_WHOLE_DOMAIN,
		same ? hd_text("Guests '%s' and '%s' ask for %s, %s.", a, b,
			       hd_addr_text(pair->of_a).s, when) :
		       hd_text("Guests '%s' and '%s' ask for %s and %s of IOMMU group %d, which has one owner, %s.",
			       a, b, hd_addr_text(pair->of_a).s,
			       hd_addr_text(pair->of_b).s, pair->group, when),
		fix, err);
}

/* Compares two guests: each device and each group is told of once. */
static int compare(struct all *all, const struct guest *a,
		   const struct guest *b, struct hd_err *err)
{
	const struct hd_addr *addr;
	int r = 0;

	for (size_t i = 0; r == 0 && (addr = asked(a, i)); i++) {
		int group = group_of(a, *addr);
		const struct hd_addr *other = find_asked(b, addr, 0);

		if (other && find_asked(a, addr, 0) != addr)
			continue;
		if (!other && find_asked(a, NULL, group) == addr)
			other = find_asked(b, NULL, group);
		if (other)
			r = add_pair(
				all,
				&(struct pair){ a, b, *addr, *other, group },
				err);
	}
	return r;
}

static int read_all(struct all *all, const struct hd_tool *tool,
		    struct hd_err *err)
{
	int r = hd_hypervisor_open(&all->hypervisor, tool, NULL, err);

	if (r == 0)
		r = hd_connection_list(all->hypervisor.connection, &all->infos,
				       err);
	if (r < 0)
		return r;
	all->guests = calloc(all->infos.n + 1, sizeof(*all->guests));
	if (!all->guests)
		return hd_err_nomem(err);
	for (size_t i = 0; r == 0 && i < all->infos.n; i++) {
		all->guests[i].info = &all->infos.items[i];
		r = read_guest(all, &all->guests[i], err);
	}
	for (size_t i = 0; i < all->infos.n; i++)
		for (size_t j = i + 1; r == 0 && j < all->infos.n; j++)
			r = compare(all, &all->guests[i], &all->guests[j], err);
	return r < 0 || all->hypervisor.here ?
		       r :
		       hd_remote_host_unknown(&all->hypervisor.remote, "--all",
					      &all->general, err);
}

static json_object *guest_json(const struct guest *guest)
{
	json_object *object = hd_check_json(&guest->checked);

	json_object_object_add(object, "running",
			       json_object_new_boolean(guest->info->running));
	json_object_object_add(object, "autostart",
			       json_object_new_boolean(guest->info->autostart));
	return object;
}

static json_object *pair_json(const struct all *all, size_t i)
{
	const struct pair *pair = &all->pairs[i];
	json_object *object = hd_json_finding(&all->findings.items[i]);
	json_object *domains = json_object_new_array();
	json_object *addresses = json_object_new_array();

	json_object_array_add(domains, hd_json_text(pair->a->info->name));
	json_object_array_add(domains, hd_json_text(pair->b->info->name));
	json_object_array_add(addresses,
			      hd_json_text(hd_addr_text(pair->of_a).s));
	json_object_array_add(addresses,
			      hd_json_text(hd_addr_text(pair->of_b).s));
	json_object_object_add(object, "domains", domains);
	json_object_object_add(object, "addresses", addresses);
	return object;
}

static void print_json(const struct all *all)
{
	json_object *object = json_object_new_object();
	json_object *domains = json_object_new_array();
	json_object *pairs = json_object_new_array();

	for (size_t i = 0; i < all->infos.n; i++)
		json_object_array_add(domains, guest_json(&all->guests[i]));
	for (size_t i = 0; i < all->findings.n; i++)
		json_object_array_add(pairs, pair_json(all, i));
	json_object_object_add(object, "domains", domains);
	json_object_object_add(object, "pairs", pairs);
	json_object_object_add(
		object, "findings",
		hd_json_findings(&all->general, HD_WHOLE_DOMAIN));
	hd_json_print(object);
}

static void print_text(const struct all *all)
{
	if (all->infos.n == 0)
		puts("There is no domain.");
	for (size_t i = 0; i < all->infos.n; i++)
		hd_check_print(&all->guests[i].checked);
	hd_print_findings(stdout, &all->findings, "");
	hd_print_findings(stdout, &all->general, "");
}

int hd_check_all(const struct hd_tool *tool, struct hd_err *err)
{
	HD_AUTO(clear_all) struct all all = { .guests = NULL };
	bool refused;

	if (read_all(&all, tool, err) < 0)
		return HD_EXIT_FAILED;
	refused = hd_findings_refuse(&all.findings);
	for (size_t i = 0; i < all.infos.n; i++)
		refused |= hd_findings_refuse(&all.guests[i].checked.findings);
	if (tool->json)
		print_json(&all);
	else
		print_text(&all);
	return refused ? HD_EXIT_FAILED : HD_EXIT_FINE;
}
