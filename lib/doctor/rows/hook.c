// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/print.h"
#include "lib/doctor/read/scripts.h"
#include "lib/doctor/read/settings.h"
#include "lib/doctor/row.h"
#include "lib/host/guest.h"
#include "lib/host/proc.h"
#include "lib/state/alive.h"
#include "lib/state/claims.h"
#include "lib/state/log.h"
#include "lib/state/state.h"

/* What libvirt runs as hooks, ours and others' (docs/hooks.rst of libvirt). */

static const struct hd_scripts *scripts_of(struct hd_exam *exam)
{
	return &exam->facts->scripts;
}

/* False when there is nothing to look at, which is said then. */
static bool has_scripts(struct hd_exam *exam)
{
	const struct hd_scripts *scripts = scripts_of(exam);

	if (scripts->error)
		hd_exam_unread_errno(exam, HD_SCRIPTS_FILE ", qemu.d",
				     scripts->error);
	else if (!exam->facts->has_etc)
		hd_exam_missing(exam, "/etc");
	else if (!scripts->n)
		hd_exam_not_applicable(exam, "there is no hook");
	return !exam->checkup->detail;
}

/* Of a program a copied tree may have no more than the beginning. */
static bool may_be_ours(const struct hd_exam *exam)
{
	const struct hd_scripts *scripts = &exam->facts->scripts;

	for (size_t i = 0; i < scripts->n; i++)
		if (S_ISREG(scripts->items[i].st.st_mode) &&
		    !scripts->items[i].text)
			return !exam->facts->host->live;
	return false;
}

static void rule_installed(struct hd_exam *exam)
{
	const struct hd_scripts *scripts = scripts_of(exam);

	if (exam->facts->has_etc && !hd_exam_exists(exam, "/etc/libvirt")) {
		hd_exam_not_applicable(exam, "libvirt isn't installed here");
		return;
	}
	if (!has_scripts(exam) && scripts->n)
		return;
	for (size_t i = 0; i < scripts->n; i++)
		if (scripts->items[i].ours) {
			hd_exam_pass(exam, "%s is virt-hostdev's",
				     scripts->items[i].path);
			return;
		}
	if (may_be_ours(exam))
		hd_exam_unknown(
			exam,
			"a copied tree has too little of the hook to know whose it is");
	else if (exam->facts->has_etc && !scripts->error)
		hd_exam_bad(
			exam,
			"virt-hostdev's hook isn't installed: nobody checks devices before a guest starts");
}

/* Whether AppArmor holds a daemon to its profile, and has no rule for @path. */
static bool is_denied(struct hd_exam *exam, const char *profiles,
		      const char *daemon, const char *path)
{
	HD_AUTOFREE char *enforced = hd_text("%s (enforce)", daemon);
	HD_AUTOFREE char *name = hd_text("/etc/apparmor.d/usr.sbin.%s", daemon);
	HD_AUTOFREE char *local =
		hd_text("/etc/apparmor.d/local/usr.sbin.%s", daemon);
	HD_AUTOFREE char *profile = NULL;
	HD_AUTOFREE char *added = NULL;
	int by_profile, by_local = 0;

	exam->failed |= !enforced || !name || !local;
	if (exam->failed || !strstr(profiles, enforced) ||
	    !hd_exam_try(exam, name, &profile))
		return false;
	by_profile = hd_apparmor_executes(profile, path);
	if (hd_exam_try(exam, local, &added))
		by_local = hd_apparmor_executes(added, path);
	exam->failed |= by_profile < 0 || by_local < 0;
	return by_profile == 0 && by_local == 0;
}

static void fix_confined(struct hd_exam *exam, const char *daemon,
			 const char *path)
{
	HD_AUTOFREE char *rule = hd_text("%s PUx,", path);
	HD_AUTOFREE char *quoted = rule ? hd_quote(rule) : NULL;

	if (quoted)
		hd_exam_fix(
			exam,
			"echo %s >>/etc/apparmor.d/local/usr.sbin.%s; apparmor_parser -r /etc/apparmor.d/usr.sbin.%s",
			quoted, daemon, daemon);
}

static void look_confined(struct hd_exam *exam, const char *path)
{
	static const char *const daemons[] = { "libvirtd", "virtqemud" };
	HD_AUTOFREE char *profiles = NULL;

	if (!hd_exam_exists(exam, "/sys/kernel/security/apparmor") ||
	    !hd_exam_read(exam, "/sys/kernel/security/apparmor/profiles",
			  &profiles))
		return;
	for (size_t i = 0; i < sizeof(daemons) / sizeof(daemons[0]); i++)
		if (is_denied(exam, profiles, daemons[i], path)) {
			hd_exam_bad(
				exam,
				"AppArmor's profile of %s has no rule that lets the hook execute %s",
				daemons[i], path);
			fix_confined(exam, daemons[i], path);
			return;
		}
}

