// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/check/rules.h"

#include <string.h>

#include "lib/check/rule.h"
#include "lib/host/sysfs.h"
#include "lib/request/config.h"
#include "lib/state/state.h"

#define DEVICES HD_SYSFS_PCI "/devices"
#define GROUPS "/sys/kernel/iommu_groups"

const struct hd_rule hd_rules[HD_N_RULES] = {
	/* Doctor has a row of its own for what was left behind. */
	[HD_RULE_CLAIM_ABANDONED] = { .id = "claim-abandoned",
				      .severity = HD_INFO },

	/* The domain, or who binds by hand, lets the host lose what it needs:
	 * hd_rule_guard() says so. Doctor says it where it looks for that. */
	[HD_RULE_CRITICAL_ALLOWED] = { .id = "critical-allowed",
				       .severity = HD_INFO },

	/* It is not the device that the domain has pinned. */
	[HD_RULE_PIN_MISMATCH] = {
		.id = "pin-mismatch",
		.severity = HD_ERROR,
		.judge = hd_rule_pinned,
		.row = { .id = "device-pinned",
			 .group = "device",
			 .title = "It is the one that is pinned",
			 .source = DEVICES,
			 .fine = "no pin of the guest says otherwise" },
	},
	/* Only its place tells it from another one. */
	[HD_RULE_PIN_BY_PLACE] = { .id = "pin-by-place",
				   .severity = HD_WARNING,
				   .judge = hd_rule_pinned },
	/* The domain pins what it doesn't ask for. */
	[HD_RULE_PIN_UNUSED] = { .id = "pin-unused",
				 .severity = HD_WARNING,
				 .judge = hd_rule_pins_used,
				 .of_request = true },

	/* Nothing answers at the address. */
	[HD_RULE_DEVICE_MISSING] = {
		.id = "device-missing",
		.severity = HD_ERROR,
		.judge = hd_rule_present,
		.row = { .id = "device-present",
			 .group = "device",
			 .title = "It is there",
			 .source = DEVICES,
			 .fine = "it is there" },
	},

	/* The administrator gives it, or a sibling that would go with it, to
	 * nobody, or to other guests. */
	[HD_RULE_DEVICE_KEPT] = {
		.id = "device-kept",
		.severity = HD_ERROR,
		.judge = hd_rule_kept,
		.row = { .id = "device-policy",
			 .group = "device",
			 .title = "The administrator lets it go",
			 .source = HD_CONFIG_FILE "*",
			 .fine = "the host's configuration doesn't keep it" },
	},

	/* It is there for the kernel alone. */
	[HD_RULE_DEVICE_DEAD] = {
		.id = "device-dead",
		.severity = HD_ERROR,
		.judge = hd_rule_alive,
		.row = { .id = "device-alive",
			 .group = "device",
			 .title = "It answers",
			 .source = DEVICES "/ADDRESS/config",
			 .fine = "nothing says that it is dead" },
	},

	/* libvirt and vfio-pci take header type 0 only. */
	[HD_RULE_NOT_ENDPOINT] = {
		.id = "not-endpoint",
		.severity = HD_ERROR,
		.judge = hd_rule_endpoint,
		.row = { .id = "device-endpoint",
			 .group = "device",
			 .title = "It is no bridge",
			 .source = DEVICES "/ADDRESS/class",
			 .fine = "it is no bridge" },
	},

	/* libvirt's own rules for <interface type='hostdev'>. */
	[HD_RULE_NOT_A_VF] = {
		.id = "not-a-vf",
		.severity = HD_ERROR,
		.judge = hd_rule_interface,
		.row = { .id = "device-interface",
			 .group = "device",
			 .title = "It fits <interface type='hostdev'>",
			 .source = DEVICES,
			 .fine = "no such rule is broken" },
	},
	[HD_RULE_PF_DOWN] = { .id = "pf-down",
			      .severity = HD_ERROR,
			      .judge = hd_rule_interface },

	/* vfio needs an IOMMU group. */
	[HD_RULE_NO_IOMMU] = {
		.id = "no-iommu",
		.severity = HD_ERROR,
		.judge = hd_rule_group,
		.row = { .id = "device-group",
			 .group = "device",
			 .title = "It is in an IOMMU group",
			 .source = DEVICES "/ADDRESS/iommu_group",
			 .fine = "it is in one" },
	},
	[HD_RULE_NO_GROUP] = { .id = "no-group",
			       .severity = HD_ERROR,
			       .judge = hd_rule_group },
	/* The kernel makes its group when a driver takes it, and who is in it
	 * is judged then. */
	[HD_RULE_GROUP_UNKNOWN] = { .id = "group-unknown",
				    .severity = HD_WARNING,
				    .judge = hd_rule_group },

	/* The kernel doesn't answer for it or a sibling. */
	[HD_RULE_DEVICE_LOCKED] = {
		.id = "device-locked",
		.severity = HD_ERROR,
		.judge = hd_rule_answers,
		.row = { .id = "device-answers",
			 .group = "device",
			 .title = "The kernel answers for it",
			 .source = DEVICES "/ADDRESS/driver_override",
			 .fine = "the kernel answers" },
	},

	/* vfio-pci's rule (vfio_pci_core.c). */
	[HD_RULE_PF_HAS_VFS] = {
		.id = "pf-has-vfs",
		.severity = HD_ERROR,
		.judge = hd_rule_no_vfs,
		.row = { .id = "device-no-vfs",
			 .group = "device",
			 .title = "It has no virtual functions",
			 .source = DEVICES "/*/sriov_numvfs",
			 .fine = "it has none" },
	},

	/* libvirt can't read a group with platform devices. */
	[HD_RULE_GROUP_FOREIGN] = {
		.id = "group-foreign",
		.severity = HD_ERROR,
		.judge = hd_rule_foreign_member,
		.row = { .id = "device-group-pci",
			 .group = "device",
			 .title = "Its group has PCI devices only",
			 .source = GROUPS,
			 .fine = "there is nothing else" },
	},

	/* Another guest holds the device, or a sibling. */
	[HD_RULE_CLAIMED] = {
		.id = "claimed",
		.severity = HD_ERROR,
		.judge = hd_rule_unclaimed,
		.row = { .id = "device-claimed",
			 .group = "device",
			 .title = "No other guest has it",
			 .source = HD_STATE_DIR "/claims",
			 .fine = "no other guest has it" },
	},
	[HD_RULE_GROUP_CLAIMED] = { .id = "group-claimed",
				    .severity = HD_ERROR,
				    .judge = hd_rule_group_unclaimed },
	/* It is on a VFIO driver, and what it had before may stand in a claim
	 * that can't be used: it would never come back. */
	[HD_RULE_CLAIM_UNSETTLED] = { .id = "claim-unsettled",
				      .severity = HD_ERROR,
				      .judge = hd_rule_settled },
	[HD_RULE_CLAIMS_UNREADABLE] = { .id = "claims-unreadable",
					.severity = HD_INFO },

	/*
	 * A sibling is on a driver that does DMA for the host: any but vfio's,
	 * pci-stub and pcieport (drivers with driver_managed_dma, Linux 5.19
	 * and newer), unless the domain's policy lets us take it along. For a
	 * bind by hand it is a warning, but then no guest gets it.
	 */
	[HD_RULE_GROUP_NOT_VIABLE] = {
		.id = "group-not-viable",
		.severity = HD_ERROR,
		.judge = hd_rule_viable,
		.row = { .id = "device-group-viable",
			 .group = "device",
			 .title = "Its whole group can be given away",
			 .source = GROUPS "/*/devices/*/driver",
			 .fine = "nobody in its group stands in the way",
			 .warning_fails = true },
	},

	/* The driver can't be loaded. */
	[HD_RULE_DRIVER_MISSING] = {
		.id = "driver-missing",
		.severity = HD_ERROR,
		.judge = hd_rule_driver,
		.row = { .id = "device-driver",
			 .group = "device",
			 .title = "Its VFIO driver",
			 .source = HD_SYSFS_PCI "/drivers",
			 .fine = "its driver is there, or can be loaded" },
	},
	[HD_RULE_DRIVER_BLACKLISTED] = { .id = "driver-blacklisted",
					 .severity = HD_ERROR,
					 .judge = hd_rule_driver },
	[HD_RULE_DRIVER_COMMAND] = { .id = "driver-command",
				     .severity = HD_ERROR,
				     .judge = hd_rule_driver },
	[HD_RULE_DRIVER_NOT_VFIO] = { .id = "driver-not-vfio",
				      .severity = HD_ERROR,
				      .judge = hd_rule_driver },
	[HD_RULE_DRIVER_UNKNOWN] = { .id = "driver-unknown",
				     .severity = HD_INFO,
				     .judge = hd_rule_driver },
	/* /dev/vfio/vfio is missing. */
	[HD_RULE_VFIO_NODE] = { .id = "vfio-node",
				.severity = HD_ERROR,
				.judge = hd_rule_vfio_node },

	/*
	 * The host needs the device or a sibling that would be taken along (see
	 * hd_guard_find()), and nobody allows it to be lost; nobody can where /
	 * lives on it.
	 */
	[HD_RULE_CRITICAL_MOUNT] = {
		.id = "critical-mount",
		.severity = HD_ERROR,
		.judge = hd_rule_guard,
		.row = { .id = "guard-storage",
			 .group = "guard",
			 .title = "The host has no file systems or swap on it",
			 .source = "/proc/1/mountinfo, /proc/swaps, /etc/fstab, /sys/power/resume",
			 .fine = "none is known" },
	},
	[HD_RULE_CRITICAL_SWAP] = { .id = "critical-swap",
				    .severity = HD_ERROR,
				    .judge = hd_rule_guard },
	[HD_RULE_CRITICAL_FSTAB] = { .id = "critical-fstab",
				     .severity = HD_ERROR,
				     .judge = hd_rule_guard },
	[HD_RULE_CRITICAL_RESUME] = { .id = "critical-resume",
				      .severity = HD_ERROR,
				      .judge = hd_rule_guard },
	[HD_RULE_CRITICAL_DEFAULT_ROUTE] = {
		.id = "critical-default-route",
		.severity = HD_ERROR,
		.judge = hd_rule_guard,
		.row = { .id = "guard-network",
			 .group = "guard",
			 .title = "The host isn't reached through it",
			 .source = "/proc/net/route, SSH_CONNECTION",
			 .fine = "no default route and no session is known" },
	},
	[HD_RULE_CRITICAL_SSH] = { .id = "critical-ssh",
				   .severity = HD_ERROR,
				   .judge = hd_rule_guard },
	[HD_RULE_CRITICAL_NETWORK_ROOT] = { .id = "critical-network-root",
					    .severity = HD_ERROR,
					    .judge = hd_rule_guard },
	[HD_RULE_CRITICAL_DISPLAY] = {
		.id = "critical-display",
		.severity = HD_ERROR,
		.judge = hd_rule_guard,
		.row = { .id = "guard-display",
			 .group = "guard",
			 .title = "It isn't the only display",
			 .source = "/sys/class/drm",
			 .fine = "it isn't" },
	},
	[HD_RULE_CRITICAL_KEYBOARD] = {
		.id = "critical-keyboard",
		.severity = HD_ERROR,
		.judge = hd_rule_guard,
		.row = { .id = "guard-keyboard",
			 .group = "guard",
			 .title = "It isn't the only keyboard",
			 .source = "/sys/class/input",
			 .fine = "it isn't" },
	},
	[HD_RULE_CRITICAL_CHIPSET] = {
		.id = "critical-chipset",
		.severity = HD_ERROR,
		.judge = hd_rule_guard,
		.row = { .id = "guard-chipset",
			 .group = "guard",
			 .title = "It is no part of the machine itself",
			 .source = DEVICES "/ADDRESS/class",
			 .fine = "it isn't" },
	},
	[HD_RULE_CRITICAL_REGION] = {
		.id = "critical-reserved-region",
		.severity = HD_ERROR,
		.judge = hd_rule_guard,
		.row = { .id = "guard-firmware",
			 .group = "guard",
			 .title = "The firmware doesn't use it",
			 .source = GROUPS "/*/reserved_regions",
			 .fine = "its group has no memory of the firmware" },
	},
	/* Something is allowed that isn't needed. */
	[HD_RULE_ALLOW_UNUSED] = {
		.id = "allow-unused",
		.severity = HD_WARNING,
		.judge = hd_rule_allows_used,
		.of_request = true,
		.row = { .id = "guard-allowed",
			 .group = "guard",
			 .title = "What is allowed to be lost is needed",
			 .source = "-",
			 .fine = "nothing is allowed in vain" },
	},

	/*
	 * The host's screen goes to the guest with its card, and comes back
	 * (lib/request/hand_over.h): not against the administrator's word, and
	 * not while somebody is at it who isn't to be stopped.
	 */
	[HD_RULE_HAND_OVER_FORBIDDEN] = {
		.id = "hand-over-forbidden",
		.severity = HD_ERROR,
		.judge = hd_rule_screen,
		.row = { .id = "guard-screen",
			 .group = "guard",
			 .title = "What the host shows on it can be handed over",
			 .source = "/sys/class/vtconsole, /sys/class/graphics, /sys/class/drm",
			 .fine = "nothing stands against it" },
	},
	[HD_RULE_SCREEN_UNKNOWN] = { .id = "screen-unknown",
				     .severity = HD_ERROR,
				     .judge = hd_rule_screen },
	[HD_RULE_SCREEN_HELD] = { .id = "screen-held",
				  .severity = HD_ERROR,
				  .judge = hd_rule_screen },
	[HD_RULE_SCREEN_USER_UNKNOWN] = { .id = "screen-user-unknown",
					  .severity = HD_ERROR,
					  .judge = hd_rule_screen },
	/* The text consoles stay away until the next boot. */
	[HD_RULE_SCREEN_LOST] = { .id = "screen-lost",
				  .severity = HD_WARNING,
				  .judge = hd_rule_screen },
	/* The modules on top of its driver can't go, as another card has them:
	 * the driver may not let go of this one (hd_module_stack_read()). */
	[HD_RULE_SCREEN_SHARED] = { .id = "screen-shared",
				    .severity = HD_WARNING,
				    .judge = hd_rule_screen },
	[HD_RULE_SCREEN_GOES] = { .id = "screen-goes",
				  .severity = HD_INFO,
				  .judge = hd_rule_screen },
	[HD_RULE_HAND_OVER_UNUSED] = { .id = "hand-over-unused",
				       .severity = HD_WARNING,
				       .judge = hd_rule_hand_over_used,
				       .of_request = true },
	/* Who asks ends with what is stopped, in the middle of it. */
	[HD_RULE_CALLER_ENDS] = { .id = "caller-ends",
				  .severity = HD_ERROR,
				  .judge = hd_rule_caller,
				  .of_request = true },

	/*
	 * A process holds the device or a sibling that would be taken along,
	 * and taking it would block or break something (see hd_holder_harm());
	 * a warning otherwise.
	 */
	[HD_RULE_DEVICE_HELD] = {
		.id = "device-held",
		.severity = HD_ERROR,
		.judge = hd_rule_holders,
		.row = { .id = "guard-holders",
			 .group = "guard",
			 .title = "Nobody uses it",
			 .source = "/proc/*/fd",
			 .fine = "no process and no interface is known",
			 .live = true },
	},
	[HD_RULE_INTERFACE_UP] = { .id = "interface-up",
				   .severity = HD_WARNING,
				   .judge = hd_rule_holders },
	[HD_RULE_HOLDERS_UNKNOWN] = { .id = "holders-unknown",
				      .severity = HD_ERROR,
				      .judge = hd_rule_holders },
};

