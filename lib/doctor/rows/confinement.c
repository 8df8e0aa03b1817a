// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/doctor/read/settings.h"
#include "lib/doctor/row.h"
#include "lib/host/sysfs.h"

/* What keeps QEMU, libvirt and the hook from what they need. */

#define QEMU_CONF "/etc/libvirt/qemu.conf"

static void rule_container(struct hd_exam *exam)
{
	static const char *const files[] = { "/run/.containerenv",
					     "/run/systemd/container",
					     "/.dockerenv" };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (hd_exam_exists(exam, files[i])) {
			hd_exam_bad(
				exam,
				"this is a container (%s): devices have to be passed on to it, and sysfs has to be writable",
				files[i]);
			return;
		}
	if (hd_exam_exists(exam, "/run"))
		hd_exam_pass(exam, "nothing says that it is one");
	else
		hd_exam_missing(exam, "/run");
}

/* "none [integrity] confidentiality" */
static void rule_lockdown(struct hd_exam *exam)
{
	HD_AUTOFREE char *text = NULL;
	const char *word;

	if (!hd_exam_exists(exam, exam->row->source) &&
	    hd_exam_exists(exam, "/sys/kernel/security/lsm")) {
		hd_exam_not_applicable(exam, "this kernel has no lockdown");
		return;
	}
	if (!hd_exam_read_source(exam, &text))
		return;
	word = strchr(text, '[');
	if (!word)
		hd_exam_unknown(exam, "%s doesn't tell which is chosen",
				exam->row->source);
	else if (strncmp(word, "[none]", 6) == 0)
		hd_exam_pass(exam, "it is off");
	else
		hd_exam_pass(
			exam,
			"it is on (%.*s): VFIO works with it, modules without a signature don't",
			(int)strcspn(word + 1, "]"), word + 1);
}

/* The variable has four bytes of attributes before its one of value. */
static void rule_secure_boot(struct hd_exam *exam)
{
	const struct hd_host_facts *facts = exam->facts;
	const char *path = exam->row->source;
	HD_AUTOFREE char *bytes = NULL;
	size_t length;
	struct hd_seen seen =
		hd_host_read(facts->host, path, 64, &bytes, &length);

	if (seen.is == HD_ABSENT && facts->has_sys &&
	    !hd_exam_exists(exam, "/sys/firmware/efi"))
		hd_exam_not_applicable(exam, "the host wasn't started by UEFI");
	else if (seen.is != HD_PRESENT)
		hd_exam_unread(exam, path, seen);
	else if (length != 5)
		hd_exam_unknown(exam, "%s has %zu bytes, not 5", path, length);
	else
		hd_exam_pass(
			exam,
			bytes[4] ?
				"it is on: VFIO works with it, modules without a signature don't" :
				"it is off");
}

static void rule_apparmor(struct hd_exam *exam)
{
	HD_AUTOFREE char *enabled = NULL;
	HD_AUTOFREE char *profiles = NULL;

	if (!hd_exam_read_parameter(exam, &enabled))
		return;
	if (!hd_is_yes(enabled))
		hd_exam_pass(exam, "it is off");
	else if (!hd_exam_read(exam, "/sys/kernel/security/apparmor/profiles",
			       &profiles))
		return;
	else if (strstr(profiles, "libvirtd") || strstr(profiles, "virtqemud"))
		hd_exam_pass(
			exam,
			"guests are confined: a ROM file has to be where they may read, as /usr/share/vgabios");
	else
		hd_exam_pass(exam, "it has no profile of libvirt");
}

static void rule_selinux(struct hd_exam *exam)
{
	HD_AUTOFREE char *enforce = NULL;
	HD_AUTOFREE char *boolean = NULL;

	if (!hd_exam_exists(exam, "/sys/fs/selinux/enforce") &&
	    exam->facts->has_sys) {
		hd_exam_not_applicable(exam, "SELinux is off");
		return;
	}
	if (!hd_exam_read(exam, "/sys/fs/selinux/enforce", &enforce))
		return;
	if (*enforce != '1')
		hd_exam_pass(exam, "SELinux keeps nobody from anything");
	else if (!hd_exam_read_source(exam, &boolean))
		return;
	else if (*boolean == '1')
		hd_exam_pass(exam, "hooks are let to do their work");
	else
		hd_exam_bad(exam, "SELinux keeps hooks of libvirt from sysfs");
}