/* Of a copied tree the folder may be left out. */
static bool is_runnable(struct hd_exam *exam, const char *path)
{
	HD_AUTOFREE char *folder =
		strndup(path, (size_t)(strrchr(path, '/') - path));
	HD_AUTOCLOSE int fd = -1;
	struct stat st;

	exam->failed |= !folder;
	if (!hd_exam_open(exam, path, O_PATH, &fd))
		return !exam->facts->host->live &&
		       !(folder && hd_exam_exists(exam, folder));
	if (fstat(fd, &st) < 0)
		hd_exam_saw(exam, hd_seen_of(-errno), path);
	else if (!(st.st_mode & S_IXUSR))
		return false;
	return true;
}

/*
 * What it executes for guests with devices. AppArmor looks where links lead, so
 * of a bundle it is the hook that has to be let run; what it runs then isn't
 * confined either.
 */
static void look_program(struct hd_exam *exam, const struct hd_script *script)
{
	if (!script->ours || !script->program)
		return;
	if (is_runnable(exam, script->program)) {
		bool linked = script->place &&
			      strcmp(script->place, script->path) != 0;

		look_confined(exam, linked ? script->place : script->program);
		return;
	}
	hd_exam_bad(exam, "%s executes %s, which isn't there or no program",
		    script->path, script->program);
	if (script->place)
		hd_exam_fix(
			exam,
			"Unpack the bundle again, and link its hooks/qemu: it finds nothing from elsewhere");
}

/* Calls a rule for each script until one has something to say. */
static void look_at_each(struct hd_exam *exam,
			 void (*look)(struct hd_exam *exam,
				      const struct hd_script *script),
			 const char *otherwise)
{
	const struct hd_scripts *scripts = scripts_of(exam);

	if (!has_scripts(exam))
		return;
	for (size_t i = 0; i < scripts->n && !exam->checkup->detail; i++)
		look(exam, &scripts->items[i]);
	if (!exam->checkup->detail)
		hd_exam_pass(exam, "%s", otherwise);
}

/* The fix is a command of a path that others chose: "chmod 755 PATH". */
static void fix_path(struct hd_exam *exam, const char *before, const char *path,
		     const char *between, bool again)
{
	HD_AUTOFREE char *quoted = hd_quote(path);

	if (quoted)
		hd_exam_fix(exam, "%s%s%s%s", before, quoted, between,
			    again ? quoted : "");
}

static void look_executable(struct hd_exam *exam,
			    const struct hd_script *script)
{
	if (!S_ISREG(script->st.st_mode)) {
		hd_exam_bad(exam, "%s is no file, so libvirt never runs it",
			    script->path);
	} else if (!(script->st.st_mode & S_IXUSR)) {
		hd_exam_bad(exam,
			    "%s is not executable, so libvirt never runs it",
			    script->path);
		fix_path(exam, "chmod 755 ", script->path, "", false);
	}
}

static void rule_executable(struct hd_exam *exam)
{
	look_at_each(exam, look_executable, "libvirt can run all of them");
}

static void rule_program(struct hd_exam *exam)
{
	look_at_each(exam, look_program, "nothing keeps it from that");
}

static void look_owner(struct hd_exam *exam, const struct hd_script *script)
{
	bool others = script->st.st_mode & (S_IWGRP | S_IWOTH);

	if (!others && script->st.st_uid == 0)
		return;
	hd_exam_bad(exam, "%s runs as root, and others may change it",
		    script->path);
	fix_path(exam, "chown root:root ", script->path, "; chmod 755 ", true);
}

static void rule_owner(struct hd_exam *exam)
{
	if (exam->facts->host->live)
		look_at_each(exam, look_owner, "only root can change them");
	else
		hd_exam_not_applicable(exam,
				       "a copied tree doesn't keep owners");
}

static void look_interpreter(struct hd_exam *exam,
			     const struct hd_script *script)
{
	const char *text = script->text;

	if (!text || !(script->st.st_mode & S_IXUSR))
		return;
	if (strncmp(text, "#!", 2) != 0) {
		hd_exam_bad(exam, "%s has no #! line, so it can't be run",
			    script->path);
		fix_path(exam, "sed -i '1i #!/bin/sh' ", script->path, "",
			 false);
	} else if (memchr(text, '\r', strcspn(text, "\n"))) {
		hd_exam_bad(
			exam,
			"%s has line ends of Windows, so its interpreter isn't found",
			script->path);
		fix_path(exam, "sed -i 's/\\r$//' ", script->path, "", false);
	}
}

