// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/guard/guard.h"
#include "tests/unit/place.h"

/* In a tree: a symbolic link, and a folder where a file is expected. */
#define LINK "->"
#define FOLDER "/"
/* Nothing, where a good copy has something. */
#define ABSENT "-"

#define NVME "sys/class/block/nvme0n1"
#define MAPPED(number) "sys/class/block/dm-" number
#define EVENT(number) "sys/class/input/event" number
#define UDEV(number) "run/udev/data/b" number
#define MOUNTS "proc/1/mountinfo"
#define MOUNT(number, target, type, source)                                    \
	"30 1 " number " / " target " rw,relatime shared:1 - " type " " source \
	" rw\n"
#define OVER(target, options)                                                  \
	"31 1 0:44 / " target " rw - overlay overlay rw," options "\n"
#define ROUTES "proc/net/route"
#define ROUTES_HEAD                                                            \
	"Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\t"   \
	"MTU\tWindow\tIRTT\n"
#define ZEROS "00000000000000000000000000000000"
#define KEYS "10000 7 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe\n"

struct entry {
	const char *path, *text;
};

/* A disk with three partitions, another one, two NICs, two cards, USB. */
static const struct entry base[] = {
	{ NVME "/dev", "259:0\n" },
	{ NVME "p1/dev", "259:1\n" },
	{ NVME "p2/dev", "259:2\n" },
	{ NVME "p3/dev", "259:3\n" },
	{ "sys/class/block/sda/dev", "8:0\n" },
	{ "sys/class/block/sda1/dev", "8:1\n" },
	{ "sys/class/net/eno1/flags", "0x1003\n" },
	{ "sys/class/net/eno2/flags", "0x1003\n" },
	{ "sys/power/state", "mem\n" },
	{ UDEV("259:0"), "I:1\n" },
	{ UDEV("259:1"), "I:1\n" },
	{ UDEV("259:2"), "I:1\n" },
	{ UDEV("259:3"), "I:1\n" },
	{ UDEV("8:0"), "I:1\n" },
	{ UDEV("8:1"), "I:1\n" },
};

/* What a good copy has too, where a test doesn't say otherwise. */
static const struct entry usual[] = {
	{ MOUNTS, MOUNT("8:77", "/", "ext4", "/dev/sde") },
	{ "proc/swaps", "Filename\tType\n" },
	{ "etc/fstab", "" },
	{ "proc/cmdline", "ro quiet\n" },
	{ ROUTES, ROUTES_HEAD },
	{ "proc/net/ipv6_route", "" },
	{ "sys/class/input/event3/device/capabilities/key", "0\n" },
	{ "sys/class/input/event4/device/capabilities/key", "0\n" },
	/* Whoever asks for a session's server. */
	{ "proc/self/stat", "7 (test) S 0 7 7 0\n" },
};

static const struct {
	const char *addr;
	enum hd_node_kind kind;
	const char *name;
} node_rows[] = {
	{ "01:00.0", HD_NODE_BLOCK, "nvme0n1" },
	{ "01:00.0", HD_NODE_BLOCK, "nvme0n1p1" },
	{ "01:00.0", HD_NODE_BLOCK, "nvme0n1p2" },
	{ "01:00.0", HD_NODE_BLOCK, "nvme0n1p3" },
	{ "02:00.0", HD_NODE_BLOCK, "sda" },
	{ "02:00.0", HD_NODE_BLOCK, "sda1" },
	{ "03:00.0", HD_NODE_NET, "eno1" },
	{ "03:00.1", HD_NODE_NET, "eno2" },
	{ "04:00.0", HD_NODE_CHAR, "card0" },
	{ "05:00.0", HD_NODE_CHAR, "event3" },
	{ "05:00.0", HD_NODE_CHAR, "event4" },
};

static const struct {
	const char *addr;
	uint32_t class_code;
	int group;
} device_rows[] = {
	{ "01:00.0", 0x010802, 1 }, { "02:00.0", 0x010601, 2 },
	{ "03:00.0", 0x020000, 3 }, { "03:00.1", 0x020000, 3 },
	{ "04:00.0", 0x030000, 4 }, { "05:00.0", 0x0c0330, HD_NO_GROUP },
};

/* Block devices are where sysfs has them, with a link by number. */
static void add_block(const struct place *place, const char *name,
		      const char *number)
{
	char path[256], target[256];

	snprintf(path, sizeof(path), "%s/sys/dev", place->root);
	mkdir(path, 0755);
	strcat(path, "/block");
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/sys/dev/block/%.*s", place->root,
		 (int)strcspn(number, "\n"), number);
	snprintf(target, sizeof(target), "../../devices/virtual/block/%s",
		 name);
	(void)!symlink(target, path);
}

/* A folder of /sys/class/block is a link to another one. */
static void link_block(const struct place *place, const char *whole)
{
	const char *name = strstr(whole, "/sys/class/block/");
	char path[256], target[128];
	struct stat st;

	if (!name || strchr(name + 17, '/') || lstat(whole, &st) == 0)
		return;
	name += 17;
	snprintf(path, sizeof(path), "%s/sys/devices", place->root);
	mkdir(path, 0755);
	strcat(path, "/virtual");
	mkdir(path, 0755);
	strcat(path, "/block");
	mkdir(path, 0755);
	snprintf(path + strlen(path), sizeof(path) - strlen(path), "/%s", name);
	mkdir(path, 0755);
	snprintf(target, sizeof(target), "../../devices/virtual/block/%s",
		 name);
	assert_int_equal(symlink(target, whole), 0);
}

/* Makes the folder of a path that is relative to the place. */
static void whole_path(const struct place *place, const char *path, char *ret,
		       size_t size)
{
	assert_true(snprintf(ret, size, "%s/%s", place->root, path) <
		    (int)size);
	for (char *p = ret + strlen(place->root) + 1; (p = strchr(p, '/'));
	     p++) {
		*p = '\0';
		link_block(place, ret);
		mkdir(ret, 0755);
		*p = '/';
	}
}

