// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/host/configspace.h"
#include "lib/host/device.h"
#include "lib/host/sysfs.h"

static int read_number(int fd, const char *attribute, int64_t max, int64_t *ret)
{
	int r = hd_unsorted(hd_sysfs_read_number(fd, attribute, ret));

	return r == 0 && (*ret < 0 || *ret > max) ? -EINVAL : r;
}

static int read_ids(int fd, struct hd_identity *identity)
{
	int64_t vendor, device, sub_vendor, sub_device;
	int r;

	if ((r = read_number(fd, "vendor", UINT16_MAX, &vendor)) < 0 ||
	    (r = read_number(fd, "device", UINT16_MAX, &device)) < 0 ||
	    (r = read_number(fd, "subsystem_vendor", UINT16_MAX, &sub_vendor)) <
		    0 ||
	    (r = read_number(fd, "subsystem_device", UINT16_MAX, &sub_device)) <
		    0 ||
	    (r = read_number(fd, "class", 0xffffff, &identity->class_code)) <
		    0 ||
	    (r = read_number(fd, "revision", UINT8_MAX, &identity->revision)) <
		    0)
		return r;
	identity->vendor = (uint16_t)vendor;
	identity->device = (uint16_t)device;
	identity->subsystem = sub_vendor << 16 | sub_device;
	return 0;
}

static void read_dsn(int fd, struct hd_identity *identity)
{
	unsigned char config[HD_CONFIG_SPACE];
	size_t offset;

	if (hd_config_space_read(fd, config) < 0)
		return;
	offset = hd_config_extended(config, PCI_EXT_CAP_ID_DSN, 12);
	if (!offset)
		return;
	/* As lspci(8) prints it: the highest byte first. */
	for (size_t i = 0; i < 8; i++)
		snprintf(identity->dsn + i * 3, sizeof(identity->dsn) - i * 3,
			 "%02x%s", config[offset + 11 - i], i < 7 ? "-" : "");
}

/* Copies a text that is printable and fits; another one is not known. */
static void keep(char *to, size_t size, const char *from)
{
	size_t n = strlen(from);

	while (n > 0 && from[n - 1] == ' ')
		n--;
	for (size_t i = 0; i < n; i++)
		if (from[i] < ' ' || from[i] > '~')
			return;
	if (n < size) {
		memcpy(to, from, n);
		to[n] = '\0';
	}
}

