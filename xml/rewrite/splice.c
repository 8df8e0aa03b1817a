// SPDX-License-Identifier: GPL-2.0-or-later
#include "xml/rewrite/splice.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/base/array.h"
#include "xml/doc/doc.h"

static bool is_in(const struct hd_addr *addrs, size_t n, struct hd_addr addr)
{
	for (size_t i = 0; i < n; i++)
		if (hd_addr_equal(addrs[i], addr))
			return true;
	return false;
}

static const struct hd_replacement *
find_replacement(const struct hd_rewrite *what, struct hd_addr from)
{
	for (size_t i = 0; i < what->n_replacements; i++)
		if (hd_addr_equal(what->replacements[i].from, from))
			return &what->replacements[i];
	return NULL;
}

/* Whether @node is in a disk that is removed, which came before it. */
static bool is_within_removed(const struct hd_rewrite_splices *plan,
			      const xmlNode *node)
{
	const struct hd_splice *disk =
		plan->last_disk ? &plan->items[plan->last_disk - 1] : NULL;

	if (!disk || !disk->removed)
		return false;
	while (node && node != disk->place.node)
		node = node->parent;
	return node;
}

static int decide_removal(const struct hd_rewrite_splices *plan,
			  struct hd_splice *planned, struct hd_err *err)
{
	const struct hd_rewrite *what = plan->what;
	const xmlNode *node = planned->place.node;
	bool is_backing = hd_node_is(node, "backingStore");

	if (is_backing && is_within_removed(plan, node)) {
		planned->removed = true;
		return 0;
	}
	planned->removed = is_in(what->removes, what->n_removes, planned->from);
	if (!planned->removed || !is_backing)
		return 0;
	return hd_err_set(
		err, EINVAL,
		"line %u of the XML: %s holds what a disk is based on, so it can't be removed without the disk",
		hd_node_line(node), hd_addr_text(planned->from).s);
}

static int plan_place(void *data, const struct hd_place *place,
		      struct hd_err *err)
{
	struct hd_rewrite_splices *plan = data;
	struct hd_splice planned = { .place = *place, .from = place->addr };
	const struct hd_replacement *replacement;
	struct hd_splice *item;
	int r = hd_follow(plan->what->pin_matches, &planned.from, err);

	if (r == 0)
		r = decide_removal(plan, &planned, err);
	if (r < 0)
		return r;
	replacement = find_replacement(plan->what, planned.from);
	planned.to = replacement ? replacement->to : planned.from;
	item = hd_array_add(&plan->items, &plan->n, sizeof(*item));
	if (!item)
		return hd_err_nomem(err);
	*item = planned;
	if (hd_node_is(place->node, "disk"))
		plan->last_disk = plan->n;
	return 0;
}

/* By address, and then in the order of the document. */
static int compare(const void *a, const void *b)
{
	const struct hd_splice *x = *(struct hd_splice *const *)a;
	const struct hd_splice *y = *(struct hd_splice *const *)b;
	int order = hd_addr_compare(&x->to, &y->to);

	return order ? order : x < y ? -1 : x > y;
}

static int fail_collision(const struct hd_splice *replaced,
			  const struct hd_splice *other, struct hd_err *err)
{
	return hd_err_set(
		err, EEXIST,
		"%s can't come in the place of %s: line %u of the XML asks for it already",
		hd_addr_text(replaced->to).s, hd_addr_text(replaced->from).s,
		hd_node_line(other->place.node));
}

static int note(struct hd_rewrite_splices *plan, const char *id, char *message)
{
	return hd_findings_add(plan->notes, id, HD_INFO, HD_WHOLE_DOMAIN,
			       message, NULL, plan->rw->err);
}

static int remove_duplicate(struct hd_rewrite_splices *plan,
			    struct hd_splice *planned,
			    const struct hd_splice *first)
{
	planned->removed = true;
	return note(
		plan, "duplicate-removed",
		hd_text("The <hostdev> on line %u is gone: line %u asks for %s already",
			hd_node_line(planned->place.node),
			hd_node_line(first->place.node),
			hd_addr_text(first->to).s));
}

/*
 * Two disks can be namespaces of one NVMe controller; for the rest, a
 * replacement doesn't make two places of a device.
 */
static bool may_share(const struct hd_splice *x, const struct hd_splice *y)
{
	bool replaced = !hd_addr_equal(x->from, x->to) ||
			!hd_addr_equal(y->from, y->to);

	return !replaced || hd_addr_equal(x->from, y->from) ||
	       (x->place.source == HD_SOURCE_DISK &&
		y->place.source == HD_SOURCE_DISK);
}

