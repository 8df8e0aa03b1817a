// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/doctor/read/facts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/base/word.h"
#include "lib/host/proc.h"
#include "lib/host/sysfs.h"

int hd_facts_open(const struct hd_host_facts *facts, const char *path,
		  int flags)
{
	/* openat2() takes nothing else together with O_PATH. */
	return HD_UNSORTED_FD(hd_host_openat, facts->host, path,
			      flags & O_PATH ? flags : flags | O_NONBLOCK);
}

static int read_fd(int fd, char **ret)
{
	size_t length;
	int r = fd < 0 ? fd : hd_read_all(fd, HD_TEXT_LIMIT, ret, &length);

	if (r == 0 && length > 0 && (*ret)[length - 1] == '\n')
		(*ret)[length - 1] = '\0';
	return r;
}

int hd_facts_read(const struct hd_host_facts *facts, const char *path,
		  char **ret)
{
	HD_AUTOCLOSE int fd = hd_facts_open(facts, path, O_RDONLY);

	return read_fd(fd, ret);
}

int hd_facts_read_at(int dir_fd, const char *name, char **ret)
{
	HD_AUTOCLOSE int fd =
		openat(dir_fd, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	return read_fd(fd < 0 ? -errno : fd, ret);
}

bool hd_facts_exists(const struct hd_host_facts *facts, const char *path)
{
	HD_AUTOCLOSE int fd = hd_facts_open(facts, path, O_PATH);

	return fd >= 0;
}

static int count(void *data, int dir_fd, const char *name)
{
	(void)dir_fd, (void)name;
	++*(int *)data;
	return 0;
}

int hd_facts_count(const struct hd_host_facts *facts, const char *path)
{
	int fd = hd_facts_open(facts, path, O_RDONLY | O_DIRECTORY);
	int n = 0, r = fd < 0 ? fd : hd_dir_each(fd, count, &n);

	return r < 0 ? r : n;
}

static void read_file(const struct hd_host_facts *facts, const char *path,
		      struct hd_text_file *ret)
{
	ret->path = path;
	ret->error = hd_facts_read(facts, path, &ret->text);
}

/* Files of one kernel: /lib/modules/RELEASE/NAME. */
static void read_of_kernel(const struct hd_host_facts *facts, const char *shown,
			   const char *name, struct hd_text_file *ret)
{
	HD_AUTOFREE char *path =
		facts->release ?
			hd_text("/lib/modules/%s/%s", facts->release, name) :
			NULL;

	if (path)
		read_file(facts, path, ret);
	else
		ret->error = -ENOENT;
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

/* An IOMMU is what the firmware says, or else what such processors have. */
static void read_iommu(struct hd_host_facts *facts)
{
	if (hd_facts_exists(facts, HD_SYSFS_ACPI_TABLES "/DMAR"))
		facts->on |= HD_ON_VTD;
	else if (hd_facts_exists(facts, HD_SYSFS_ACPI_TABLES "/IVRS"))
		facts->on |= HD_ON_AMD_VI;
	else if (facts->on & HD_ON_INTEL)
		facts->on |= HD_ON_VTD;
	else if (facts->on & HD_ON_AMD)
		facts->on |= HD_ON_AMD_VI;
}

static void read_kernel(struct hd_host_facts *facts)
{
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
	facts->has_sys = hd_facts_exists(facts, HD_SYSFS_KERNEL);
	/* Copies often have an empty one. */
	facts->has_dev = hd_facts_count(facts, "/dev") > 0;
	facts->has_etc = hd_facts_exists(facts, "/etc");
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
	struct hd_host_facts *facts = data;
	HD_AUTOFREE char *comm = NULL;
	char path[sizeof("/comm") + 16];
	int64_t pid;

	if (!hd_word_number(name, 1 << 30, &pid))
		return 0;
	snprintf(path, sizeof(path), "%.15s/comm", name);
	if (hd_unsorted(hd_sysfs_read(dir_fd, path, &comm)) < 0)
		return 0;
	for (size_t i = 0; i < sizeof(daemons) / sizeof(daemons[0]); i++)
		if (strcmp(comm, daemons[i]) == 0)
			facts->daemon =
				(struct hd_daemon){ (int)pid, daemons[i] };
	return facts->daemon.pid ? 1 : 0;
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
	hd_dir_each(hd_facts_open(&facts, HD_PROC, O_RDONLY | O_DIRECTORY),
		    visit_process, &facts);
	hd_config_read(host, &facts.config, &facts.config_err);
	if (facts.on & HD_ON_ARM64)
		hd_devicetree_read(host, &facts.tree);
	if (hd_scripts_read(host, &facts.scripts) < 0)
		return hd_err_nomem(err);
	if (request->devices)
		r = examine(&facts, err);
	if (r < 0)
		return r;
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
	free(facts->release);
	free(facts->kconfig_path);
	hd_kconfig_clear(&facts->kconfig);
	hd_err_clear(&facts->kconfig_err);
	hd_bootargs_clear(&facts->bootargs);
	hd_inventory_clear(&facts->inventory);
	hd_err_clear(&facts->inventory_err);
	hd_config_clear(&facts->config);
	hd_err_clear(&facts->config_err);
	hd_situation_clear(&facts->situation);
	hd_findings_clear(&facts->findings);
}

/* "kernel/drivers/vfio/vfio.ko", "kernel/.../vfio-pci.ko.zst: ..." */
static bool lists(const char *text, const char *module)
{
	size_t n = strlen(module);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		const char *p, *name;

		line += *line == '\n';
		name = line;
		for (p = line; *p && *p != '\n' && *p != ':'; p++)
			if (*p == '/')
				name = p + 1;
		if ((size_t)(p - name) > n + 2 && hd_after(name + n, ".ko") &&
		    hd_module_names_equal(name, module, n))
			return true;
	}
	return false;
}

bool hd_facts_is_builtin(const struct hd_host_facts *facts, const char *module)
{
	return facts->builtin.text && lists(facts->builtin.text, module);
}

enum hd_module_place hd_facts_module(const struct hd_host_facts *facts,
				     const char *module)
{
	HD_AUTOFREE char *path = hd_text(HD_SYSFS_MODULES "/%s", module);

	if (path && hd_facts_exists(facts, path))
		return HD_PLACE_LOADED;
	if (hd_facts_is_builtin(facts, module))
		return HD_PLACE_BUILTIN;
	if (!facts->dep.text)
		return HD_PLACE_UNKNOWN;
	return lists(facts->dep.text, module) ? HD_PLACE_LOADABLE :
						HD_PLACE_NOWHERE;
}
