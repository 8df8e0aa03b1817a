// SPDX-License-Identifier: GPL-2.0-or-later
/* The devices as arguments of QEMU (qemu(1), vfio-pci and nvme:// there). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/print.h"
#include "lib/base/stream.h"
#include "tools/verb/xml/blocks.h"

#define IOMMUFD "hostdev-iommufd"

/* QEMU's way to have a comma in a value is two of them. */
static void put_value(FILE *file, const char *key, const char *value)
{
	if (!value)
		return;
	fprintf(file, ",%s=", key);
	for (; *value; value++) {
		if (*value == ',')
			fputc(',', file);
		fputc(*value, file);
	}
}

static void put_port(FILE *file, const char *port,
		     const struct hd_hostdev *item)
{
	if (!port)
		return;
	fprintf(file, ",bus=%s,addr=00.%u", port, item->addr.function);
	if (item->addr.function == 0)
		fputs(",multifunction=on", file);
}

/* Class "display controller, VGA compatible". */
static bool is_vga(const struct hd_blocks *blocks,
		   const struct hd_hostdev *item)
{
	return hd_blocks_device(blocks, item)->class_code >> 8 == 0x0300;
}

static void put_device(FILE *file, const struct hd_blocks *blocks,
		       const struct hd_hostdev *item, const char *port)
{
	fprintf(file, "vfio-pci,host=%s", hd_addr_text(item->addr).s);
	put_value(file, "id", item->alias);
	if (item->iommufd)
		fputs(",iommufd=" IOMMUFD, file);
	put_port(file, port, item);
	if (blocks->values->x_vga && is_vga(blocks, item))
		fputs(",x-vga=on", file);
	if (item->rom_off)
		fputs(",rombar=0", file);
	put_value(file, "romfile", item->rom_file);
	if (item->boot)
		fprintf(file, ",bootindex=%u", item->boot);
	if (item->acpi_index)
		fprintf(file, ",acpi-index=%u", item->acpi_index);
}

static void put_drive(FILE *file, const struct hd_hostdev *item)
{
	fprintf(file, "file=nvme://%s/1,format=raw,if=virtio",
		hd_addr_text(item->addr).s);
	put_value(file, "id", item->alias);
}

static int print_item(const struct hd_blocks *blocks,
		      const struct hd_hostdev *item, const char *port)
{
	bool disk = item->source == HD_SOURCE_DISK;
	HD_AUTOFREE char *text = NULL;
	HD_AUTOFREE char *quoted = NULL;
	size_t size;
	FILE *file = hd_stream_open(&text, &size);

	if (!file)
		return hd_err_nomem(blocks->err);
	if (disk)
		put_drive(file, item);
	else
		put_device(file, blocks, item, port);
	if (fclose(file) != 0)
		return hd_err_nomem(blocks->err);
	quoted = hd_quote(text);
	if (!quoted)
		return hd_err_nomem(blocks->err);
	printf("-%s %s\n", disk ? "drive" : "device", quoted);
	return 0;
}

/* What has several functions gets a port to itself; chassis numbers are unique,
 * and those of guests' own ports begin with 0. */
static char *print_port(const struct hd_addr addr, size_t number)
{
	char *port = hd_text("port-%04x-%02x-%02x", addr.domain, addr.bus,
			     addr.slot);

	if (port)
		printf("-device pcie-root-port,id=%s,chassis=%zu\n", port,
		       100 + number);
	return port;
}

static int print_device(const struct hd_blocks *blocks, size_t first, size_t n)
{
	HD_AUTOFREE char *port = NULL;
	int r = 0;

	if (n > 1) {
		port = print_port(blocks->items[first].addr, first);
		if (!port)
			return hd_err_nomem(blocks->err);
	}
	for (size_t i = first; r == 0 && i < first + n; i++)
		r = print_item(blocks, &blocks->items[i], port);
	return r;
}

static int check_vga(const struct hd_blocks *blocks)
{
	for (size_t i = 0; i < blocks->n_named; i++)
		if (is_vga(blocks, &blocks->items[i]))
			return 0;
	return hd_err_set(blocks->err, EINVAL,
			  "--x-vga is for a VGA card, and none is named");
}

int hd_blocks_print_qemu(const struct hd_blocks *blocks)
{
	size_t n;
	int r = blocks->values->x_vga ? check_vga(blocks) : 0;

	if (r < 0)
		return r;
	if (blocks->values->iommufd)
		puts("-object iommufd,id=" IOMMUFD);
	for (size_t first = 0; r == 0 && first < blocks->n_named; first += n) {
		n = hd_blocks_count_functions(blocks, first);
		r = print_device(blocks, first, n);
	}
	return r;
}
