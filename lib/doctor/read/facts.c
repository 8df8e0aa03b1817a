// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/doctor/read/facts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/stream.h"
#include "lib/base/text.h"
#include "lib/base/word.h"
#include "lib/host/proc.h"
#include "lib/host/sysfs.h"

struct hd_seen hd_facts_open(const struct hd_host_facts *facts,
			     const char *path, int flags, int *ret_fd)
{
	/* openat2() takes nothing else together with O_PATH. */
	return hd_host_openat(facts->host, path,
			      flags & O_PATH ? flags : flags | O_NONBLOCK,
			      ret_fd);
}

struct hd_seen hd_facts_read(const struct hd_host_facts *facts,
			     const char *path, char **ret)
{
	size_t length;
	struct hd_seen seen =
		hd_host_read(facts->host, path, HD_TEXT_LIMIT, ret, &length);

	if (seen.is == HD_PRESENT && length > 0 && (*ret)[length - 1] == '\n')
		(*ret)[length - 1] = '\0';
	return seen;
}

struct hd_seen hd_facts_look(const struct hd_host_facts *facts,
			     const char *path)
{
	HD_AUTOCLOSE int fd = -1;

	return hd_facts_open(facts, path, O_PATH, &fd);
}

static int count(void *data, int dir_fd, const char *name)
{
	(void)dir_fd;
	*(unsigned *)data += *name != '.';
	return 0;
}

struct hd_count hd_facts_count(const struct hd_host_facts *facts,
			       const char *path)
{
	struct hd_count counted = { 0, hd_seen_absent() };
	unsigned n = 0;
	int fd = -1;

	counted.seen = hd_facts_open(facts, path, O_RDONLY | O_DIRECTORY, &fd);
	if (counted.seen.is == HD_PRESENT)
		counted.seen = hd_seen_of(hd_dir_each(fd, count, &n));
	if (counted.seen.is == HD_PRESENT)
		counted.n = n;
	return counted;
}

static void read_file(const struct hd_host_facts *facts, const char *path,
		      struct hd_text_file *ret)
{
	ret->path = path;
	ret->seen = hd_facts_read(facts, path, &ret->text);
}

/* Files of one kernel: /lib/modules/RELEASE/NAME. */
static void read_of_kernel(const struct hd_host_facts *facts, const char *shown,
			   const char *name, struct hd_text_file *ret)
{
	HD_AUTOFREE char *path = NULL;

	if (facts->release)
		path = hd_text("/lib/modules/%s/%s", facts->release, name);
	if (path)
		read_file(facts, path, ret);
	else
		ret->seen = hd_seen_of(facts->release ? -ENOMEM :
							facts->release_error);
	ret->path = shown;
}

/* The value of the first line of /proc/cpuinfo that begins so. */
static bool cpu_says(const char *cpuinfo, const char *key, const char *word)
{
	const char *line = cpuinfo;
	size_t n = strlen(key);

	while (line && strncmp(line, key, n) != 0) {
		line = strchr(line, '\n');
		if (line)
			line++;
	}
	if (!line)
		return false;
	if (!word)
		return true;
	n = strcspn(line, "\n");
	return memmem(line, n, word, strlen(word)) != NULL;
}

/* arch/x86/kernel/cpu/proc.c and arch/arm64/kernel/cpuinfo.c */
static void read_processor(struct hd_host_facts *facts)
{
	const char *text;

	read_file(facts, HD_PROC_CPUINFO, &facts->cpuinfo);
	text = facts->cpuinfo.text;
	if (!text)
		return;
	if (cpu_says(text, "vendor_id", "GenuineIntel"))
		facts->on = HD_ON_INTEL;
	else if (cpu_says(text, "vendor_id", "AuthenticAMD") ||
		 cpu_says(text, "vendor_id", "HygonGenuine"))
		facts->on = HD_ON_AMD;
	else if (cpu_says(text, "vendor_id", NULL))
		facts->on = HD_ON_OTHER_X86;
	else if (cpu_says(text, "CPU implementer", NULL))
		facts->on = HD_ON_ARM64;
	else
		facts->on = HD_ON_OTHER;
	facts->emulated = cpu_says(text, "flags", " hypervisor");
}

