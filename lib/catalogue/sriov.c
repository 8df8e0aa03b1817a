// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/catalogue/groups.h"

const struct hd_entry hd_entries_sriov[] = {
	{
		.id = "vf-no-mmio",
		.title =
			"The firmware left no memory window for the virtual functions.",
		.rank = HD_RANK_SRIOV,
		.follows = HD_AFTER(FIRMWARE),
		.signatures = { "not enough MMIO resources for SR-IOV",
				"SR-IOV: IOV BARS not allocated",
				"from pcibios_sriov_enable()",
				"sriov_numvfs: cannot allocate memory" },
		.cause =
			"Virtual functions have BARs of their own, and there is no "
			"address space for them. The shell's Cannot allocate memory "
			"means this, not the host's memory.",
		.how = "dmesg | grep -E 'SR-IOV|VF BAR'",
		.fix = "Switch SR-IOV, Above 4G Decoding and resizable BARs on in the "
		       "firmware, boot with pci=realloc, or make fewer functions.",
	},
	{
		.id = "vf-bus-range",
		.title =
			"The bus numbers don't suffice for so many virtual functions.",
		.rank = HD_RANK_SRIOV,
		.signatures = { "can't enable %n VFs (bus" },
		.cause =
			"The functions would be on further bus numbers, and the bridge "
			"above has none left.",
		.how = "lspci -vv -s BRIDGE | grep Bus:",
		.fix = "Boot with pci=assign-busses, use another slot, or make fewer "
		       "functions.",
	},
	{
		.id = "vfs-already-enabled",
		.title =
			"The virtual functions can't be changed while there are some.",
		.rank = HD_RANK_SRIOV,
		.confirm = HD_CONFIRM_HAS_VFS,
		.signatures = { "VFs already enabled. Disable before enabling",
				"%n VFs requested; only %n enabled" },
		.cause = "The kernel changes their number only from 0.",
		.how = "cat /sys/bus/pci/devices/ADDRESS/sriov_numvfs",
		.fix = "echo 0 > sriov_numvfs when no guest has one of them, then "
		       "write the number.",
	},
	{
		.id = "sriov-no-driver",
		.title =
			"No driver of the physical function can make virtual functions.",
		.rank = HD_RANK_SRIOV,
		.signatures = { "no driver bound to device; cannot configure SR-IOV",
				"driver does not support SR-IOV configuration via sysfs" },
		.cause =
			"The shell's No such file or directory means this: "
			"sriov_numvfs asks the physical function's driver, and there "
			"is none, or it can't. vfio-pci only can with enable_sriov=1.",
		.how = "readlink /sys/bus/pci/devices/ADDRESS/driver",
		.fix = "Bind the physical function to its own driver.",
	},
	{
		.id = "sriov-range",
		.title =
			"More virtual functions were asked for than the device has.",
		.rank = HD_RANK_SRIOV,
		.signatures = { "sriov_numvfs: Numerical result out of range",
				"sriov_numvfs%*write error: Numerical result out of range" },
		.cause =
			"sriov_totalvfs is the most there can be, and a driver may "
			"lower it.",
		.how = "cat /sys/bus/pci/devices/ADDRESS/sriov_totalvfs",
		.fix = "Write no more than that, or raise it in the device's own "
		       "configuration.",
	},
	{
		.id = "vfs-assigned",
		.title =
			"Guests have virtual functions of this device, so they stay as "
			"they are.",
		.rank = HD_RANK_OWNER,
		.signatures = { "Cannot modify SR-IOV while VFs are assigned" },
		.cause =
			"Their number can't change, and their physical function's "
			"driver can't go, while a guest has one.",
		.how = "virt-hostdev status",
		.fix = "Stop those guests first.",
	},
	{
		.id = "vf-token",
		.title =
			"The virtual function needs a token, as its physical function "
			"is on vfio-pci.",
		.rank = HD_RANK_CONFIG,
		.signatures = { "VF token required to access device",
				"Incorrect VF token provided for device",
				"VF token incorrectly provided, PF not bound to vfio-pci",
				"VF token incorrectly provided, not a PF or VF" },
		.cause =
			"Who drives the physical function from userspace can harm the "
			"others, so both must show the same UUID. libvirt can't say it.",
		.how = "readlink /sys/bus/pci/devices/ADDRESS/physfn/driver",
		.fix = "Bind the physical function to its own driver, or pass "
		       "vf-token=UUID to QEMU for both.",
	},
	{
		.id = "vf-driver-differs",
		.title =
			"A virtual function is on another driver than vfio, though its "
			"physical function is on vfio-pci.",
		.rank = HD_RANK_SRIOV,
		.signatures = { "VF %a bound to driver %* while PF bound to driver" },
		.cause =
			"The kernel binds such functions to vfio-pci by itself; "
			"somebody bound this one to another driver.",
		.how = "readlink /sys/bus/pci/devices/ADDRESS/driver",
		.fix = "Bind the physical function to its own driver, or leave the "
		       "virtual one on vfio-pci.",
	},
	{
		.id = "interface-needs-vf",
		.title =
			"<interface type='hostdev'> only takes a virtual function.",
		.rank = HD_RANK_CONFIG,
		.signatures = { "Interface type hostdev is currently supported on SR-IOV Virtual Functions only" },
		.cause =
			"libvirt sets MAC address and VLAN through the physical "
			"function, which a whole card doesn't have.",
		.how = "lspci -nn -s ADDRESS",
		.fix = "Use <hostdev mode='subsystem' type='pci'> for a whole card.",
	},
	{
		.id = "pf-no-netdev",
		.title =
			"The virtual function's physical function has no network "
			"interface.",
		.rank = HD_RANK_SRIOV,
		.signatures = { "The PF device for VF %* has no network device name",
				"is not bound to a net driver, so its MAC address cannot be set",
				"Could not find any network device under PCI device at" },
		.cause =
			"libvirt sets MAC address and VLAN through that interface. The "
			"physical function has no network driver, or its interface is "
			"in another network namespace.",
		.how = "ls /sys/bus/pci/devices/ADDRESS/physfn/net",
		.fix = "Bind the physical function to its network driver, or use "
		       "<hostdev> instead of <interface>.",
	},
	{
		.id = "hostdev-interface-options",
		.title =
			"The interface has a setting that virtual functions don't "
			"support.",
		.rank = HD_RANK_CONFIG,
		.signatures = { "is currently not supported on interfaces of type hostdev",
				"direct setting of the vlan tag is not allowed for hostdev devices",
				"vlan trunking is not supported by SR-IOV network devices" },
		.cause =
			"Of a virtual function one VLAN tag and the MAC address can be "
			"set, nothing more.",
		.how = "virsh dumpxml GUEST | grep -A8 \"interface type='hostdev'\"",
		.fix = "Remove the virtualport or the trunk from the interface.",
	},
	{ .id = NULL },
};
