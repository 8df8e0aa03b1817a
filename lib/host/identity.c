// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/identity.h"

#include <errno.h>
#include <limits.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/host/configspace.h"
#include "lib/host/device.h"
#include "lib/host/sysfs.h"

/* What is read of the device in folder @fd; @what is what a failure names. */
struct source {
	int fd;
	const char *what;
	struct hd_identity *identity;
};

static int read_number(struct source *source, const char *attribute,
		       int64_t max, int64_t *ret)
{
	int r = hd_seen_required(
		hd_sysfs_read_number(source->fd, attribute, ret));

	source->what = attribute;
	return r == 0 && (*ret < 0 || *ret > max) ? -EINVAL : r;
}

static int read_ids(struct source *source)
{
	struct hd_identity *identity = source->identity;
	int64_t vendor, device, sub_vendor, sub_device;
	int r;

	if ((r = read_number(source, "vendor", UINT16_MAX, &vendor)) < 0 ||
	    (r = read_number(source, "device", UINT16_MAX, &device)) < 0 ||
	    (r = read_number(source, "subsystem_vendor", UINT16_MAX,
			     &sub_vendor)) < 0 ||
	    (r = read_number(source, "subsystem_device", UINT16_MAX,
			     &sub_device)) < 0 ||
	    (r = read_number(source, "class", 0xffffff,
			     &identity->class_code)) < 0 ||
	    (r = read_number(source, "revision", UINT8_MAX,
			     &identity->revision)) < 0)
		return r;
	identity->vendor = (uint16_t)vendor;
	identity->device = (uint16_t)device;
	identity->subsystem = sub_vendor << 16 | sub_device;
	return 0;
}

/* What isn't there to read for us, or must not be, is not known; 0. */
static int read_dsn(struct source *source)
{
	unsigned char config[HD_CONFIG_SPACE];
	int r = hd_config_space_read(source->fd, config);
	char *dsn = source->identity->dsn;
	size_t offset;

	source->what = "config";
	if (r < 0)
		return r == -EAGAIN || r == -ENODATA || r == -ENOENT ? 0 : r;
	offset = hd_config_extended(config, PCI_EXT_CAP_ID_DSN, 12);
	if (!offset)
		return 0;
	/* As lspci(8) prints it: the highest byte first. */
	for (size_t i = 0; i < 8; i++)
		snprintf(dsn + i * 3, sizeof(source->identity->dsn) - i * 3,
			 "%02x%s", config[offset + 11 - i], i < 7 ? "-" : "");
	return 0;
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

/* Visits what is in a folder of the device's, when it has it. */
static int each_below(struct source *source, const char *folder,
		      int (*visit)(void *data, int dir_fd, const char *name))
{
	int folder_fd = -1;
	struct hd_seen seen =
		hd_sysfs_open_folder(source->fd, folder, &folder_fd);

	source->what = folder;
	return seen.is == HD_PRESENT ?
		       hd_dir_each(folder_fd, visit, source->identity) :
		       hd_seen_optional(seen);
}

/* The NVMe controller is a folder below "nvme". */
static int take_serial(void *data, int dir_fd, const char *name)
{
	struct hd_identity *identity = data;
	HD_AUTOFREE char *serial = NULL;
	char path[NAME_MAX + sizeof("/serial")];
	int r;

	snprintf(path, sizeof(path), "%s/serial", name);
	r = hd_seen_optional(hd_sysfs_read(dir_fd, path, &serial));
	if (serial)
		keep(identity->serial, sizeof(identity->serial), serial);
	return r;
}

/* Of several interfaces the lowest; one that somebody has set is no identity.
 */
static int take_mac(void *data, int dir_fd, const char *name)
{
	struct hd_identity *identity = data;
	HD_AUTOFREE char *mac = NULL;
	char path[NAME_MAX + sizeof("/addr_assign_type")];
	int64_t type = -1;
	int r;

	snprintf(path, sizeof(path), "%s/addr_assign_type", name);
	r = hd_seen_optional(hd_sysfs_read_number(dir_fd, path, &type));
	if (r < 0 || type != 0)
		return r;
	snprintf(path, sizeof(path), "%s/address", name);
	r = hd_seen_optional(hd_sysfs_read(dir_fd, path, &mac));
	if (mac && (!identity->mac[0] || strcmp(mac, identity->mac) < 0))
		keep(identity->mac, sizeof(identity->mac), mac);
	return r;
}

/* A VF's is made up when it is made. */
static int read_mac(struct source *source)
{
	bool is_vf;
	int r = hd_seen_whether(hd_sysfs_look(source->fd, "physfn"), &is_vf);

	source->what = "physfn";
	return r < 0 || is_vf ? r : each_below(source, "net", take_mac);
}

static int read_slot(const struct hd_host *host, struct hd_addr addr,
		     struct hd_identity *identity)
{
	HD_AUTOFREE char *slot = NULL;
	int r = hd_seen_optional(hd_sysfs_read_slot(host, addr, &slot));

	if (slot)
		keep(identity->slot, sizeof(identity->slot), slot);
	return r;
}

/*
 * "../../../devices/pci0000:00/0000:00:01.0/0000:01:00.0" becomes
 * "0000/01.0/00.0": the buses' numbers are left out.
 */
static int read_path(const struct hd_host *host, struct hd_addr addr,
		     struct hd_identity *identity)
{
	HD_AUTOFREE char *link = NULL;
	int r = hd_seen_optional(hd_sysfs_read_device_link(host, addr, &link));
	char *rest = link, *word;
	size_t n;

	if (!link)
		return r;
	n = (size_t)snprintf(identity->path, sizeof(identity->path), "%04x",
			     addr.domain);
	while ((word = strsep(&rest, "/"))) {
		struct hd_addr step;

		if (hd_addr_parse(word, &step, NULL) < 0)
			continue;
		if (n + 6 > sizeof(identity->path)) {
			identity->path[0] = '\0';
			return 0;
		}
		n += (size_t)snprintf(identity->path + n,
				      sizeof(identity->path) - n, "/%02x.%x",
				      step.slot, step.function);
	}
	return 0;
}

int hd_identity_read(const struct hd_host *host, struct hd_addr addr,
		     struct hd_identity *ret, struct hd_err *err)
{
	HD_AUTOCLOSE int fd = -1;
	struct hd_identity identity = { .vendor = 0 };
	struct source source = { .what = "", .identity = &identity };
	int r = hd_device_open(host, addr, &fd, err);

	if (r < 0)
		return r;
	source.fd = fd;
	if ((r = read_ids(&source)) < 0 || (r = read_dsn(&source)) < 0 ||
	    (r = each_below(&source, "nvme", take_serial)) < 0 ||
	    (r = read_mac(&source)) < 0)
		return hd_device_fail(host, addr, source.what, r, err);
	r = read_slot(host, addr, &identity);
	if (r < 0)
		return hd_err_set(err, -r,
				  "cannot read " HD_SYSFS_PCI "/slots: %s",
				  strerror(-r));
	r = read_path(host, addr, &identity);
	if (r < 0)
		return hd_device_fail(host, addr, "", r, err);
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
		if (rows[i].a != HD_ID_UNKNOWN && rows[i].b != HD_ID_UNKNOWN &&
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
