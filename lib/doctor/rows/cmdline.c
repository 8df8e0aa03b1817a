// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/stream.h"
#include "lib/doctor/row.h"
#include "lib/host/proc.h"

/*
 * Words on the kernel's command line
 * (Documentation/admin-guide/kernel-parameters.txt). A row's @what is for
 * hd_bootargs_find().
 */

#define CMDLINE "/proc/cmdline"

/* Says that the command line isn't known, when it isn't. */
static bool has_words(struct hd_exam *exam)
{
	if (exam->facts->bootargs.text)
		return true;
	hd_exam_unread_errno(exam, CMDLINE, exam->facts->bootargs_error);
	return false;
}

static const char *equals_of(const struct hd_bootarg *arg)
{
	return arg->value ? "=" : "";
}

static const char *value_of(const struct hd_bootarg *arg)
{
	return arg->value ? arg->value : "";
}

static void rule_absent(struct hd_exam *exam)
{
	const struct hd_row *row = exam->row;
	const struct hd_bootarg *arg;

	if (!has_words(exam))
		return;
	arg = hd_bootargs_find(&exam->facts->bootargs, row->what, NULL);
	if (!arg) {
		hd_exam_pass(exam, "the command line has nothing of it");
		return;
	}
	hd_exam_bad(exam, "the command line has %s%s%s: %s", arg->name,
		    equals_of(arg), value_of(arg), row->why);
	if (!row->fix)
		hd_exam_fix(
			exam,
			"Remove %s%s%s from the kernel's command line in the boot loader's configuration, and reboot",
			arg->name, equals_of(arg), value_of(arg));
}

/*
 * "video=efifb:off" is for efifb alone: where sysfb makes a
 * "simple-framebuffer" (drivers/firmware/sysfb.c), another driver draws on it,
 * and knows no such word.
 */
static void rule_framebuffer(struct hd_exam *exam)
{
	const struct hd_host_facts *facts = exam->facts;
	const char *simple =
		hd_kconfig_value(&facts->kconfig, "SYSFB_SIMPLEFB");
	const struct hd_bootarg *arg;

	if (!has_words(exam))
		return;
	arg = hd_bootargs_find(&facts->bootargs,
			       "video=efifb:off|video=vesafb:off", NULL);
	if (arg && simple && strcmp(simple, "y") == 0)
		hd_exam_bad(
			exam,
			"the command line has %s=%s, which does nothing: this kernel draws with neither",
			arg->name, value_of(arg));
	else
		rule_absent(exam);
}

/* Android's boot loaders say it in the boot configuration. */
static void rule_pkvm(struct hd_exam *exam)
{
	HD_AUTOFREE char *text = NULL;

	if (hd_exam_try(exam, HD_PROC_BOOTCONFIG, &text) &&
	    hd_bootconfig_says(text, "kvm-arm.mode", "protected"))
		hd_exam_bad(exam, "%s has %s: %s", HD_PROC_BOOTCONFIG,
			    exam->row->what, exam->row->why);
	else
		rule_absent(exam);
}

/* Says what is there of the words: nothing of it is wrong. */
static void rule_told(struct hd_exam *exam)
{
	const struct hd_bootarg *arg = NULL;
	HD_AUTOFREE char *text = NULL;
	size_t size;
	FILE *file;

	if (!has_words(exam))
		return;
	file = hd_stream_open(&text, &size);
	if (!file)
		return;
	while ((arg = hd_bootargs_find(&exam->facts->bootargs, exam->row->what,
				       arg)))
		fprintf(file, " %s%s%s", arg->name, equals_of(arg),
			value_of(arg));
	if (fclose(file) != 0)
		return;
	if (!*text)
		hd_exam_pass(exam, "the command line has nothing of it");
	else
		hd_exam_pass(exam, "%s%s%s",
			     exam->row->why ? exam->row->why : "set", ":",
			     text);
}

/*
 * VT-d is off by default in the kernel's own configuration; distributions
 * differ, and firmware may ask for it (drivers/iommu/intel/iommu.c).
 */
static void rule_intel_on(struct hd_exam *exam)
{
	const struct hd_host_facts *facts = exam->facts;
	const char *built;

	hd_exam_saw(exam, facts->units.seen, "/sys/class/iommu");
	if (facts->units.n > 0) {
		hd_exam_pass(exam, "VT-d is on");
		return;
	}
	if (!has_words(exam))
		return;
	if (hd_bootargs_find(&facts->bootargs, "intel_iommu=on", NULL)) {
		hd_exam_pass(exam, "the command line has intel_iommu=on");
		return;
	}
	built = hd_kconfig_value(&facts->kconfig, "INTEL_IOMMU_DEFAULT_ON");
	if (!hd_facts_have_kconfig(facts))
		hd_exam_unknown(
			exam,
			"the command line lacks intel_iommu=on, and whether the kernel needs it is not known: %s",
			hd_err_message(&facts->kconfig_err));
	else if (built && strcmp(built, "y") == 0)
		hd_exam_pass(exam, "this kernel turns VT-d on by itself");
	else
		hd_exam_bad(
			exam,
			"this kernel leaves VT-d off unless the command line has intel_iommu=on");
}

