// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "lib/base/word.h"
#include "xml/doc/doc.h"
#include "xml/lint/rule.h"

/* The order of one device; libvirt's src/conf/domain_postparse.c,
 * virDomainDefBootOrderPostParse(), goes through all of them. */
struct order {
	int64_t order;
	const xmlNode *node;
};

struct orders {
	struct order *items;
	size_t n;
};

static int compare(const void *a, const void *b)
{
	const struct order *x = a, *y = b;
	unsigned first = hd_node_line(x->node), second = hd_node_line(y->node);

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return (first > second) - (first < second);
}

/* libvirt: virXMLPropUInt() with base 10, and not 0. */
static int read_order(struct hd_lint *lint, struct orders *orders,
		      const xmlNode *boot)
{
	const char *text = hd_node_attribute(boot, "order");
	int64_t value = 0;
	struct order *order;

	if (!hd_word_number(text, UINT32_MAX, &value) || value == 0)
		return hd_lint_add(
			lint, "boot-order-invalid", HD_ERROR,
			hd_lint_place_of(lint, boot->parent), boot,
			hd_text("order='%.32s' of <boot> is no number from 1 up.",
				text ? text : ""),
			NULL);
	order = hd_array_add(&orders->items, &orders->n, sizeof(*order));
	if (!order)
		return hd_err_nomem(lint->err);
	*order = (struct order){ value, boot };
	return 0;
}

static int find_duplicates(struct hd_lint *lint, struct orders *orders)
{
	int r = 0;

	qsort(orders->items, orders->n, sizeof(*orders->items), compare);
	for (size_t i = 1; r == 0 && i < orders->n; i++) {
		const struct order *order = &orders->items[i];

		if (order->order == order[-1].order)
			r = hd_lint_add(
				lint, "boot-order-duplicate", HD_ERROR,
				hd_lint_place_of(lint, order->node->parent),
				order->node,
				hd_text("Boot order %lld is that of the device with <boot> on line %u already.",
					(long long)order->order,
					hd_node_line(order[-1].node)),
				hd_text("Give each device another <boot order=''>"));
	}
	return r;
}

static int check_os_boot(struct hd_lint *lint, const struct orders *orders)
{
	const xmlNode *os = hd_lint_find(lint->domain, "os/boot");

	if (!os || orders->n == 0)
		return 0;
	return hd_lint_add(
		lint, "boot-order-and-os-boot", HD_ERROR, NULL, os,
		hd_text("libvirt takes either <boot> in <os> or <boot order=''> in devices, as on line %u, not both.",
			hd_node_line(orders->items[0].node)),
		hd_text("Remove <boot dev=''/> from <os>"));
}

int hd_lint_boot(struct hd_lint *lint)
{
	struct orders orders = { NULL, 0 };
	int r = 0;

	HD_LINT_EACH(node, lint->devices, NULL)
	{
		const xmlNode *boot = hd_node_child(node, "boot");

		if (r == 0 && boot)
			r = read_order(lint, &orders, boot);
	}
	if (r == 0 && orders.n)
		r = find_duplicates(lint, &orders);
	if (r == 0)
		r = check_os_boot(lint, &orders);
	free(orders.items);
	return r;
}