static void put(const struct place *place, const char *path, const char *text)
{
	char whole[256];
	FILE *file;

	if (strcmp(text, ABSENT) == 0)
		return;
	whole_path(place, path, whole, sizeof(whole));
	if (strcmp(text, FOLDER) == 0) {
		unlink(whole);
		assert_int_equal(mkdir(whole, 0755), 0);
		return;
	}
	if (strncmp(text, LINK, 2) == 0) {
		unlink(whole);
		assert_int_equal(symlink(text + 2, whole), 0);
		return;
	}
	file = fopen(whole, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	if (strncmp(path, "sys/class/block/", 16) == 0 &&
	    strcmp(strrchr(path, '/'), "/dev") == 0) {
		char name[64];

		snprintf(name, sizeof(name), "%.*s",
			 (int)strcspn(path + 16, "/"), path + 16);
		add_block(place, name, text);
	}
}

/* The guard's answer on the host of node_rows, as text: a line each. */
static int find(const struct hd_host *host, unsigned seconds, char **ret,
		struct hd_err *err)
{
	HD_AUTO_CRITICAL_USES struct hd_critical_uses critical_uses = { NULL,
									0 };
	struct hd_device devices[N_ELEMENTS(device_rows)] = { 0 };
	struct hd_node items[N_ELEMENTS(node_rows)] = { 0 };
	struct hd_nodes nodes = { items, N_ELEMENTS(items) };
	FILE *file;
	size_t size;
	int r;

	for (size_t i = 0; i < N_ELEMENTS(devices); i++) {
		devices[i].addr = addr(device_rows[i].addr);
		devices[i].class_code = device_rows[i].class_code;
		devices[i].group = device_rows[i].group;
	}
	for (size_t i = 0; i < nodes.n; i++)
		items[i] = (struct hd_node){ .addr = addr(node_rows[i].addr),
					     .kind = node_rows[i].kind,
					     .name = (char *)node_rows[i].name,
					     .up = true };
	r = hd_guard_find(host, devices, N_ELEMENTS(devices), &nodes, seconds,
			  &critical_uses, err);
	file = open_memstream(ret, &size);
	assert_non_null(file);
	for (size_t i = 0; i < critical_uses.n; i++)
		fprintf(file, "%s %s%s%s: %s\n",
			hd_addr_text(critical_uses.items[i].addr).s + 5,
			hd_critical_name(critical_uses.items[i].critical),
			critical_uses.items[i].unknown ? "?" : "",
			critical_uses.items[i].root ? "!" : "",
			critical_uses.items[i].chain);
	assert_int_equal(fclose(file), 0);
	return r;
}

/* Where there is nothing at the path: a test's link that leads nowhere counts.
 */
static void add_usual(const struct place *place, const struct entry *tree,
		      size_t n)
{
	for (size_t i = 0; i < N_ELEMENTS(usual); i++) {
		struct stat st;
		char whole[256];
		bool absent = false;

		for (size_t j = 0; j < n && tree[j].path; j++)
			absent |= strcmp(tree[j].path, usual[i].path) == 0;
		if (absent)
			continue;

		snprintf(whole, sizeof(whole), "%s/%s", place->root,
			 usual[i].path);
		if (lstat(whole, &st) < 0 && errno == ENOENT)
			put(place, usual[i].path, usual[i].text);
	}
	put(place, "sys/dev/block/8:77", LINK "../../devices/x/block/sde");
	put(place, "sys/class/block/sde/dev", "8:77\n");
}

static struct place *new_place(const struct entry *tree, size_t n)
{
	void *state;

	place_set_up(&state);
	for (size_t i = 0; i < N_ELEMENTS(base); i++)
		put(state, base[i].path, base[i].text);
	for (size_t i = 0; i < n && tree[i].path; i++)
		put(state, tree[i].path, tree[i].text);
	add_usual(state, tree, n);
	return state;
}

static void drop_place(struct place *place)
{
	void *state = place;

	place_tear_down(&state);
}

static void assert_found(const struct place *place, const char *what,
			 const char *expected)
{
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	HD_AUTOFREE char *found = NULL;

	if (find(&place->host, 10, &found, &err) < 0)
		fail_msg("%s: %s", what, hd_err_message(&err));
	if (strcmp(found, expected) != 0)
		fail_msg("%s: found\n%sinstead of\n%s", what, found, expected);
}

#define TREE_LIMIT 24

struct row {
	const char *what;
	struct entry tree[TREE_LIMIT];
	const char *found;
};

static void check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct place *place = new_place(rows[i].tree, TREE_LIMIT);

		assert_found(place, rows[i].what, rows[i].found);
		drop_place(place);
	}
}

static void disks_are_followed_to_what_is_mounted(void **state)
{
	static const struct row rows[] = {
		{ "nothing is mounted", { { NULL, NULL } }, "" },
		{ "a partition",
		  { { MOUNTS, MOUNT("259:2", "/boot", "ext4", "/dev/x")
				      MOUNT("259:3", "/", "ext4", "/dev/y")
					      MOUNT("8:77", "/other", "ext4",
						    "/dev/nvme0n1p1") } },
		  "01:00.0 mount!: nvme0n1p3 → /\n"
		  "01:00.0 mount: nvme0n1p2 → /boot\n" },
		{ "who isn't root reads another file",
		  { { MOUNTS, ABSENT },
		    { "proc/self/mountinfo",
		      MOUNT("8:0", "/srv", "xfs", "/dev/sda") } },
		  "01:00.0 mount?!: this copy of the host has no "
		  "/proc/1/mountinfo\n"
		  "02:00.0 mount?!: this copy of the host has no "
		  "/proc/1/mountinfo\n"
		  "02:00.0 mount: sda → /srv\n"
		  "03:00.0 network-root?!: this copy of the host has no "
		  "/proc/1/mountinfo\n"
		  "03:00.1 network-root?!: this copy of the host has no "
		  "/proc/1/mountinfo\n" },
		{ "several mount points",
		  { { MOUNTS,
		      MOUNT("8:1", "/var", "ext4", "/dev/sda1") MOUNT(
			      "8:1", "/a\\040b", "ext4", "/dev/sda1")
			      MOUNT("8:1", "/usr", "ext4", "/dev/sda1") MOUNT(
				      "8:1", "/var", "ext4", "/dev/sda1")
				      MOUNT("8:1", "/d", "ext4", "/dev/sda1")
					      MOUNT("8:1", "/e", "ext4",
						    "/dev/sda1") } },
		  "02:00.0 mount!: sda1 → /usr, /var, /a b and 2 more\n" },
		{ "LUKS and LVM",
		  { { NVME "p3/holders/dm-0", LINK "../../dm-0" },
		    { MAPPED("0") "/dev", "253:0\n" },
		    { MAPPED("0") "/dm/name", "luks-home\n" },
		    { MAPPED("0") "/dm/uuid", "CRYPT-LUKS2-abc-luks-home\n" },
		    { MAPPED("0") "/holders/dm-1", LINK "../../dm-1" },
		    { MAPPED("1") "/dev", "253:1\n" },
		    { MAPPED("1") "/dm/name", "vg--0-my--home\n" },
		    { MAPPED("1") "/dm/uuid", "LVM-abcdef\n" },
		    { MOUNTS, MOUNT("253:1", "/home", "ext4", "/dev/x") } },
		  "01:00.0 mount: nvme0n1p3 → LUKS luks-home → "
		  "LVM vg-0/my-home → /home\n" },
		{ "multipath with a partition, and dm-crypt",
		  { { "sys/class/block/sda/holders/dm-0", "" },
		    { MAPPED("0") "/dev", "253:0\n" },
		    { MAPPED("0") "/dm/name", "mpatha\n" },
		    { MAPPED("0") "/dm/uuid", "mpath-3600\n" },
		    { MAPPED("0") "/holders/dm-1", "" },
		    { MAPPED("1") "/dev", "253:1\n" },
		    { MAPPED("1") "/dm/name", "mpatha-part1\n" },
		    { MAPPED("1") "/dm/uuid", "part1-mpath-3600\n" },
		    { MAPPED("1") "/holders/dm-2", "" },
		    { MAPPED("2") "/dev", "253:2\n" },
		    { MAPPED("2") "/dm/name", "tmp\n" },
		    { MAPPED("2") "/dm/uuid", "CRYPT-PLAIN-tmp\n" },
		    { MOUNTS, MOUNT("253:2", "/x", "ext4", "/dev/x") } },
		  "02:00.0 mount: sda → multipath mpatha → dm mpatha-part1 → "
		  "encrypted tmp → /x\n" },
		{ "RAID with a partition, of two devices",
		  { { NVME "p1/holders/md127", "" },
		    { "sys/class/block/sda1/holders/md127", "" },
		    { "sys/class/block/md127/dev", "9:127\n" },
		    { "sys/class/block/md127/md/level", "raid1\n" },
		    { "sys/class/block/md127/md127p1/partition", "1\n" },
		    { "sys/class/block/md127p1/dev", "259:9\n" },
		    { MOUNTS, MOUNT("259:9", "/", "ext4", "/dev/md127p1") } },
		  "01:00.0 mount!: nvme0n1p1 → md127 (raid1) → md127p1 → /\n"
		  "02:00.0 mount!: sda1 → md127 (raid1) → md127p1 → /\n" },
		{ "bcache",
		  { { NVME "p1/holders/bcache0", "" },
		    { "sys/class/block/bcache0/dev", "252:0\n" },
		    { MOUNTS, MOUNT("252:0", "/b", "ext4", "/dev/bcache0") } },
		  "01:00.0 mount: nvme0n1p1 → bcache0 → /b\n" },
		{ "a holder that this copy lacks",
		  { { NVME "p3/holders/dm-9", "" } },
		  "01:00.0 mount?!: cannot find out what stands on the disks "
		  "of 0000:01:00.0: this copy of the host has no "
		  "/sys/class/block/dm-9/dev\n" },
		{ "holders in a circle",
		  { { NVME "p3/holders/dm-0", "" },
		    { MAPPED("0") "/dev", "253:0\n" },
		    { MAPPED("0") "/holders/dm-1", "" },
		    { MAPPED("1") "/dev", "253:1\n" },
		    { MAPPED("1") "/holders/dm-0", "" },
		    { MAPPED("1") "/holders/nvme0n1p3", "" },
		    { MAPPED("1") "/holders/dm-1", "" },
		    { MOUNTS, MOUNT("253:1", "/x", "ext4", "/dev/x") } },
		  "01:00.0 mount: nvme0n1p3 → dm-0 → dm-1 → /x\n" },
	};

	(void)state;
	check_rows(rows, N_ELEMENTS(rows));
}