/*
 * An IOMMU is what the firmware says, or else what such processors have. Which
 * of them says no more than which rows are for this host.
 */
static void read_iommu(struct hd_host_facts *facts)
{
	if (hd_facts_look(facts, HD_SYSFS_ACPI_TABLES "/DMAR").is == HD_PRESENT)
		facts->on |= HD_ON_VTD;
	else if (hd_facts_look(facts, HD_SYSFS_ACPI_TABLES "/IVRS").is ==
		 HD_PRESENT)
		facts->on |= HD_ON_AMD_VI;
	else if (facts->on & HD_ON_INTEL)
		facts->on |= HD_ON_VTD;
	else if (facts->on & HD_ON_AMD)
		facts->on |= HD_ON_AMD_VI;
}

static void read_kernel(struct hd_host_facts *facts)
{
	facts->release_error =
		hd_proc_read_release(facts->host, &facts->release);
	hd_kconfig_read(facts->host, facts->release, &facts->kconfig,
			&facts->kconfig_path, &facts->kconfig_err);
	facts->bootargs_error = hd_bootargs_read(facts->host, &facts->bootargs);
	read_of_kernel(facts, "/lib/modules/RELEASE/modules.builtin",
		       "modules.builtin", &facts->builtin);
	read_of_kernel(facts, "/lib/modules/RELEASE/modules.dep", "modules.dep",
		       &facts->dep);
}

static void read_host(struct hd_host_facts *facts)
{
	facts->has_sys = hd_facts_look(facts, HD_SYSFS_KERNEL).is == HD_PRESENT;
	/* Copies often have an empty one. */
	facts->has_dev = hd_facts_count(facts, "/dev").n > 0;
	facts->has_etc = hd_facts_look(facts, "/etc").is == HD_PRESENT;
	read_file(facts, HD_PROC_INTERRUPTS, &facts->interrupts);
	hd_inventory_read_all(&facts->inventory, facts->host,
			      &facts->inventory_err);
	facts->groups = hd_facts_count(facts, HD_SYSFS_GROUPS);
	facts->units = hd_facts_count(facts, HD_SYSFS_CLASS "/iommu");
}

/* One process of /proc: is it the daemon? */
static int visit_process(void *data, int dir_fd, const char *name)
{
	static const char *const daemons[] = { "virtqemud", "libvirtd" };
	struct hd_daemon *daemon = data;
	HD_AUTOFREE char *comm = NULL;
	char path[sizeof("/comm") + 16];
	struct hd_seen seen;
	int64_t pid;

	if (!hd_word_number(name, 1 << 30, &pid))
		return 0;
	snprintf(path, sizeof(path), "%.15s/comm", name);
	seen = hd_sysfs_read(dir_fd, path, &comm);
	/* ESRCH: it has ended since. */
	if (seen.is != HD_PRESENT)
		return seen.error == -ESRCH ? 0 : seen.error;
	for (size_t i = 0; i < sizeof(daemons) / sizeof(daemons[0]); i++)
		if (strcmp(comm, daemons[i]) == 0) {
			daemon->pid = (int)pid;
			daemon->name = daemons[i];
		}
	return daemon->pid ? 1 : 0;
}

static void read_daemon(struct hd_host_facts *facts)
{
	struct hd_daemon *daemon = &facts->daemon;
	int fd = -1;

	daemon->seen =
		hd_facts_open(facts, HD_PROC, O_RDONLY | O_DIRECTORY, &fd);
	if (daemon->seen.is == HD_PRESENT)
		daemon->seen =
			hd_seen_of(hd_dir_each(fd, visit_process, daemon));
}

static int examine(struct hd_host_facts *facts, struct hd_err *err)
{
	HD_AUTO_ASK struct hd_ask ask = HD_ASK_INIT(
		facts->host, facts->request->names, &facts->findings, err);

	ask.config.step_seconds = facts->config.step_seconds;
	/* What refuses them is what doctor is to say. */
	return hd_examine(&ask, facts->request->devices, &facts->situation);
}

