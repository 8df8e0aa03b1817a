// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/doctor/row.h"
#include "lib/host/range.h"
#include "lib/host/regions.h"
#include "lib/host/sysfs.h"

/* One device as sysfs shows it, beside what hd_check() finds. */

#define DEVICE HD_SYSFS_PCI "/devices/ADDRESS"
#define BARS 6

/* IORESOURCE_UNSET of <linux/ioport.h>. */
#define RESOURCE_UNSET 0x20000000

/* vfio_pci_dev_in_denylist() of drivers/vfio/pci/vfio_pci.c, Linux 6.12. */
static void rule_denylist(struct hd_exam *exam)
{
	static const uint16_t numbers[] = {
		0x0435, 0x0443, /* QAT DH895XCC, and its VFs */
		0x19e2, 0x19e3, /* QAT C3XXX */
		0x37c8, 0x37c9, /* QAT C62X */
		0x0b25, 0x0cfe, /* DSA and IAX of Sapphire Rapids */
	};
	const struct hd_device *device = exam->device;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (device->vendor == 0x8086 && device->device == numbers[i]) {
			hd_exam_bad(
				exam,
				"vfio-pci refuses %04x:%04x, as a guest could harm the host with it",
				device->vendor, device->device);
			return;
		}
	hd_exam_pass(exam, "vfio-pci doesn't refuse it");
}

/*
 * The kernel shows the attribute for devices that can be reset (drivers/pci/
 * pci.c, Linux 5.15). In a copied tree it may have been left out, but not when
 * another one is there.
 */
static void rule_reset(struct hd_exam *exam)
{
	HD_AUTOFREE char *methods = NULL;
	bool has = hd_exam_has_attribute(exam, "reset_method");

	if (exam->device->dead ||
	    (!has && !hd_exam_has_attribute(exam, "resource"))) {
		hd_exam_missing(exam, "reset_method");
		return;
	}
	if (!has && hd_exam_has_attribute(exam, "reset")) {
		hd_exam_pass(exam, "it can be reset");
		return;
	}
	if (has && !hd_exam_read_attribute(exam, &methods))
		return;
	if (!methods || !*methods)
		hd_exam_bad(
			exam,
			"it can't be reset: after its guest has stopped it may not work until the host is rebooted");
	else
		hd_exam_pass(exam, "it is reset by: %s", methods);
}

/* A function on the same bus that the guest doesn't get, or NULL. */
static const struct hd_device *find_neighbour(const struct hd_exam *exam)
{
	const struct hd_inventory *all = &exam->facts->inventory;
	struct hd_addr own = exam->device->addr;

	for (size_t i = 0; i < all->n_devices; i++) {
		struct hd_addr addr = all->devices[i].addr;

		if (addr.domain == own.domain && addr.bus == own.bus &&
		    !hd_addr_equal(addr, own) &&
		    !hd_exam_is_asked_for(exam, addr))
			return &all->devices[i];
	}
	return NULL;
}

/* vfio resets a bus only for who has all of it (VFIO_DEVICE_PCI_HOT_RESET). */
static void rule_bus_reset(struct hd_exam *exam)
{
	const struct hd_device *neighbour;
	HD_AUTOFREE char *methods = NULL;

	if (!hd_exam_read_attribute(exam, &methods))
		return;
	if (strcmp(methods, "bus") != 0) {
		hd_exam_pass(exam, "a reset concerns it alone");
		return;
	}
	neighbour = find_neighbour(exam);
	if (!neighbour) {
		hd_exam_pass(exam, "the guest has all of its bus");
		return;
	}
	hd_exam_bad(
		exam,
		"it is reset with its whole bus only, and %s isn't given to the guest with it: it won't be reset",
		hd_addr_text(neighbour->addr).s);
	hd_exam_fix(exam, "virt-hostdev xml %s %s",
		    hd_addr_text(exam->device->addr).s,
		    hd_addr_text(neighbour->addr).s);
}

