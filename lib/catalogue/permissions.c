// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/catalogue/groups.h"

const struct hd_entry hd_entries_permissions[] = {
	{
		.id = "memlock-denied",
		.title =
			"libvirt may not raise the limit of memory that QEMU can lock.",
		.rank = HD_RANK_LIMIT,
		.signatures = { "cannot limit locked memory of process",
				"cannot limit locked memory to" },
		.cause =
			"A guest with a VFIO device has all its memory locked. The "
			"daemon needs CAP_SYS_RESOURCE to allow that; a session "
			"daemon, a container or a hardened unit doesn't have it.",
		.how = "grep -E 'CapEff|Max locked' /proc/$(pidof virtqemud || pidof "
		       "libvirtd)/{status,limits}",
		.fix = "Use qemu:///system, or raise LimitMEMLOCK of the daemon above "
		       "the guest's memory plus 1 GiB.",
		.avoid =
			"A hard_limit of exactly the guest's memory gets the guest "
			"killed.",
	},
	{
		.id = "apparmor-denied",
		.title = "AppArmor keeps QEMU from a file.",
		.rank = HD_RANK_CONFINED,
		.signatures = { "apparmor=DENIED operation=open%*profile=libvirt-",
				"apparmor=DENIED operation=file_mmap%*profile=libvirt-",
				"apparmor=DENIED operation=mknod%*profile=libvirt-" },
		.cause =
			"The guest's profile allows only what its XML names. A ROM "
			"outside the usual folders and files of <qemu:commandline> are "
			"not in it.",
		.how = "journalctl -g 'apparmor=.DENIED'; cat "
		       "/etc/apparmor.d/libvirt/libvirt-UUID.files",
		.fix = "Put a ROM into /usr/share/vgabios, or add the file to "
		       "/etc/apparmor.d/local/abstractions/libvirt-qemu.",
		.avoid =
			"security_driver = \"none\" and aa-disable take the protection "
			"from all guests.",
	},
	{
		.id = "selinux-denied",
		.title = "SELinux keeps QEMU or a hook from a file.",
		.rank = HD_RANK_CONFINED,
		.signatures = { "avc: denied {%*}%*scontext=%*svirt",
				"avc: denied {%*}%*scontext=%*virtd_t",
				"avc: denied {%*}%*scontext=%*virtqemud_t",
				"avc: denied {%*}%*scontext=%*virt_hook" },
		.cause =
			"A ROM without the right label, or a hook while the boolean "
			"virt_hooks_unconfined is off, which is the default on Fedora.",
		.how = "ausearch -m avc -ts recent; getsebool virt_hooks_unconfined; "
		       "ls -Z FILE",
		.fix = "restorecon -Rv FILE, and for hooks setsebool -P "
		       "virt_hooks_unconfined on.",
		.avoid =
			"setenforce 0 takes the protection from the whole host.",
	},
	{
		.id = "config-space-denied",
		.title = "libvirt may not open the device's config space.",
		.rank = HD_RANK_CONFINED,
		.signatures = { "Failed to open config space file %*%a%*: Permission denied",
				"Failed to open config space file %*%a%*: Read-only file system" },
		.cause =
			"SELinux forbids it, or /sys is read-only here, as in a "
			"container.",
		.how = "ausearch -m avc -ts recent; grep sysfs /proc/mounts",
		.fix = "Give the container a writable /sys, or allow what SELinux "
		       "logged.",
		.avoid =
			"setenforce 0 takes the protection from the whole host.",
	},
	{
		.id = "kernel-lockdown",
		.title =
			"Kernel lockdown forbids what a tool wants to do with a device.",
		.rank = HD_RANK_CONFINED,
		.confirm = HD_CONFIRM_LOCKDOWN,
		.signatures = { "Lockdown: %*: direct PCI access is restricted",
				"Lockdown: %*: unsigned module loading is restricted",
				"Lockdown: %*: raw io port access is restricted" },
		.cause =
			"With Secure Boot the kernel forbids writes to config space "
			"through sysfs and unsigned modules, such as vendor-reset and "
			"drivers built by DKMS. vfio-pci, driver_override, reset and "
			"sriov_numvfs go on working.",
		.how = "cat /sys/kernel/security/lockdown; mokutil --sb-state",
		.fix = "Sign the module with a key of your own (MOK), and let "
		       "vfio-pci do the reset.",
		.avoid = "VFIO needs no Secure Boot switched off.",
	},
	{ .id = NULL },
};