static void rule_interpreter(struct hd_exam *exam)
{
	look_at_each(exam, look_interpreter, "all scripts can be run");
}

/* A script that has one of the words in @what. */
static void look_words(struct hd_exam *exam, const struct hd_script *script)
{
	const char *word;
	unsigned line = script->text ? hd_script_find(script->text,
						      exam->row->what, &word) :
				       0;

	if (line)
		hd_exam_bad(exam, "%s, line %u, has \"%.*s\": %s", script->path,
			    line, (int)strcspn(word, "|"), word,
			    exam->row->why);
}

static void rule_words(struct hd_exam *exam)
{
	look_at_each(exam, look_words, "no script has anything of it");
}

static void look_background(struct hd_exam *exam,
			    const struct hd_script *script)
{
	unsigned line =
		script->text ? hd_script_find_background(script->text) : 0;

	if (line)
		hd_exam_bad(
			exam,
			"%s, line %u, leaves a command running that keeps libvirt waiting for its output",
			script->path, line);
}

static void rule_background(struct hd_exam *exam)
{
	look_at_each(exam, look_background, "no script leaves any");
}

static void look_folder(struct hd_exam *exam, const struct hd_script *script)
{
	if (S_ISDIR(script->st.st_mode))
		hd_exam_bad(
			exam,
			"%s is a folder of another kind of dispatcher: libvirt 6.5 and newer runs what is a file in qemu.d itself, for every guest",
			script->path);
}

static void rule_folder(struct hd_exam *exam)
{
	look_at_each(exam, look_folder, "libvirt's own layout is used");
}

/* Whether libvirt's daemon made it, and no person. */
static bool is_call(const struct hd_log_record *record)
{
	return record->domain && strcmp(record->event, "attach") != 0 &&
	       strcmp(record->event, "detach") != 0;
}

/* Seconds after the boot that the daemon began. */
static bool read_start(struct hd_exam *exam, double *ret)
{
	struct hd_process daemon =
		hd_process_of(exam->facts->host, exam->facts->daemon.pid);

	if (!daemon.start) {
		hd_exam_unread_errno(exam, "its /proc/PID/stat", -ESRCH);
		return false;
	}
	*ret = (double)daemon.start / (double)sysconf(_SC_CLK_TCK);
	return true;
}

/* "btime 1700000000": when the host was started. */
static bool read_boot(struct hd_exam *exam, double *ret)
{
	HD_AUTOFREE char *text = NULL;
	uint64_t seconds;
	char *p;

	if (!hd_exam_read(exam, "/proc/stat", &text))
		return false;
	p = strstr(text, "btime ");
	if (!p) {
		hd_exam_unknown(exam, "/proc/stat doesn't tell btime");
		return false;
	}
	p += strlen("btime ");
	p[strcspn(p, "\n")] = '\0';
	if (!hd_exam_number(exam, "/proc/stat", p, 10, UINT32_MAX, &seconds))
		return false;
	*ret = (double)seconds;
	return true;
}

/*
 * Whether the hook has been called since the daemon was started: then it knows
 * of it, having looked for hooks when it was told to reload.
 */
static bool was_called_since(struct hd_exam *exam, double start, bool *ret)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	HD_AUTO_LOG struct hd_log log = { NULL, 0 };

	*ret = false;
	if (hd_log_read(exam->facts->host, &log, &err) < 0) {
		hd_exam_unknown(exam, "%s", hd_err_message(&err));
		return false;
	}
	for (size_t i = 0; i < log.n; i++)
		*ret |= is_call(&log.items[i]) &&
			(double)log.items[i].time / 1e6 >= start;
	return true;
}

