// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/host/cardrom.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/sysfs.h"
#include "lib/host/vfct.h"

#define VFCT HD_SYSFS_ACPI_TABLES "/VFCT"
#define VENDOR_AMD 0x1002

/* "resource" has a line for each: start, end, flags (include/linux/ioport.h,
 * pci.h). */
enum { ROM_RESOURCE = 6, ROM_SHADOW = 1 << 1 };

/* The first bytes of a config space. */
enum { ID = 0, COMMAND = 4, COMMAND_MEMORY = 1 << 1, CONFIG_SIZE = 6 };

struct reading {
	const struct hd_host *host;
	const struct hd_device *device;
	int fd; /* its folder in sysfs */
	bool shadow;
	struct hd_err *err;
};

static int fail(const struct reading *reading, const char *what, int r)
{
	return hd_device_fail(reading->host, reading->device->addr, what, r,
			      reading->err);
}

static int refuse_sleeping(const struct reading *reading, const char *state)
{
	const struct hd_addr_text addr = hd_addr_text(reading->device->addr);

	hd_err_set(
		reading->err, EAGAIN,
		"%s sleeps (%s), and its ROM can only be read while it is awake",
		addr.s, state);
	hd_err_fix(
		reading->err,
		"echo on > " HD_SYSFS_PCI
		"/devices/%s/power/control, and when the ROM is read, put back what was there; if it still sleeps, bind its driver",
		addr.s);
	return -EAGAIN;
}

