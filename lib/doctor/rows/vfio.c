// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/doctor/row.h"
#include "lib/host/sysfs.h"

/* VFIO: parameters of its modules, and the files that QEMU opens. */

/* A parameter that should be off; absent with its module. */
static void rule_off(struct hd_exam *exam)
{
	const struct hd_row *row = exam->row;
	HD_AUTOFREE char *text = NULL;

	if (!hd_exam_read_parameter(exam, &text))
		return;
	if (hd_is_yes(text))
		hd_exam_bad(exam, "%s is on: %s", row->what, row->why);
	else
		hd_exam_pass(exam, "%s is off", row->what);
}

static void rule_told(struct hd_exam *exam)
{
	HD_AUTOFREE char *text = NULL;

	if (hd_exam_read_parameter(exam, &text))
		hd_exam_pass(exam, "%s is %s", exam->row->what, text);
}

/*
 * A character device that should be there; @why says what it means that it
 * isn't, and @fix what ends that, or NULL when the row says it. A copy without
 * /dev has the kernel's own list of them, if it has that.
 */
static void look_for_node(struct hd_exam *exam, const char *why,
			  const char *fix)
{
	const struct hd_host_facts *facts = exam->facts;
	HD_AUTOFREE char *class =
		hd_text(HD_SYSFS_CLASS "/misc/%s", exam->row->what);
	HD_AUTOCLOSE int fd = -1;
	struct stat st;

	if (!class)
		return;
	if (!hd_exam_open(exam, exam->row->source, O_PATH, &fd)) {
		if (facts->has_dev) {
			hd_exam_bad(exam, "%s isn't there: %s",
				    exam->row->source, why);
			if (fix)
				hd_exam_fix(exam, "%s", fix);
		} else if (hd_exam_exists(exam, class))
			hd_exam_pass(exam, "the kernel has it, says %s", class);
		else
			hd_exam_missing(exam, "/dev");
	} else if (fstat(fd, &st) < 0)
		hd_exam_unread_errno(exam, exam->row->source, -errno);
	else if (facts->host->live && !S_ISCHR(st.st_mode)) {
		hd_exam_bad(exam, "%s is no device node", exam->row->source);
		hd_exam_fix(exam, "rm %s", exam->row->source);
	} else
		hd_exam_pass(exam, "%s is there", exam->row->source);
}

static void rule_node(struct hd_exam *exam)
{
	look_for_node(exam, exam->row->why, NULL);
}

/* On arm64 it is no module, and says so once (arch/arm64/kvm/arm.c). */
static void rule_kvm_node(struct hd_exam *exam)
{
	if (exam->facts->on & HD_ON_ARM64)
		look_for_node(
			exam,
			"the kernel wasn't started at EL2 (it logs \"HYP mode not available\" then), or kvm-arm.mode=none turns KVM off",
			"dmesg | grep -iE 'kvm|started at EL'; remove kvm-arm.mode=none, and have the firmware start the kernel at EL2 (QEMU: -machine virtualization=on); where a hypervisor of the vendor's owns EL2, as Gunyah does, there is no way");
	else
		rule_node(exam);
}

/* The node comes with the module; devtmpfs has it before where kmod says so. */
static void rule_vfio_node(struct hd_exam *exam)
{
	if (!hd_exam_exists(exam, HD_SYSFS_MODULES "/vfio") &&
	    !hd_exam_exists(exam, exam->row->source))
		hd_exam_not_applicable(exam, "vfio isn't loaded yet");
	else
		rule_node(exam);
}

static void rule_vfio_mode(struct hd_exam *exam)
{
	HD_AUTOCLOSE int fd = -1;
	struct stat st;

	if (!exam->facts->host->live ||
	    !hd_exam_open(exam, exam->row->source, O_PATH, &fd))
		hd_exam_not_applicable(exam, "it isn't there, or a copy of it");
	else if (fstat(fd, &st) < 0)
		hd_exam_unread_errno(exam, exam->row->source, -errno);
	else if ((st.st_mode & 0666) != 0666 &&
		 hd_exam_exists(exam, HD_SYSFS_MODULES "/vfio"))
		hd_exam_bad(
			exam,
			"%s has mode %04o: whoever isn't its owner can't open it, and it gives nobody a device by itself",
			exam->row->source, st.st_mode & 07777);
	else
		hd_exam_pass(exam, "%s has mode %04o", exam->row->source,
			     st.st_mode & 07777);
}