/* virHookInitialize() looks once whether there is a hook for QEMU. */
static void rule_known(struct hd_exam *exam)
{
	const struct hd_scripts *scripts = scripts_of(exam);
	double boot, start;
	bool called;

	hd_exam_saw(exam, exam->facts->daemon.seen, "/proc");
	if (!exam->facts->daemon.pid) {
		hd_exam_unknown(exam, "no daemon of libvirt is seen running");
		return;
	}
	if (!has_scripts(exam) || !read_boot(exam, &boot) ||
	    !read_start(exam, &start))
		return;
	for (size_t i = 0; i < scripts->n; i++)
		if ((double)scripts->items[i].st.st_ctime < boot + start) {
			hd_exam_pass(exam, "%s has looked for hooks since",
				     exam->facts->daemon.name);
			return;
		}
	if (!was_called_since(exam, boot + start, &called))
		return;
	if (called) {
		hd_exam_pass(exam, "%s has called it since it was started",
			     exam->facts->daemon.name);
		return;
	}
	hd_exam_bad(
		exam,
		"the hook is newer than %s, which looks for hooks when it starts or is told to reload",
		exam->facts->daemon.name);
	hd_exam_fix(exam, "systemctl reload %s", exam->facts->daemon.name);
}

/* The first claim of which that is to be expected, or NULL. */
static const struct hd_claim *find_claim(const struct hd_exam *exam,
					 const struct hd_claims *claims,
					 enum hd_outlook outlook)
{
	for (size_t i = 0; i < claims->n; i++)
		if (hd_claim_life(exam->facts->host, &claims->items[i]).is ==
		    outlook)
			return &claims->items[i];
	return NULL;
}

static void say_leftovers(struct hd_exam *exam, const struct hd_claims *claims,
			  const struct hd_findings *findings)
{
	const struct hd_claim *claim = find_claim(exam, claims, HD_LEFT_BEHIND);
	const struct hd_claim *unknown = find_claim(exam, claims, HD_CANT_TELL);

	if (findings->n)
		hd_exam_bad(exam, "%s", findings->items[0].message);
	else if (claim)
		hd_exam_bad(exam, "devices of %s have not been given back",
			    claim->domain ? claim->domain : "a bind by hand");
	else if (unknown)
		hd_exam_unread(exam, HD_GUEST_FILES " and " HD_PROC,
			       ((struct hd_seen){
				       HD_UNKNOWN,
				       hd_claim_life(exam->facts->host, unknown)
					       .error }));
	else
		hd_exam_pass(exam, "nothing was left behind");
}

/* False when they can't be read, which is said then. */
static bool load_claims(struct hd_exam *exam, struct hd_claims *ret,
			struct hd_findings *findings)
{
	HD_AUTO_STATE struct hd_state state = HD_STATE_INIT;
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	int r;

	if (!exam->facts->host->live) {
		hd_exam_not_applicable(exam, "a copied tree has no processes");
		return false;
	}
	r = hd_state_open(exam->facts->host, HD_STATE_READ, &state, &err);
	if (r == 0)
		r = hd_claims_load(&state, ret, findings, &err);
	if (r < 0 && r != -ENOENT)
		hd_exam_unknown(exam, "%s", hd_err_message(&err));
	return r == 0 || r == -ENOENT;
}

static void rule_leftovers(struct hd_exam *exam)
{
	HD_AUTO_CLAIMS struct hd_claims claims = HD_CLAIMS_INIT;
	HD_AUTO_FINDINGS struct hd_findings findings = { NULL, 0 };

	if (load_claims(exam, &claims, &findings))
		say_leftovers(exam, &claims, &findings);
}

/* Whether a guest runs with a device that the hook should have prepared. */
static struct hd_seen is_unseen(const struct hd_exam *exam,
				const struct hd_claims *claims,
				const struct hd_guest_use *use)
{
	if (use->managed)
		return hd_seen_absent();
	for (size_t i = 0; i < claims->n; i++)
		if (strcmp(claims->items[i].uuid, use->uuid) == 0)
			return hd_seen_absent();
	return hd_guest_runs(exam->facts->host, use->domain, use->uuid);
}

static void say_unseen(struct hd_exam *exam, const struct hd_claims *claims)
{
	const struct hd_doctor_request *request = exam->facts->request;

	for (size_t i = 0; i < request->n_uses; i++) {
		struct hd_seen seen =
			is_unseen(exam, claims, &request->uses[i]);

		if (seen.is == HD_UNKNOWN) {
			hd_exam_unread(exam, HD_GUEST_FILES " and " HD_PROC,
				       seen);
			return;
		}
		if (seen.is == HD_PRESENT) {
			hd_exam_bad(
				exam,
				"guest '%s' runs with %s, and no hook has prepared it",
				request->uses[i].domain,
				hd_addr_text(request->uses[i].addr).s);
			return;
		}
	}
	hd_exam_pass(exam, "it has prepared all guests that run");
}

