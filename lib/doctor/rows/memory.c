// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/base/word.h"
#include "lib/doctor/row.h"
#include "lib/host/sysfs.h"

/*
 * Memory: all of a guest's is pinned while it has a device
 * (qemuDomainGetMemLockLimitBytes() in libvirt's qemu_domain.c).
 */

#define HUGEPAGES "/sys/kernel/mm/hugepages"
#define NODES "/sys/devices/system/node"
#define OF_NODE NODES "/node%d/hugepages"
#define GIB (UINT64_C(1) << 30)
#define CAP_SYS_RESOURCE_BIT 24

/* What follows @key, at the beginning of a line, up to the next blank. */
static char *word_after(const char *text, const char *key)
{
	const char *line = text;

	while (line && !hd_after(line, key)) {
		line = strchr(line, '\n');
		line += line != NULL;
	}
	if (!line)
		return NULL;
	line += strlen(key);
	line += strspn(line, " \t");
	return strndup(line, strcspn(line, " \t\n"));
}

/* "MemAvailable:   123 kB" in bytes. False when the text doesn't tell. */
static bool kib_of(const char *text, const char *key, uint64_t *ret)
{
	HD_AUTOFREE char *word = word_after(text, key);
	int64_t kib;

	if (!word || !hd_word_number(word, INT64_MAX / 1024, &kib))
		return false;
	*ret = (uint64_t)kib * 1024;
	return true;
}

/* The same of a file, which has to tell; that it doesn't is said. */
static bool read_kib(struct hd_exam *exam, const char *path, const char *text,
		     const char *key, uint64_t *ret)
{
	if (kib_of(text, key, ret))
		return true;
	hd_exam_unknown(exam, "%s doesn't tell %.*s", path,
			(int)strlen(key) - 1, key);
	return false;
}

static double in_gib(uint64_t bytes)
{
	return (double)bytes / (double)GIB;
}

/* What libvirt raises the guest's limit to. */
static uint64_t locked_for(const struct hd_guest_memory *guest)
{
	return guest->hard_limit ? guest->hard_limit : guest->memory + GIB;
}

/* "Max locked memory         8388608              8388608              bytes"
 */
static bool read_limit(struct hd_exam *exam, const char *path,
		       const char *limits, uint64_t *ret)
{
	const char *p = strstr(limits, "Max locked memory");
	char soft[32], hard[32];

	if (!p || sscanf(p, "Max locked memory %31s %31s", soft, hard) != 2) {
		hd_exam_unknown(exam, "%s doesn't tell Max locked memory",
				path);
		return false;
	}
	*ret = UINT64_MAX;
	return strcmp(hard, "unlimited") == 0 ||
	       hd_exam_number(exam, path, hard, 10, UINT64_MAX, ret);
}

static bool read_capabilities(struct hd_exam *exam, const char *path,
			      const char *status, uint64_t *ret)
{
	HD_AUTOFREE char *word = word_after(status, "CapEff:");

	if (word)
		return hd_exam_number(exam, path, word, 16, UINT64_MAX, ret);
	hd_exam_unknown(exam, "%s doesn't tell CapEff", path);
	return false;
}

static void rule_memlock(struct hd_exam *exam)
{
	const struct hd_daemon *daemon = &exam->facts->daemon;
	const struct hd_guest_memory *guest = exam->facts->request->memory;
	HD_AUTOFREE char *status_path = hd_text("/proc/%d/status", daemon->pid);
	HD_AUTOFREE char *limits_path = hd_text("/proc/%d/limits", daemon->pid);
	HD_AUTOFREE char *status = NULL;
	HD_AUTOFREE char *limits = NULL;
	uint64_t capabilities, limit;

	if (!status_path || !limits_path)
		return;
	hd_exam_saw(exam, daemon->seen, "/proc");
	if (!daemon->pid) {
		hd_exam_unknown(exam, "no daemon of libvirt is seen running");
		return;
	}
	if (!hd_exam_read(exam, status_path, &status) ||
	    !read_capabilities(exam, status_path, status, &capabilities) ||
	    !hd_exam_read(exam, limits_path, &limits) ||
	    !read_limit(exam, limits_path, limits, &limit))
		return;
	if (capabilities & (UINT64_C(1) << CAP_SYS_RESOURCE_BIT))
		hd_exam_pass(exam, "%s may raise it for guests", daemon->name);
	else if (limit >= (guest ? locked_for(guest) : UINT64_MAX))
		hd_exam_pass(exam, "the limit of %s is high enough",
			     daemon->name);
	else
		hd_exam_bad(
			exam,
			"%s lacks CAP_SYS_RESOURCE and can't lock the memory of guests",
			daemon->name);
}

