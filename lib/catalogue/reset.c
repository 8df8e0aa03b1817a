// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/catalogue/groups.h"

const struct hd_entry hd_entries_reset[] = {
	{
		.id = "libvirt-no-reset",
		.title = "libvirt knows no way to reset the device.",
		.rank = HD_RANK_RESET,
		.follows = HD_AFTER(DEAD) | HD_AFTER(ASLEEP) | HD_AFTER(SILENT),
		.confirm = HD_CONFIRM_NO_RESET,
		.signatures = { "Unable to reset PCI device %a: no FLR",
				"no FLR, PM reset or bus reset available" },
		.cause =
			"libvirt resets devices itself only when they are not on "
			"vfio-pci. This one has neither a function reset nor a power "
			"reset, and others share its bus.",
		.how = "cat /sys/bus/pci/devices/ADDRESS/reset_method; readlink "
		       "/sys/bus/pci/devices/ADDRESS/driver",
		.fix = "Use <driver name='vfio'/>, so that vfio-pci resets it. A "
		       "device without any reset works once per boot.",
	},
	{
		.id = "reset-needs-sibling",
		.title =
			"The device can only be reset together with one that the guest "
			"doesn't have.",
		.rank = HD_RANK_RESET,
		.follows = HD_AFTER(DEAD) | HD_AFTER(ASLEEP) | HD_AFTER(SILENT),
		.signatures = { "Cannot reset device %a, depends on group %g which is not owned",
				"Cannot reset device %a, depends on device %a which is not owned" },
		.cause =
			"Its only reset is that of its bus or slot, and another "
			"function there belongs to somebody else: mostly the audio or "
			"USB function of the same card.",
		.how = "ls /sys/bus/pci/devices | grep BUS; cat "
		       "/sys/bus/pci/devices/ADDRESS/reset_method",
		.fix = "Give all functions of the card to the same guest.",
	},
	{
		.id = "no-reset",
		.title = "The device can't be reset at all.",
		.rank = HD_RANK_RESET,
		.follows = HD_AFTER(DEAD) | HD_AFTER(ASLEEP) | HD_AFTER(SILENT),
		.confirm = HD_CONFIRM_NO_RESET,
		.signatures = { "Cannot reset device %a, no available reset mechanism" },
		.cause =
			"Devices of the chipset often have no reset. The first start "
			"works; after the guest's reboot the device may not.",
		.how = "cat /sys/bus/pci/devices/ADDRESS/reset_method",
		.fix = "Give another device, for example a controller on a card "
		       "instead of one on the board.",
	},
	{
		.id = "reset-method-refused",
		.title =
			"The kernel doesn't take this reset method for the device.",
		.rank = HD_RANK_RESET,
		.signatures = { "Unsupported reset method",
				"Invalid reset method",
				"All device reset methods disabled by user" },
		.cause =
			"device_specific is there only after vendor-reset is loaded, "
			"and only for the devices it knows. An empty text written to "
			"reset_method switches all resets off.",
		.how = "cat /sys/bus/pci/devices/ADDRESS/reset_method; ls -d "
		       "/sys/module/vendor_reset",
		.fix = "modprobe vendor-reset first, then write device_specific. echo "
		       "default > reset_method restores what there was.",
	},
	{
		.id = "reset-gave-up",
		.title =
			"The device didn't come back after a reset or from sleep.",
		.rank = HD_RANK_DEAD,
		.confirm = HD_CONFIRM_DEAD,
		.signatures = { "not ready %nms after %*; giving up" },
		.cause =
			"The kernel waited a minute and got no answer: the device is "
			"dead until it loses power. Graphics cards with the AMD reset "
			"bug do that on the second start.",
		.how = "setpci -s ADDRESS 0.l prints ffffffff when it is dead.",
		.fix = "Shut the host down and switch it off for a moment. Later try "
		       "another entry of reset_method, and let the guest shut down "
		       "cleanly.",
		.avoid =
			"Resetting it again and again holds the device for a minute "
			"each time.",
	},
	{
		.id = "reset-while-busy",
		.title = "The device was still busy when it was reset.",
		.rank = HD_RANK_RESET,
		.follows = HD_AFTER(DEAD) | HD_AFTER(ASLEEP) | HD_AFTER(SILENT),
		.signatures = { "timed out waiting for pending transaction; performing" },
		.cause =
			"The kernel asked it to stop, waited, and reset it all the "
			"same. If the guest starts it was only slow.",
		.how = "The lines after it: giving up means that the device is dead.",
		.fix = "Let the guest shut down cleanly, so that its driver stops the "
		       "device. Otherwise try another entry of reset_method.",
	},
	{
		.id = "link-lost",
		.title =
			"The link to the device doesn't come back after a reset of its "
			"bus.",
		.rank = HD_RANK_DEAD,
		.signatures = { "broken device, retraining non-functional downstream link",
				"pcieport %a: retraining failed",
				"pcieport %a: retrain%*failed" },
		.cause =
			"The port above the device can't reach it any more, so it is "
			"dead until it loses power.",
		.how = "lspci -vv -s PORT shows the link; the device's config space "
		       "reads as ones.",
		.fix = "Write pm instead of bus to the device's reset_method before "
		       "the guest starts. Now switch the host off for a moment.",
	},
	{
		.id = "power-state-stuck",
		.title =
			"The device can't be woken: it has no power or no link.",
		.rank = HD_RANK_ASLEEP,
		.follows = HD_AFTER(OOPS) | HD_AFTER(DEAD),
		.confirm = HD_CONFIRM_DEAD,
		.signatures = { "Unable to change power state",
				"Refused to change power state",
				"can't change power state from D3cold to D0" },
		.cause =
			"The port above switched the device off (D3cold), a laptop's "
			"graphics switch did, or a reset failed. Every read of it "
			"gives ones.",
		.how = "cat "
		       "/sys/bus/pci/devices/ADDRESS/{power_state,d3cold_allowed,power"
		       "/control}, and the same of the port above",
		.fix = "echo 0 > d3cold_allowed and echo on > power/control for "
		       "device and port before binding, or "
		       "vfio-pci.disable_idle_d3=1. If it is stuck now: remove it, "
		       "rescan, or switch the host off.",
	},
	{
		.id = "qemu-stuck-d3",
		.title = "QEMU can't wake the device.",
		.rank = HD_RANK_SILENT,
		.follows = HD_AFTER(OOPS) | HD_AFTER(DEAD) | HD_AFTER(ASLEEP),
		.confirm = HD_CONFIRM_DEAD,
		.signatures = { "Unable to power on device, stuck in D%n" },
		.cause =
			"The device sleeps in D3 and doesn't leave it: it has no "
			"power, or doesn't support what the kernel does to wake it.",
		.how = "cat /sys/bus/pci/devices/ADDRESS/power_state; the kernel's "
		       "log of the same second",
		.fix = "Load vfio-pci with disable_idle_d3=1, or write 0 to "
		       "d3cold_allowed of the device and of the port above.",
	},
	{
		.id = "header-type-127",
		.title =
			"The device no longer answers: its config space reads as ones.",
		.rank = HD_RANK_SILENT,
		.follows = HD_AFTER(OOPS) | HD_AFTER(DEAD) | HD_AFTER(ASLEEP),
		.confirm = HD_CONFIRM_DEAD,
		.signatures = { "Unknown PCI header type 127 for device %a",
				"Unknown PCI header type 127",
				"%a%*!!! Unknown header type 7f" },
		.cause =
			"It sleeps in D3cold, was switched off by a graphics switch, "
			"or died in a reset, often after a guest that was killed "
			"instead of shut down.",
		.how = "setpci -s ADDRESS 0.l prints ffffffff; cat "
		       "/sys/bus/pci/devices/ADDRESS/power_state",
		.fix = "echo on > power/control and echo 0 > d3cold_allowed; then "
		       "remove it and rescan; then switch the host off for a moment.",
		.avoid =
			"The domain's XML and the installation are not the reason.",
	},
	{
		.id = "dead-ids",
		.title =
			"The ids that QEMU read from the device are those of a dead "
			"one.",
		.rank = HD_RANK_SILENT,
		.follows = HD_AFTER(OOPS) | HD_AFTER(DEAD) | HD_AFTER(ASLEEP),
		.confirm = HD_CONFIRM_DEAD,
		.signatures = { "Parameter x-pci-sub-device-id expects",
				"Parameter x-pci-sub-vendor-id expects",
				"Parameter x-pci-vendor-id expects",
				"Parameter x-pci-device-id expects" },
		.cause =
			"The numbers come from a device that reads as ones, which is "
			"dead or sleeps in D3cold.",
		.how = "setpci -s ADDRESS 0.l prints ffffffff when it is dead.",
		.fix = "Wake or power cycle the device, and take the x-pci options "
		       "from the domain.",
	},
	{
		.id = "libvirt-bus-reset",
		.title =
			"libvirt can't reset the device, as others on its bus are in "
			"use.",
		.rank = HD_RANK_RESET,
		.follows = HD_AFTER(DEAD) | HD_AFTER(ASLEEP) | HD_AFTER(SILENT),
		.signatures = { "devices on bus with %a, not doing bus reset",
				"Invalid attempt to reset PCI device %a",
				"Not resetting active device %a",
				"Failed to find parent device for %a",
				"Failed to reset PCI device: " },
		.cause =
			"Only a reset of the bus is left to it, which would reset "
			"another device that is in use; or the device is a bridge or "
			"belongs to a running guest.",
		.how = "ls /sys/bus/pci/devices | grep BUS; virt-hostdev status",
		.fix = "Let vfio-pci reset it: bind it to vfio-pci and use <driver "
		       "name='vfio'/>.",
	},
	{
		.id = "reset-recovery-loop",
		.title = "The device resets itself again and again.",
		.rank = HD_RANK_SILENT,
		.follows = HD_AFTER(OOPS) | HD_AFTER(DEAD) | HD_AFTER(ASLEEP),
		.confirm = HD_CONFIRM_DEAD,
		.times = 3,
		.signatures = { "reset recovery - restoring BARs" },
		.cause =
			"vfio writes the lost registers back each time. Once is "
			"harmless; many times the device loses its state by itself: a "
			"reset bug, a bad riser or too weak a power supply.",
		.how = "dmesg | grep -c 'restoring BARs'",
		.fix = "Seat the card anew and try without a riser; then see its "
		       "reset_method, and the newest firmware of the card.",
	},
	{
		.id = "intx-pin-assert",
		.title =
			"QEMU crashed on a device whose config space reads as ones.",
		.rank = HD_RANK_SILENT,
		.follows = HD_AFTER(OOPS) | HD_AFTER(DEAD) | HD_AFTER(ASLEEP),
		.confirm = HD_CONFIRM_DEAD,
		.signatures = { "pci_irq_handler: Assertion",
				"invalid PCI interrupt pin %n" },
		.cause =
			"The interrupt pin was read as 255, as everything is from a "
			"dead device.",
		.how = "setpci -s ADDRESS 0.l prints ffffffff when it is dead.",
		.fix = "Wake or power cycle the device.",
	},
	{
		.id = "runtime-resume",
		.title = "The kernel can't wake the device for the guest.",
		.rank = HD_RANK_SILENT,
		.follows = HD_AFTER(OOPS) | HD_AFTER(DEAD) | HD_AFTER(ASLEEP),
		.confirm = HD_CONFIRM_DEAD,
		.signatures = { "runtime resume failed" },
		.cause =
			"The device, or the port above it, doesn't leave its sleep.",
		.how = "cat /sys/bus/pci/devices/ADDRESS/power/runtime_status, and of "
		       "the port above",
		.fix = "Load vfio-pci with disable_idle_d3=1, or write 0 to "
		       "d3cold_allowed of the device and of the port above.",
	},
	{
		.id = "aer-fatal",
		.title = "The device reported an error that can't be repaired.",
		.rank = HD_RANK_FAULT,
		.follows = HD_AFTER(DEAD) | HD_AFTER(ASLEEP) | HD_AFTER(SILENT),
		.signatures = { "Unrecoverable error detected. Please collect any data possible",
				"vfio_err_notifier_handler(%a) Unrecoverable error",
				"PCIe Bus Error: severity=Uncorrect",
				"AER: Uncorrect%* error message received from %a",
				"AER: Multiple Uncorrect%* error" },
		.cause =
			"PCI Express lost data on the way: a loose card, a bad riser, "
			"overclocking, or power saving of the link.",
		.how = "cat /sys/bus/pci/devices/ADDRESS/aer_dev_fatal; lspci -vv",
		.fix = "Stop the guest, seat the card anew, leave out the riser, set "
		       "a lower link speed in the firmware; try pcie_aspm=off to find "
		       "out.",
	},
	{ .id = NULL },
};
