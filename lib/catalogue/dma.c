// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/catalogue/groups.h"

const struct hd_entry hd_entries_dma[] = {
	{
		.id = "memlock-exceeded",
		.title =
			"The guest's memory can't be locked: the limit of locked "
			"memory is too low.",
		.rank = HD_RANK_LIMIT,
		.follows = HD_AFTER(OOPS),
		.signatures = { "RLIMIT_MEMLOCK (%n) exceeded" },
		.cause =
			"VFIO locks all of a guest's memory at its start, and the "
			"limit of this process is below that.",
		.how = "grep 'Max locked' /proc/$(pidof qemu-system-x86_64)/limits",
		.fix = "Under libvirt: remove a hard_limit that is too low, and give "
		       "the daemon CAP_SYS_RESOURCE. By hand: raise the limit of the "
		       "shell or the unit (LimitMEMLOCK=infinity).",
		.avoid =
			"/etc/security/limits.conf doesn't count for guests that "
			"libvirt starts.",
	},
	{
		.id = "dma-map-no-memory",
		.title = "The guest's memory can't be locked for the device.",
		.rank = HD_RANK_MEMORY,
		.follows = HD_AFTER(LIMIT),
		.signatures = { "VFIO_MAP_DMA failed: Cannot allocate memory",
				"vfio_dma_map(%*) = -12",
				"vfio_container_dma_map(%*) = -12",
				"IOMMU_IOAS_MAP failed: Cannot allocate memory" },
		.cause =
			"All memory of a guest with a VFIO device is locked at its "
			"start. When the kernel logs no RLIMIT_MEMLOCK line, the host "
			"hasn't got that much free memory.",
		.how = "grep MemAvailable /proc/meminfo; grep -i huge /proc/meminfo; "
		       "the kernel's log for RLIMIT_MEMLOCK",
		.fix = "Give the guest less memory, free memory on the host, or raise "
		       "the limit where it was the reason.",
		.avoid =
			"/etc/security/limits.conf doesn't count for guests that "
			"libvirt starts.",
	},
	{
		.id = "dma-map-out-of-range",
		.title =
			"The guest uses addresses that the host's IOMMU can't map.",
		.rank = HD_RANK_WIDTH,
		.follows = HD_AFTER(MEMORY),
		.signatures = { "memory listener initialization failed: Region %*: vfio_dma_map(%*) = -22",
				"memory listener initialization failed: Region %*: vfio_container_dma_map(%*) = -22" },
		.cause =
			"The guest's memory reaches above the width of the IOMMU (39 "
			"bits on many desktops), or into a range that the platform "
			"keeps for itself, on AMD below 1 TiB.",
		.how = "cat /sys/kernel/iommu_groups/GROUP/reserved_regions; grep "
		       "'address sizes' /proc/cpuinfo",
		.fix = "Limit the guest's addresses: <maxphysaddr mode='passthrough' "
		       "limit='39'/> in <cpu>, or host-phys-bits-limit=39 of QEMU.",
	},
	{
		.id = "iommu-width",
		.title = "The IOMMU's addresses are too short for the guest's.",
		.rank = HD_RANK_WIDTH,
		.signatures = { "iommu width (%n) is not sufficient for the mapped address" },
		.cause =
			"The guest maps memory above what VT-d of this processor can "
			"address.",
		.how = "grep 'address sizes' /proc/cpuinfo; the width is in the line.",
		.fix = "Limit the guest's addresses: <maxphysaddr mode='passthrough' "
		       "limit='39'/> in <cpu>, or host-phys-bits-limit=39 of QEMU.",
	},
	{
		.id = "dma-map-exists",
		.title = "The same guest memory was mapped twice.",
		.rank = HD_RANK_MEMORY,
		.signatures = { "vfio_dma_map(%*) = -17",
				"vfio_container_dma_map(%*) = -17",
				"VFIO_MAP_DMA failed: File exists" },
		.cause =
			"Two regions of the guest's memory overlap, or an unplugged "
			"device left its mappings: a bug of QEMU or of a virtual IOMMU.",
		.how = "Which region does the line name, and was a device unplugged "
		       "before?",
		.fix = "Restart the guest, and update QEMU.",
	},
	{
		.id = "dma-map-limit",
		.title =
			"The kernel allows no more DMA mappings for this guest.",
		.rank = HD_RANK_MEMORY,
		.signatures = { "vfio_dma_map(%*) = -28",
				"vfio_container_dma_map(%*) = -28",
				"VFIO_MAP_DMA failed: No space left on device",
				"possibly running out of DMA mappings" },
		.cause =
			"vfio_iommu_type1 counts mappings, 65535 by default. A virtual "
			"IOMMU or virtio-mem with small blocks uses them up.",
		.how = "cat /sys/module/vfio_iommu_type1/parameters/dma_entry_limit",
		.fix = "Raise dma_entry_limit, use huge pages, or larger blocks of "
		       "virtio-mem.",
	},
	{
		.id = "dma-map-bad-address",
		.title =
			"The guest's memory can't be locked: what it is made of "
			"doesn't allow it.",
		.rank = HD_RANK_MEMORY,
		.signatures = { "Region %*ram%*: vfio_dma_map(%*) = -14",
				"Region %*ram%*: vfio_container_dma_map(%*) = -14" },
		.cause =
			"The kernel finds no memory behind the guest's addresses, for "
			"example a shared file or a tmpfs that is too small.",
		.how = "The guest's <memoryBacking>; df -h of what it names",
		.fix = "Make the file or tmpfs as large as the guest's memory, or use "
		       "anonymous memory or huge pages.",
	},
	{
		.id = "dma-map-fatal",
		.title =
			"QEMU gave up, as new memory of the guest couldn't be mapped.",
		.rank = HD_RANK_SYMPTOM,
		.follows = HD_AFTER(LIMIT) | HD_AFTER(MEMORY) |
			   HD_AFTER(WIDTH) | HD_AFTER(DEAD) | HD_AFTER(ASLEEP) |
			   HD_AFTER(SILENT),
		.signatures = { "vfio: DMA mapping failed, unable to continue" },
		.cause =
			"While the guest ran, memory was plugged in or a device's "
			"region was moved, and the kernel refused to map it. The line "
			"before says with which errno.",
		.how = "The lines before it; the kernel's log of the same second",
		.fix = "End what the line before complains about: limit of locked "
		       "memory, width of addresses, number of mappings.",
	},
	{
		.id = "discard-conflict",
		.title = "A device that gives memory back conflicts with VFIO.",
		.rank = HD_RANK_CONFIG,
		.signatures = { "Cannot set discarding of RAM broken",
				"Inconsistent setting of support for discarding RAM",
				"x-balloon-allowed only potentially compatible with mdev devices",
				"cannot set up private guest memory: discard currently blocked" },
		.cause =
			"VFIO locks the guest's memory, so none of it may be "
			"discarded. Post-copy migration, virtio-mem without "
			"coordination and confidential guests need to discard.",
		.how = "virsh dumpxml GUEST | grep -E -A3 "
		       "'memballoon|virtio-mem|launchSecurity'",
		.fix = "Remove free page reporting or that device from the guest.",
		.avoid =
			"A plain balloon may stay: QEMU only stops it from shrinking.",
	},
	{
		.id = "hugepages-short",
		.title = "There aren't enough huge pages for the guest.",
		.rank = HD_RANK_MEMORY,
		.signatures = { "unable to map backing store for guest RAM",
				"qemu_prealloc_mem: preallocating memory failed",
				"os_mem_prealloc: Insufficient free host memory pages",
				"preallocat%* failed%*memory",
				"hugetlbfs filesystem is not mounted or disabled by administrator config",
				"Unable to find any usable hugetlbfs mount for",
				"hugepages: node %n not found" },
		.cause =
			"Too few pages of that size are free, on that NUMA node, or "
			"hugetlbfs isn't mounted. Pages asked for long after boot "
			"often can't be had, as memory is in pieces.",
		.how = "grep -r . /sys/kernel/mm/hugepages/*/{nr,free,resv}_hugepages "
		       "/sys/devices/system/node/node*/hugepages/*/free_hugepages",
		.fix = "Set them aside at boot: hugepagesz=1G hugepages=16. Free ones "
		       "count, less those that are reserved. Restart the daemon after "
		       "mounting hugetlbfs.",
		.avoid =
			"nr_hugepages alone says nothing: look at free_hugepages.",
	},
	{
		.id = "hard-limit-killed",
		.title =
			"The kernel ended QEMU: it needs more memory than its hard_limit.",
		.rank = HD_RANK_LIMIT,
		.follows = HD_AFTER(OOPS),
		.signatures = { "oom-kill:constraint=CONSTRAINT_MEMCG%*task=qemu-system-",
				"Memory cgroup out of memory: Killed process %n (qemu-" },
		.cause =
			"All of the guest's memory is locked at its start, so it counts "
			"against the limit at once, and so does what QEMU needs for "
			"itself: some hundred MiB, more with each device.",
		.how = "virsh memtune GUEST",
		.fix = "Remove <hard_limit>: libvirt then sets limits that fit. If you "
		       "need one, the guest's memory and 1 GiB is the least.",
	},
	{
		.id = "guest-memory",
		.title = "The host hasn't got the memory that the guest needs.",
		.rank = HD_RANK_MEMORY,
		.follows = HD_AFTER(LIMIT),
		.signatures = { "cannot set up guest memory %*: Cannot allocate memory",
				"Out of memory: Killed process %n (qemu-system-",
				"oom-kill:%*task=qemu-system-" },
		.cause =
			"A guest with a VFIO device needs all its memory at once and "
			"keeps it; swap doesn't help.",
		.how = "free -m; virsh dominfo GUEST",
		.fix = "Give the guest less memory, or free some on the host.",
	},
	{
		.id = "viommu-width",
		.title = "The guest's virtual IOMMU is wider than the host's.",
		.rank = HD_RANK_WIDTH,
		.signatures = { "aw-bits %n > host aw-bits %n",
				"phys-bits too low (%n)" },
		.cause =
			"The virtual IOMMU or the guest's processor has more address "
			"bits than the host can map.",
		.how = "The line names both numbers.",
		.fix = "Lower <driver aw_bits='39'/> of <iommu>, or use <maxphysaddr "
		       "mode='passthrough'/>.",
	},
	{
		.id = "iommu-map-bug",
		.title =
			"The host's IOMMU driver was asked for a mapping that can't be.",
		.rank = HD_RANK_MEMORY,
		.signatures = { "unaligned: iova 0x%*min_pagesz",
				"ERROR: DMA PTE for vPFN %* already set" },
		.cause =
			"A mapping isn't aligned to the pages of the IOMMU, or an "
			"address is mapped twice: a bug of the kernel, or on ARM 64 "
			"KiB pages of the host against 4 KiB pages of the guest.",
		.how = "getconf PAGESIZE on host and guest",
		.fix = "Update the kernel; on ARM use the same page size on both.",
	},
	{
		.id = "slot-address-refused",
		.title = "KVM refuses memory of the guest at this address.",
		.rank = HD_RANK_WIDTH,
		.signatures = { "KVM_SET_USER_MEMORY_REGION failed%*Invalid argument",
				"KVM_SET_USER_MEMORY_REGION2 failed%*Invalid argument" },
		.cause =
			"The guest has more physical address bits than the host, and "
			"placed a device's region above what the host can do.",
		.how = "grep 'address sizes' /proc/cpuinfo; the guest's <maxphysaddr>",
		.fix = "Use <maxphysaddr mode='passthrough'/> in <cpu>, or "
		       "host-phys-bits=on of QEMU.",
	},
	{ .id = NULL },
};
