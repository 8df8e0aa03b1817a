/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_DOCTOR_READ_DEVICETREE_H
#define HD_LIB_DOCTOR_READ_DEVICETREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/doctor/read/flattree.h"
#include "lib/doctor/read/idmap.h"
#include "lib/host/sysfs.h"

/*
 * What a device tree tells of isolation: IOMMUs, PCI host bridges, and what
 * leads from these to those
 * (Documentation/devicetree/bindings/pci/pci-iommu.txt, pci-msi.txt,
 * iommu/arm,smmu*.yaml, reserved-memory/reserved-memory.yaml).
 */

/* What drives a node, as far as that matters: by its "compatible". */
enum hd_unit_kind {
	HD_UNIT_OTHER, /* not known here */
	HD_UNIT_SMMU_V3,
	HD_UNIT_SMMU_V2, /* and 1 */
	HD_UNIT_SAFE_IOMMU, /* whose driver always says that it is coherent */
	HD_UNIT_VENDOR_IOMMU, /* whose driver never does */
	HD_UNIT_ITS,
};

/* An IOMMU, or a controller of message-signalled interrupts. */
struct hd_unit {
	char *path; /* "/smmu@9050000"; owned */
	char *compatible; /* the first of them, or ""; owned */
	enum hd_unit_kind kind;
	bool iommu; /* it is one */
	bool coherent; /* so it says, or what it is part of */
	bool incoherent; /* it says that it isn't: "dma-noncoherent" */
	char *off; /* the node whose "status" turns it off, or NULL; owned */
	bool disabled; /* that is itself, by a status of "disabled" */
	unsigned cells; /* "#iommu-cells"; 1 without */
};

/* "iommu-map" or "msi-map" of a PCI host bridge. */
struct hd_map {
	bool there;
	bool broken; /* its length isn't that of whole entries */
	uint32_t mask; /* "iommu-map-mask" */
	struct hd_id_entry *entries; /* owned */
	size_t n;
	uint32_t dangling; /* the phandle that no node has, of HD_ID_DANGLING */
	bool wide; /* an entry has two cells of a stream ID */
	struct hd_id_ranges ids; /* of the bridge's buses */
};

struct hd_pci_host {
	size_t node; /* which one of the tree it is */
	char *path; /* owned */
	char *compatible; /* owned */
	char *off; /* as of a unit; owned */
	uint8_t first_bus, last_bus; /* "bus-range" */
	bool coherent; /* so it says, or what it is part of */
	bool ats; /* "ats-supported" */
	bool iommus; /* it has "iommus", which says nothing of its devices */
	struct hd_map iommu, msi;
	size_t msi_parent; /* a unit, or HD_NO_UNIT */
	bool msi_parent_dangling;
	uint16_t own; /* the requester ID of an IOMMU that is a PCI device */
	bool has_own;
};

/* Memory that a device has to reach at an address ("iommu-addresses"). */
struct hd_reserved_node {
	char *path; /* owned */
	char *device; /* owned */
	size_t pci; /* the PCI host that the device is below, or HD_NO_UNIT */
	uint64_t start, length; /* as the device sees it */
	bool direct; /* and as it is: nothing else may be there */
};

/* A property that no binding defines. */
struct hd_invention {
	char *path; /* of the node; owned */
	const char *name;
};

struct hd_devicetree {
	bool there; /* the host was started with one, or that isn't known */
	int error; /* the negative errno why it isn't known, or 0 */
	char *model; /* and the next two: "" when it names none; owned */
	char *compatible;
	char *hypervisor; /* the "compatible" of /hypervisor */
	const char *incoherent_soc; /* whose PCI isn't coherent, or NULL */
	size_t nodes;
	struct hd_unit *units;
	size_t n_units;
	struct hd_pci_host *hosts; /* those that are off, too */
	size_t n_hosts;
	struct hd_reserved_node *reserved;
	size_t n_reserved;
	struct hd_invention *inventions;
	size_t n_inventions;
};

#define HD_DEVICETREE_PATH HD_SYSFS_DEVICETREE

#define HD_AUTO_DEVICETREE __attribute__((cleanup(hd_devicetree_clear)))

/* Reads the host's. One without, with ACPI, is none of the errors. */
void hd_devicetree_read(const struct hd_host *host, struct hd_devicetree *ret);

/*
 * Reads one that was checked. Returns 0, -E2BIG when it has more than any
 * machine, -ENOMEM.
 */
int hd_devicetree_parse(const struct hd_flat_tree *flat,
			struct hd_devicetree *ret);

void hd_devicetree_clear(struct hd_devicetree *tree);

#endif