int hd_doctor_facts_read(const struct hd_host *host,
			 const struct hd_doctor_request *request,
			 struct hd_host_facts *ret, struct hd_err *err)
{
	HD_AUTO_FACTS struct hd_host_facts facts = { .host = host,
						     .request = request };
	int r = 0;

	read_host(&facts);
	read_processor(&facts);
	read_iommu(&facts);
	read_kernel(&facts);
	read_daemon(&facts);
	hd_config_read(host, &facts.config, &facts.config_err);
	if (facts.on & HD_ON_ARM64)
		hd_devicetree_read(host, &facts.tree);
	facts.iort_seen = hd_seen_absent();
	if (facts.on & HD_ON_ARM64)
		facts.iort_seen =
			hd_iort_read(host, &facts.iort, &facts.iort_err);
	if (facts.iort_seen.error == -ENOMEM)
		return hd_err_nomem(err);
	if (hd_android_read(host, &facts.android) < 0 ||
	    hd_scripts_read(host, &facts.scripts) < 0)
		return hd_err_nomem(err);
	if (request->devices)
		r = examine(&facts, &facts.examine_err);
	if (r == -ENOMEM)
		return hd_err_nomem(err);
	*ret = facts;
	memset(&facts, 0, sizeof(facts));
	return 0;
}

/*
 * What is in a kernel when an option is set to y: parameters, names of
 * attributes, words of the device tree, each a whole string of C, as messages
 * of others name them too. And what such an option depends on or selects, in
 * the Kconfig files of Linux 5.4 to 6.12. Of what is a module, or isn't there,
 * nothing is known.
 */
static const struct {
	const char *option, *shown, *more;
} shows[] = {
	{ "INTEL_IOMMU",
	  "intel_iommu=", "PCI PCI_MSI IOMMU_SUPPORT IOMMU_API" },
	{ "AMD_IOMMU", "amd_iommu=", "PCI IOMMU_SUPPORT IOMMU_API" },
	{ "ARM_SMMU", "arm_smmu.disable_bypass",
	  "IOMMU_SUPPORT IOMMU_API OF_IOMMU IOMMU_IO_PGTABLE_LPAE" },
	{ "ARM_SMMU_V3", "arm_smmu_v3.disable_msipolling",
	  "IOMMU_SUPPORT IOMMU_API OF_IOMMU IOMMU_IO_PGTABLE_LPAE" },
	{ "IOMMU_API", "iommu.passthrough", "" },
	{ "IOMMU_DMA", "iommu.forcedac", "" },
	{ "IRQ_REMAP", "nointremap", "PCI_MSI IOMMU_SUPPORT" },
	{ "X86_X2APIC", "nox2apic", "" },
	{ "ARM_GIC_V3_ITS", "arm,gic-v3-its", "ARM_GIC_V3" },
	{ "PCIEPORTBUS", "pcie_ports=", "PCI" },
	{ "PCI_IOV", "sriov_numvfs", "PCI" },
	{ "VFIO_PCI", "vfio_pci.ids", "VFIO PCI" },
	{ "VFIO_IOMMU_TYPE1", "vfio_iommu_type1.allow_unsafe_interrupts",
	  "VFIO" },
	{ "KVM", "kvm.halt_poll_ns", "" },
	{ "KVM_INTEL", "kvm_intel.ept", "KVM" },
	{ "KVM_AMD", "kvm_amd.npt", "KVM" },
};

/* Whether a string is in the kernel, with nothing before and behind it. */
static bool is_shown(const struct hd_kernel_image *image, const char *string)
{
	const char *at = image->text, *end = image->text + image->length;
	size_t n = strlen(string);

	for (; (at = memmem(at, (size_t)(end - at), string, n)); at++)
		if (at > image->text && !at[-1] && at + n < end && !at[n])
			return true;
	return false;
}

