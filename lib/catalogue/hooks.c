// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/catalogue/groups.h"

const struct hd_entry hd_entries_hooks[] = {
	{
		.id = "hook-failed",
		.title = "A hook failed.",
		.rank = HD_RANK_SYMPTOM,
		.follows =
			HD_AFTER(OOPS) | HD_AFTER(DEAD) | HD_AFTER(ASLEEP) |
			HD_AFTER(SILENT) | HD_AFTER(FIRMWARE) |
			HD_AFTER(IOMMU) | HD_AFTER(GROUP) | HD_AFTER(REMAP) |
			HD_AFTER(ISOLATION) | HD_AFTER(RESERVED) |
			HD_AFTER(REFUSED) | HD_AFTER(BIND) | HD_AFTER(VIABLE) |
			HD_AFTER(OWNER) | HD_AFTER(CONFINED) | HD_AFTER(NODE) |
			HD_AFTER(CONFIG) | HD_AFTER(SRIOV) | HD_AFTER(LIMIT) |
			HD_AFTER(MEMORY) | HD_AFTER(WIDTH) | HD_AFTER(RESET) |
			HD_AFTER(DISPLAY) | HD_AFTER(INTERRUPT) |
			HD_AFTER(FAULT) | HD_AFTER(HOOK) |
			HD_AFTER(FRAMEBUFFER),
		.signatures = { "Hook script execution failed",
				"LC_ALL=C PATH=%*/hooks/qemu %* prepare begin",
				"LC_ALL=C PATH=%*/hooks/qemu %* start begin",
				"LC_ALL=C PATH=%*/hooks/qemu %* started begin",
				"LC_ALL=C PATH=%*/hooks/qemu %* stopped end",
				"LC_ALL=C PATH=%*/hooks/qemu %* release end" },
		.cause =
			"A script in /etc/libvirt/hooks ended with an error, so "
			"libvirt gave the start up, or went on if the guest was "
			"ending. What it wrote stands at the end of the line. Status "
			"126 or 127: its interpreter is missing, or its first line "
			"ends with a carriage return.",
		.how = "virt-hostdev log GUEST; run the hook by hand with the same "
		       "words and the guest's XML",
		.fix = "End what the hook complains about.",
	},
	{
		.id = "hook-not-executable",
		.title = "A hook isn't run, as it isn't executable.",
		.rank = HD_RANK_HOOK,
		.signatures = { "Non-executable hook script" },
		.cause =
			"libvirt skips files in its hook folders that can't be "
			"executed, and folders there too.",
		.how = "ls -l /etc/libvirt/hooks /etc/libvirt/hooks/qemu.d",
		.fix = "chmod 755 FILE, or move away what isn't a hook.",
	},
	{
		.id = "daemon-hangs",
		.title =
			"The client lost libvirt's daemon, which hangs or was killed.",
		.rank = HD_RANK_SYMPTOM,
		.follows = HD_AFTER(OOPS) | HD_AFTER(DEAD) | HD_AFTER(ASLEEP) |
			   HD_AFTER(SILENT) | HD_AFTER(OWNER) | HD_AFTER(HOOK),
		.signatures = { "libvirtd quit during handshake",
				"virtqemud quit during handshake",
				"error: Cannot recv data: Connection reset by peer",
				"error: End of file while reading data: Input/output error" },
		.cause =
			"Mostly a hook that calls virsh and so waits for the daemon "
			"that waits for it, an unbind that never ends, or a hook that "
			"ended the session which the daemon ran in.",
		.how = "ps axf | grep -A5 -E 'libvirtd|virtqemud'; grep -rE "
		       "'virsh|nodedev' /etc/libvirt/hooks",
		.fix = "Never call virsh in a hook: managed='yes' or virt-hostdev's "
		       "hook binds devices.",
	},
	{ .id = NULL },
};