static void rule_guest(struct hd_exam *exam)
{
	const struct hd_guest_memory *guest = exam->facts->request->memory;
	HD_AUTOFREE char *text = NULL;
	uint64_t available;

	if (guest->hugepage) {
		hd_exam_not_applicable(exam, "the guest is in huge pages");
		return;
	}
	if (!hd_exam_read_source(exam, &text) ||
	    !read_kib(exam, exam->row->source, text,
		      "MemAvailable:", &available))
		return;
	if (guest->memory > available)
		hd_exam_bad(
			exam,
			"the guest has %.1f GiB, all of which is pinned, and the host has %.1f GiB available",
			in_gib(guest->memory), in_gib(available));
	else
		hd_exam_pass(exam, "%.1f GiB are pinned of %.1f GiB available",
			     in_gib(guest->memory), in_gib(available));
}

static void rule_hard_limit(struct hd_exam *exam)
{
	const struct hd_guest_memory *guest = exam->facts->request->memory;

	if (!guest->hard_limit)
		hd_exam_not_applicable(exam, "it sets no hard limit");
	else if (guest->hard_limit < guest->memory + GIB)
		hd_exam_bad(
			exam,
			"<hard_limit> is %.1f GiB for %.1f GiB of memory: QEMU needs more for itself, and is killed",
			in_gib(guest->hard_limit), in_gib(guest->memory));
	else
		hd_exam_pass(exam, "it leaves enough to QEMU");
}

static void rule_ballooning(struct hd_exam *exam)
{
	const struct hd_guest_memory *guest = exam->facts->request->memory;

	if (guest->ballooning)
		hd_exam_bad(
			exam,
			"the guest has %s, which does nothing or fails while all memory is pinned",
			guest->ballooning);
	else
		hd_exam_pass(exam, "it has nothing of the kind");
}

/* Pools of huge pages. */
struct pools {
	uint64_t wanted; /* size of the pages, in bytes; 0: all */
	uint64_t total, free; /* in bytes */
};

/* "hugepages-2048kB" */
static int visit_pool(void *data, int dir_fd, const char *name)
{
	struct pools *pools = data;
	HD_AUTOFREE char *nr_path = hd_text("%s/nr_hugepages", name);
	HD_AUTOFREE char *free_path = hd_text("%s/free_hugepages", name);
	HD_AUTOFREE char *resv_path = hd_text("%s/resv_hugepages", name);
	HD_AUTOFREE char *digits = NULL;
	int64_t nr, unused, reserved = 0, kib;
	uint64_t size;
	const char *rest = hd_after(name, "hugepages-");
	int r;

	if (!nr_path || !free_path || !resv_path)
		return -ENOMEM;
	digits = rest ? strndup(rest, strcspn(rest, "k")) : NULL;
	if (!digits || !hd_word_number(digits, INT32_MAX, &kib))
		return rest && !digits ? -ENOMEM : -EINVAL;
	size = (uint64_t)kib * 1024;
	if (pools->wanted && pools->wanted != size)
		return 0;
	r = hd_seen_required(hd_sysfs_read_number(dir_fd, nr_path, &nr));
	if (r == 0)
		r = hd_seen_required(
			hd_sysfs_read_number(dir_fd, free_path, &unused));
	/* Promised to somebody, but still counted as free. Pools of one NUMA
	 * node don't tell. */
	if (r == 0)
		r = hd_seen_optional(
			hd_sysfs_read_number(dir_fd, resv_path, &reserved));
	if (r < 0)
		return r;
	if (nr < 0 || unused < 0 || reserved < 0)
		return -EINVAL;
	unused -= reserved > unused ? unused : reserved;
	pools->total += size * (uint64_t)nr;
	pools->free += size * (uint64_t)unused;
	return 0;
}