/*
 * How many functions of the host have this number, "10de:1f06", "10de" or
 * "10de:1f06:1043:86f0:…", as pci_add_dynid() reads it with sscanf(). None has
 * what is no number.
 */
static size_t count_devices(const struct hd_host_facts *facts,
			    const char *number)
{
	size_t digits = strspn(number, "0123456789abcdefABCDEFxX"), n = 0;
	unsigned vendor = 0, device = 0;
	int fields = sscanf(number, "%8x:%8x", &vendor, &device);

	if (fields < 1 || digits == 0 || !strchr(":,", number[digits]))
		return 0;
	for (size_t i = 0; i < facts->inventory.n_devices; i++)
		n += facts->inventory.devices[i].vendor == vendor &&
		     (fields < 2 ||
		      facts->inventory.devices[i].device == device);
	return n;
}

/* Numbers don't tell one card from another like it. */
static void check_numbers(struct hd_exam *exam, const struct hd_bootarg *arg)
{
	for (const char *p = value_of(arg); p; p = strchr(p, ',')) {
		size_t n;
		int length;

		p += *p == ',';
		n = count_devices(exam->facts, p);
		length = (int)strcspn(p, ",");
		if (n == 1 || length == 0)
			continue;
		if (n == 0)
			hd_exam_bad(
				exam,
				"%s names %.*s, and the host has no such device",
				arg->name, length, p);
		else
			hd_exam_bad(
				exam,
				"%s names %.*s, and the host has %zu of them: all are taken from it at boot",
				arg->name, length, p, n);
		return;
	}
}

static void rule_ids(struct hd_exam *exam)
{
	const struct hd_bootarg *arg = NULL;

	if (!has_words(exam))
		return;
	if (exam->facts->inventory_err.code) {
		hd_exam_unknown(exam, "%s",
				hd_err_message(&exam->facts->inventory_err));
		return;
	}
	while (!exam->checkup->detail &&
	       (arg = hd_bootargs_find(&exam->facts->bootargs, exam->row->what,
				       arg)))
		check_numbers(exam, arg);
	if (!exam->checkup->detail)
		hd_exam_pass(exam,
			     "no device is taken at boot that isn't meant");
}

static void rule_modules(struct hd_exam *exam)
{
	const struct hd_bootarg *arg = NULL;

	if (!has_words(exam))
		return;
	while ((arg = hd_bootargs_find(&exam->facts->bootargs, exam->row->what,
				       arg)))
		for (const char *p = arg->value; p; p = strchr(p, ',')) {
			p += *p == ',';
			if (strncmp(p, "vfio", 4) != 0)
				continue;
			hd_exam_bad(exam, "%s=%s keeps %.*s from being loaded",
				    arg->name, arg->value, (int)strcspn(p, ","),
				    p);
			return;
		}
	hd_exam_pass(exam, "no module of VFIO is kept from being loaded");
}