static void file_systems_of_several_devices_are_found_from_each(void **state)
{
	static const struct row rows[] = {
		{ "btrfs with one device and subvolumes",
		  { { "sys/fs/btrfs/features/x", "1\n" },
		    { "sys/fs/btrfs/abc/devices/nvme0n1p3", LINK "/gone" },
		    { MOUNTS,
		      MOUNT("0:31", "/home", "btrfs", "/dev/nvme0n1p3")
			      MOUNT("0:31", "/", "btrfs", "/dev/nvme0n1p3") } },
		  "01:00.0 mount!: nvme0n1p3 → btrfs → /, /home\n" },
		{ "btrfs of two devices, known by the other's name",
		  { { "sys/fs/btrfs/abc/devices/nvme0n1p3", "" },
		    { "sys/fs/btrfs/abc/devices/sda1", "" },
		    { "sys/fs/btrfs/def/devices/sda", "" },
		    { MOUNTS, MOUNT("0:31", "/data", "btrfs", "/dev/sda1") } },
		  "01:00.0 mount: nvme0n1p3 → btrfs → /data\n"
		  "02:00.0 mount: sda → btrfs → mounted out of sight\n"
		  "02:00.0 mount: sda1 → btrfs → /data\n" },
		{ "btrfs on LUKS, by its name",
		  { { NVME "p3/holders/dm-0", "" },
		    { MAPPED("0") "/dev", "253:0\n" },
		    { MAPPED("0") "/dm/name", "root\n" },
		    { MAPPED("0") "/dm/uuid", "CRYPT-LUKS2-a-root\n" },
		    { "sys/fs/btrfs/abc/devices/dm-0", "" },
		    { MOUNTS,
		      MOUNT("0:31", "/", "btrfs", "/dev/mapper/root") } },
		  "01:00.0 mount!: nvme0n1p3 → LUKS root → btrfs → /\n" },
		{ "bcachefs",
		  { { MOUNTS, MOUNT("0:31", "/b", "bcachefs",
				    "/dev/sdz:/dev/sda1:/dev/sdy") } },
		  "02:00.0 mount: sda1 → /b\n" },
		{ "ZFS, and swap on a volume of it",
		  { { UDEV("259:3"), "E:ID_FS_TYPE=zfs_member\n"
				     "E:ID_FS_LABEL=rpool\n" },
		    { UDEV("259:1"), "E:ID_FS_TYPE=ext4\n"
				     "E:ID_FS_LABEL=rpool2\n" },

		    { "sys/class/block/zd0/dev", "230:0\n" },
		    { UDEV("230:0"), "S:zvol/rpool/swap\n" },
		    { "sys/class/block/zd16/dev", "230:16\n" },
		    { UDEV("230:16"), "S:zvol/rpool2/swap\n" },
		    { "proc/swaps", "Filename\tType\n"
				    "/dev/zd0 partition 1 0 -2\n"
				    "/dev/zd16 partition 1 0 -2\n" },
		    { MOUNTS,
		      MOUNT("0:31", "/", "zfs", "rpool/ROOT/debian")
			      MOUNT("0:32", "/p", "zfs", "rpool2")
				      MOUNT("0:33", "/q", "zfs", "rpool") MOUNT(
					      "0:34", "/r", "zfs", "rp/x") } },
		  "01:00.0 mount!: nvme0n1p3 → ZFS rpool → /, /q\n"
		  "01:00.0 swap: nvme0n1p3 → ZFS rpool → zd0 → swap\n" },
	};

	(void)state;
	check_rows(rows, N_ELEMENTS(rows));
}

static void sources_are_text_and_numbers_decide(void **state)
{
	static const struct row rows[] = {
		{ "FUSE and what else anybody mounts claim any source",
		  { { MOUNTS,
		      MOUNT("0:61", "/home/u/a", "fuse", "/dev/nvme0n1")
			      MOUNT("0:62", "/home/u/b", "fuse.x", "/dev/sda1")
				      MOUNT("0:63", "/home/u/c", "tmpfs",
					    "/dev/sda") } },
		  "" },
		{ "fuseblk has a number, and another one's name",
		  { { MOUNTS, MOUNT("8:1", "/w", "fuseblk", "/dev/sdz9") } },
		  "02:00.0 mount: sda1 → /w\n" },
		{ "a name that lies hides no file system",
		  { { MOUNTS, MOUNT("8:1", "/", "ext4", "/dev/nvme0n1p1") } },
		  "02:00.0 mount!: sda1 → /\n" },
		{ "btrfs by a name that is no more",
		  { { "sys/fs/btrfs/abc/devices/nvme0n1p3", "" },
		    { MOUNTS, MOUNT("0:31", "/", "btrfs", "/dev/root-x") } },
		  "01:00.0 mount!: nvme0n1p3 → btrfs → /\n" },
		{ "btrfs of which the other one is known",
		  { { "sys/fs/btrfs/abc/devices/nvme0n1p3", "" },
		    { "sys/fs/btrfs/def/devices/sda1", "" },
		    { MOUNTS, MOUNT("0:31", "/", "btrfs", "/dev/root-x") MOUNT(
				      "0:32", "/d", "btrfs", "/dev/sda1") } },
		  "01:00.0 mount!: nvme0n1p3 → btrfs → /\n"
		  "02:00.0 mount: sda1 → btrfs → /d\n" },
		{ "btrfs that is mounted nowhere to be seen",
		  { { "sys/fs/btrfs/abc/devices/sda1", "" } },
		  "02:00.0 mount: sda1 → btrfs → mounted out of sight\n" },
		{ "ZFS without udev",
		  { { UDEV("8:1"), LINK "gone" }, { "sys/module/zfs/x", "" } },
		  "02:00.0 mount?!: the host uses ZFS, and udev hasn't said "
		  "whether sda1 is of a pool\n" },
		{ "fstab by a tag without udev",
		  { { UDEV("8:1"), LINK "gone" },
		    { "etc/fstab", "UUID=x /x ext4\nUUID=y /y ext4 noauto\n"
				   "/dev/sda1 /z ext4\n" } },
		  "02:00.0 fstab: sda1 → /etc/fstab: /z\n"
		  "02:00.0 fstab?: /etc/fstab names /dev/disk/by-uuid/x, and "
		  "udev hasn't said which device that is\n" },
	};

	(void)state;
	check_rows(rows, N_ELEMENTS(rows));
}

