// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/stream.h"
#include "lib/doctor/row.h"

/*
 * How the kernel was built. A row's @what is a list of options, of which all
 * are needed; "|" stands between lists of which one is enough.
 */

#define CONFIG "kernel configuration"

static bool is_set(struct hd_exam *exam, const char *name, size_t n)
{
	char option[64]; /* one of those of the rows below */
	const char *value, *folder;

	snprintf(option, sizeof(option), "%.*s", (int)n, name);
	value = hd_kconfig_value(&exam->facts->kconfig, option);
	if (value && strcmp(value, "n") != 0)
		return true;
	for (const struct hd_android_option *o = hd_android_options; o->option;
	     o++)
		if (strcmp(o->option, option) == 0)
			return hd_exam_android_has(exam, o->module, &folder);
	return false;
}

/* Of an image without one, what isn't named may be so or not. */
static bool is_known(const struct hd_host_facts *facts)
{
	return !facts->kconfig_partial;
}

/* The first option of the list that isn't set, or NULL; *@ret_n its length. */
static const char *find_unset(struct hd_exam *exam, const char *list,
			      size_t *ret_n)
{
	const char *p = list;

	while (*p && *p != '|') {
		size_t n = strcspn(p, " |");

		if (!is_set(exam, p, n)) {
			*ret_n = n;
			return p;
		}
		p += n + (p[n] == ' ');
	}
	return NULL;
}

/* Says that there is no configuration, when there is none. */
static bool has_kconfig(struct hd_exam *exam)
{
	if (hd_facts_have_kconfig(exam->facts) &&
	    (is_known(exam->facts) || exam->row->what))
		return true;
	hd_exam_unknown(exam, "%s", hd_err_message(&exam->facts->kconfig_err));
	return false;
}

static void rule_options(struct hd_exam *exam)
{
	const char *unset = NULL, *list = exam->row->what;
	size_t n = 0;

	if (!has_kconfig(exam))
		return;
	for (; list; list = strchr(list, '|')) {
		size_t m;
		const char *p;

		list += *list == '|';
		p = find_unset(exam, list, &m);
		if (!p) {
			hd_exam_pass(
				exam,
				is_known(exam->facts) ?
					"the kernel has it" :
					"its text shows that the kernel has it");
			return;
		}
		if (!unset) {
			unset = p;
			n = m;
		}
	}
	if (!is_known(exam->facts)) {
		hd_exam_unknown(
			exam,
			"whether the kernel has CONFIG_%.*s can't be told",
			(int)n, unset);
		return;
	}
	hd_exam_bad(exam, "the kernel was built without CONFIG_%.*s%s%s",
		    (int)n, unset, exam->row->why ? ": " : "",
		    exam->row->why ? exam->row->why : "");
	if (!exam->row->fix)
		hd_exam_fix(
			exam,
			"Use a kernel with CONFIG_%.*s, as those of most distributions are",
			(int)n, unset);
}

/* Says which of the options are set: nothing here is wrong. */
static void rule_options_told(struct hd_exam *exam)
{
	HD_AUTOFREE char *text = NULL;
	size_t size;
	FILE *file;

	if (!has_kconfig(exam))
		return;
	file = hd_stream_open(&text, &size);
	if (!file)
		return;
	for (const char *p = exam->row->what; *p;) {
		size_t n = strcspn(p, " ");

		if (is_set(exam, p, n))
			fprintf(file, " %.*s", (int)n, p);
		p += n + (p[n] == ' ');
	}
	if (fclose(file) != 0)
		return;
	if (*text || is_known(exam->facts))
		hd_exam_pass(exam, *text ? "set:%s" : "none of it is set%s",
			     text);
	else
		hd_exam_unknown(exam, "%s",
				hd_err_message(&exam->facts->kconfig_err));
}

static void rule_readable(struct hd_exam *exam)
{
	if (has_kconfig(exam))
		hd_exam_pass(exam, "found in %s", exam->facts->kconfig_path);
}

