// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/doctor/row.h"

/*
 * How the kernel was built. A row's @what is a list of options, of which all
 * are needed; "|" stands between lists of which one is enough.
 */

#define CONFIG "kernel configuration"

static bool is_set(const struct hd_host_facts *facts, const char *name,
		   size_t n)
{
	HD_AUTOFREE char *option = strndup(name, n);
	const char *value =
		option ? hd_kconfig_value(&facts->kconfig, option) : NULL;

	return value && strcmp(value, "n") != 0;
}

/* The first option of the list that isn't set, or NULL; *@ret_n its length. */
static const char *find_unset(const struct hd_host_facts *facts,
			      const char *list, size_t *ret_n)
{
	const char *p = list;

	while (*p && *p != '|') {
		size_t n = strcspn(p, " |");

		if (!is_set(facts, p, n)) {
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
	if (hd_facts_have_kconfig(exam->facts))
		return true;
	hd_exam_skip(exam, "%s", hd_err_message(&exam->facts->kconfig_err));
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
		p = find_unset(exam->facts, list, &m);
		if (!p) {
			hd_exam_pass(exam, "the kernel has it");
			return;
		}
		if (!unset) {
			unset = p;
			n = m;
		}
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
	file = open_memstream(&text, &size);
	if (!file)
		return;
	for (const char *p = exam->row->what; *p;) {
		size_t n = strcspn(p, " ");

		if (is_set(exam->facts, p, n))
			fprintf(file, " %.*s", (int)n, p);
		p += n + (p[n] == ' ');
	}
	fclose(file);
	hd_exam_pass(exam, *text ? "set:%s" : "none of it is set%s", text);
}

static void rule_readable(struct hd_exam *exam)
{
	if (has_kconfig(exam))
		hd_exam_pass(exam, "found in %s", exam->facts->kconfig_path);
}

/* KVM works where its device is, whatever a configuration says. */
static void rule_kvm(struct hd_exam *exam)
{
	if (hd_facts_exists(exam->facts, "/dev/kvm"))
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
	if (!find_unset(exam->facts, "ARM_SMMU", &n) ||
	    !find_unset(exam->facts, "ARM_SMMU_V3", &n) ||
	    !find_unset(exam->facts, "VIRTIO_IOMMU", &n))
		hd_exam_pass(exam, "the kernel has a driver that vfio can use");
	else
		rule_options(exam);
}

#define OPTIONS(id, title, what, bad, why, on)                                 \
	{                                                                      \
		id, title, CONFIG, rule_options, what, bad, why, NULL, on,     \
			HD_HOST, false                                         \
	}
#define TOLD(id, title, what, on)                                              \
	{                                                                      \
		id, title, CONFIG, rule_options_told, what, HD_PASS, NULL,     \
			NULL, on, HD_HOST, false                               \
	}

static const struct hd_row rows[] = {
	{ .id = "config-readable",
	  .title = "The kernel's configuration can be read",
	  .source =
		  "/proc/config.gz, /boot/config-RELEASE, /lib/modules/RELEASE/config",
	  .rule = rule_readable },
	OPTIONS("config-pci", "PCI", "PCI PCI_MSI", HD_FAIL,
		"vfio needs devices with message signalled interrupts", 0),
	OPTIONS("config-iommu", "IOMMUs at all",
		"IOMMU_SUPPORT IOMMU_API IOMMU_DMA", HD_FAIL,
		"there can be no IOMMU groups", 0),
	OPTIONS("config-intel-iommu", "Driver of VT-d", "INTEL_IOMMU", HD_FAIL,
		"there can be no IOMMU groups", HD_ON_VTD),
	OPTIONS("config-amd-iommu", "Driver of AMD-Vi", "AMD_IOMMU", HD_FAIL,
		"there can be no IOMMU groups", HD_ON_AMD_VI),
	OPTIONS("config-smmu", "Driver of the SMMU",
		"ARM_SMMU|ARM_SMMU_V3|VIRTIO_IOMMU", HD_FAIL,
		"there can be no IOMMU groups for PCI devices", HD_ON_ARM64),
	{ .id = "config-vendor-iommu",
	  .title = "An IOMMU that vfio can use",
	  .source = CONFIG,
	  .rule = rule_vendor_iommu,
	  .what = "ARM_SMMU",
	  .bad = HD_FAIL,
	  .why = "what drives other IOMMUs doesn't promise coherent DMA, and vfio refuses their devices",
	  .where = HD_ON_ARM64 },
	OPTIONS("config-smmu-firmware", "SMMU as the firmware describes it",
		"OF_IOMMU|ACPI_IORT", HD_FAIL,
		"the kernel learns nowhere which devices are behind an SMMU",
		HD_ON_ARM64),
	OPTIONS("config-smmu-tables", "Page tables of the SMMU",
		"IOMMU_IO_PGTABLE_LPAE", HD_WARN, "SMMUs need it", HD_ON_ARM64),
	OPTIONS("config-vfio", "VFIO and vfio-pci", "VFIO VFIO_PCI", HD_FAIL,
		"no device can be given to a guest", 0),
	OPTIONS("config-vfio-container", "What QEMU opens of VFIO",
		"VFIO_IOMMU_TYPE1|IOMMUFD IOMMUFD_VFIO_CONTAINER|IOMMUFD VFIO_DEVICE_CDEV",
		HD_FAIL, "QEMU finds neither /dev/vfio/vfio nor /dev/iommu", 0),
	{ .id = "config-kvm-intel",
	  .title = "KVM",
	  .source = CONFIG,
	  .rule = rule_kvm,
	  .what = "KVM KVM_INTEL",
	  .bad = HD_FAIL,
	  .why = "there are no guests without KVM",
	  .where = HD_ON_INTEL },
	{ .id = "config-kvm-amd",
	  .title = "KVM",
	  .source = CONFIG,
	  .rule = rule_kvm,
	  .what = "KVM KVM_AMD",
	  .bad = HD_FAIL,
	  .why = "there are no guests without KVM",
	  .where = HD_ON_AMD },
	{ .id = "config-kvm-arm",
	  .title = "KVM",
	  .source = CONFIG,
	  .rule = rule_kvm,
	  .what = "KVM",
	  .bad = HD_FAIL,
	  .why = "there are no guests without KVM",
	  .where = HD_ON_ARM64 },
	OPTIONS("config-irq-remap", "Interrupt remapping",
		"IRQ_REMAP X86_X2APIC", HD_WARN,
		"without it vfio refuses devices, unless the host gives up its own safety",
		HD_ON_X86),
	OPTIONS("config-its", "GICv3 ITS", "ARM_GIC_V3 ARM_GIC_V3_ITS", HD_WARN,
		"without it interrupts of devices aren't isolated, and vfio refuses them",
		HD_ON_ARM64),
	OPTIONS("config-smmu-bypass", "Unknown streams are blocked",
		"ARM_SMMU_DISABLE_BYPASS_BY_DEFAULT", HD_WARN,
		"what the SMMU doesn't know may reach all memory", HD_ON_ARM64),
	OPTIONS("config-pcieport", "PCI Express ports", "PCIEPORTBUS", HD_WARN,
		"errors, hotplug and power of ports aren't handled", 0),
	OPTIONS("config-pci-quirks", "Quirks of PCI devices", "PCI_QUIRKS",
		HD_WARN,
		"groups are larger, as the kernel doesn't know which chips isolate without ACS",
		0),
	OPTIONS("config-sriov", "SR-IOV", "PCI_IOV", HD_WARN,
		"no virtual functions can be made", 0),
	OPTIONS("config-vfio-bars", "Memory and interrupts of VFIO",
		"VFIO_PCI_MMAP VFIO_PCI_INTX", HD_WARN,
		"devices are slow, or lack legacy interrupts", 0),
	TOLD("config-ats", "Address translation services", "PCI_ATS", 0),
	TOLD("config-iommufd", "iommufd",
	     "IOMMUFD IOMMUFD_VFIO_CONTAINER VFIO_DEVICE_CDEV", 0),
	TOLD("config-noiommu", "VFIO without an IOMMU", "VFIO_NOIOMMU", 0),
	TOLD("config-vfio-graphics", "Legacy VGA and Intel graphics",
	     "VFIO_PCI_VGA VFIO_PCI_IGD", HD_ON_X86),
	TOLD("config-mdev", "Mediated devices", "VFIO_MDEV", 0),
	TOLD("config-hugepages", "Huge pages",
	     "HUGETLBFS HUGETLB_PAGE CGROUP_HUGETLB TRANSPARENT_HUGEPAGE", 0),
	TOLD("config-device-cgroup", "Device cgroup",
	     "CGROUP_DEVICE CGROUP_BPF", 0),
	TOLD("config-boot-framebuffer", "Framebuffers of the firmware",
	     "SYSFB SYSFB_SIMPLEFB DRM_SIMPLEDRM FB_EFI FB_VESA DRM_EFIDRM", 0),
	TOLD("config-lockdown", "Lockdown and signed modules",
	     "SECURITY_LOCKDOWN_LSM MODULE_SIG_FORCE", 0),
	TOLD("config-dma-default", "How the host's own DMA is mapped",
	     "IOMMU_DEFAULT_PASSTHROUGH IOMMU_DEFAULT_DMA_LAZY IOMMU_DEFAULT_DMA_STRICT",
	     0),
	TOLD("config-pci-host", "Drivers of PCI host bridges",
	     "PCI_HOST_GENERIC PCIE_QCOM PCIE_ROCKCHIP_DW_HOST PCI_TEGRA PCIE_BRCMSTB",
	     HD_ON_ARM64),
	TOLD("config-vfio-platform", "VFIO for platform devices",
	     "VFIO_PLATFORM VFIO_AMBA", HD_ON_ARM64),
};

const struct hd_rows hd_rows_kernel = HD_ROWS("kernel", rows);