static const struct hd_row rows[] = {
	{ .id = "vfio-node",
	  .title = "/dev/vfio/vfio",
	  .source = "/dev/vfio/vfio",
	  .rule = rule_vfio_node,
	  .what = "vfio",
	  .bad = HD_FAIL,
	  .why = "vfio is loaded, and nobody made the node",
	  .fix = "mount -t devtmpfs devtmpfs /dev, or in a container pass /dev/vfio on to it" },
	{ .id = "vfio-node-mode",
	  .title = "Mode of /dev/vfio/vfio",
	  .source = "/dev/vfio/vfio",
	  .rule = rule_vfio_mode,
	  .bad = HD_WARN,
	  .fix = "chmod 0666 /dev/vfio/vfio" },
	{ .id = "vfio-kvm-node",
	  .title = "/dev/kvm",
	  .source = "/dev/kvm",
	  .rule = rule_kvm_node,
	  .what = "kvm",
	  .bad = HD_FAIL,
	  .why = "virtualization is off in the firmware, or KVM isn't loaded",
	  .fix = "Turn on VT-x or SVM in the firmware's setup; then modprobe kvm_intel or kvm_amd" },
	{ .id = "vfio-noiommu",
	  .title = "No devices without an IOMMU",
	  .source = "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode",
	  .rule = rule_off,
	  .what = "enable_unsafe_noiommu_mode",
	  .bad = HD_FAIL,
	  .why = "programs may have devices that reach all memory, and guests can't have them anyway",
	  .fix = "echo N > /sys/module/vfio/parameters/enable_unsafe_noiommu_mode" },
	{ .id = "vfio-denylist",
	  .title = "vfio-pci's list of devices that it refuses",
	  .source = "/sys/module/vfio_pci/parameters/disable_denylist",
	  .rule = rule_off,
	  .what = "disable_denylist",
	  .bad = HD_WARN,
	  .why = "devices that are known to be unsafe for the host are given away",
	  .fix = "Remove disable_denylist from /etc/modprobe.d and the kernel's command line" },
	{ .id = "vfio-hugepages",
	  .title = "Large mappings",
	  .source = "/sys/module/vfio_iommu_type1/parameters/disable_hugepages",
	  .rule = rule_off,
	  .what = "disable_hugepages",
	  .bad = HD_WARN,
	  .why = "guests start and run slower",
	  .fix = "echo N > /sys/module/vfio_iommu_type1/parameters/disable_hugepages" },
	{ .id = "vfio-intx-mask",
	  .title = "Legacy interrupts",
	  .source = "/sys/module/vfio_pci/parameters/nointxmask",
	  .rule = rule_told,
	  .what = "nointxmask" },
	{ .id = "vfio-idle-d3",
	  .title = "Idle devices sleep",
	  .source = "/sys/module/vfio_pci/parameters/disable_idle_d3",
	  .rule = rule_told,
	  .what = "disable_idle_d3" },
	{ .id = "vfio-vga",
	  .title = "Legacy VGA",
	  .source = "/sys/module/vfio_pci/parameters/disable_vga",
	  .rule = rule_told,
	  .what = "disable_vga" },
	{ .id = "vfio-sriov",
	  .title = "SR-IOV of devices on vfio-pci",
	  .source = "/sys/module/vfio_pci/parameters/enable_sriov",
	  .rule = rule_told,
	  .what = "enable_sriov" },
	{ .id = "vfio-dma-limit",
	  .title = "How many mappings a guest may have",
	  .source = "/sys/module/vfio_iommu_type1/parameters/dma_entry_limit",
	  .rule = rule_told,
	  .what = "dma_entry_limit" },
	{ .id = "vfio-iommufd-node",
	  .title = "/dev/iommu",
	  .source = "/dev/iommu",
	  .rule = rule_node,
	  .what = "iommu",
	  .bad = HD_NOT_APPLICABLE,
	  .why = "only <driver iommufd='yes'/> needs it" },
};

const struct hd_rows hd_rows_vfio = HD_ROWS("VFIO", rows);