static void rule_power(struct hd_exam *exam)
{
	HD_AUTOFREE char *state = NULL;

	if (!hd_exam_read_attribute(exam, &state))
		return;
	if (strcmp(state, "D3cold") != 0) {
		hd_exam_pass(exam, "it is in %s", state);
		return;
	}
	hd_exam_bad(
		exam,
		"it is without power (D3cold), and may not come back from it");
	hd_exam_fix(exam, "echo 0 > " HD_SYSFS_PCI "/devices/%s/d3cold_allowed",
		    hd_addr_text(exam->device->addr).s);
}

/* IORESOURCE_UNSET: the firmware and the kernel found no room for it. */
static void rule_bars(struct hd_exam *exam)
{
	HD_AUTOFREE char *text = NULL;
	char *rest, *line;

	if (!hd_exam_read_attribute(exam, &text))
		return;
	rest = text;
	for (int i = 0; i < BARS && (line = strsep(&rest, "\n")); i++) {
		struct hd_range bar;

		if (*line && !hd_range_of_resource(line, &bar)) {
			hd_exam_unknown(exam, "\"%.60s\" in resource is no BAR",
					line);
			return;
		}
		if (!*line || !(bar.flags & RESOURCE_UNSET))
			continue;
		hd_exam_bad(exam, "its BAR %d has no address", i);
		return;
	}
	hd_exam_pass(exam, "all of its memory has addresses");
}

/* The speed follows the load, and says nothing. */
static void rule_link(struct hd_exam *exam)
{
	HD_AUTOCLOSE int fd = -1;
	int64_t now = 0, best = 0;

	if (!hd_exam_open_device(exam, &fd))
		hd_exam_missing(exam, "current_link_width");
	else if (!hd_exam_saw(
			 exam,
			 hd_sysfs_read_number(fd, "current_link_width", &now),
			 "current_link_width") ||
		 !hd_exam_saw(exam,
			      hd_sysfs_read_number(fd, "max_link_width", &best),
			      "max_link_width"))
		hd_exam_not_applicable(exam, "it tells no width of its link");
	else if (now > 0 && now < best)
		hd_exam_bad(
			exam,
			"its link has %d lanes of the %d that it could have",
			(int)now, (int)best);
	else
		hd_exam_pass(exam, "its link has all lanes that it could have");
}

/* "... TOTAL_ERR_FATAL 0" (Documentation/ABI/testing/
 * sysfs-bus-pci-devices-aer_stats) */
static void rule_aer(struct hd_exam *exam)
{
	static const char total[] = "TOTAL_ERR_FATAL";
	HD_AUTOFREE char *text = NULL;
	uint64_t n;
	char *p;

	if (!hd_exam_has_attribute(exam, NULL)) {
		hd_exam_not_applicable(exam, "it counts no errors");
		return;
	}
	if (!hd_exam_read_attribute(exam, &text))
		return;
	p = strstr(text, total);
	if (!p) {
		hd_exam_unknown(exam, "aer_dev_fatal has no %s", total);
		return;
	}
	p += strlen(total);
	p += strspn(p, " ");
	p[strcspn(p, "\n")] = '\0';
	if (!hd_exam_number(exam, "aer_dev_fatal", p, 10, UINT64_MAX, &n))
		return;
	if (n > 0)
		hd_exam_bad(
			exam,
			"it has had %s fatal errors on PCI Express since the boot",
			p);
	else
		hd_exam_pass(exam, "it has had no fatal errors");
}

/* The line " 16:  ...  IO-APIC  16-fasteoi  ehci_hcd:usb1, nouveau" */
static bool is_shared(const char *interrupts, int64_t irq)
{
	for (const char *line = interrupts; line; line = strchr(line, '\n')) {
		size_t n;
		char *end;

		line += *line == '\n';
		n = strcspn(line, "\n");
		if (strtoll(line, &end, 10) == irq && *end == ':')
			return memchr(line, ',', n) != NULL;
	}
	return false;
}