static void rule_ran(struct hd_exam *exam)
{
	HD_AUTO_CLAIMS struct hd_claims claims = HD_CLAIMS_INIT;
	HD_AUTO_FINDINGS struct hd_findings findings = { NULL, 0 };

	if (exam->facts->request->uses_unread)
		hd_exam_unknown(exam, "%s", exam->facts->request->uses_unread);
	else if (load_claims(exam, &claims, &findings))
		say_unseen(exam, &claims);
}

static const struct hd_row rows[] = {
	{ .id = "hook-installed",
	  .title = "virt-hostdev's hook",
	  .source = HD_SCRIPTS_FILE ", qemu.d",
	  .rule = rule_installed,
	  .bad = HD_WARN,
	  .fix = "make install prefix=/usr, in virt-hostdev's sources" },
	{ .id = "hook-executable",
	  .title = "Hooks can be run",
	  .source = HD_SCRIPTS_FILE ", qemu.d",
	  .rule = rule_executable,
	  .bad = HD_WARN },
	{ .id = "hook-program",
	  .title = "The hook can execute its second program",
	  .source = HD_SCRIPTS_FILE
	  ", qemu.d, /etc/apparmor.d/usr.sbin.{libvirtd,virtqemud}",
	  .rule = rule_program,
	  .bad = HD_FAIL,
	  .fix = "make install prefix=/usr, in virt-hostdev's sources" },
	{ .id = "hook-interpreter",
	  .title = "Hooks have an interpreter",
	  .source = HD_SCRIPTS_FILE ", qemu.d",
	  .rule = rule_interpreter,
	  .bad = HD_FAIL },
	{ .id = "hook-owner",
	  .title = "Only root can change hooks",
	  .source = HD_SCRIPTS_FILE ", qemu.d",
	  .rule = rule_owner,
	  .bad = HD_FAIL },
	{ .id = "hook-virsh",
	  .title = "Hooks don't call libvirt",
	  .source = HD_SCRIPTS_FILE ", qemu.d",
	  .rule = rule_words,
	  .what = "virsh |virt-install|virt-xml|import libvirt",
	  .bad = HD_FAIL,
	  .why = "libvirt waits for the hook, and the hook for libvirt, for ever",
	  .fix = "Remove it: with managed='yes' libvirt takes the device itself, with managed='no' virt-hostdev's hook does" },
	{ .id = "hook-background",
	  .title = "Hooks leave nothing running",
	  .source = HD_SCRIPTS_FILE ", qemu.d",
	  .rule = rule_background,
	  .bad = HD_WARN,
	  .fix = "Redirect its input and output: setsid COMMAND </dev/null >/dev/null 2>&1 &" },
	{ .id = "hook-outdated",
	  .title = "Hooks do nothing that is outdated",
	  .source = HD_SCRIPTS_FILE ", qemu.d",
	  .rule = rule_words,
	  .what = "vfio_virqfd|modprobe -r drm|new_id|efi-framebuffer/bind",
	  .bad = HD_WARN,
	  .why = "it fails on newer kernels, or takes devices that aren't meant",
	  .fix = "Remove it: virt-hostdev's hook takes devices by address and gives them back" },
	{ .id = "hook-sleep",
	  .title = "Hooks don't wait for luck",
	  .source = HD_SCRIPTS_FILE ", qemu.d",
	  .rule = rule_words,
	  .what = "sleep ",
	  .bad = HD_WARN,
	  .why = "waiting for some time instead of for the device goes wrong sooner or later",
	  .fix = "Remove it: virt-hostdev's hook waits for the device itself" },
	{ .id = "hook-folder",
	  .title = "Files in qemu.d",
	  .source = HD_SCRIPTS_FOLDER,
	  .rule = rule_folder,
	  .bad = HD_WARN },
	{ .id = "hook-known",
	  .title = "libvirt knows the hook",
	  .source = "/proc/PID/stat, " HD_LOG_FILE,
	  .rule = rule_known,
	  .bad = HD_WARN },
	{ .id = "hook-leftovers",
	  .title = "Nothing was left behind",
	  .source = "/run/virt-hostdev/claims",
	  .rule = rule_leftovers,
	  .bad = HD_WARN,
	  .fix = "virt-hostdev recover" },
	{ .id = "hook-ran",
	  .title = "The hook saw guests start",
	  .source =
		  "/etc/libvirt/qemu/*.xml, /run/libvirt/qemu/*.pid, /run/virt-hostdev/claims",
	  .rule = rule_ran,
	  .bad = HD_WARN,
	  .fix = "Install the hook, restart libvirt's daemon, then stop that guest and start it again" },
};

const struct hd_rows hd_rows_hook = HD_ROWS("hook", rows);
