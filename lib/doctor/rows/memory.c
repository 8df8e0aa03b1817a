// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
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

/* "MemAvailable:   123 kB" in bytes; 0 when the text doesn't tell. */
static uint64_t kib_of(const char *text, const char *key)
{
	const char *p = strstr(text, key);

	return p ? strtoull(p + strlen(key), NULL, 10) * 1024 : 0;
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
static bool limit_reaches(const char *limits, uint64_t bytes)
{
	const char *p = strstr(limits, "Max locked memory");
	char soft[32], hard[32];

	if (!p || sscanf(p, "Max locked memory %31s %31s", soft, hard) != 2)
		return false;
	return strcmp(hard, "unlimited") == 0 ||
	       strtoull(hard, NULL, 10) >= bytes;
}

static bool may_raise_limits(const char *status)
{
	const char *p = strstr(status, "CapEff:");

	return p && (strtoull(p + strlen("CapEff:"), NULL, 16) &
		     (UINT64_C(1) << CAP_SYS_RESOURCE_BIT));
}

static void rule_memlock(struct hd_exam *exam)
{
	const struct hd_daemon *daemon = &exam->facts->daemon;
	const struct hd_guest_memory *guest = exam->facts->request->memory;
	HD_AUTOFREE char *status_path = hd_text("/proc/%d/status", daemon->pid);
	HD_AUTOFREE char *limits_path = hd_text("/proc/%d/limits", daemon->pid);
	HD_AUTOFREE char *status = NULL;
	HD_AUTOFREE char *limits = NULL;

	if (!status_path || !limits_path)
		return;
	if (!daemon->pid)
		hd_exam_skip(exam, "no daemon of libvirt is seen running");
	else if (!hd_exam_read(exam, status_path, &status) ||
		 !hd_exam_read(exam, limits_path, &limits))
		return;
	else if (may_raise_limits(status))
		hd_exam_pass(exam, "%s may raise it for guests", daemon->name);
	else if (limit_reaches(limits, guest ? locked_for(guest) : UINT64_MAX))
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
	if (!hd_exam_read_source(exam, &text))
		return;
	available = kib_of(text, "MemAvailable:");
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
	int error;
};

/* "hugepages-2048kB" */
static int visit_pool(void *data, int dir_fd, const char *name)
{
	struct pools *pools = data;
	HD_AUTOFREE char *nr_path = hd_text("%s/nr_hugepages", name);
	HD_AUTOFREE char *free_path = hd_text("%s/free_hugepages", name);
	HD_AUTOFREE char *resv_path = hd_text("%s/resv_hugepages", name);
	int64_t nr, unused, reserved;
	uint64_t size;
	const char *dash = strchr(name, '-');

	if (!nr_path || !free_path || !resv_path || !dash)
		return 0;
	size = strtoull(dash + 1, NULL, 10) * 1024;
	if (pools->wanted && pools->wanted != size)
		return 0;
	pools->error = hd_unsorted(hd_sysfs_read_number(dir_fd, nr_path, &nr));
	if (pools->error == 0)
		pools->error = hd_unsorted(
			hd_sysfs_read_number(dir_fd, free_path, &unused));
	if (pools->error < 0)
		return pools->error;
	/* Promised to somebody, but still counted as free. */
	if (hd_unsorted(hd_sysfs_read_number(dir_fd, resv_path, &reserved)) <
		    0 ||
	    reserved > unused)
		reserved = 0;
	unused -= reserved;
	pools->total += size * (uint64_t)nr;
	pools->free += size * (uint64_t)unused;
	return 0;
}

/* The part of them that is memory of the nodes a guest is bound to. */
static bool read_pools_of(struct hd_exam *exam,
			  const struct hd_guest_memory *guest,
			  struct pools *pools)
{
	if (!hd_facts_exists(exam->facts, NODES)) {
		hd_exam_unread(exam, NODES, -ENOENT);
		return false;
	}
	for (int node = 0; node < HD_NUMA_NODES; node++) {
		HD_AUTOFREE char *path = NULL;
		int r;

		if (!guest->nodes[node])
			continue;
		path = hd_text(OF_NODE, node);
		/* One that isn't there has none. */
		r = path ? hd_dir_each(hd_facts_open(exam->facts, path,
						     O_RDONLY | O_DIRECTORY),
				       visit_pool, pools) :
			   -ENOMEM;
		if (r < 0) {
			hd_exam_unread(exam, path, r);
			return false;
		}
	}
	return true;
}

static bool read_pools(struct hd_exam *exam, struct pools *pools)
{
	int fd = hd_facts_open(exam->facts, HUGEPAGES, O_RDONLY | O_DIRECTORY);
	int r = fd < 0 ? fd : hd_dir_each(fd, visit_pool, pools);

	if (fd == -ENOENT && exam->facts->has_sys)
		hd_exam_not_applicable(exam, "this kernel has no huge pages");
	else if (r < 0 || pools->error < 0)
		hd_exam_unread(exam, HUGEPAGES, r < 0 ? r : pools->error);
	return r == 0 && pools->error == 0;
}

static void rule_hugepages(struct hd_exam *exam)
{
	struct pools pools = { 0, 0, 0, 0 };

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
	struct pools pools = { guest->hugepage, 0, 0, 0 };
	HD_AUTOFREE char *text = NULL;

	if (!guest->hugepage) {
		hd_exam_not_applicable(exam, "the guest asks for none");
		return;
	}
	if (guest->hugepage == 1) {
		if (!hd_exam_read(exam, "/proc/meminfo", &text))
			return;
		pools.wanted = kib_of(text, "Hugepagesize:");
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
	struct pools pools = { 0, 0, 0, 0 };
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
	size_t guests;
	uint64_t bytes;
};

/* VmLck is of VFIO's containers, VmPin of iommufd. */
static int visit_process(void *data, int dir_fd, const char *name)
{
	struct locked *locked = data;
	HD_AUTOFREE char *path = hd_text("%s/status", name);
	HD_AUTOFREE char *text = NULL;

	if (name[strspn(name, "0123456789")] || !path ||
	    hd_facts_read_at(dir_fd, path, &text) < 0 ||
	    (strncmp(text, "Name:\tqemu-", 11) != 0 &&
	     strncmp(text, "Name:\tkvm\n", 10) != 0))
		return 0;
	locked->guests++;
	locked->bytes += kib_of(text, "VmLck:") + kib_of(text, "VmPin:");
	return 0;
}

static void rule_locked(struct hd_exam *exam)
{
	struct locked locked = { 0, 0 };
	int fd = hd_facts_open(exam->facts, "/proc", O_RDONLY | O_DIRECTORY);

	if (fd < 0) {
		hd_exam_unread(exam, "/proc", fd);
		return;
	}
	hd_dir_each(fd, visit_process, &locked);
	if (locked.guests)
		hd_exam_pass(exam, "%zu guest%s locked %.1f GiB", locked.guests,
			     locked.guests == 1 ? " has" : "s have",
			     in_gib(locked.bytes));
	else
		hd_exam_pass(exam, "no guest runs");
}

static void rule_overcommit(struct hd_exam *exam)
{
	HD_AUTOFREE char *text = NULL;

	if (!hd_exam_read_source(exam, &text))
		return;
	if (*text == '2')
		hd_exam_pass(
			exam,
			"the host doesn't overcommit: guests need memory or swap for all they may have");
	else
		hd_exam_pass(exam, "%s",
			     *text == '1' ? "always" : "as the kernel thinks");
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