const struct hd_rule *hd_rule_find(const char *id)
{
	for (size_t i = 0; i < HD_N_RULES; i++)
		if (strcmp(hd_rules[i].id, id) == 0)
			return &hd_rules[i];
	return NULL;
}

enum hd_rule_id hd_rule_of_critical(enum hd_critical critical)
{
	static const enum hd_rule_id rules[] = {
		[HD_CRITICAL_MOUNT] = HD_RULE_CRITICAL_MOUNT,
		[HD_CRITICAL_SWAP] = HD_RULE_CRITICAL_SWAP,
		[HD_CRITICAL_FSTAB] = HD_RULE_CRITICAL_FSTAB,
		[HD_CRITICAL_RESUME] = HD_RULE_CRITICAL_RESUME,
		[HD_CRITICAL_DEFAULT_ROUTE] = HD_RULE_CRITICAL_DEFAULT_ROUTE,
		[HD_CRITICAL_SSH] = HD_RULE_CRITICAL_SSH,
		[HD_CRITICAL_NETWORK_ROOT] = HD_RULE_CRITICAL_NETWORK_ROOT,
		[HD_CRITICAL_DISPLAY] = HD_RULE_CRITICAL_DISPLAY,
		[HD_CRITICAL_KEYBOARD] = HD_RULE_CRITICAL_KEYBOARD,
		[HD_CRITICAL_CHIPSET] = HD_RULE_CRITICAL_CHIPSET,
		[HD_CRITICAL_REGION] = HD_RULE_CRITICAL_REGION,
	};

	return rules[critical];
}