/* A kernel without power management has neither file, and no device sleeps. */
static int check_awake(const struct reading *reading)
{
	static const struct {
		const char *attribute, *sleeping;
	} rows[] = {
		{ "power/runtime_status", "suspended suspending resuming" },
		{ "power_state", "D1 D2 D3hot D3cold" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		HD_AUTOFREE char *state = NULL;
		bool there;
		int r = hd_seen_whether(
			hd_sysfs_read(reading->fd, rows[i].attribute, &state),
			&there);

		if (r < 0)
			return fail(reading, rows[i].attribute, r);
		if (there && *state && strstr(rows[i].sleeping, state))
			return refuse_sleeping(reading, state);
	}
	return 0;
}

/* Whether the kernel has the copy of the firmware in place of the card's. */
static int read_shadow(struct reading *reading)
{
	HD_AUTOFREE char *text = NULL;
	unsigned long long start, end, flags;
	const char *line;
	int r = hd_seen_required(hd_sysfs_read(reading->fd, "resource", &text));

	if (r < 0)
		return fail(reading, "resource", r);
	line = text;
	for (int i = 0; line && i < ROM_RESOURCE; i++) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	if (!line || sscanf(line, "%llx %llx %llx", &start, &end, &flags) != 3)
		return fail(reading, "resource", -EINVAL);
	reading->shadow = flags & ROM_SHADOW;
	return 0;
}

/* Returns 1 when it is there, 0 when the table, or the ROM in it, isn't. */
static int read_vfct(const struct reading *reading, struct hd_cardrom *ret)
{
	const struct hd_device *device = reading->device;
	HD_AUTOFREE char *table = NULL;
	const uint8_t *rom = NULL;
	size_t length;
	bool there;
	int r;

	if (device->vendor != VENDOR_AMD)
		return 0;
	r = hd_seen_whether(hd_host_read(reading->host, VFCT, HD_ROM_LIMIT,
					 &table, &length),
			    &there);
	if (r < 0)
		return hd_err_set(reading->err, -r, VFCT " can't be read: %s",
				  strerror(-r));
	if (!there)
		return 0;
	r = hd_vfct_find((const uint8_t *)table, length, device->addr,
			 device->vendor, device->device, &rom, &ret->length,
			 reading->err);
	if (r == -ENOENT)
		return 0;
	if (r < 0) {
		hd_err_wrap(reading->err, VFCT);
		return r;
	}
	memmove(table, rom, ret->length);
	ret->data = hd_steal(&table);
	ret->source = HD_CARDROM_VFCT;
	return 1;
}

/* Why the kernel finds no signature, as far as the device tells. */
static int explain_io(const struct reading *reading)
{
	const struct hd_addr_text addr = hd_addr_text(reading->device->addr);
	uint8_t config[CONFIG_SIZE] = { 0 };
	size_t n = 0;
	int r = check_awake(reading); /* it may have fallen asleep */

	if (r == 0)
		r = hd_seen_required(hd_sysfs_read_bytes(
			reading->fd, "config", config, sizeof(config), &n));
	if (r == -EAGAIN)
		return r;
	if (r == 0 && n == sizeof(config) &&
	    memcmp(config, "\xff\xff\xff\xff", 4) == 0)
		return hd_err_set(
			reading->err, EIO,
			"%s doesn't answer: its config space has nothing but ones",
			addr.s);
	hd_err_set(
		reading->err, EIO, "the kernel finds no ROM at %s: %s", addr.s,
		reading->shadow ?
			"where the firmware's copy of it should be is none, as on hosts that were started by UEFI" :
		r == 0 && n == sizeof(config) &&
				!(config[COMMAND] & COMMAND_MEMORY) ?
			"it doesn't decode its memory, since nothing has enabled it" :
			"there is no signature 0x55AA; it may have none");
	if (reading->shadow)
		hd_err_fix(
			reading->err,
			"Read it while another card is the firmware's first one");
	else if (r == 0 && !(config[COMMAND] & COMMAND_MEMORY))
		hd_err_fix(reading->err, "virt-hostdev bind %s", addr.s);
	return -EIO;
}

/* The kernel makes the file where the card has a place for a ROM; but it may
 * have gone away. */
static int explain_absence(const struct reading *reading)
{
	const struct hd_addr_text addr = hd_addr_text(reading->device->addr);
	HD_AUTOCLOSE int fd = -1;
	int r = hd_device_open(reading->host, reading->device->addr, &fd,
			       reading->err);
	bool there;

	if (r < 0)
		return r;
	r = hd_seen_whether(hd_sysfs_look(fd, "rom"), &there);
	if (r < 0 || there)
		return hd_err_set(reading->err, EIO,
				  "the ROM of %s can't be read: %s", addr.s,
				  strerror(r < 0 ? -r : ENODEV));
	return hd_err_set(reading->err, ENODATA,
			  "%s has no ROM: the kernel knows none of it", addr.s);
}

static int explain(const struct reading *reading, struct hd_seen seen)
{
	const struct hd_addr_text addr = hd_addr_text(reading->device->addr);

	if (seen.is == HD_ABSENT)
		return explain_absence(reading);
	if (seen.error == -EIO)
		return explain_io(reading);
	if (seen.error == -EAGAIN)
		return hd_err_set(reading->err, EAGAIN,
				  "another process reads the ROM of %s now",
				  addr.s);
	return hd_err_set(
		reading->err, -seen.error, "the ROM of %s can't be read: %s",
		addr.s,
		seen.error == -EINVAL ?
			"the kernel was told to show it no longer meanwhile" :
			strerror(-seen.error));
}

static struct hd_seen read_bar(const struct reading *reading,
			       struct hd_cardrom *ret)
{
	struct hd_seen seen =
		hd_sysfs_read_rom(reading->fd, HD_ROM_LIMIT, &ret->data,
				  &ret->length, &ret->shown);

	if (seen.is == HD_PRESENT)
		ret->source =
			reading->shadow ? HD_CARDROM_SHADOW : HD_CARDROM_BAR;
	return seen;
}

/* The table's where the card's own isn't to be had, and before a copy that may
 * have been changed. */
static int read_live(struct reading *reading, struct hd_cardrom *ret)
{
	struct hd_seen seen = hd_seen_absent();
	int r = check_awake(reading);

	if (r == 0)
		r = read_shadow(reading);
	if (r < 0)
		return r;
	if (!reading->shadow)
		seen = read_bar(reading, ret);
	if (seen.is == HD_PRESENT ||
	    (seen.is == HD_UNKNOWN && seen.error != -EIO))
		return seen.is == HD_PRESENT ? 0 : explain(reading, seen);
	r = read_vfct(reading, ret);
	if (r != 0)
		return r < 0 ? r : 0;
	if (reading->shadow)
		seen = read_bar(reading, ret);
	return seen.is == HD_PRESENT ? 0 : explain(reading, seen);
}

static int read_copied(const struct reading *reading, struct hd_cardrom *ret)
{
	int r = read_vfct(reading, ret);

	if (r != 0)
		return r < 0 ? r : 0;
	return hd_err_set(
		reading->err, EPERM,
		"can't tell the ROM of %s: a copied tree has none of its devices'",
		hd_addr_text(reading->device->addr).s);
}

int hd_cardrom_read(const struct hd_host *host, const struct hd_device *device,
		    struct hd_cardrom *ret, struct hd_err *err)
{
	struct reading reading = { host, device, -1, false, err };
	HD_AUTOCLOSE int fd = -1;
	int r;

	*ret = (struct hd_cardrom){ .data = NULL };
	r = hd_device_open(host, device->addr, &fd, err);
	reading.fd = fd;
	if (r == 0)
		r = host->live ? read_live(&reading, ret) :
				 read_copied(&reading, ret);
	if (r == -ENOENT)
		return hd_err_set(err, ENOENT,
				  "this host has no PCI device at %s",
				  hd_addr_text(device->addr).s);
	if (r < 0)
		return r;
	r = hd_rom_parse((const uint8_t *)ret->data, ret->length, &ret->rom,
			 err);
	if (r < 0)
		hd_err_wrap(err, "what %s has as its ROM is none",
			    hd_addr_text(device->addr).s);
	return r;
}

static const struct {
	const char *name, *text;
} sources[] = {
	[HD_CARDROM_BAR] = { "bar", "the card" },
	[HD_CARDROM_SHADOW] = { "shadow",
				"the firmware's copy of it at 0xC0000" },
	[HD_CARDROM_VFCT] = { "vfct",
			      "the firmware's copy of it in the ACPI table VFCT" },
};

const char *hd_cardrom_source_name(enum hd_cardrom_source source)
{
	return sources[source].name;
}

const char *hd_cardrom_source_text(enum hd_cardrom_source source)
{
	return sources[source].text;
}

void hd_cardrom_clear(struct hd_cardrom *cardrom)
{
	free(cardrom->data);
	cardrom->data = NULL;
}