/* Reads qemu.conf; where libvirt has none, its defaults hold. */
static bool read_conf(struct hd_exam *exam, char **ret)
{
	struct hd_seen seen = hd_facts_read(exam->facts, QEMU_CONF, ret);

	if (seen.is == HD_ABSENT && exam->facts->has_etc)
		hd_exam_not_applicable(exam, "there is no " QEMU_CONF);
	else if (seen.is != HD_PRESENT)
		hd_exam_unread(exam, QEMU_CONF, seen);
	return seen.is == HD_PRESENT;
}

/* @what is "name=value", a value that should not be there. */
static void rule_setting(struct hd_exam *exam)
{
	const char *what = exam->row->what, *equals = strchr(what, '=');
	HD_AUTOFREE char *name = strndup(what, (size_t)(equals - what));
	HD_AUTOFREE char *text = NULL;
	HD_AUTOFREE char *value = NULL;

	if (!name || !read_conf(exam, &text) ||
	    hd_setting_value(text, name, &value) < 0)
		return;
	if (value && strcmp(value, equals + 1) == 0)
		hd_exam_bad(exam, "%s has %s: %s", QEMU_CONF, what,
			    exam->row->why);
	else
		hd_exam_pass(exam, "%s is %s", name,
			     value ? value : "libvirt's default");
}

static void rule_device_acl(struct hd_exam *exam)
{
	static const char *const usual[] = { "/dev/null", "/dev/zero",
					     "/dev/urandom", "/dev/ptmx",
					     "/dev/kvm" };
	HD_AUTOFREE char *text = NULL;
	HD_AUTOFREE char *value = NULL;

	if (!read_conf(exam, &text) ||
	    hd_setting_value(text, "cgroup_device_acl", &value) < 0)
		return;
	for (size_t i = 0; value && i < sizeof(usual) / sizeof(usual[0]); i++)
		if (!strstr(value, usual[i])) {
			hd_exam_bad(
				exam,
				"cgroup_device_acl is set without %s, which every guest needs",
				usual[i]);
			return;
		}
	hd_exam_pass(exam, value ? "it has what every guest needs" :
				   "it is libvirt's default");
}

/* Settings of systemd.exec(5) that hide what libvirt and the hook work with. */
static const char *find_hardening(const char *text)
{
	static const char *const settings[] = {
		"ProtectKernelModules=yes",  "ProtectKernelModules=true",
		"ProtectKernelTunables=yes", "ProtectKernelTunables=true",
		"PrivateDevices=yes",	     "PrivateDevices=true",
		"DevicePolicy=closed",	     "DevicePolicy=strict",
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		size_t n = strlen(settings[i]);

		for (const char *line = text; line; line = strchr(line, '\n')) {
			line += *line == '\n';
			if (strncmp(line, settings[i], n) == 0)
				return settings[i];
		}
	}
	return NULL;
}

static bool visit_unit(struct hd_exam *exam, void *data, const char *name,
		       char *text)
{
	const char *found = find_hardening(text);

	(void)data;
	if (found)
		hd_exam_bad(exam, "%s in %s hides from libvirt what it needs",
			    found, name);
	return !found;
}

static void rule_hardening(struct hd_exam *exam)
{
	static const char *const folders[] = {
		"/etc/systemd/system/libvirtd.service.d",
		"/etc/systemd/system/virtqemud.service.d",
	};

	if (!exam->facts->has_etc) {
		hd_exam_missing(exam, "/etc");
		return;
	}
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		hd_exam_each_text(exam, folders[i], ".conf", visit_unit, NULL);
	if (!exam->checkup->detail)
		hd_exam_pass(exam, "nobody has added any");
}

