// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "lib/base/array.h"
#include "lib/base/cleanup.h"
#include "xml/doc/doc.h"
#include "xml/doc/number.h"
#include "xml/lint/rule.h"

/*
 * libvirt reads "capabilities" for containers, with other types than pci
 * (src/conf/domain_conf.c, virDomainHostdevDefParseXML()).
 */
static int check_mode(struct hd_lint *lint, const xmlNode *node)
{
	const char *mode = hd_node_attribute(node, "mode");

	if (!mode || strcmp(mode, "subsystem") == 0 ||
	    !hd_node_attribute_is(node, "type", "pci"))
		return 0;
	return hd_lint_add(
		lint, "hostdev-mode", HD_ERROR, NULL, node,
		hd_text("libvirt takes a <hostdev> with type='pci' in mode='subsystem' only, not in mode='%.32s'.",
			mode),
		hd_text("Write mode='subsystem'"));
}

static int check_address(struct hd_lint *lint,
			 const struct hd_lint_place *place)
{
	const xmlNode *node = place->place.node;

	if (place->place.address)
		return 0;
	return hd_lint_add(
		lint, "address-missing", HD_ERROR, place, node,
		hd_text("<%s> has no <source> with the host's <address>.",
			node->name),
		hd_text("See what it looks like: virt-hostdev xml 01:00.0"));
}

static int check_managed(struct hd_lint *lint,
			 const struct hd_lint_place *place)
{
	const xmlNode *node = place->place.managed;
	const char *managed = hd_node_attribute(node, "managed");

	if (!managed || strcmp(managed, "yes") == 0 ||
	    strcmp(managed, "no") == 0)
		return 0;
	return hd_lint_add(
		lint, "managed-invalid", HD_ERROR, place, node,
		hd_text("managed='%.32s' is neither yes nor no.", managed),
		NULL);
}

/*
 * QEMU's driver of libvirt has given up all others: qemu_hostdev.c,
 * qemuHostdevPreparePCIDevicesCheckSupport(), 1.3.0 and newer.
 */
static int check_driver(struct hd_lint *lint, const struct hd_lint_place *place)
{
	const xmlNode *driver = hd_node_child(place->place.node, "driver");
	const char *name = driver ? hd_node_attribute(driver, "name") : NULL;

	if (!name || strcmp(name, "vfio") == 0 ||
	    place->place.source == HD_SOURCE_DISK ||
	    hd_node_attribute_is(lint->domain, "type", "xen"))
		return 0;
	return hd_lint_add(
		lint, "driver-name", HD_ERROR, place, driver,
		hd_text("<driver name='%.32s'> can't be used: libvirt gives devices to QEMU through vfio only.",
			name),
		hd_text("Remove name='%.32s'; a vfio driver of another name goes into model=''",
			name));
}

/* The schema has it for all types, the parser for USB only. */
static int check_startup_policy(struct hd_lint *lint,
				const struct hd_lint_place *place)
{
	const xmlNode *source = hd_node_child(place->place.node, "source");
	const char *policy =
		source ? hd_node_attribute(source, "startupPolicy") : NULL;

	if (!policy || place->place.source != HD_SOURCE_HOSTDEV)
		return 0;
	return hd_lint_add(
		lint, "startup-policy", HD_ERROR, place, source,
		hd_text("startupPolicy='%.32s' is for USB devices, and libvirt refuses it for PCI.",
			policy),
		hd_text("Remove startupPolicy"));
}

int hd_lint_hostdevs(struct hd_lint *lint)
{
	static int (*const checks[])(struct hd_lint *lint,
				     const struct hd_lint_place *place) = {
		check_address, check_managed, check_driver, check_startup_policy
	};
	int r = 0;

	HD_LINT_EACH(node, lint->devices, "hostdev")
	if (r == 0)
		r = check_mode(lint, node);
	for (size_t i = 0; i < lint->n_places; i++)
		for (size_t j = 0;
		     r == 0 && j < sizeof(checks) / sizeof(checks[0]); j++)
			r = checks[j](lint, &lint->places[i]);
	return r;
}

/* One device twice: the first, and what asks for it again. */
struct claim {
	const struct hd_lint_place *place;
	size_t order; /* in the document */
	bool disk; /* shares the device with other namespaces */
	uint32_t namespace;
};

/* By device, and of one device by namespace: those that don't share, which have
 * namespace 0, come first. */
static int compare(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int r = hd_addr_compare(&x->place->place.addr, &y->place->place.addr);

	if (r == 0)
		r = (x->namespace > y->namespace) -
		    (x->namespace < y->namespace);
	return r ? r : (x->order > y->order) - (x->order < y->order);
}