/* KVM works where its device is, whatever a configuration says. */
static void rule_kvm(struct hd_exam *exam)
{
	if (!exam->facts->image && hd_exam_exists(exam, "/dev/kvm"))
		hd_exam_pass(exam, "/dev/kvm is there");
	else
		rule_options(exam);
}

/*
 * IOMMUs whose drivers, as of Linux 6.12, don't say that DMA is coherent with
 * the processor's caches, which vfio asks for (drivers/vfio/vfio_main.c).
 */
static void rule_vendor_iommu(struct hd_exam *exam)
{
	size_t n;

	if (!has_kconfig(exam))
		return;
	if (!find_unset(exam, "ARM_SMMU", &n) ||
	    !find_unset(exam, "ARM_SMMU_V3", &n) ||
	    !find_unset(exam, "VIRTIO_IOMMU", &n))
		hd_exam_pass(exam, "the kernel has a driver that vfio can use");
	else
		rule_options(exam);
}

static const struct hd_row rows[] = {
	{ .id = "config-readable",
	  .title = "The kernel's configuration can be read",
	  .source =
		  "/proc/config.gz, /boot/config-RELEASE, /lib/modules/RELEASE/config",
	  .rule = rule_readable },
	{ .id = "config-pci",
	  .title = "PCI",
	  .source = CONFIG,
	  .rule = rule_options,
	  .what = "PCI PCI_MSI",
	  .bad = HD_FAIL,
	  .why = "vfio needs devices with message signalled interrupts",
	  .shown_by = "machine-pci" },
	{ .id = "config-iommu",
	  .title = "IOMMUs at all",
	  .source = CONFIG,
	  .rule = rule_options,
	  .what = "IOMMU_SUPPORT IOMMU_API IOMMU_DMA",
	  .bad = HD_FAIL,
	  .why = "there can be no IOMMU groups",
	  .shown_by = "iommu-groups" },
	{ .id = "config-intel-iommu",
	  .title = "Driver of VT-d",
	  .source = CONFIG,
	  .rule = rule_options,
	  .what = "INTEL_IOMMU",
	  .bad = HD_FAIL,
	  .why = "there can be no IOMMU groups",
	  .where = HD_ON_VTD,
	  .shown_by = "iommu-groups" },
	{ .id = "config-amd-iommu",
	  .title = "Driver of AMD-Vi",
	  .source = CONFIG,
	  .rule = rule_options,
	  .what = "AMD_IOMMU",
	  .bad = HD_FAIL,
	  .why = "there can be no IOMMU groups",
	  .where = HD_ON_AMD_VI,
	  .shown_by = "iommu-groups" },
	{ .id = "config-smmu",
	  .title = "Driver of the SMMU",
	  .source = CONFIG,
	  .rule = rule_options,
	  .what = "ARM_SMMU|ARM_SMMU_V3|VIRTIO_IOMMU",
	  .bad = HD_FAIL,
	  .why = "there can be no IOMMU groups for PCI devices",
	  .where = HD_ON_ARM64,
	  .shown_by = "iommu-groups" },
	{ .id = "config-vendor-iommu",
	  .title = "An IOMMU that vfio can use",
	  .source = CONFIG,
	  .rule = rule_vendor_iommu,
	  .what = "ARM_SMMU",
	  .bad = HD_FAIL,
	  .why = "what drives other IOMMUs doesn't promise coherent DMA, and vfio refuses their devices",
	  .where = HD_ON_ARM64 },
	{ .id = "config-smmu-firmware",
	  .title = "SMMU as the firmware describes it",
	  .source = CONFIG,
	  .rule = rule_options,
	  .what = "OF_IOMMU|ACPI_IORT",
	  .bad = HD_FAIL,
	  .why = "the kernel learns nowhere which devices are behind an SMMU",
	  .where = HD_ON_ARM64,
	  .shown_by = "iommu-groups" },
	{ .id = "config-smmu-tables",
	  .title = "Page tables of the SMMU",
	  .source = CONFIG,
	  .rule = rule_options,
	  .what = "IOMMU_IO_PGTABLE_LPAE",
	  .bad = HD_WARN,
	  .why = "SMMUs need it",
	  .where = HD_ON_ARM64 },
	{ .id = "config-vfio",
	  .title = "VFIO and vfio-pci",
	  .source = CONFIG,
	  .rule = rule_options,
	  .what = "VFIO VFIO_PCI",
	  .bad = HD_FAIL,
	  .why = "no device can be given to a guest",
	  .shown_by = "vfio-pci" },
	{ .id = "config-vfio-container",
	  .title = "What QEMU opens of VFIO",
	  .source = CONFIG,
	  .rule = rule_options,
	  .what = "VFIO_IOMMU_TYPE1|IOMMUFD IOMMUFD_VFIO_CONTAINER|IOMMUFD VFIO_DEVICE_CDEV",
	  .bad = HD_FAIL,
	  .why = "QEMU finds neither /dev/vfio/vfio nor /dev/iommu",
	  .shown_by = "vfio-type1" },
	{ .id = "config-kvm-intel",
	  .title = "KVM",
	  .source = CONFIG,
	  .rule = rule_kvm,
	  .what = "KVM KVM_INTEL",
	  .bad = HD_FAIL,
	  .why = "there are no guests without KVM",
	  .where = HD_ON_INTEL,
	  .shown_by = "vfio-kvm-node" },
	{ .id = "config-kvm-amd",
	  .title = "KVM",
	  .source = CONFIG,
	  .rule = rule_kvm,
	  .what = "KVM KVM_AMD",
	  .bad = HD_FAIL,
	  .why = "there are no guests without KVM",
	  .where = HD_ON_AMD,
	  .shown_by = "vfio-kvm-node" },
	{ .id = "config-kvm-arm",
	  .title = "KVM",
	  .source = CONFIG,
	  .rule = rule_kvm,
	  .what = "KVM",
	  .bad = HD_FAIL,
	  .why = "there are no guests without KVM",
	  .where = HD_ON_ARM64,
	  .shown_by = "vfio-kvm-node" },
	{ .id = "config-irq-remap",
	  .title = "Interrupt remapping",
	  .source = CONFIG,
	  .rule = rule_options,
	  .what = "IRQ_REMAP X86_X2APIC",
	  .bad = HD_WARN,
	  .why = "without it vfio refuses devices, unless the host gives up its own safety",
	  .where = HD_ON_X86 },
	{ .id = "config-its",
	  .title = "GICv3 ITS",
	  .source = CONFIG,
	  .rule = rule_options,
	  .what = "ARM_GIC_V3 ARM_GIC_V3_ITS",
	  .bad = HD_WARN,
	  .why = "without it interrupts of devices aren't isolated, and vfio refuses them",
	  .where = HD_ON_ARM64 },
	{ .id = "config-smmu-bypass",
	  .title = "Unknown streams are blocked",
	  .source = CONFIG,
	  .rule = rule_options,
	  .what = "ARM_SMMU_DISABLE_BYPASS_BY_DEFAULT",
	  .bad = HD_WARN,
	  .why = "what the SMMU doesn't know may reach all memory",
	  .where = HD_ON_ARM64 },
	{ .id = "config-pcieport",
	  .title = "PCI Express ports",
	  .source = CONFIG,
	  .rule = rule_options,
	  .what = "PCIEPORTBUS",
	  .bad = HD_WARN,
	  .why = "errors, hotplug and power of ports aren't handled" },
	{ .id = "config-pci-quirks",
	  .title = "Quirks of PCI devices",
	  .source = CONFIG,
	  .rule = rule_options,
	  .what = "PCI_QUIRKS",
	  .bad = HD_WARN,
	  .why = "groups are larger, as the kernel doesn't know which chips isolate without ACS" },
	{ .id = "config-sriov",
	  .title = "SR-IOV",
	  .source = CONFIG,
	  .rule = rule_options,
	  .what = "PCI_IOV",
	  .bad = HD_WARN,
	  .why = "no virtual functions can be made" },
	{ .id = "config-vfio-bars",
	  .title = "Memory and interrupts of VFIO",
	  .source = CONFIG,
	  .rule = rule_options,
	  .what = "VFIO_PCI_MMAP VFIO_PCI_INTX",
	  .bad = HD_WARN,
	  .why = "devices are slow, or lack legacy interrupts" },
	{ .id = "config-ats",
	  .title = "Address translation services",
	  .source = CONFIG,
	  .rule = rule_options_told,
	  .what = "PCI_ATS" },
	{ .id = "config-iommufd",
	  .title = "iommufd",
	  .source = CONFIG,
	  .rule = rule_options_told,
	  .what = "IOMMUFD IOMMUFD_VFIO_CONTAINER VFIO_DEVICE_CDEV" },
	{ .id = "config-noiommu",
	  .title = "VFIO without an IOMMU",
	  .source = CONFIG,
	  .rule = rule_options_told,
	  .what = "VFIO_NOIOMMU" },
	{ .id = "config-vfio-graphics",
	  .title = "Legacy VGA and Intel graphics",
	  .source = CONFIG,
	  .rule = rule_options_told,
	  .what = "VFIO_PCI_VGA VFIO_PCI_IGD",
	  .where = HD_ON_X86 },
	{ .id = "config-mdev",
	  .title = "Mediated devices",
	  .source = CONFIG,
	  .rule = rule_options_told,
	  .what = "VFIO_MDEV" },
	{ .id = "config-hugepages",
	  .title = "Huge pages",
	  .source = CONFIG,
	  .rule = rule_options_told,
	  .what = "HUGETLBFS HUGETLB_PAGE CGROUP_HUGETLB TRANSPARENT_HUGEPAGE" },
	{ .id = "config-device-cgroup",
	  .title = "Device cgroup",
	  .source = CONFIG,
	  .rule = rule_options_told,
	  .what = "CGROUP_DEVICE CGROUP_BPF" },
	{ .id = "config-boot-framebuffer",
	  .title = "Framebuffers of the firmware",
	  .source = CONFIG,
	  .rule = rule_options_told,
	  .what = "SYSFB SYSFB_SIMPLEFB DRM_SIMPLEDRM FB_EFI FB_VESA DRM_EFIDRM" },
	{ .id = "config-lockdown",
	  .title = "Lockdown and signed modules",
	  .source = CONFIG,
	  .rule = rule_options_told,
	  .what = "SECURITY_LOCKDOWN_LSM MODULE_SIG_FORCE" },
	{ .id = "config-dma-default",
	  .title = "How the host's own DMA is mapped",
	  .source = CONFIG,
	  .rule = rule_options_told,
	  .what = "IOMMU_DEFAULT_PASSTHROUGH IOMMU_DEFAULT_DMA_LAZY IOMMU_DEFAULT_DMA_STRICT" },
	{ .id = "config-pci-host",
	  .title = "Drivers of PCI host bridges",
	  .source = CONFIG,
	  .rule = rule_options_told,
	  .what = "PCI_HOST_GENERIC PCIE_QCOM PCIE_ROCKCHIP_DW_HOST PCI_TEGRA PCIE_BRCMSTB",
	  .where = HD_ON_ARM64 },
	{ .id = "config-vfio-platform",
	  .title = "VFIO for platform devices",
	  .source = CONFIG,
	  .rule = rule_options_told,
	  .what = "VFIO_PLATFORM VFIO_AMBA",
	  .where = HD_ON_ARM64 },
};

const struct hd_rows hd_rows_kernel = HD_ROWS("kernel", rows);
