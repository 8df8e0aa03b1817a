// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether a rewriting makes sense, and whether it came out as it should. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "xml/rewrite/rewriting.h"

/* Before */

static int contradict(struct hd_addr addr, const char *first,
		      const char *second, struct hd_err *err)
{
	return hd_err_set(err, EINVAL, "%s can't be both %s and %s",
			  hd_addr_text(addr).s, first, second);
}

static int check_removal(const struct hd_rewrite *what, struct hd_addr addr,
			 struct hd_err *err)
{
	for (size_t i = 0; i < what->n_adds; i++)
		if (hd_addr_equal(what->adds[i].addr, addr))
			return contradict(addr, "added", "removed", err);
	for (size_t i = 0; i < what->n_replacements; i++)
		if (hd_addr_equal(what->replacements[i].from, addr) ||
		    hd_addr_equal(what->replacements[i].to, addr))
			return contradict(addr, "part of a replacement",
					  "removed", err);
	for (size_t i = 0; i < what->n_settings; i++)
		if (!what->settings[i].every &&
		    hd_addr_equal(what->settings[i].addr, addr))
			return contradict(addr, "set", "removed", err);
	return 0;
}

static int check_replacement(const struct hd_rewrite *what, size_t at,
			     struct hd_err *err)
{
	const struct hd_replacement *x = &what->replacements[at];

	for (size_t i = 0; i < what->n_adds; i++)
		if (hd_addr_equal(what->adds[i].addr, x->from))
			return contradict(x->from, "added", "replaced", err);
	for (size_t i = 0; i < at; i++) {
		const struct hd_replacement *y = &what->replacements[i];
		bool same_from = hd_addr_equal(x->from, y->from);

		if (same_from == hd_addr_equal(x->to, y->to))
			continue;
		return same_from ?
			       hd_err_set(err, EINVAL,
					  "%s can't be replaced by two",
					  hd_addr_text(x->from).s) :
			       hd_err_set(err, EINVAL, "%s can't replace two",
					  hd_addr_text(x->to).s);
	}
	return 0;
}

int hd_rewrite_check(const struct hd_rewrite *what, struct hd_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < what->n_removes; i++)
		r = check_removal(what, what->removes[i], err);
	for (size_t i = 0; r == 0 && i < what->n_replacements; i++)
		r = check_replacement(what, i, err);
	return r;
}

/* After */

/* One thing that is asked for, as far as rewriting may change it. */
struct asked {
	struct hd_addr addr;
	enum hd_source source;
	bool managed;
	const char *driver; /* NULL: none */
	size_t order; /* in the document */
};

struct askeds {
	struct asked *items;
	size_t n;
	bool lost_disk;
};

static void clear_askeds(struct askeds *askeds)
{
	free(askeds->items);
}

#define AUTO_ASKEDS HD_AUTO(clear_askeds) struct askeds

static void set(struct asked *asked, const struct hd_rewrite *what)
{
	for (size_t i = 0; i < what->n_settings; i++) {
		const struct hd_setting *setting = &what->settings[i];
		const char *name = setting->key->name;

		if (setting->every ? asked->source != HD_SOURCE_HOSTDEV :
				     !hd_addr_equal(setting->addr, asked->addr))
			continue;
		if (strcmp(name, "managed") == 0)
			asked->managed =
				*setting->value ?
					strcmp(setting->value, "yes") == 0 :
					asked->source == HD_SOURCE_DISK;
		if (strcmp(name, "driver") == 0)
			asked->driver = *setting->value ? setting->value : NULL;
	}
}

static int add_asked(struct askeds *askeds, const struct asked *asked,
		     struct hd_err *err)
{
	struct asked *item =
		hd_array_add(&askeds->items, &askeds->n, sizeof(*item));

	if (!item)
		return hd_err_nomem(err);
	*item = *asked;
	item->order = askeds->n;
	return 0;
}

/* What becomes of something that the domain asked for. */
static int expect(struct askeds *askeds, const struct hd_assign *assign,
		  const struct hd_rewrite *what, struct hd_err *err)
{
	struct asked asked = { .addr = assign->addr,
			       .source = assign->source,
			       .managed = assign->managed,
			       .driver = assign->driver };
	int r = hd_follow(what->pin_matches, &asked.addr, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < what->n_removes; i++)
		if (hd_addr_equal(what->removes[i], asked.addr)) {
			askeds->lost_disk |= asked.source == HD_SOURCE_DISK;
			return 0;
		}
	for (size_t i = 0; i < what->n_replacements; i++)
		if (hd_addr_equal(what->replacements[i].from, asked.addr)) {
			asked.addr = what->replacements[i].to;
			break;
		}
	return add_asked(askeds, &asked, err);
}