/* Where there is no configuration: what the kernel itself shows of one. */
static int read_shown(const struct hd_kernel_image *image,
		      struct hd_kconfig *ret)
{
	HD_AUTOFREE char *text = NULL;
	size_t size;
	FILE *file = hd_stream_open(&text, &size);
	int r;

	if (!file)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(shows) / sizeof(shows[0]); i++) {
		if (!is_shown(image, shows[i].shown))
			continue;
		fprintf(file, "CONFIG_%s=y\n", shows[i].option);
		for (const char *p = shows[i].more; *p; p += strspn(p, " ")) {
			size_t n = strcspn(p, " ");

			fprintf(file, "CONFIG_%.*s=y\n", (int)n, p);
			p += n;
		}
	}
	if (fclose(file) != 0)
		return -ENOMEM;
	r = size ? hd_kconfig_parse(text, size, ret) : 0;
	return r;
}

static int copy_kconfig(const struct hd_kernel_image *image, const char *name,
			struct hd_host_facts *facts)
{
	HD_AUTOFREE char *text = NULL;
	size_t size;
	FILE *file;

	if (image->kconfig.n == 0) {
		facts->kconfig_partial = true;
		hd_err_set(&facts->kconfig_err, image->no_kconfig.code, "%s",
			   hd_err_message(&image->no_kconfig));
		return image->text ? read_shown(image, &facts->kconfig) : 0;
	}
	facts->kconfig_path = strdup(name);
	file = hd_stream_open(&text, &size);
	if (!file || !facts->kconfig_path)
		return -ENOMEM;
	for (size_t i = 0; i < image->kconfig.n; i++)
		fprintf(file, "CONFIG_%s=%s\n", image->kconfig.options[i].name,
			image->kconfig.options[i].value);
	if (fclose(file) != 0)
		return -ENOMEM;
	return hd_kconfig_parse(text, size, &facts->kconfig);
}

int hd_doctor_facts_of_image(const struct hd_host *host,
			     const struct hd_doctor_request *request,
			     const struct hd_kernel_image *image,
			     const char *name, struct hd_host_facts *ret,
			     struct hd_err *err)
{
	static const unsigned machines[] = {
		[HD_IMAGE_ANY] = 0,
		[HD_IMAGE_X86] = HD_ON_X86 | HD_ON_VTD | HD_ON_AMD_VI,
		[HD_IMAGE_ARM64] = HD_ON_ARM64,
		[HD_IMAGE_ARM] = HD_ON_OTHER,
		[HD_IMAGE_OTHER] = HD_ON_OTHER,
	};
	HD_AUTO_FACTS struct hd_host_facts facts = { .host = host,
						     .request = request,
						     .image = image,
						     .iort_seen =
							     hd_seen_absent(),
						     .android.seen =
							     hd_seen_absent() };

	read_processor(&facts);
	read_iommu(&facts);
	facts.on &= machines[image->machine];
	if (!facts.on)
		facts.on = machines[image->machine];
	if (copy_kconfig(image, name, &facts) < 0)
		return hd_err_nomem(err);
	*ret = facts;
	memset(&facts, 0, sizeof(facts));
	return 0;
}

void hd_doctor_facts_clear(struct hd_host_facts *facts)
{
	struct hd_text_file *files[] = { &facts->cpuinfo, &facts->interrupts,
					 &facts->builtin, &facts->dep };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		free(files[i]->text);
	hd_scripts_clear(&facts->scripts);
	hd_devicetree_clear(&facts->tree);
	free(facts->release);
	free(facts->kconfig_path);
	hd_kconfig_clear(&facts->kconfig);
	hd_err_clear(&facts->kconfig_err);
	hd_bootargs_clear(&facts->bootargs);
	hd_inventory_clear(&facts->inventory);
	hd_err_clear(&facts->inventory_err);
	hd_config_clear(&facts->config);
	hd_err_clear(&facts->config_err);
	hd_err_clear(&facts->examine_err);
	hd_situation_clear(&facts->situation);
	hd_findings_clear(&facts->findings);
	hd_iort_clear(&facts->iort);
	hd_android_clear(&facts->android);
	hd_err_clear(&facts->iort_err);
}