static size_t gather(const struct hd_lint *lint, struct claim *claims)
{
	size_t n = 0;

	for (size_t i = 0; i < lint->n_places; i++) {
		const struct hd_place *place = &lint->places[i].place;
		const char *text;

		if (!lint->places[i].readable)
			continue;
		claims[n] = (struct claim){ &lint->places[i], i, false, 0 };
		claims[n].disk = place->source == HD_SOURCE_DISK;
		text = hd_node_attribute(place->managed, "namespace");
		if (text)
			hd_number_parse(text, UINT32_MAX, &claims[n].namespace);
		n++;
	}
	return n;
}

static int add_duplicate(struct hd_lint *lint, const struct claim *a,
			 const struct claim *b)
{
	const struct claim *first = a->order < b->order ? a : b;
	const struct hd_lint_place *again = (first == a ? b : a)->place;

	return hd_lint_add(lint, "duplicate-device", HD_ERROR, again,
			   again->place.node,
			   hd_text("%s is asked for twice, first on line %u.",
				   hd_lint_name(again),
				   hd_node_line(first->place->place.node)),
			   hd_text("Remove one of the two"));
}

/*
 * libvirt: "Hostdev already exists in the domain configuration" for <hostdev>
 * and <interface> (src/conf/domain_validate.c, virDomainDefHostdevValidate()),
 * and at the start "NVMe device ... namespace ... is already on the list"
 * (src/util/virnvme.c), or for a disk and a hostdev that the device is in use.
 */
int hd_lint_duplicates(struct hd_lint *lint)
{
	HD_AUTOFREE struct claim *claims =
		calloc(lint->n_places + 1, sizeof(*claims));
	const struct claim *first = claims;
	size_t n;
	int r = 0;

	if (!claims)
		return hd_err_nomem(lint->err);
	n = gather(lint, claims);
	qsort(claims, n, sizeof(*claims), compare);
	for (size_t i = 1; r == 0 && i < n; i++) {
		const struct claim *one = &claims[i];

		if (!hd_addr_equal(one->place->place.addr,
				   first->place->place.addr) ||
		    (first->disk && one->namespace != first->namespace))
			first = one;
		else
			r = add_duplicate(lint, first, one);
	}
	return r;
}

/* The names of virtio interfaces that transient ones may stand in for. */
struct names {
	const char **items; /* sorted; owned */
	size_t n;
};

static void clear_names(struct names *names)
{
	free(names->items);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int find_persistent(const struct hd_lint *lint, struct names *ret)
{
	HD_LINT_EACH(node, lint->devices, "interface")
	{
		const xmlNode *alias = hd_node_child(node, "alias");
		const xmlNode *teaming = hd_node_child(node, "teaming");
		const char *name =
			alias ? hd_node_attribute(alias, "name") : NULL;
		const char **item;

		if (!name || !teaming ||
		    !hd_node_attribute_is(teaming, "type", "persistent"))
			continue;
		item = hd_array_add(&ret->items, &ret->n, sizeof(*item));
		if (!item)
			return hd_err_nomem(lint->err);
		*item = name;
	}
	if (ret->n)
		qsort(ret->items, ret->n, sizeof(*ret->items), compare_names);
	return 0;
}

static int check_teaming(struct hd_lint *lint,
			 const struct hd_lint_place *place,
			 const xmlNode *teaming, const struct names *names)
{
	const char *name = hd_node_attribute(teaming, "persistent");

	/* src/conf/domain_validate.c, virDomainHostdevDefValidate() */
	if (!name || !hd_node_attribute_is(teaming, "type", "transient"))
		return hd_lint_add(
			lint, "teaming", HD_ERROR, place, teaming,
			hd_text("<teaming> of a host's device needs type='transient' and persistent='ALIAS'."),
			NULL);
	if (names->n && bsearch(&name, names->items, names->n,
				sizeof(*names->items), compare_names))
		return 0;
	return hd_lint_add(
		lint, "teaming", HD_WARNING, place, teaming,
		hd_text("<teaming> names interface '%.64s', but no <interface> has <alias name='%.64s'/> and <teaming type='persistent'/>.",
			name, name),
		hd_text("Give the virtio interface both"));
}

int hd_lint_teaming(struct hd_lint *lint)
{
	HD_AUTO(clear_names) struct names names = { NULL, 0 };
	int r = find_persistent(lint, &names);

	for (size_t i = 0; r == 0 && i < lint->n_places; i++) {
		const xmlNode *teaming =
			hd_node_child(lint->places[i].place.node, "teaming");

		if (teaming && lint->places[i].place.source != HD_SOURCE_DISK)
			r = check_teaming(lint, &lint->places[i], teaming,
					  &names);
	}
	return r;
}