/*
 * Whether a device needs no addition. Disks may have gone with others, as what
 * they are based on: those that are left count.
 */
static bool is_known(const struct askeds *askeds, const struct hd_domain *after,
		     struct hd_addr addr)
{
	for (size_t i = 0; i < askeds->n; i++)
		if (askeds->items[i].source != HD_SOURCE_DISK &&
		    hd_addr_equal(askeds->items[i].addr, addr))
			return true;
	for (size_t i = 0; i < after->n_assigns; i++)
		if (after->assigns[i].source == HD_SOURCE_DISK &&
		    hd_addr_equal(after->assigns[i].addr, addr))
			return true;
	return false;
}

static int expect_additions(struct askeds *askeds,
			    const struct hd_domain *after,
			    const struct hd_rewrite *what, struct hd_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < what->n_adds; i++) {
		const struct hd_block *block = &what->adds[i];
		struct asked asked = {
			.addr = block->addr,
			.source = HD_SOURCE_HOSTDEV,
			.managed = strstr(block->xml, "managed='yes'"),
		};

		if (is_known(askeds, after, block->addr))
			continue;
		r = add_asked(askeds, &asked, err);
	}
	return r;
}

static int compare(const void *a, const void *b)
{
	const struct asked *x = a, *y = b;
	int order = hd_addr_compare(&x->addr, &y->addr);

	if (order == 0)
		order = (int)x->source - (int)y->source;
	if (order == 0)
		order = x->managed - y->managed;
	return order ? order :
		       strcmp(x->driver ? x->driver : "",
			      y->driver ? y->driver : "");
}

static int compare_order(const void *a, const void *b)
{
	const struct asked *x = a, *y = b;
	int order = hd_addr_compare(&x->addr, &y->addr);

	if (order == 0)
		order = (int)x->source - (int)y->source;
	return order ? order : x->order < y->order ? -1 : x->order > y->order;
}

/* What is asked for a second time goes, and what is to be set is. */
static void finish(struct askeds *askeds, const struct hd_rewrite *what)
{
	size_t n = 0;

	if (askeds->n)
		qsort(askeds->items, askeds->n, sizeof(*askeds->items),
		      compare_order);
	for (size_t i = 0; i < askeds->n; i++) {
		struct asked *each = &askeds->items[i];

		if (what->tidy && n && each->source == HD_SOURCE_HOSTDEV &&
		    askeds->items[n - 1].source == HD_SOURCE_HOSTDEV &&
		    hd_addr_equal(askeds->items[n - 1].addr, each->addr))
			continue;
		set(each, what);
		askeds->items[n++] = *each;
	}
	askeds->n = n;
}

/* Sorted; without disks, when some went with the backing stores they had. */
static void normalise(struct askeds *askeds, bool without_disks)
{
	size_t n = 0;

	for (size_t i = 0; i < askeds->n; i++)
		if (!without_disks || askeds->items[i].source != HD_SOURCE_DISK)
			askeds->items[n++] = askeds->items[i];
	askeds->n = n;
	if (n)
		qsort(askeds->items, n, sizeof(*askeds->items), compare);
}

int hd_rewrite_verify(const struct hd_domain *before,
		      const struct hd_domain *after,
		      const struct hd_rewrite *what, struct hd_err *err)
{
	AUTO_ASKEDS wanted = { NULL, 0, false };
	AUTO_ASKEDS got = { NULL, 0, false };
	int r = 0;

	for (size_t i = 0; r == 0 && i < before->n_assigns; i++)
		r = expect(&wanted, &before->assigns[i], what, err);
	if (r == 0)
		r = expect_additions(&wanted, after, what, err);
	for (size_t i = 0; r == 0 && i < after->n_assigns; i++) {
		const struct hd_assign *each = &after->assigns[i];

		r = add_asked(&got,
			      &(struct asked){ .addr = each->addr,
					       .source = each->source,
					       .managed = each->managed,
					       .driver = each->driver },
			      err);
	}
	if (r < 0)
		return r;
	finish(&wanted, what);
	normalise(&wanted, wanted.lost_disk);
	normalise(&got, wanted.lost_disk);
	for (size_t i = 0; i < wanted.n && i < got.n; i++)
		if (compare(&wanted.items[i], &got.items[i]) != 0)
			return hd_err_set(
				err, EBADMSG,
				"the rewritten domain would ask for %s in another way than it should, so it is not used",
				hd_addr_text(got.items[i].addr).s);
	if (wanted.n == got.n)
		return 0;
	return hd_err_set(
		err, EBADMSG,
		"the rewritten domain would ask for %zu devices, not %zu, so it is not used",
		got.n, wanted.n);
}