#define LOOP(n) "sys/class/block/loop" n
static void files_lead_to_the_disk_that_they_are_on(void **state)
{
	static const struct row rows[] = {
		{ "a file, and a file in it",
		  { { LOOP("0") "/dev", "7:0\n" },
		    { LOOP("0") "/loop/backing_file", "/mnt/in/x.img\n" },
		    { LOOP("1") "/dev", "7:1\n" },
		    { LOOP("1") "/loop/backing_file", "/srv/v/root.img\n" },
		    { LOOP("2") "/dev", "7:2\n" },

		    { MOUNTS,
		      MOUNT("8:1", "/srv", "ext4", "/dev/sda1") MOUNT(
			      "7:1", "/mnt/in", "ext4", "/dev/loop1")
			      MOUNT("7:0", "/", "ext4", "/dev/loop0") } },
		  "02:00.0 mount!: sda1 → /srv/v/root.img → loop1 → "
		  "/mnt/in/x.img → loop0 → /\n"
		  "02:00.0 mount: sda1 → /srv\n"
		  "02:00.0 mount: sda1 → /srv/v/root.img → loop1 → /mnt/in\n" },
		{ "a folder with a longer name",
		  { { LOOP("3") "/dev", "7:3\n" },
		    { LOOP("3") "/loop/backing_file", "/srvx/root.img\n" },
		    { MOUNTS, MOUNT("8:1", "/srv", "ext4", "x")
				      MOUNT("7:3", "/3", "ext4", "x") } },
		  "02:00.0 mount: sda1 → /srv\n" },
		{ "one mount over another",
		  { { LOOP("0") "/dev", "7:0\n" },
		    { LOOP("0") "/loop/backing_file", "/srv/x\n" },
		    { MOUNTS, MOUNT("8:1", "/srv", "ext4", "/dev/sda1") MOUNT(
				      "259:1", "/srv", "ext4", "/dev/y")
				      MOUNT("7:0", "/l", "ext4", "/dev/l") } },
		  "01:00.0 mount: nvme0n1p1 → /srv\n"
		  "01:00.0 mount: nvme0n1p1 → /srv/x → loop0 → /l\n"
		  "02:00.0 mount: sda1 → /srv\n" },
		{ "a device in a loop device",
		  { { LOOP("0") "/dev", "7:0\n" },
		    { LOOP("0") "/loop/backing_file", "/dev/sda1\n" },
		    { MOUNTS, MOUNT("7:0", "/l", "ext4", "/dev/loop0") } },
		  "02:00.0 mount: sda1 → loop0 → /l\n" },
		{ "an overlay",
		  { { MOUNTS, MOUNT("8:1", "/run/live", "ext4", "/dev/sda1")
				      OVER("/", "lowerdir=/a:/run/live/x") OVER(
					      "/d", "lowerdir=/run/live") } },
		  "02:00.0 mount!: sda1 → /run/live → overlay → /\n"
		  "02:00.0 mount: sda1 → /run/live\n" },
	};

	(void)state;
	check_rows(rows, N_ELEMENTS(rows));
}

/* Many loop devices that are mounted at @target: how many chains there are. */
static size_t count_file_chains(const char *target)
{
	HD_AUTOFREE char *found = NULL;
	struct place *place = new_place(NULL, 0);
	char path[64], text[1024];
	size_t length, n = 0;

	length = (size_t)snprintf(text, sizeof(text), "%s",
				  MOUNT("8:1", "/var", "ext4", "/dev/sda1"));
	for (int i = 0; i < 5; i++) {
		char number[16];

		snprintf(number, sizeof(number), "7:%d\n", i);
		snprintf(path, sizeof(path), LOOP("%d") "/dev", i);
		put(place, path, number);
		snprintf(path, sizeof(path), LOOP("%d") "/loop/backing_file",
			 i);
		put(place, path, "/var/img\n");
		length += (size_t)snprintf(text + length, sizeof(text) - length,
					   MOUNT("7:%d", "%s", "ext4", "x"), i,
					   target);
	}
	put(place, MOUNTS, text);
	assert_int_equal(find(&place->host, 10, &found, NULL), 0);
	for (const char *p = found; (p = strstr(p, "img → loop")); p++)
		n++;
	drop_place(place);
	return n;
}

static void of_many_files_a_few_are_named(void **state)
{
	(void)state;
	assert_int_equal(count_file_chains("/snap/x"), 3);
	assert_int_equal(count_file_chains("/"), 5);
}

static void swap_fstab_and_hibernation_count(void **state)
{
	static const struct row rows[] = {
		{ "swap on a partition, a file, and compressed",
		  { { "proc/swaps", "Filename\t\tType\t\tSize\tUsed\tPriority\n"
				    "/dev/nvme0n1p2 partition 1 0 -2\n"
				    "/a\\040b/swap file 1 0 -3\n"
				    "/dev/zram0 partition 1 0 100\n"
				    "/dev/zram1 partition 1 0 100\n" },
		    { "sys/class/block/zram0/dev", "251:0\n" },
		    { "sys/class/block/zram0/backing_dev", "/dev/sda1\n" },
		    { "sys/class/block/zram1/dev", "251:1\n" },
		    { "sys/class/block/zram1/backing_dev", "none\n" },
		    { MOUNTS, MOUNT("8:0", "/a\\040b", "xfs", "x") } },
		  "01:00.0 swap: nvme0n1p2 → swap\n"
		  "02:00.0 mount: sda → /a b\n"
		  "02:00.0 swap: sda → /a b/swap → swap\n"
		  "02:00.0 swap: sda1 → zram0 → swap\n" },
		{ "fstab by tag, link, name and path; what is in use is not",
		  { { "etc/fstab",
		      "# comment\n"
		      "UUID=aa-bb /one ext4 defaults 0 2\n"
		      "LABEL=my\\040disk /two ext4\n"
		      "UUID=aa-b /three ext4\n"
		      "PARTUUID=cc-01 none swap sw 0 0\n"
		      "/dev/mapper/x-y /four ext4\n"
		      "/dev/x/y /five ext4\n"
		      "/dev/disk/by-id/z /six xfs nofail\n"
		      "nonsense\n"
		      "UUID=gone /gone ext4\n"
		      "/dev/sda1 /mounted ext4\n"
		      "/dev/sda1 /later ext4 user,noauto\n"
		      "/dev/sda1 /auto ext4 noauto,x-systemd.automount\n"
		      "srv:/x /nfs nfs a=b\n" },
		    { UDEV("259:1"), "S:disk/by-id/b\nS:disk/by-uuid/aa-bb\n" },
		    { UDEV("259:2"), "S:disk/by-label/my\\x20disk\n"
				     "S:disk/by-uuid/aa-b\n" },
		    { "dev/disk/by-partuuid/cc-01", LINK "../../nvme0n1p3" },
		    { "dev/disk/by-id/z", LINK "../../sda" },
		    { "sys/class/block/sda1/holders/dm-0", "" },
		    { MAPPED("0") "/dev", "253:0\n" },
		    { MAPPED("0") "/dm/name", "x-y\n" },
		    { MAPPED("0") "/dm/uuid", "LVM-1\n" },
		    { UDEV("253:0"), "I:1\n" },
		    { MOUNTS, MOUNT("8:1", "/mounted", "ext4", "x") } },
		  "01:00.0 fstab: nvme0n1p1 → /etc/fstab: /one\n"
		  "01:00.0 fstab: nvme0n1p2 → /etc/fstab: /three\n"
		  "01:00.0 fstab: nvme0n1p2 → /etc/fstab: /two\n"
		  "01:00.0 fstab: nvme0n1p3 → /etc/fstab: swap\n"
		  "02:00.0 mount: sda1 → /mounted\n"
		  "02:00.0 fstab: sda → /etc/fstab: /six\n"
		  "02:00.0 fstab: sda1 → /etc/fstab: /auto\n"
		  "02:00.0 fstab: sda1 → LVM x/y → /etc/fstab: /five\n"
		  "02:00.0 fstab: sda1 → LVM x/y → /etc/fstab: /four\n" },
		{ "swap of fstab that is in use",
		  { { "etc/fstab", "/dev/nvme0n1p2 none swap sw 0 0\n" },
		    { "proc/swaps",
		      "Filename\tType\n/dev/nvme0n1p2 partition 1 0 -2\n" } },
		  "01:00.0 swap: nvme0n1p2 → swap\n" },
		{ "hibernation by number",
		  { { "sys/power/resume", "259:2\n" } },
		  "01:00.0 resume: nvme0n1p2 → hibernation\n" },
		{ "hibernation by command line",
		  { { "sys/power/resume", "0:0\n" },
		    { "proc/cmdline",
		      "quiet noresume=1 resume=/dev/sda resume=UUID=q "
		      "resume_offset=9 ro\n" },
		    { UDEV("259:1"), "S:disk/by-uuid/q\n" } },
		  "01:00.0 resume: nvme0n1p1 → hibernation\n" },
		{ "no hibernation",
		  { { "sys/power/resume", "0:0\n" },
		    { "proc/cmdline", "quiet ro\n" } },
		  "" },
	};

	(void)state;
	check_rows(rows, N_ELEMENTS(rows));
}

