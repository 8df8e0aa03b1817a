// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/word.h"
#include "lib/request/guest_memory.h"
#include "xml/doc/doc.h"
#include "xml/doc/nodeset.h"
#include "xml/lint/rule.h"

/* Intel's integrated graphics: its legacy mode wants i440fx and a BIOS
 * (QEMU's docs/igd-assign.txt). */
static bool is_igd(const struct hd_lint_device *device)
{
	static const struct hd_addr place = { 0, 0, 2, 0 };

	return device->vendor == 0x8086 && hd_addr_equal(device->addr, place);
}

int hd_lint_machine(struct hd_lint *lint)
{
	int r = 0;

	if (!hd_lint_is_i440fx(lint))
		return 0;
	for (size_t i = 0; r == 0 && i < lint->n_places; i++) {
		const struct hd_lint_place *place = &lint->places[i];

		if (!hd_lint_is_gpu(place) || is_igd(place->device) ||
		    !hd_lint_is_passed(place))
			continue;
		r = hd_lint_add(
			lint, "gpu-machine", HD_INFO, place,
			hd_lint_find(lint->domain, "os/type"),
			hd_text("Graphics card %s has no PCI Express in a guest of machine type '%.64s', and some drivers miss it.",
				hd_lint_name(place), lint->machine),
			hd_text("For a new guest: machine='q35'"));
	}
	return r;
}

static bool has_passed(const struct hd_lint *lint)
{
	for (size_t i = 0; i < lint->n_places; i++)
		if (hd_lint_is_passed(&lint->places[i]))
			return true;
	return false;
}

/* QEMU's hw/i386/intel_iommu.c, vtd_machine_done_notify_one(), looks for a
 * vfio-pci and calls exit(). */
int hd_lint_viommu(struct hd_lint *lint)
{
	if (!has_passed(lint))
		return 0;
	HD_LINT_EACH(iommu, lint->devices, "iommu")
	{
		const xmlNode *driver = hd_node_child(iommu, "driver");

		if (!hd_node_attribute_is(iommu, "model", "intel") ||
		    (driver &&
		     hd_node_attribute_is(driver, "caching_mode", "on")))
			continue;
		return hd_lint_add(
			lint, "viommu-caching-mode", HD_ERROR, NULL, iommu,
			hd_text("QEMU ends when a guest with <iommu model='intel'> gets a device and the IOMMU has no caching_mode='on'."),
			hd_text("Write <driver caching_mode='on'/> in <iommu>, beside what is there"));
	}
	return 0;
}

/* The nodes that the guest's memory is bound to. False: to none. */
static bool find_bound(const xmlNode *numatune, bool nodes[HD_NUMA_NODES])
{
	bool bound = false;

	HD_LINT_EACH(child, numatune, NULL)
	{
		const char *nodeset = hd_node_attribute(child, "nodeset");

		if (!nodeset)
			continue;
		bound = true;
		hd_nodeset_add(nodeset, nodes, HD_NUMA_NODES);
	}
	return bound;
}

int hd_lint_numa(struct hd_lint *lint)
{
	const xmlNode *numatune = hd_lint_find(lint->domain, "numatune");
	bool nodes[HD_NUMA_NODES] = { false };
	int r = 0;

	if (!find_bound(numatune, nodes))
		return 0;
	for (size_t i = 0; r == 0 && i < lint->n_places; i++) {
		const struct hd_lint_place *place = &lint->places[i];
		const struct hd_lint_device *device = place->device;

		if (!device || device->numa_node < 0 ||
		    device->numa_node >= HD_NUMA_NODES ||
		    nodes[device->numa_node])
			continue;
		r = hd_lint_add(
			lint, "numa-node", HD_INFO, place, numatune,
			hd_text("%s is near NUMA node %d, and the guest's memory is bound to others: it is slower to reach.",
				hd_lint_name(place), device->numa_node),
			hd_text("Bind the guest's memory and processors to node %d, where performance matters",
				device->numa_node));
	}
	return r;
}

/* How many processors the guest has, libvirt gives it one; SIZE_MAX: not
 * known. */
static size_t count_vcpus(const xmlNode *vcpu)
{
	char text[HD_NODE_TEXT];
	int64_t n;

	if (!vcpu)
		return 1;
	return hd_node_text(vcpu, text, sizeof(text)) &&
			       hd_word_number(text, UINT32_MAX, &n) ?
		       (size_t)n :
		       SIZE_MAX;
}

/* The host's processors that any of the guest's may run on. False: on all. */
static bool find_pinned(const xmlNode *domain, bool pinned[HD_NODESET_LIMIT])
{
	const xmlNode *vcpu = hd_lint_find(domain, "vcpu");
	const char *others = vcpu ? hd_node_attribute(vcpu, "cpuset") : NULL;
	size_t n_pins = 0;

	HD_LINT_EACH(pin, hd_lint_find(domain, "cputune"), "vcpupin")
	{
		const char *cpuset = hd_node_attribute(pin, "cpuset");

		if (!cpuset)
			continue;
		hd_nodeset_add(cpuset, pinned, HD_NODESET_LIMIT);
		n_pins++;
	}
	if (n_pins > 0 && n_pins >= count_vcpus(vcpu))
		return true;
	if (others)
		hd_nodeset_add(others, pinned, HD_NODESET_LIMIT);
	return others;
}

static bool overlap(const bool *a, const bool *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (a[i] && b[i])
			return true;
	return false;
}

static int check_pinning(struct hd_lint *lint,
			 const struct hd_lint_place *place,
			 const bool pinned[HD_NODESET_LIMIT])
{
	const xmlNode *tune = hd_lint_find(lint->domain, "cputune");
	HD_AUTOFREE char *cpus = NULL;
	struct hd_seen seen = lint->facts->read_cpus(
		lint->facts->data, place->device->addr, &cpus);
	bool near[HD_NODESET_LIMIT] = { false };

	if (seen.is == HD_UNKNOWN && seen.error == -ENOMEM)
		return hd_err_nomem(lint->err);
	if (seen.is != HD_PRESENT || !*cpus)
		return 0;
	hd_nodeset_add(cpus, near, HD_NODESET_LIMIT);
	if (overlap(near, pinned, HD_NODESET_LIMIT))
		return 0;
	return hd_lint_add(
		lint, "cpu-pinning", HD_INFO, place,
		tune ? tune : hd_lint_find(lint->domain, "vcpu"),
		hd_text("%s is near the processors %s, and the guest's are pinned to others: it is slower to reach.",
			hd_lint_name(place), cpus),
		hd_text("Pin the guest's processors to some of %s, where performance matters",
			cpus));
}

int hd_lint_pinning(struct hd_lint *lint)
{
	bool pinned[HD_NODESET_LIMIT] = { false };
	int r = 0;

	if (!lint->facts->read_cpus || !find_pinned(lint->domain, pinned))
		return 0;
	for (size_t i = 0; r == 0 && i < lint->n_places; i++)
		if (lint->places[i].device)
			r = check_pinning(lint, &lint->places[i], pinned);
	return r;
}
