/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_CATALOGUE_ENTRY_H
#define HD_LIB_CATALOGUE_ENTRY_H

#include <stddef.h>

/*
 * How near to the root a failure is: of two that belong together, the lower one
 * is the cause. A host that has oopsed explains everything, a device that is
 * dead nearly everything, and an errno in QEMU's last line nothing.
 */
enum hd_rank {
	HD_RANK_OOPS,
	HD_RANK_DEAD, /* the device died */
	HD_RANK_ASLEEP, /* it can't be woken */
	HD_RANK_SILENT, /* so nothing but ones is read of it */
	HD_RANK_FIRMWARE, /* tables and settings that the IOMMU needs */
	HD_RANK_IOMMU, /* the host has none that works */
	HD_RANK_GROUP, /* the device has no group */
	HD_RANK_REMAP, /* the platform doesn't remap interrupts */
	HD_RANK_RESERVED, /* the firmware keeps the device */
	HD_RANK_ISOLATION, /* of interrupts: vfio refuses without */
	HD_RANK_REFUSED, /* vfio-pci doesn't want such a device */
	HD_RANK_BIND, /* so no driver is bound */
	HD_RANK_VIABLE, /* others in the group */
	HD_RANK_OWNER, /* somebody has it */
	HD_RANK_CONFINED, /* AppArmor, SELinux, lockdown, cgroups */
	HD_RANK_NODE, /* /dev */
	HD_RANK_CONFIG, /* the domain asks for what can't be */
	HD_RANK_SRIOV,
	HD_RANK_LIMIT, /* of memory that may be locked */
	HD_RANK_MEMORY, /* of the guest can't be had or mapped */
	HD_RANK_WIDTH, /* of addresses */
	HD_RANK_RESET,
	HD_RANK_FRAMEBUFFER, /* the host's screen has the card's memory */
	HD_RANK_DISPLAY, /* ROM, the host's graphics driver */
	HD_RANK_INTERRUPT,
	HD_RANK_FAULT, /* DMA that the IOMMU stopped */
	HD_RANK_HOOK,
	HD_RANK_SYMPTOM, /* says that it failed, not why */
	/* No failures: */
	HD_RANK_NOISE, /* what it covers in a line is not looked at */
	HD_RANK_MARKER, /* for others' @unless */
};

/* For @follows: the ranks whose failures lead to this one. */
#define HD_AFTER(rank) (1u << HD_RANK_##rank)

/* What can be looked up on the host, see confirm.c. */
enum hd_confirm {
	HD_CONFIRM_NOTHING,
	HD_CONFIRM_NO_GROUPS, /* the host has no IOMMU groups */
	HD_CONFIRM_NO_GROUP, /* the device is in none */
	HD_CONFIRM_ABSENT, /* there is no such device */
	HD_CONFIRM_DEAD, /* its config space reads as ones */
	HD_CONFIRM_BRIDGE,
	HD_CONFIRM_HOST_DRIVER, /* one of its group is on a host's driver */
	HD_CONFIRM_NOT_VFIO, /* it isn't bound to a vfio driver */
	HD_CONFIRM_HAS_VFS,
	HD_CONFIRM_NO_REMAP, /* /proc/interrupts shows no remapping */
	HD_CONFIRM_RESERVED, /* the firmware has mapped something for it */
	HD_CONFIRM_NO_RESET,
	HD_CONFIRM_NO_DMAR, /* no such ACPI table */
	HD_CONFIRM_NO_TYPE1, /* vfio_iommu_type1 isn't there */
	HD_CONFIRM_NO_VFIO, /* vfio isn't there */
	HD_CONFIRM_NO_IOMMUFD,
	HD_CONFIRM_NO_KVM,
	HD_CONFIRM_NO_MODULES, /* of the kernel that runs */
	HD_CONFIRM_NOIOMMU, /* enable_unsafe_noiommu_mode is set */
	HD_CONFIRM_UNSAFE_INTERRUPTS,
	HD_CONFIRM_LOCKDOWN,
	HD_CONFIRM_OOPS, /* the kernel is tainted by one */
};

#define HD_SIGNATURES 16

/*
 * One known failure: a row in lib/catalogue. Title, cause and fix are plain
 * sentences, and none names a device: that stands before the title.
 *
 * A signature is text that a line has in it. Letters of either case are equal;
 * blanks, quotes and backslashes count for nothing. It may have holes:
 *	%a  a PCI address, which becomes the failure's; without this the last
 *	    one before the signature does, or the first one after it
 *	%g  a decimal number, which becomes the failure's IOMMU group
 *	%n  a decimal number
 *	%*  anything, up to some hundred characters
 * Somewhere between them are two characters at least.
 */
struct hd_entry {
	const char *id; /* stable, for programs: "group-not-viable" */
	const char *title;
	enum hd_rank rank;
	unsigned follows; /* HD_AFTER()s */
	enum hd_confirm confirm;
	unsigned times; /* it must be seen so often; 0 is once */
	const char *unless; /* id of a marker that must not be seen */
	const char *signatures[HD_SIGNATURES]; /* ended by NULL */
	const char *cause;
	const char *how; /* to confirm it: commands, or a sentence */
	const char *fix;
	const char *avoid; /* what not to do, or NULL */
};

/* The catalogue, one table for each file, each ended by a row without id. */
extern const struct hd_entry *const hd_catalogue[];
extern const size_t hd_catalogue_n;

#endif