static void interfaces_are_followed_to_routes_and_servers(void **state)
{
	static const struct row rows[] = {
		{ "a default route",
		  { { ROUTES, ROUTES_HEAD
		      "eno1\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\t0\t"
		      "0\t0\n"
		      "eno2\t0000A8C0\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t"
		      "0\t0\n" } },
		  "03:00.0 default-route: eno1 → default route (IPv4)\n" },
		{ "bond, VLAN and bridge, in a circle; both families",
		  { { "sys/class/net/eno1/master", LINK "../bond0" },
		    { "sys/class/net/eno1/upper_bond0", LINK "../bond0" },
		    { "sys/class/net/eno2/upper_bond0", LINK "../bond0" },
		    { "sys/class/net/bond0/upper_bond0.7", "" },
		    { "sys/class/net/bond0/lower_eno1", "" },
		    { "sys/class/net/bond0.7/master", LINK "../br0" },
		    { "sys/class/net/br0/upper_bond0", "" },
		    { ROUTES, ROUTES_HEAD
		      "br0 00000000 0 0003 0 0 0 00000000 0 0 0\n" },
		    { "proc/net/ipv6_route",
		      ZEROS " 00 " ZEROS " 00 fe80000000000000000000000000000"
			    "1 400 1 0 3 br0\n" ZEROS " 00 " ZEROS " 00 " ZEROS
			    " ffffffff 1 0 200200 lo\n" } },
		  "03:00.0 default-route: eno1 → bond0 → bond0.7 → br0 → "
		  "default route (IPv4 and IPv6)\n"
		  "03:00.1 default-route: eno2 → bond0 → bond0.7 → br0 → "
		  "default route (IPv4 and IPv6)\n" },
		{ "routes that are down or refuse",
		  { { ROUTES, ROUTES_HEAD
		      "eno1 00000000 0 0002 0 0 0 00000000 0 0 0\n"
		      "eno2 00000000 0 0201 0 0 0 00000000 0 0 0\n" },
		    { "proc/net/ipv6_route", ZEROS " 00 " ZEROS " 00 " ZEROS
						   " 0 1 0 200201 eno1\n" } },
		  "" },
		{ "root by NFS, by the narrowest route",
		  { { MOUNTS, "30 1 0:50 / / rw - nfs4 srv:/x "
			      "rw,addr=192.168.0.9,vers=4\n"
			      "31 1 0:51 / /home rw - nfs4 srv:/h "
			      "rw,addr=192.168.0.10\n"
			      "32 1 0:50 / / rw - nfs4 srv:/x "
			      "rw,addr=192.168.0.9,vers=4\n" },
		    { ROUTES, ROUTES_HEAD
		      "eno1 0000A8C0 0 0001 0 0 0 0000FFFF 0 0 0\n"
		      "eno2 0000A8C0 0 0001 0 0 0 00FFFFFF 0 0 0\n"
		      "eno1 8000A8C0 0 0001 0 0 0 80FFFFFF 0 0 0\n"
		      "eno1 0000A8C0 0 0001 0 0 0 0000FFFF 0 0 0\n" } },
		  "03:00.1 network-root!: eno2 → NFS server 192.168.0.9 → /\n" },
		{ "root by NFS and IPv6",
		  { { MOUNTS, "30 1 0:50 / /usr rw - nfs4 srv:/x "
			      "rw,addr=fd00::9\n" },
		    { "proc/net/ipv6_route",
		      "fd000000000000000000000000000000 40 " ZEROS " 00 " ZEROS
		      " 100 1 0 1 eno1\n" } },
		  "03:00.0 network-root!: eno1 → NFS server fd00::9 → /usr\n" },
		{ "root by another protocol",
		  { { MOUNTS, "30 1 0:50 / / rw - cifs //srv/x "
			      "rw,addr=192.168.0.9\n" },
		    { ROUTES, ROUTES_HEAD
		      "eno2 0000A8C0 0 0001 0 0 0 00FFFFFF 0 0 0\n" } },
		  "03:00.1 network-root!: eno2 → network file system server "
		  "192.168.0.9 → /\n" },
		{ "root by NFS of a server without address",
		  { { MOUNTS, "30 1 0:50 / / rw - nfs srv:/x rw\n" } },
		  "03:00.0 network-root: eno1 → NFS server, perhaps → /\n"
		  "03:00.1 network-root: eno2 → NFS server, perhaps → /\n" },
		{ "root on LVM on iSCSI",
		  { { MOUNTS, MOUNT("253:0", "/", "ext4", "/dev/x") },
		    { "sys/dev/block/253:0",
		      LINK "../../devices/virtual/block/dm-0" },
		    { MAPPED("0") "/slaves/sdb2", "" },
		    { "sys/class/block/sdb2",
		      LINK "../../devices/platform/host2/session3/"
			   "target2:0:0/2:0:0:0/block/sdb/sdb2" },
		    { "sys/class/iscsi_connection/connection3:0/address",
		      "10.0.0.5\n" },
		    { ROUTES, ROUTES_HEAD
		      "eno2 0000000A 0 0001 0 0 0 000000FF 0 0 0\n" } },
		  "03:00.1 network-root!: eno2 → iSCSI server 10.0.0.5 → /\n" },
		{ "root by NBD",
		  { { MOUNTS, MOUNT("43:0", "/", "ext4", "/dev/nbd0") },
		    { "sys/dev/block/43:0",
		      LINK "../../devices/virtual/block/nbd0" },
		    { "sys/class/block/nbd0",
		      LINK "../../devices/virtual/block/nbd0" },
		    { "proc/cmdline", "ip=dhcp nbdroot=10.0.0.6,x,nbd0\n" },
		    { ROUTES, ROUTES_HEAD
		      "eno2 0000000A 0 0001 0 0 0 000000FF 0 0 0\n" } },
		  "03:00.1 network-root!: eno2 → NBD server 10.0.0.6 → /\n" },
		{ "root by NVMe over the network",
		  { { MOUNTS, MOUNT("0:31", "/", "btrfs", "/dev/nvme7n1p1") },
		    { "sys/fs/btrfs/abc/devices/nvme7n1p1", "" },
		    { "sys/devices/virtual/nvme-subsystem/nvme-subsys7/nvme7n1/"
		      "nvme7n1p1/dev",
		      "259:77\n" },
		    { "sys/class/block/nvme7n1p1",
		      LINK "../../devices/virtual/nvme-subsystem/nvme-subsys7/"
			   "nvme7n1/nvme7n1p1" },
		    { "sys/class/nvme-subsystem/nvme-subsys7/nvme7", "" },
		    { "sys/class/nvme-subsystem/nvme-subsys7/nvme7n1", "" },
		    { "sys/class/nvme/nvme7/address",
		      "traddr=10.0.0.7,trsvcid=4420\n" },
		    { ROUTES, ROUTES_HEAD
		      "eno2 0000000A 0 0001 0 0 0 000000FF 0 0 0\n" } },
		  "03:00.1 network-root!: eno2 → NVMe server 10.0.0.7 → /\n" },
	};

	(void)state;
	check_rows(rows, N_ELEMENTS(rows));
}

#define CARD(number, where)                                                    \
	{ "sys/class/drm/card" number,                                         \
	  LINK "../../devices/" where "/drm/card" number }
#define OURS "pci0000:00/0000:00:01.0/0000:04:00.0"
#define OTHER "pci0000:00/0000:00:02.0"
#define BOOT { "sys/bus/pci/devices/0000:04:00.0/boot_vga", "1\n" }