static void rule_irq(struct hd_exam *exam)
{
	HD_AUTOCLOSE int fd = -1;
	int64_t irq = 0;

	if (!hd_exam_open_device(exam, &fd) ||
	    !hd_exam_saw(exam, hd_sysfs_read_number(fd, "irq", &irq), "irq"))
		hd_exam_missing(exam, "irq");
	else if (hd_exam_saw(exam, hd_sysfs_look(fd, "msi_irqs"), "msi_irqs"))
		hd_exam_pass(exam, "it uses message signalled interrupts");
	else if (!exam->facts->interrupts.text)
		hd_exam_unread(exam, exam->facts->interrupts.path,
			       exam->facts->interrupts.seen);
	else if (irq && is_shared(exam->facts->interrupts.text, irq))
		hd_exam_bad(
			exam,
			"it shares interrupt %d: without MSI the guest may not get it",
			(int)irq);
	else
		hd_exam_pass(exam, "it shares no interrupt");
}

/* vfio_pci_core.c: the VFs of a PF on VFIO need a token that libvirt lacks. */
static void rule_token(struct hd_exam *exam)
{
	const struct hd_device *device = exam->device;
	const struct hd_device *pf;

	if (!device->is_vf) {
		hd_exam_not_applicable(exam, "it is no virtual function");
		return;
	}
	pf = hd_inventory_find(&exam->facts->inventory, device->physfn);
	if (!pf)
		hd_exam_unknown(exam, "its physical function isn't there");
	else if (pf->vfio)
		hd_exam_bad(
			exam,
			"its physical function %s is on VFIO itself, which asks for a VF token, and libvirt gives none",
			hd_addr_text(pf->addr).s);
	else
		hd_exam_pass(exam, "its physical function isn't on VFIO");
}

static void rule_override(struct hd_exam *exam)
{
	const char *override = exam->device->override;
	HD_AUTOCLOSE int fd = -1;
	struct hd_seen seen;

	if (exam->device->override_unknown ||
	    !hd_exam_has_attribute(exam, "driver_override")) {
		hd_exam_missing(exam, "driver_override");
		return;
	}
	if (!override) {
		hd_exam_pass(exam, "it is not set");
		return;
	}
	/* What can't be the name of one is none. */
	seen = hd_sysfs_is_name(override) ?
		       hd_sysfs_open_driver(exam->facts->host, override, &fd) :
		       hd_seen_absent();
	if (!hd_exam_saw(exam, seen, override) &&
	    hd_exam_module(exam, override) == HD_PLACE_NOWHERE)
		hd_exam_bad(
			exam,
			"its driver_override is %s, and there is no such driver",
			override);
	else
		hd_exam_pass(exam, "it is %s", override);
}

static void rule_alike(struct hd_exam *exam)
{
	const struct hd_inventory *all = &exam->facts->inventory;
	const struct hd_device *device = exam->device;
	size_t n = 0;

	for (size_t i = 0; i < all->n_devices; i++)
		n += all->devices[i].vendor == device->vendor &&
		     all->devices[i].device == device->device;
	if (n > 1)
		hd_exam_pass(
			exam,
			"the host has %zu like it: virt-hostdev pin makes sure that the guest gets this one",
			n);
	else
		hd_exam_pass(exam, "the host has no other like it");
}

static void rule_region(struct hd_exam *exam)
{
	HD_AUTO_REGIONS struct hd_regions regions = { NULL, 0 };
	int r;

	if (exam->device->group == HD_NO_GROUP) {
		hd_exam_not_applicable(exam, "it is in no group");
		return;
	}
	r = hd_regions_read(exam->facts->host, exam->device->group, &regions,
			    NULL);
	if (r < 0)
		hd_exam_unread_errno(exam, "reserved_regions of its group", r);
	else if (regions.n)
		hd_exam_bad(
			exam,
			"the firmware keeps memory for it (RMRR), and the kernel refuses to give it away");
	else
		hd_exam_pass(exam, "the firmware keeps no memory for it");
}

static void rule_told(struct hd_exam *exam)
{
	HD_AUTOFREE char *text = NULL;

	if (!hd_exam_has_attribute(exam, NULL))
		hd_exam_not_applicable(exam, "it tells nothing of it");
	else if (hd_exam_read_attribute(exam, &text))
		hd_exam_pass(exam, "%s", text);
}