/* The part of them that is memory of the nodes a guest is bound to. */
static bool read_pools_of(struct hd_exam *exam,
			  const struct hd_guest_memory *guest,
			  struct pools *pools)
{
	if (!hd_exam_exists(exam, NODES)) {
		hd_exam_missing(exam, NODES);
		return false;
	}
	for (int node = 0; node < HD_NUMA_NODES; node++) {
		HD_AUTOFREE char *path = NULL;

		if (!guest->nodes[node])
			continue;
		path = hd_text(OF_NODE, node);
		if (!path)
			return false;
		/* One that isn't there has none. */
		hd_exam_each(exam, path, visit_pool, pools);
	}
	return true;
}

static bool read_pools(struct hd_exam *exam, struct pools *pools)
{
	if (hd_exam_each(exam, HUGEPAGES, visit_pool, pools))
		return true;
	if (exam->facts->has_sys)
		hd_exam_not_applicable(exam, "this kernel has no huge pages");
	else
		hd_exam_missing(exam, HUGEPAGES);
	return false;
}

static void rule_hugepages(struct hd_exam *exam)
{
	struct pools pools = { 0, 0, 0 };

	if (!read_pools(exam, &pools))
		return;
	if (pools.total)
		hd_exam_pass(exam, "%.1f GiB, of which %.1f GiB are free",
			     in_gib(pools.total), in_gib(pools.free));
	else
		hd_exam_pass(exam, "none are set aside");
}

/* How to get what the guest lacks, on the first of the nodes it is bound to. */
static void fix_pools(struct hd_exam *exam, const struct hd_guest_memory *guest,
		      const struct pools *pools)
{
	uint64_t pages = (guest->memory - pools->free + pools->total +
			  pools->wanted - 1) /
			 (pools->wanted ? pools->wanted : 1);
	HD_AUTOFREE char *folder = NULL;
	int node = 0;

	while (guest->bound && !guest->nodes[node])
		node++;
	folder = guest->bound ? hd_text(OF_NODE, node) : strdup(HUGEPAGES);
	if (folder)
		hd_exam_fix(exam,
			    "echo %" PRIu64 " > %s/hugepages-%" PRIu64
			    "kB/nr_hugepages",
			    pages, folder, pools->wanted / 1024);
}

static void rule_guest_hugepages(struct hd_exam *exam)
{
	const struct hd_guest_memory *guest = exam->facts->request->memory;
	struct pools pools = { guest->hugepage, 0, 0 };
	HD_AUTOFREE char *text = NULL;

	if (!guest->hugepage) {
		hd_exam_not_applicable(exam, "the guest asks for none");
		return;
	}
	if (guest->hugepage == 1) {
		if (!hd_exam_read(exam, "/proc/meminfo", &text) ||
		    !read_kib(exam, "/proc/meminfo", text,
			      "Hugepagesize:", &pools.wanted))
			return;
	}
	if (guest->bound ? !read_pools_of(exam, guest, &pools) :
			   !read_pools(exam, &pools))
		return;
	if (pools.free >= guest->memory) {
		hd_exam_pass(exam, "enough are free");
		return;
	}
	hd_exam_bad(
		exam,
		"the guest needs %.1f GiB in huge pages of %" PRIu64
		" KiB, and %.1f GiB are free%s",
		in_gib(guest->memory), pools.wanted / 1024, in_gib(pools.free),
		guest->bound ? " on the NUMA nodes that it is bound to" : "");
	fix_pools(exam, guest, &pools);
}

static void rule_hugetlbfs(struct hd_exam *exam)
{
	struct pools pools = { 0, 0, 0 };
	HD_AUTOFREE char *text = NULL;

	if (!read_pools(exam, &pools))
		return;
	if (!pools.total)
		hd_exam_not_applicable(exam, "there are no huge pages");
	else if (!hd_exam_read_source(exam, &text))
		return;
	else if (strstr(text, " - hugetlbfs "))
		hd_exam_pass(exam, "it is mounted");
	else
		hd_exam_bad(
			exam,
			"there are huge pages, and hugetlbfs is mounted nowhere");
}

/* What guests have locked. */
struct locked {
	struct hd_exam *exam;
	size_t guests;
	uint64_t bytes;
};

/* None of a kernel without iommufd. */
static uint64_t kib_or_none(const char *text, const char *key)
{
	uint64_t bytes;

	return kib_of(text, key, &bytes) ? bytes : 0;
}