static void the_only_display_counts(void **state)
{
	static const struct row rows[] = {
		{ "one card, no screen",
		  { CARD("0", OURS),
		    { "sys/class/drm/card0-DP-1/status", "disconnected\n" } },
		  "04:00.0 display: card0 → only display\n" },
		{ "one card with a screen",
		  { CARD("0", OURS),
		    { "sys/class/drm/card0-DP-1/status", "disconnected\n" },
		    { "sys/class/drm/card0-HDMI-A-2/status", "connected\n" },
		    { "sys/class/drm/card0-VGA-1/status", "connected\n" },
		    { "sys/class/drm/card0-HDMI-A-1/status", "connected\n" },
		    { "sys/class/drm/card0-HDMI-A-3/status", "connected\n" } },
		  "04:00.0 display: card0 (HDMI-A-1) → only display\n" },
		{ "two cards, no screens",
		  { CARD("0", OURS),
		    { "sys/class/drm/card0-DP-1/status", "disconnected\n" },
		    CARD("1", OTHER),
		    { "sys/class/drm/card1-DP-1/status", "disconnected\n" } },
		  "" },
		{ "two cards, the screen is ours",
		  { CARD("10", OTHER),
		    CARD("12", OTHER),
		    CARD("1", OURS),
		    { "sys/class/drm/card1-DP-1/status", "connected\n" },
		    CARD("11", OTHER),
		    CARD("13", OTHER),
		    { "sys/class/drm/card10-DP-1/status", "disconnected\n" } },
		  "04:00.0 display: card1 (DP-1) → only display\n" },
		{ "two cards, both have a screen",
		  { CARD("0", OURS),
		    { "sys/class/drm/card0-DP-1/status", "connected\n" },
		    CARD("1", OTHER),
		    { "sys/class/drm/card1-VGA-1/status", "unknown\n" } },
		  "" },
		{ "a card that only computes, and one that is made up",
		  { CARD("0", OURS),
		    CARD("1", "platform/vkms"),
		    { "sys/class/drm/card1-Virtual-1/status", "connected\n" } },
		  "" },
		{ "a card without screens stays for one that has",
		  { CARD("0", OURS),
		    { "sys/class/drm/card0-DP-1/status", "connected\n" },
		    CARD("1", "platform/vkms"),
		    { "sys/class/drm/card1-Virtual-1/status", "connected\n" } },
		  "04:00.0 display: card0 (DP-1) → only display\n" },
		{ "the firmware's frame buffer is on the boot display",
		  { BOOT,
		    { "sys/class/graphics/fb0",
		      LINK "../../devices/platform/efi-framebuffer.0/graphics/"
			   "fb0" },
		    CARD("1", OTHER),
		    { "sys/class/drm/card1-DP-1/status", "disconnected\n" } },
		  "04:00.0 display: boot display → only display\n" },
		{ "another's firmware frame buffer",
		  { { "sys/class/graphics/fb0",
		      LINK "../../devices/platform/efi-framebuffer.0/graphics/"
			   "fb0" },
		    CARD("1", OURS),
		    { "sys/class/drm/card1-DP-1/status", "connected\n" } },
		  "" },
		{ "the VGA's own console",
		  { BOOT,
		    { "sys/class/vtconsole/vtcon0/name", "(S) VGA+\n" },
		    { "sys/class/vtconsole/vtcon0/bind", "1\n" } },
		  "04:00.0 display: VGA console → only display\n" },
		{ "the VGA's own console, not in use",
		  { BOOT,
		    { "sys/class/vtconsole/vtcon0/name", "(S) VGA+\n" },
		    { "sys/class/vtconsole/vtcon0/bind", "0\n" } },
		  "" },
		{ "an old frame buffer driver",
		  { { "sys/class/graphics/fbcon/x", "" },
		    { "sys/class/graphics/fb0",
		      LINK "../../devices/" OURS "/graphics/fb0" } },
		  "04:00.0 display: fb0 → only display\n" },
	};

	(void)state;
	check_rows(rows, N_ELEMENTS(rows));
}

#define INPUT "sys/devices/usb/input"

static void the_only_keyboard_counts(void **state)
{
	static const struct row rows[] = {
		{ "a keyboard and a mouse",
		  { { EVENT("3"), LINK "../../devices/usb/input1/event3" },
		    { INPUT "1/event3/device", LINK ".." },
		    { INPUT "1/name", "Model M\n" },
		    { INPUT "1/capabilities/key", KEYS },
		    { EVENT("4"), LINK "../../devices/usb/input2/event4" },
		    { INPUT "2/event4/device", LINK ".." },
		    { INPUT "2/capabilities/key", "1f0000 0 0 0 3fe\n" } },
		  "05:00.0 keyboard: event3 (Model M) → only keyboard\n" },
		{ "others are a program and a button",
		  { { EVENT("3") "/device/capabilities/key", KEYS },
		    { "sys/devices/virtual/input/input7/event7/device/"
		      "capabilities/key",
		      KEYS },
		    { EVENT("7"),
		      LINK "../../devices/virtual/input/input7/event7" },
		    { EVENT("9"), LINK "../../devices/pnp/event9" },
		    { "sys/devices/pnp/event9/device/capabilities/key",
		      "10000000000000 0\n" } },
		  "05:00.0 keyboard: event3 → only keyboard\n" },
		{ "another one stays",
		  { { EVENT("3") "/device/capabilities/key", KEYS },
		    { EVENT("9"), LINK "../../devices/pnp/event9" },
		    { "sys/devices/pnp/event9/device/capabilities/key",
		      KEYS } },
		  "" },
	};

	(void)state;
	check_rows(rows, N_ELEMENTS(rows));
}

static void parts_of_the_machine_count(void **state)
{
	static const struct row rows[] = {
		{ "regions of the firmware",
		  { { "sys/kernel/iommu_groups/4/reserved_regions",
		      "0x00000000000a0000 0x00000000000bffff direct-relaxable\n"
		      "0x000000007b800000 0x000000007b8fffff direct\n"
		      "0x00000000fee00000 0x00000000feefffff msi\n" },
		    { "sys/kernel/iommu_groups/3/reserved_regions",
		      "0x0 0x1 direct-relaxable\n" } },
		  "04:00.0 reserved-region: IOMMU group 4 → firmware's memory "
		  "0x000000007b800000-0x000000007b8fffff\n" },
	};
	static const struct {
		uint32_t class_code;
		const char *chain;
	} classes[] = {
		{ 0x060000, "host bridge → chipset" },
		{ 0x060100, "ISA bridge → chipset" },
		{ 0x060400, "PCI bridge → chipset" },
		{ 0x080600, "IOMMU → chipset" },
		{ 0x0c0500, "SMBus controller → chipset" },
		{ 0x0c0330, NULL },
		{ 0x040300, NULL },
	};
	struct place *place = new_place(NULL, 0);
	struct hd_nodes nodes = { NULL, 0 };

	(void)state;
	check_rows(rows, N_ELEMENTS(rows));
	for (size_t i = 0; i < N_ELEMENTS(classes); i++) {
		HD_AUTO_CRITICAL_USES struct hd_critical_uses found = { NULL,
									0 };
		struct hd_device device = { .addr = addr("00:1f.0"),
					    .class_code = classes[i].class_code,
					    .group = HD_NO_GROUP };

		assert_int_equal(hd_guard_find(&place->host, &device, 1, &nodes,
					       10, &found, NULL),
				 0);
		assert_int_equal(found.n, classes[i].chain ? 1 : 0);
		if (!classes[i].chain)
			continue;
		assert_string_equal(found.items[0].chain, classes[i].chain);
		assert_int_equal(found.items[0].critical, HD_CRITICAL_CHIPSET);
	}
	drop_place(place);
}