/* Words that are worth to be missed when a boot loader's file has them. */
static bool matters(const char *word)
{
	static const char *const names[] = {
		"intel_iommu=", "amd_iommu=", "iommu",	   "vfio",
		"pci=",		"pcie_",      "hugepages", "intremap"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(word, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* Compares the words of one file with those that the kernel runs with. */
static void compare(struct hd_exam *exam, const char *path, char *text)
{
	char *rest = text, *word;

	while (!exam->checkup->detail && (word = strsep(&rest, " \t\n\"'"))) {
		struct hd_bootargs *args = &exam->facts->bootargs;
		const struct hd_bootarg *arg = NULL;
		const char *equals = strchr(word, '=');
		HD_AUTOFREE char *name = strndup(
			word, equals ? (size_t)(equals - word) : strlen(word));
		bool found = false;

		exam->failed |= !name;
		if (!name || !matters(word))
			continue;
		while (!found && (arg = hd_bootargs_find(args, name, arg)))
			found = strcmp(value_of(arg),
				       equals ? equals + 1 : "") == 0;
		if (!found)
			hd_exam_bad(exam,
				    "%s has %s, and the kernel runs without it",
				    path, word);
	}
}

/* Only the settings of /etc/default/grub that are words for the kernel. */
static void compare_grub(struct hd_exam *exam, const char *path, char *text)
{
	static const char prefix[] = "GRUB_CMDLINE_LINUX";
	char *rest = text, *line;

	while (!exam->checkup->detail && (line = strsep(&rest, "\n"))) {
		char *value = strchr(line, '=');

		if (strncmp(line, prefix, strlen(prefix)) == 0 && value &&
		    !strstr(line, "RECOVERY") && !strstr(line, "XEN"))
			compare(exam, path, value + 1);
	}
}

static void compare_file(struct hd_exam *exam, const char *path,
			 void (*how)(struct hd_exam *, const char *, char *),
			 bool *found)
{
	HD_AUTOFREE char *text = NULL;

	if (!hd_exam_try(exam, path, &text))
		return;
	*found = true;
	how(exam, path, text);
}

/*
 * Not the entries of /boot/loader, of which only one is used, by a kernel's
 * version or a machine's id.
 */
static void rule_applied(struct hd_exam *exam)
{
	bool found = false;

	if (!has_words(exam))
		return;
	compare_file(exam, "/etc/default/grub", compare_grub, &found);
	compare_file(exam, "/etc/kernel/cmdline", compare, &found);
	if (exam->checkup->detail)
		return;
	if (found)
		hd_exam_pass(exam, "what is configured is in effect");
	else
		hd_exam_unknown(
			exam,
			"neither /etc/default/grub nor /etc/kernel/cmdline can be read");
}

static const struct hd_row rows[] = {
	{ .id = "cmdline-iommu-off",
	  .title = "IOMMUs aren't turned off",
	  .source = CMDLINE,
	  .rule = rule_absent,
	  .what = "iommu=off|iommu=soft",
	  .bad = HD_FAIL,
	  .why = "the kernel uses no IOMMU",
	  .where = HD_ON_X86,
	  .shown_by = "iommu-groups" },
	{ .id = "cmdline-intel-iommu-off",
	  .title = "VT-d isn't turned off",
	  .source = CMDLINE,
	  .rule = rule_absent,
	  .what = "intel_iommu=off",
	  .bad = HD_FAIL,
	  .why = "the kernel doesn't use VT-d",
	  .where = HD_ON_VTD,
	  .shown_by = "iommu-groups" },
	{ .id = "cmdline-amd-iommu-off",
	  .title = "AMD-Vi isn't turned off",
	  .source = CMDLINE,
	  .rule = rule_absent,
	  .what = "amd_iommu=off",
	  .bad = HD_FAIL,
	  .why = "the kernel doesn't use AMD-Vi",
	  .where = HD_ON_AMD_VI,
	  .shown_by = "iommu-groups" },
	{ .id = "cmdline-intel-iommu-on",
	  .title = "VT-d is turned on",
	  .source = CMDLINE,
	  .rule = rule_intel_on,
	  .bad = HD_FAIL,
	  .fix = "Add intel_iommu=on to the kernel's command line in the boot loader's configuration (GRUB: /etc/default/grub, then update-grub or grub2-mkconfig), and reboot",
	  .where = HD_ON_VTD,
	  .shown_by = "iommu-groups" },
	{ .id = "cmdline-applied",
	  .title = "What is configured for the kernel is in effect",
	  .source = "/etc/default/grub, /etc/kernel/cmdline",
	  .rule = rule_applied,
	  .bad = HD_WARN,
	  .fix = "Run update-grub, grub2-mkconfig or what your boot loader has instead, and reboot" },
	{ .id = "cmdline-kvm-arm",
	  .title = "KVM isn't turned off",
	  .source = CMDLINE,
	  .rule = rule_absent,
	  .what = "kvm-arm.mode=none",
	  .bad = HD_FAIL,
	  .why = "there are no guests without KVM",
	  .where = HD_ON_ARM64,
	  .shown_by = "vfio-kvm-node" },
	{ .id = "cmdline-no-msi",
	  .title = "MSI isn't turned off",
	  .source = CMDLINE,
	  .rule = rule_absent,
	  .what = "pci=nomsi",
	  .bad = HD_FAIL,
	  .why = "VFIO needs message signalled interrupts" },
	{ .id = "cmdline-vfio-modules",
	  .title = "VFIO's modules aren't forbidden",
	  .source = CMDLINE,
	  .rule = rule_modules,
	  .what = "module_blacklist|modprobe.blacklist",
	  .bad = HD_FAIL,
	  .fix = "Remove them from the kernel's command line in the boot loader's configuration, and reboot" },
	{ .id = "cmdline-intremap-off",
	  .title = "Interrupt remapping isn't turned off",
	  .source = CMDLINE,
	  .rule = rule_absent,
	  .what = "nointremap|intremap=off",
	  .bad = HD_FAIL,
	  .why = "vfio refuses devices whose interrupts aren't isolated",
	  .where = HD_ON_X86,
	  .shown_by = "iommu-remapping" },
	{ .id = "cmdline-x2apic",
	  .title = "x2APIC isn't turned off",
	  .source = CMDLINE,
	  .rule = rule_absent,
	  .what = "nox2apic",
	  .bad = HD_WARN,
	  .why = "some machines have no interrupt remapping without it",
	  .where = HD_ON_X86 },
	{ .id = "cmdline-amd-iommu-on",
	  .title = "No words that AMD-Vi doesn't know",
	  .source = CMDLINE,
	  .rule = rule_absent,
	  .what = "amd_iommu=on",
	  .bad = HD_WARN,
	  .why = "there is no such option; AMD-Vi is on without it",
	  .where = HD_ON_AMD_VI },
	{ .id = "cmdline-igfx-off",
	  .title = "Intel graphics are behind the IOMMU",
	  .source = CMDLINE,
	  .rule = rule_absent,
	  .what = "intel_iommu=igfx_off",
	  .bad = HD_WARN,
	  .why = "the graphics of the processor have no IOMMU group",
	  .where = HD_ON_VTD },
	{ .id = "cmdline-acs-override",
	  .title = "Groups aren't split by force",
	  .source = CMDLINE,
	  .rule = rule_absent,
	  .what = "pcie_acs_override",
	  .bad = HD_WARN,
	  .why = "where the kernel has the patch for it, devices may reach each other across groups; others ignore it" },
	{ .id = "cmdline-acs-off",
	  .title = "Isolation isn't taken away",
	  .source = CMDLINE,
	  .rule = rule_absent,
	  .what = "pci=disable_acs_redir=|pci=config_acs=",
	  .bad = HD_WARN,
	  .why = "devices may reach each other, and groups are larger" },
	{ .id = "cmdline-ids",
	  .title = "What is taken at boot by number",
	  .source = CMDLINE,
	  .rule = rule_ids,
	  .what = "vfio-pci.ids|pci-stub.ids",
	  .bad = HD_WARN,
	  .fix = "Name devices by address instead: virt-hostdev xml ADDRESS, with managed='yes'" },
	{ .id = "cmdline-framebuffer",
	  .title = "The framebuffer is left alone",
	  .source = CMDLINE,
	  .rule = rule_framebuffer,
	  .what = "video=efifb:off|video=vesafb:off|video=simplefb:off|initcall_blacklist=sysfb_init|nomodeset",
	  .bad = HD_WARN,
	  .why = "it helps with some kernels only, and leaves the host without a console",
	  .fix = "Remove it, and choose another card as the first one in the firmware's setup, or hand the host's screen over: virt-hostdev allow --hand-over-display GUEST" },
	{ .id = "cmdline-pkvm",
	  .title = "No protected KVM",
	  .source = CMDLINE ", " HD_PROC_BOOTCONFIG,
	  .rule = rule_pkvm,
	  .what = "kvm-arm.mode=protected",
	  .bad = HD_WARN,
	  .why = "the hypervisor owns stage 2 of translation, and protected guests get devices only with vendors' kernels",
	  .where = HD_ON_ARM64 },
	{ .id = "cmdline-smmu-bypass",
	  .title = "The SMMU blocks what it doesn't know",
	  .source = CMDLINE,
	  .rule = rule_absent,
	  .what = "arm-smmu.disable_bypass=0",
	  .bad = HD_WARN,
	  .why = "what the SMMU doesn't know may reach all memory, and still has no group",
	  .where = HD_ON_ARM64 },
	{ .id = "cmdline-passthrough",
	  .title = "How the host's own DMA is mapped",
	  .source = CMDLINE,
	  .rule = rule_told,
	  .what = "iommu=pt|iommu.passthrough|iommu.strict",
	  .why = "this is about speed of the host, not about guests" },
	{ .id = "cmdline-hugepages",
	  .title = "Huge pages of the boot",
	  .source = CMDLINE,
	  .rule = rule_told,
	  .what = "hugepages|hugepagesz|default_hugepagesz" },
	{ .id = "cmdline-isolation",
	  .title = "Processors for guests",
	  .source = CMDLINE,
	  .rule = rule_told,
	  .what = "isolcpus|nohz_full|rcu_nocbs" },
	{ .id = "cmdline-lockdown",
	  .title = "Lockdown",
	  .source = CMDLINE,
	  .rule = rule_told,
	  .what = "lockdown" },
	{ .id = "cmdline-pcie-power",
	  .title = "PCI Express power and services",
	  .source = CMDLINE,
	  .rule = rule_told,
	  .what = "pcie_aspm|pcie_port_pm|pci=noats|pci=nommconf|pci=realloc" },
};

const struct hd_rows hd_rows_cmdline = HD_ROWS("command line", rows);
