// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/doctor/row.h"
#include "lib/host/configspace.h"
#include "lib/host/sysfs.h"

/*
 * Why a device shares its IOMMU group: what stands between it and the IOMMU
 * doesn't keep it from other devices (pci_device_group() in the kernel's
 * drivers/iommu/iommu.c).
 */

/* What the kernel asks of a port (REQ_ACS_FLAGS there). */
#define ACS_NEEDED (PCI_ACS_SV | PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_UF)

/* The other devices of the group; bridges alone harm nobody. */
struct others {
	const struct hd_device *first; /* NULL: none */
	size_t n;
	bool one_card; /* all are functions of the same card */
};

static struct others find_others(const struct hd_exam *exam)
{
	const struct hd_inventory *all = &exam->facts->inventory;
	const struct hd_device *own = exam->device;
	struct others others = { NULL, 0, true };

	for (size_t i = 0; i < all->n_devices; i++) {
		const struct hd_device *device = &all->devices[i];

		if (device->group != own->group || device->bridge ||
		    hd_addr_equal(device->addr, own->addr))
			continue;
		if (!others.first)
			others.first = device;
		others.n++;
		if (device->addr.domain != own->addr.domain ||
		    device->addr.bus != own->addr.bus ||
		    device->addr.slot != own->addr.slot)
			others.one_card = false;
	}
	return others;
}

/* As pci_acs_enabled() of the kernel: what a port can't do it needn't. */
static bool is_on(const unsigned char *config, size_t acs)
{
	unsigned can = hd_config_word(config, acs + PCI_ACS_CAP);
	unsigned does = hd_config_word(config, acs + PCI_ACS_CTRL);

	return (does & can & ACS_NEEDED) == (can & ACS_NEEDED);
}

/* Says of one bridge above the device what is wrong with it, if anything. */
static void look_at_bridge(struct hd_exam *exam, struct hd_addr addr,
			   const unsigned char *config)
{
	const struct hd_addr_text name = hd_addr_text(addr);
	size_t express = hd_config_capability(config, PCI_CAP_ID_EXP, 4);
	size_t acs = hd_config_extended(config, PCI_EXT_CAP_ID_ACS, 8);
	unsigned type =
		express ? hd_config_word(config, express + PCI_EXP_FLAGS) >> 4 &
				  0xf :
			  PCI_EXP_TYPE_PCI_BRIDGE;

	if (type == PCI_EXP_TYPE_PCI_BRIDGE || type == PCI_EXP_TYPE_PCIE_BRIDGE)
		hd_exam_bad(
			exam,
			"below %s is conventional PCI, where all devices are one to the IOMMU",
			name.s);
	else if (type != PCI_EXP_TYPE_ROOT_PORT &&
		 type != PCI_EXP_TYPE_DOWNSTREAM)
		return;
	else if (!acs)
		hd_exam_bad(
			exam,
			"port %s has no ACS, so devices below it and beside it may reach each other",
			name.s);
	else if (!is_on(config, acs))
		hd_exam_bad(
			exam,
			"the ACS of port %s is off, so devices below it and beside it may reach each other",
			name.s);
}

/* False when the look is over. */
static bool look_at(struct hd_exam *exam, struct hd_addr addr)
{
	HD_AUTOCLOSE int fd = -1;
	unsigned char config[HD_CONFIG_SPACE];
	int r = hd_seen_required(
		hd_sysfs_open_device(exam->facts->host, addr, &fd));

	if (r == 0)
		r = hd_config_space_read(fd, config);
	if (r == -EAGAIN)
		hd_exam_unknown(
			exam,
			"%s above it isn't known to be awake, and reading would wake it",
			hd_addr_text(addr).s);
	else if (r == -ENODATA)
		hd_exam_unknown(
			exam,
			"the capabilities of %s above it can't be read: only root can, and a copied tree has them as rarely",
			hd_addr_text(addr).s);
	else if (r < 0)
		hd_exam_unread_errno(exam, "config", r);
	else
		look_at_bridge(exam, addr, config);
	return !exam->checkup->detail;
}

/* Each bridge on the way down to the device: "../0000:00:1c.0/0000:07:00.0" */
static void look_at_way(struct hd_exam *exam, char *link)
{
	bool more = true;

	for (char *part = strsep(&link, "/"); more && part && link;
	     part = strsep(&link, "/")) {
		struct hd_addr addr;

		if (hd_addr_parse(part, &addr, NULL) == 0)
			more = look_at(exam, addr);
	}
}

static void rule_acs(struct hd_exam *exam)
{
	const struct others others = find_others(exam);
	HD_AUTOFREE char *link = NULL;
	struct hd_seen seen;

	if (exam->device->group == HD_NO_GROUP) {
		hd_exam_not_applicable(exam, "it is in no group");
		return;
	}
	if (!others.n) {
		hd_exam_pass(exam, "it shares its group with nobody");
		return;
	}
	if (others.one_card) {
		hd_exam_pass(
			exam,
			"it shares its group with other functions of its card only");
		return;
	}
	seen = hd_sysfs_read_device_link(exam->facts->host, exam->device->addr,
					 &link);
	if (seen.is != HD_PRESENT) {
		hd_exam_unread(exam, HD_SYSFS_PCI "/devices", seen);
		return;
	}
	look_at_way(exam, link);
	if (!exam->checkup->detail)
		hd_exam_bad(
			exam,
			"it shares its group with %s, though the ports above it have ACS: functions of a card on the way have none",
			hd_addr_text(others.first->addr).s);
}

static const struct hd_row rows[] = {
	{ .id = "device-acs",
	  .title = "It is isolated from others",
	  .source = HD_SYSFS_PCI "/devices/*/config",
	  .rule = rule_acs,
	  .bad = HD_WARN,
	  .fix = "Put the card into another slot, best one of the processor's own, or give away the whole group: virt-hostdev xml --siblings ADDRESS",
	  .scope = HD_NAMED },
};

const struct hd_rows hd_rows_isolation = HD_ROWS("device", rows);