static void what_can_not_be_read_is_no_all_clear(void **state)
{
	static const struct {
		struct entry entry;
		const char *words;
	} rows[] = {
		{ { MOUNTS, FOLDER }, "/proc/1/mountinfo can't be read: Is a" },
		{ { MOUNTS, "" }, "no such table, or cut" },
		{ { MOUNTS, "nonsense\n" }, "no such table, or cut" },
		{ { MOUNTS, MOUNT("8:1", "/a", "ext4", "x") "30 1 8:1 / /" },
		  "no such table, or cut" },
		{ { MOUNTS, MOUNT("8:1", "/a", "ext4", "x") "30 1 8:\n" MOUNT(
				    "8:1", "/b", "ext4", "x") },
		  "one of its lines makes no sense" },
		{ { "proc/swaps", FOLDER }, "/proc/swaps can't be read: Is a" },
		{ { "proc/swaps", "/dev/sda1 partition\n" }, "no such table" },
		{ { "etc/fstab", FOLDER }, "/etc/fstab can't be read: Is a" },
		{ { NVME "p1/holders", "a file" },
		  "/sys/class/block/nvme0n1p1/holders can't be read" },
		{ { UDEV("259:1"), FOLDER }, "stands on the disks of 0000:01" },
		{ { "sys/power/resume", "x\n" }, "holds no device number" },
		{ { "sys/power/resume", FOLDER },
		  "/sys/power/resume can't be" },
		{ { "proc/cmdline", FOLDER }, "/proc/cmdline can't be read" },
		{ { "sys/class/block/loop0/loop/backing_file", FOLDER },
		  "loop0/loop/backing_file can't be read" },
		{ { ROUTES, "eno1 00000000\n" },
		  "/proc/net/route can't be read: one" },
		{ { "proc/net/ipv6_route", "00 00\n" }, "ipv6_route can't be" },
		{ { ROUTES, FOLDER }, "/proc/net/route can't be read: Is a" },
		{ { "sys/kernel/iommu_groups/4/reserved_regions", FOLDER },
		  "reserved regions of IOMMU group 4" },
		{ { EVENT("3") "/device/capabilities/key", FOLDER },
		  "event3/device/capabilities/key can't be read" },
		{ { "sys/class/vtconsole/vtcon0/name", FOLDER },
		  "vtcon0/name can't be read" },
		{ { MOUNTS, ABSENT }, "has no /proc/1/mountinfo" },
		{ { "proc/swaps", ABSENT }, "swap?: this copy" },
		{ { "etc/fstab", ABSENT }, "fstab?: this copy" },
		{ { "proc/cmdline", ABSENT }, "has no /proc/cmdline" },
		{ { ROUTES, ABSENT }, "has no /proc/net/route" },
		{ { "proc/net/ipv6_route", ABSENT }, "/proc/net/ipv6_route" },
		{ { ROUTES, ROUTES_HEAD "eno1\t000" }, "it is cut" },
		{ { "sys/class/net/eno1/upper_a-very-long-name", "" },
		  "no interface can be called" },
		{ { "sys/class/net/eno1/upper_bond7", "" },
		  "has no /sys/class/net/bond7" },
		{ { "sys/class/net/eno1/master", "" },
		  "net/eno1/master can't be read" },
		{ { EVENT("3") "/device/capabilities/key", "x\n" },
		  "keyboard?: /sys/class/input/event3" },
		{ { EVENT("3") "/device/capabilities/key", ABSENT },
		  "keyboard?: this copy" },
		{ { "sys/class/drm/card0", FOLDER },
		  "display?: this copy of the host has no /sys/class/drm/card0" },
		{ { "sys/bus/pci/devices/0000:04:00.0/boot_vga", FOLDER },
		  "boot_vga can't be read" },
		{ { "sys/bus/pci/devices/0000:04:00.0/boot_vga", "x\n" },
		  "boot_vga can't be read" },
		{ { "sys/fs/btrfs/a/devices", "a file" },
		  "/sys/fs/btrfs can't be read" },
		{ { MOUNTS, MOUNT("0:31", "/", "btrfs", "/dev/sda1") },
		  "has no /sys/fs/btrfs" },
		{ { "sys/class/block/sda/dev", "8:\n" },
		  "sda/dev can't be read" },
		{ { "proc/swaps",
		    "Filename\tType\n/dev/odd partition 1 0 -2\n" },
		  "swaps to the device /dev/odd" },
	};

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
		HD_AUTOFREE char *found = NULL;
		struct place *place = new_place(&rows[i].entry, 1);

		assert_int_equal(find(&place->host, 10, &found, &err), 0);
		if (!strstr(found, rows[i].words) ||
		    (*rows[i].words && !strstr(found, "?")))
			fail_msg("%s: '%s' lacks '%s'", rows[i].entry.path,
				 found, rows[i].words);
		drop_place(place);
	}
}

static void thousands_of_mounts_are_one_chain(void **state)
{
	struct place *place = new_place(NULL, 0);
	char path[64];
	FILE *file;

	(void)state;
	put(place, MOUNTS, "");
	snprintf(path, sizeof(path), "%s/" MOUNTS, place->root);
	file = fopen(path, "w");
	assert_non_null(file);
	for (int i = 0; i < 30000; i++)
		fprintf(file, "%d 1 8:1 / /m/%d rw - ext4 /dev/sda1 rw\n", i,
			i);
	assert_int_equal(fclose(file), 0);
	assert_found(place, "thousands of mounts",
		     "02:00.0 mount: sda1 → /m/0, /m/1, /m/2 "
		     "and 29997 more\n");
	drop_place(place);
}

static void links_do_not_lead_out_of_the_tree(void **state)
{
	static const struct entry tree[] = {
		{ MAPPED("0") "/dev", "253:0\n" },
		{ "holders/dm-0", "" },
		{ "mountinfo", MOUNT("8:1", "/a", "ext4", "x")
				       MOUNT("253:0", "/b", "ext4", "x") },
		{ "fstab", "/dev/sda /c ext4\n" },
	};
	static const struct {
		const char *path, *target;
	} links[] = { { MOUNTS, "mountinfo" },
		      { "etc/fstab", "fstab" },
		      { NVME "p1/holders", "holders" } };
	HD_AUTOFREE char *found = NULL;
	struct place *outside = new_place(tree, N_ELEMENTS(tree));
	struct place *place = new_place(tree, 1);

	(void)state;
	for (size_t i = 0; i < N_ELEMENTS(links); i++) {
		char target[128];

		snprintf(target, sizeof(target), LINK "%s/%s", outside->root,
			 links[i].target);
		put(place, links[i].path, target);
	}
	assert_int_equal(find(&place->host, 10, &found, NULL), 0);
	assert_null(strstr(found, "/a"));
	assert_null(strstr(found, "/b"));
	assert_null(strstr(found, "/c"));
	assert_non_null(strstr(found, "this copy of the host has no /proc/1"));
	assert_non_null(strstr(found, "this copy of the host has no /etc/f"));
	free(found);
	/* They would be followed on this machine. */
	place->host.live = true;
	assert_int_equal(find(&place->host, 10, &found, NULL), 0);
	assert_non_null(strstr(found, "mount: nvme0n1p1 → dm-0 → /b\n"));
	assert_non_null(strstr(found, "mount: sda1 → /a\n"));
	assert_non_null(strstr(found, "fstab: sda → /etc/fstab: /c\n"));
	drop_place(place);
	drop_place(outside);
}

static void names_are_read_as_they_are_written(void **state)
{
	enum hd_critical critical;

	(void)state;
	for (int i = 0; i <= HD_CRITICAL_REGION; i++) {
		assert_true(hd_critical_parse(
			hd_critical_name((enum hd_critical)i), &critical));
		assert_int_equal((int)critical, i);
	}
	assert_false(hd_critical_parse("", &critical));
	assert_false(hd_critical_parse("mounts", &critical));
}

/* Who isn't root may be so among users of their own. */
static bool become_root(void)
{
	static const char *const files[] = { "/proc/self/setgroups",
					     "/proc/self/uid_map",
					     "/proc/self/gid_map" };
	char texts[3][32] = { "deny" };

	snprintf(texts[1], sizeof(texts[1]), "0 %u 1", getuid());
	snprintf(texts[2], sizeof(texts[2]), "0 %u 1", getgid());
	if (unshare(CLONE_NEWUSER) < 0)
		return false;
	for (size_t i = 0; i < N_ELEMENTS(files); i++) {
		HD_AUTOCLOSE int fd = open(files[i], O_WRONLY | O_CLOEXEC);

		if (fd < 0 || write(fd, texts[i], strlen(texts[i])) < 0)
			return false;
	}
	return true;
}

/* A network of our own, in which "lo" is up. */
static bool make_network(void)
{
	struct ifreq up = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	HD_AUTOCLOSE int fd = -1;

	if (unshare(CLONE_NEWNET) < 0 &&
	    (!become_root() || unshare(CLONE_NEWNET) < 0))
		return false;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &up) == 0;
}

static void ask_kernel(const void *request, size_t length)
{
	HD_AUTOCLOSE int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char rest[1024];
	} answer;

	assert_int_equal(send(fd, request, length, 0), length);
	assert_true(recv(fd, &answer, sizeof(answer), 0) > 0);
	assert_int_equal(answer.header.nlmsg_type, NLMSG_ERROR);
	assert_int_equal(answer.error.error, 0);
}