/* VmLck is of VFIO's containers, VmPin of iommufd. */
static int visit_process(void *data, int dir_fd, const char *name)
{
	struct locked *locked = data;
	HD_AUTOFREE char *path = hd_text("/proc/%s/status", name);
	HD_AUTOFREE char *text = NULL;
	struct hd_seen seen;

	(void)dir_fd;
	if (!path)
		return -ENOMEM;
	if (name[strspn(name, "0123456789")])
		return 0;
	seen = hd_facts_read(locked->exam->facts, path, &text);
	/* ESRCH: it has ended since. */
	if (seen.is != HD_PRESENT)
		return seen.error == -ESRCH ? 0 : seen.error;
	if (!hd_after(text, "Name:\tqemu-") && !hd_after(text, "Name:\tkvm\n"))
		return 0;
	locked->guests++;
	locked->bytes +=
		kib_or_none(text, "VmLck:") + kib_or_none(text, "VmPin:");
	return 0;
}

static void rule_locked(struct hd_exam *exam)
{
	struct locked locked = { exam, 0, 0 };

	if (!hd_exam_each(exam, "/proc", visit_process, &locked))
		hd_exam_missing(exam, "/proc");
	else if (locked.guests)
		hd_exam_pass(exam, "%zu guest%s locked %.1f GiB", locked.guests,
			     locked.guests == 1 ? " has" : "s have",
			     in_gib(locked.bytes));
	else
		hd_exam_pass(exam, "no guest runs");
}

static void rule_overcommit(struct hd_exam *exam)
{
	static const char *const modes[] = {
		"as the kernel thinks", "always",
		"the host doesn't overcommit: guests need memory or swap for all they may have"
	};
	HD_AUTOFREE char *text = NULL;
	uint64_t mode;

	if (hd_exam_read_source(exam, &text) &&
	    hd_exam_number(exam, exam->row->source, text, 10, 2, &mode))
		hd_exam_pass(exam, "%s", modes[mode]);
}

static const struct hd_row rows[] = {
	{ .id = "memory-memlock",
	  .title = "Memory of guests can be locked",
	  .source = "/proc/PID/status, /proc/PID/limits",
	  .rule = rule_memlock,
	  .bad = HD_WARN,
	  .fix = "Start it with LimitMEMLOCK=infinity, or with that capability; limits.conf doesn't concern daemons" },
	{ .id = "memory-guest",
	  .title = "There is memory for the guest",
	  .source = "/proc/meminfo",
	  .rule = rule_guest,
	  .bad = HD_FAIL,
	  .fix = "Give the guest less, or stop something else",
	  .scope = HD_GUEST },
	{ .id = "memory-guest-hugepages",
	  .title = "There are huge pages for the guest",
	  .source = HUGEPAGES,
	  .rule = rule_guest_hugepages,
	  .bad = HD_FAIL,
	  .scope = HD_GUEST },
	{ .id = "memory-hard-limit",
	  .title = "The guest's hard limit",
	  .source = "the domain's XML",
	  .rule = rule_hard_limit,
	  .bad = HD_WARN,
	  .fix = "Remove <hard_limit>, or leave QEMU at least 1 GiB more than the guest has",
	  .scope = HD_GUEST },
	{ .id = "memory-ballooning",
	  .title = "The guest's memory stays as it is",
	  .source = "the domain's XML",
	  .rule = rule_ballooning,
	  .bad = HD_WARN,
	  .scope = HD_GUEST },
	{ .id = "memory-hugepages",
	  .title = "Huge pages",
	  .source = HUGEPAGES,
	  .rule = rule_hugepages },
	{ .id = "memory-hugetlbfs",
	  .title = "The file system of huge pages",
	  .source = "/proc/1/mountinfo",
	  .rule = rule_hugetlbfs,
	  .bad = HD_WARN,
	  .fix = "mount -t hugetlbfs hugetlbfs /dev/hugepages, then restart libvirt's daemon" },
	{ .id = "memory-locked",
	  .title = "Memory that guests have locked",
	  .source = "/proc/PID/status",
	  .rule = rule_locked },
	{ .id = "memory-overcommit",
	  .title = "Overcommit",
	  .source = "/proc/sys/vm/overcommit_memory",
	  .rule = rule_overcommit },
};

const struct hd_rows hd_rows_memory = HD_ROWS("memory", rows);