/* Looks at all places that will have one address. */
static int check_group(struct hd_rewrite_splices *plan,
		       struct hd_splice **group, size_t n)
{
	struct hd_splice *hostdev = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		struct hd_splice *each = group[i];

		if (!may_share(group[0], each))
			return hd_addr_equal(each->from, each->to) ?
				       fail_collision(group[0], each,
						      plan->rw->err) :
				       fail_collision(each, group[0],
						      plan->rw->err);
		if (each->place.source != HD_SOURCE_HOSTDEV)
			continue;
		if (hostdev && plan->what->tidy)
			r = remove_duplicate(plan, each, hostdev);
		else if (!hostdev)
			hostdev = each;
	}
	return r;
}

/* Places that stay, by address: what will be asked for. */
static int check_groups(struct hd_rewrite_splices *plan)
{
	HD_AUTOFREE struct hd_splice **sorted =
		calloc(plan->n + 1, sizeof(*sorted));
	size_t n = 0, end;
	int r = 0;

	plan->asked = calloc(plan->n + 1, sizeof(*plan->asked));
	if (!sorted || !plan->asked)
		return hd_err_nomem(plan->rw->err);
	for (size_t i = 0; i < plan->n; i++)
		if (!plan->items[i].removed)
			sorted[n++] = &plan->items[i];
	qsort(sorted, n, sizeof(*sorted), compare);
	for (size_t i = 0; r == 0 && i < n; i = end) {
		for (end = i + 1;
		     end < n && hd_addr_equal(sorted[i]->to, sorted[end]->to);)
			end++;
		plan->asked[plan->n_asked++] = sorted[i]->to;
		r = check_group(plan, sorted + i, end - i);
	}
	return r;
}

static bool was_asked(const struct hd_rewrite_splices *plan,
		      struct hd_addr addr)
{
	for (size_t i = 0; i < plan->n; i++)
		if (hd_addr_equal(plan->items[i].from, addr))
			return true;
	return false;
}

static int note_missing(struct hd_rewrite_splices *plan, struct hd_addr addr)
{
	return note(
		plan, "not-asked-for",
		hd_text("The domain doesn't ask for %s", hd_addr_text(addr).s));
}

static bool is_added(const struct hd_rewrite *what, struct hd_addr addr)
{
	for (size_t i = 0; i < what->n_adds; i++)
		if (hd_addr_equal(what->adds[i].addr, addr))
			return true;
	return false;
}

/* A wrong address is easily typed; what was done before is no reason to speak.
 */
static int note_all_missing(struct hd_rewrite_splices *plan)
{
	const struct hd_rewrite *what = plan->what;
	int r = 0;

	for (size_t i = 0; r == 0 && i < what->n_removes; i++)
		if (!was_asked(plan, what->removes[i]))
			r = note_missing(plan, what->removes[i]);
	for (size_t i = 0; r == 0 && i < what->n_replacements; i++)
		if (!was_asked(plan, what->replacements[i].from) &&
		    !hd_rewrite_splices_asks(plan, what->replacements[i].to))
			r = note_missing(plan, what->replacements[i].from);
	for (size_t i = 0; r == 0 && i < what->n_settings; i++) {
		const struct hd_setting *setting = &what->settings[i];

		if (!setting->every &&
		    !hd_rewrite_splices_asks(plan, setting->addr) &&
		    !is_added(what, setting->addr))
			r = note_missing(plan, setting->addr);
	}
	return r;
}

int hd_rewrite_splices_make(struct hd_rewrite_splices *plan)
{
	int r = hd_places_visit(hd_doc_root(plan->rw->doc), plan_place, plan,
				plan->rw->err);

	if (r == 0)
		r = check_groups(plan);
	return r < 0 ? r : note_all_missing(plan);
}

bool hd_rewrite_splices_asks(const struct hd_rewrite_splices *plan,
			     struct hd_addr addr)
{
	return plan->n_asked && bsearch(&addr, plan->asked, plan->n_asked,
					sizeof(addr), hd_addr_compare);
}

bool hd_rewrite_splices_drops(const struct hd_rewrite_splices *plan,
			      struct hd_addr addr)
{
	const struct hd_rewrite *what = plan->what;

	return (is_in(what->removes, what->n_removes, addr) ||
		find_replacement(what, addr)) &&
	       !hd_rewrite_splices_asks(plan, addr);
}

void hd_rewrite_splices_clear(struct hd_rewrite_splices *plan)
{
	free(plan->items);
	free(plan->asked);
}