/* Adds a route to "lo": to 198.51.100.0/24, or with @length 0 to all. */
static void add_route(unsigned char family, unsigned char table,
		      unsigned char length)
{
	struct {
		struct nlmsghdr header;
		struct rtmsg route;
		struct nlattr oif;
		unsigned index;
		struct nlattr dst;
		unsigned char address[4];
	} request = {
		.header = { .nlmsg_type = RTM_NEWROUTE,
			    .nlmsg_flags =
				    NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK },
		.route = { .rtm_family = family,
			   .rtm_dst_len = length,
			   .rtm_table = table,
			   .rtm_protocol = RTPROT_STATIC,
			   .rtm_scope = RT_SCOPE_LINK,
			   .rtm_type = RTN_UNICAST },
		.oif = { sizeof(struct nlattr) + 4, RTA_OIF },
		.index = 1,
		.dst = { sizeof(struct nlattr) + 4, RTA_DST },
		.address = { 198, 51, 100, 0 },
	};

	request.header.nlmsg_len =
		length ? sizeof(request) : offsetof(__typeof__(request), dst);
	ask_kernel(&request, request.header.nlmsg_len);
}

/* One route of two ways, which are the same. */
static void add_ways(unsigned char table)
{
	struct {
		struct nlmsghdr header;
		struct rtmsg route;
		struct nlattr ways;
		struct rtnexthop way[2];
	} request = {
		.header = { .nlmsg_len = sizeof(request),
			    .nlmsg_type = RTM_NEWROUTE,
			    .nlmsg_flags =
				    NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK },
		.route = { .rtm_family = AF_INET,
			   .rtm_table = table,
			   .rtm_protocol = RTPROT_STATIC,
			   .rtm_scope = RT_SCOPE_LINK,
			   .rtm_type = RTN_UNICAST },
		.ways = { sizeof(struct nlattr) + 2 * sizeof(struct rtnexthop),
			  RTA_MULTIPATH },
		.way = { { sizeof(struct rtnexthop), 0, 0, 1 },
			 { sizeof(struct rtnexthop), 0, 0, 1 } },
	};

	ask_kernel(&request, sizeof(request));
}

static void this_machine_tells_its_routes_itself(void **state)
{
	static const struct entry tree[] = {
		{ "sys/class/net/eno1/upper_lo", "" },
		{ MOUNTS, "30 1 0:50 / / rw - nfs4 srv:/x rw,addr=::1\n" },
	};
	struct place *place;
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	HD_AUTOFREE char *found = NULL;

	(void)state;
	if (!make_network())
		skip();
	place = new_place(tree, N_ELEMENTS(tree));
	place->host.live = true;
	assert_int_equal(unsetenv("SSH_CONNECTION"), 0);
	add_route(AF_INET, 100, 24);
	assert_found(place, "no default route", "");
	add_ways(100);
	assert_found(place, "a route of several ways",
		     "03:00.0 default-route: eno1 → lo → default route "
		     "(IPv4)\n");
	assert_int_equal(
		setenv("SSH_CONNECTION", "192.0.2.7 5 127.0.0.1 22", 1), 0);
	assert_found(place, "without NFS",
		     "03:00.0 default-route: eno1 → lo → default route (IPv4)\n"
		     "03:00.0 ssh: eno1 → lo → SSH session from 192.0.2.7\n");
	put(place, "proc/fs/nfsfs/servers", "");
	add_route(AF_INET6, RT_TABLE_MAIN, 0);
	assert_int_equal(setenv("SSH_CONNECTION", "fe80::1%eno2 5 x 22", 1), 0);
	assert_found(place, "with NFS",
		     "03:00.0 network-root!: eno1 → lo → NFS server ::1 → /\n"
		     "03:00.0 default-route: eno1 → lo → default route "
		     "(IPv4 and IPv6)\n"
		     "03:00.1 ssh: eno2 → SSH session from fe80::1%eno2\n");
	assert_int_equal(unsetenv("SSH_CONNECTION"), 0);
	assert_int_equal(find(&place->host, 0, &found, &err), 0);
	assert_non_null(strstr(found, "03:00.0 default-route?!: the kernel "
				      "doesn't tell the host's routes, as when "
				      "another process hangs"));
	drop_place(place);
}

#define TCP_HEAD                                                               \
	"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when "  \
	"retrnsmt   uid  timeout inode\n"
#define TCP(state, inode)                                                      \
	"   0: 0100007F:0016 070200C0:A3D4 " state                             \
	" 00000000:00000000 02:000A 00000000     0        0 " inode            \
	" 4 0000000000000000 20 4 30 10 -1\n"
#define SSHD(pid) "proc/" pid

/* As sudo leaves it: no SSH_CONNECTION, but the server is above. */
static void a_session_is_found_by_its_server(void **state)
{
	static const struct {
		struct entry tree[8];
		const char *found;
	} rows[] = {
		{ { { "proc/self/stat", "9 (a) b) S 8 9 9 0\n" },
		    { SSHD("8/stat"), "8 (sshd) S 0 8 8 0\n" },
		    { SSHD("8/exe"), LINK "/usr/lib/sshd-session (deleted)" },
		    { SSHD("8/fd/4"), LINK "socket:[77]" },
		    { SSHD("8/net/tcp"),
		      TCP_HEAD TCP("0A", "77") TCP("01", "78")
			      TCP("01", "77") } },
		  "03:00.0 ssh: eno1 → lo → SSH session from 192.0.2.7\n" },
		{ { { "proc/self/stat", "9 (a) S 8 9 9 0\n" },
		    { SSHD("8/stat"), "8 (login) S 0 8 8 0\n" },
		    { SSHD("8/exe"), LINK "/usr/bin/login" } },
		  "" },
		{ { { "proc/self/stat", "9 (a) S 8 9 9 0\n" },
		    { SSHD("8/stat"), "8 (sshd) S 0 8 8 0\n" },
		    { SSHD("8/exe"), LINK "/usr/sbin/sshd" },
		    { SSHD("8/fd"), "a file" } },
		  "03:00.0 ssh?: cannot find out whose SSH session this is: "
		  "/proc/8/fd can't be read: Not a directory\n"
		  "03:00.1 ssh?: cannot find out whose SSH session this is: "
		  "/proc/8/fd can't be read: Not a directory\n" },
		{ { { "proc/self/stat", "9 a S\n" } },
		  "03:00.0 ssh?: cannot find out whose SSH session this is: "
		  "/proc/self/stat can't be read: Invalid argument\n"
		  "03:00.1 ssh?: cannot find out whose SSH session this is: "
		  "/proc/self/stat can't be read: Invalid argument\n" },
	};

	(void)state;
	if (!make_network())
		skip();
	assert_int_equal(unsetenv("SSH_CONNECTION"), 0);
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		struct place *place = new_place(rows[i].tree, 8);

		put(place, "sys/class/net/eno1/upper_lo", "");
		place->host.live = true;
		assert_found(place, "a session", rows[i].found);
		drop_place(place);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(disks_are_followed_to_what_is_mounted),
		cmocka_unit_test(
			file_systems_of_several_devices_are_found_from_each),
		cmocka_unit_test(sources_are_text_and_numbers_decide),
		cmocka_unit_test(files_lead_to_the_disk_that_they_are_on),
		cmocka_unit_test(of_many_files_a_few_are_named),
		cmocka_unit_test(swap_fstab_and_hibernation_count),

		cmocka_unit_test(interfaces_are_followed_to_routes_and_servers),
		cmocka_unit_test(the_only_display_counts),
		cmocka_unit_test(the_only_keyboard_counts),
		cmocka_unit_test(parts_of_the_machine_count),
		cmocka_unit_test(what_can_not_be_read_is_no_all_clear),
		cmocka_unit_test(thousands_of_mounts_are_one_chain),
		cmocka_unit_test(links_do_not_lead_out_of_the_tree),
		cmocka_unit_test(names_are_read_as_they_are_written),
		cmocka_unit_test(this_machine_tells_its_routes_itself),
		cmocka_unit_test(a_session_is_found_by_its_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