static const struct hd_row rows[] = {
	{ .id = "confinement-container",
	  .title = "The host is no container",
	  .source = "/run/.containerenv, /run/systemd/container, /.dockerenv",
	  .rule = rule_container,
	  .bad = HD_WARN },
	{ .id = "confinement-selinux-hooks",
	  .title = "SELinux lets hooks work",
	  .source = "/sys/fs/selinux/booleans/virt_hooks_unconfined",
	  .rule = rule_selinux,
	  .bad = HD_FAIL,
	  .fix = "setsebool -P virt_hooks_unconfined on" },
	{ .id = "confinement-apparmor",
	  .title = "AppArmor",
	  .source = "/sys/module/apparmor/parameters/enabled",
	  .rule = rule_apparmor },
	{ .id = "confinement-lockdown",
	  .title = "Lockdown",
	  .source = "/sys/kernel/security/lockdown",
	  .rule = rule_lockdown },
	{ .id = "confinement-secure-boot",
	  .title = "Secure Boot",
	  .source =
		  "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
	  .rule = rule_secure_boot },
	{ .id = "confinement-units",
	  .title = "systemd hides nothing from libvirt",
	  .source = "/etc/systemd/system/{libvirtd,virtqemud}.service.d",
	  .rule = rule_hardening,
	  .bad = HD_WARN,
	  .fix = "Remove it there, then: systemctl daemon-reload, and restart libvirt's daemon" },
	{ .id = "qemu-user",
	  .title = "Guests aren't root",
	  .source = QEMU_CONF,
	  .rule = rule_setting,
	  .what = "user=root",
	  .bad = HD_WARN,
	  .why = "it helps with no device, and a guest that breaks out is root",
	  .fix = "Comment it out in " QEMU_CONF
		 ", and restart libvirt's daemon" },
	{ .id = "qemu-security-driver",
	  .title = "Guests are confined",
	  .source = QEMU_CONF,
	  .rule = rule_setting,
	  .what = "security_driver=none",
	  .bad = HD_WARN,
	  .why = "it helps with no device, and guests aren't kept apart",
	  .fix = "Comment it out in " QEMU_CONF
		 ", and restart libvirt's daemon" },
	{ .id = "qemu-cgroups",
	  .title = "Guests are in cgroups",
	  .source = QEMU_CONF,
	  .rule = rule_setting,
	  .what = "cgroup_controllers=[]",
	  .bad = HD_WARN,
	  .why = "it helps with no device",
	  .fix = "Comment it out in " QEMU_CONF
		 ", and restart libvirt's daemon" },
	{ .id = "qemu-ownership",
	  .title = "libvirt gives files to guests",
	  .source = QEMU_CONF,
	  .rule = rule_setting,
	  .what = "dynamic_ownership=0",
	  .bad = HD_WARN,
	  .why = "somebody else has to make /dev/vfio/* readable for QEMU",
	  .fix = "Comment it out in " QEMU_CONF
		 ", and restart libvirt's daemon" },
	{ .id = "qemu-capabilities",
	  .title = "Guests have no capabilities",
	  .source = QEMU_CONF,
	  .rule = rule_setting,
	  .what = "clear_emulator_capabilities=0",
	  .bad = HD_WARN,
	  .why = "it helps with no device, and a guest that breaks out can do more",
	  .fix = "Comment it out in " QEMU_CONF
		 ", and restart libvirt's daemon" },
	{ .id = "qemu-acs",
	  .title = "libvirt looks for isolation",
	  .source = QEMU_CONF,
	  .rule = rule_setting,
	  .what = "relaxed_acs_check=1",
	  .bad = HD_WARN,
	  .why = "libvirt gives away devices behind switches that don't isolate",
	  .fix = "Comment it out in " QEMU_CONF
		 ", and restart libvirt's daemon" },
	{ .id = "qemu-device-acl",
	  .title = "Devices that every guest may use",
	  .source = QEMU_CONF,
	  .rule = rule_device_acl,
	  .bad = HD_WARN,
	  .fix = "Add those that the comment in " QEMU_CONF " shows" },
};

const struct hd_rows hd_rows_confinement = HD_ROWS("confinement", rows);