static int open_folder(int fd, const char *name)
{
	int folder_fd = openat(fd, name,
			       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return folder_fd < 0 ? -errno : folder_fd;
}

/* The NVMe controller is a folder below "nvme". */
static int take_serial(void *data, int dir_fd, const char *name)
{
	struct hd_identity *identity = data;
	HD_AUTOFREE char *serial = NULL;
	char path[NAME_MAX + sizeof("/serial")];

	snprintf(path, sizeof(path), "%s/serial", name);
	if (hd_unsorted(hd_sysfs_read(dir_fd, path, &serial)) == 0)
		keep(identity->serial, sizeof(identity->serial), serial);
	return 0;
}

/* Of several interfaces the lowest; one that somebody has set is no identity.
 */
static int take_mac(void *data, int dir_fd, const char *name)
{
	struct hd_identity *identity = data;
	HD_AUTOFREE char *mac = NULL;
	char path[NAME_MAX + sizeof("/addr_assign_type")];
	int64_t type;

	snprintf(path, sizeof(path), "%s/addr_assign_type", name);
	if (hd_unsorted(hd_sysfs_read_number(dir_fd, path, &type)) < 0 ||
	    type != 0)
		return 0;
	snprintf(path, sizeof(path), "%s/address", name);
	if (hd_unsorted(hd_sysfs_read(dir_fd, path, &mac)) == 0 &&
	    (!identity->mac[0] || strcmp(mac, identity->mac) < 0))
		keep(identity->mac, sizeof(identity->mac), mac);
	return 0;
}

/*
 * "../../../devices/pci0000:00/0000:00:01.0/0000:01:00.0" becomes
 * "0000/01.0/00.0": the buses' numbers are left out.
 */
static void read_path(const struct hd_host *host, struct hd_addr addr,
		      struct hd_identity *identity)
{
	HD_AUTOFREE char *link = NULL;
	char *rest, *word;
	size_t n;

	if (hd_unsorted(hd_sysfs_read_device_link(host, addr, &link)) < 0)
		return;
	n = (size_t)snprintf(identity->path, sizeof(identity->path), "%04x",
			     addr.domain);
	rest = link;
	while ((word = strsep(&rest, "/"))) {
		struct hd_addr step;

		if (hd_addr_parse(word, &step, NULL) < 0)
			continue;
		if (n + 6 > sizeof(identity->path)) {
			identity->path[0] = '\0';
			return;
		}
		n += (size_t)snprintf(identity->path + n,
				      sizeof(identity->path) - n, "/%02x.%x",
				      step.slot, step.function);
	}
}

int hd_identity_read(const struct hd_host *host, struct hd_addr addr,
		     struct hd_identity *ret, struct hd_err *err)
{
	HD_AUTOCLOSE int fd = HD_UNSORTED_FD(hd_sysfs_open_device, host, addr);
	HD_AUTOFREE char *slot = NULL;
	struct hd_identity identity = { .vendor = 0 };
	int r = fd;

	if (fd == -ENOENT)
		return -ENOENT;
	if (fd >= 0)
		r = read_ids(fd, &identity);
	if (r < 0)
		return hd_err_set(err, r == -ENOENT ? EIO : -r,
				  "cannot read what " HD_SYSFS_PCI
				  "/devices/%s is: %s",
				  hd_addr_text(addr).s, strerror(-r));
	read_dsn(fd, &identity);
	hd_dir_each(open_folder(fd, "nvme"), take_serial, &identity);
	/* A VF's is made up when it is made. */
	if (!(hd_unsorted(hd_sysfs_look(fd, "physfn")) == 0))
		hd_dir_each(open_folder(fd, "net"), take_mac, &identity);
	if (hd_unsorted(hd_sysfs_read_slot(host, addr, &slot)) == 0)
		keep(identity.slot, sizeof(identity.slot), slot);
	read_path(host, addr, &identity);
	*ret = identity;
	return 0;
}

/* What a kind of device has in common. */
static const char *compare_kind(const struct hd_identity *a,
				const struct hd_identity *b)
{
	const struct {
		const char *word;
		int64_t a, b;
	} rows[] = { { "subsystem", a->subsystem, b->subsystem },
		     { "class", a->class_code, b->class_code },
		     { "revision", a->revision, b->revision } };

	if (a->vendor != b->vendor || a->device != b->device)
		return "vendor and device";
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].a != HD_UNKNOWN && rows[i].b != HD_UNKNOWN &&
		    rows[i].a != rows[i].b)
			return rows[i].word;
	return NULL;
}

/* What one device has; *@ret_n counts what is known of both. */
static const char *compare_own(const struct hd_identity *a,
			       const struct hd_identity *b, unsigned *ret_n)
{
	const struct {
		const char *word, *a, *b;
	} rows[] = { { "PCI serial number", a->dsn, b->dsn },
		     { "NVMe serial number", a->serial, b->serial },
		     { "MAC address", a->mac, b->mac } };

	*ret_n = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!rows[i].a[0] || !rows[i].b[0])
			continue;
		(*ret_n)++;
		if (strcasecmp(rows[i].a, rows[i].b) != 0)
			return rows[i].word;
	}
	return NULL;
}

static const char *compare_place(const struct hd_identity *a,
				 const struct hd_identity *b)
{
	if (a->slot[0] && b->slot[0])
		return strcmp(a->slot, b->slot) == 0 ? NULL : "slot";
	if (a->path[0] && b->path[0] && strcmp(a->path, b->path) != 0)
		return "path through the bridges";
	return NULL;
}

enum hd_identity_match hd_identity_match_moved(const struct hd_identity *pinned,
					       const struct hd_identity *now)
{
	unsigned known;

	if (compare_kind(pinned, now) || compare_own(pinned, now, &known))
		return HD_MATCH_DIFFERENT;
	return known ? HD_MATCH_SAME : HD_MATCH_ALIKE;
}

enum hd_identity_match hd_identity_match(const struct hd_identity *pinned,
					 const struct hd_identity *now,
					 const char **ret_what)
{
	unsigned known;

	*ret_what = compare_kind(pinned, now);
	if (!*ret_what)
		*ret_what = compare_own(pinned, now, &known);
	if (!*ret_what && known)
		return HD_MATCH_SAME;
	if (!*ret_what)
		*ret_what = compare_place(pinned, now);
	return *ret_what ? HD_MATCH_DIFFERENT : HD_MATCH_ALIKE;
}