static void rule_numa(struct hd_exam *exam)
{
	if (!hd_exam_has_attribute(exam, "numa_node"))
		hd_exam_missing(exam, "numa_node");
	else if (exam->device->numa_node == HD_NO_NODE)
		hd_exam_pass(exam, "the firmware names none");
	else
		hd_exam_pass(
			exam,
			"%d: the guest's processors and memory are best there too",
			exam->device->numa_node);
}

static const struct hd_row rows[] = {
	{ .id = "device-denylist",
	  .title = "vfio-pci doesn't refuse it",
	  .source = DEVICE "/device",
	  .rule = rule_denylist,
	  .bad = HD_FAIL,
	  .fix = "Give the guest one of its virtual functions with a driver of its own, as far as there are",
	  .scope = HD_EACH },
	{ .id = "device-reserved",
	  .title = "The firmware keeps no memory for it",
	  .source = "/sys/kernel/iommu_groups/*/reserved_regions",
	  .rule = rule_region,
	  .bad = HD_FAIL,
	  .fix = "Turn off what uses it in the firmware's setup (remote console, shared memory), update the firmware, or use another slot",
	  .scope = HD_EACH },
	{ .id = "device-bars",
	  .title = "Its memory has addresses",
	  .source = DEVICE "/resource",
	  .rule = rule_bars,
	  .bad = HD_FAIL,
	  .fix = "Turn on Above 4G Decoding in the firmware's setup, or boot with pci=realloc",
	  .scope = HD_EACH },
	{ .id = "device-reset",
	  .title = "It can be reset",
	  .source = DEVICE "/reset_method",
	  .rule = rule_reset,
	  .bad = HD_WARN,
	  .scope = HD_EACH },
	{ .id = "device-bus-reset",
	  .title = "A reset concerns it alone",
	  .source = DEVICE "/reset_method",
	  .rule = rule_bus_reset,
	  .bad = HD_WARN,
	  .scope = HD_NAMED },
	{ .id = "device-power",
	  .title = "It has power",
	  .source = DEVICE "/power_state",
	  .rule = rule_power,
	  .bad = HD_WARN,
	  .scope = HD_EACH },
	{ .id = "device-override",
	  .title = "Its driver_override",
	  .source = DEVICE "/driver_override",
	  .rule = rule_override,
	  .bad = HD_WARN,
	  .scope = HD_NAMED },
	{ .id = "device-vf-token",
	  .title = "Its physical function",
	  .source = DEVICE "/physfn",
	  .rule = rule_token,
	  .bad = HD_FAIL,
	  .fix = "Bind the physical function to its own driver, not to VFIO",
	  .scope = HD_NAMED },
	{ .id = "device-link",
	  .title = "Its link",
	  .source = DEVICE "/current_link_width",
	  .rule = rule_link,
	  .bad = HD_WARN,
	  .fix = "Look at its slot: some have fewer lanes than they are long",
	  .scope = HD_EACH },
	{ .id = "device-errors",
	  .title = "Errors on PCI Express",
	  .source = DEVICE "/aer_dev_fatal",
	  .rule = rule_aer,
	  .bad = HD_WARN,
	  .fix = "Reseat the card, and look at: dmesg | grep AER",
	  .scope = HD_EACH },
	{ .id = "device-interrupt",
	  .title = "Its interrupts",
	  .source = DEVICE "/irq",
	  .rule = rule_irq,
	  .bad = HD_WARN,
	  .scope = HD_NAMED },
	{ .id = "device-alike",
	  .title = "Others like it",
	  .source = DEVICE "/vendor",
	  .rule = rule_alike,
	  .scope = HD_NAMED },
	{ .id = "device-numa",
	  .title = "Its NUMA node",
	  .source = DEVICE "/numa_node",
	  .rule = rule_numa,
	  .scope = HD_NAMED },
	{ .id = "device-removable",
	  .title = "Whether it can be unplugged",
	  .source = DEVICE "/removable",
	  .rule = rule_told,
	  .scope = HD_NAMED },
	{ .id = "device-total-vfs",
	  .title = "Virtual functions it could have",
	  .source = DEVICE "/sriov_totalvfs",
	  .rule = rule_told,
	  .scope = HD_NAMED },
};

const struct hd_rows hd_rows_hardware = HD_ROWS("device", rows);
