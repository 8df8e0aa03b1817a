// SPDX-License-Identifier: GPL-2.0-or-later
#include "xml/rewrite/hostdev.h"

#include <errno.h>
#include <stdio.h>

#include "lib/base/cleanup.h"
#include "lib/base/stream.h"
#include "xml/doc/edit.h"

/*
 * An element in the making. The first call that fails is remembered, so that
 * the writing reads like what is written.
 */
struct writer {
	FILE *file;
	const char *names[8]; /* of the elements that are not ended */
	int depth; /* how many they are */
	bool in_tag; /* the start tag isn't ended either */
	bool failed;
};

static void indent(struct writer *w)
{
	fprintf(w->file, "%*s", w->depth * 2, "");
}

static void start(struct writer *w, const char *name)
{
	if (w->in_tag)
		fputs(">\n", w->file);
	indent(w);
	fprintf(w->file, "<%s", name);
	w->names[w->depth++] = name;
	w->in_tag = true;
}

static void end(struct writer *w)
{
	const char *name = w->names[--w->depth];

	if (w->in_tag) {
		fputs("/>\n", w->file);
	} else {
		indent(w);
		fprintf(w->file, "</%s>\n", name);
	}
	w->in_tag = false;
}

/* An attribute; NULL is none. */
static void put(struct writer *w, const char *name, const char *value)
{
	HD_AUTOFREE char *escaped = value ? hd_xml_escape(value) : NULL;

	if (escaped)
		fprintf(w->file, " %s='%s'", name, escaped);
	w->failed |= value && !escaped;
}

static void put_hex(struct writer *w, const char *name, int digits,
		    unsigned value)
{
	fprintf(w->file, " %s='0x%0*x'", name, digits, value);
}

static void put_numbers(struct writer *w, struct hd_addr addr)
{
	put_hex(w, "domain", 4, addr.domain);
	put_hex(w, "bus", 2, addr.bus);
	put_hex(w, "slot", 2, addr.slot);
	put_hex(w, "function", 1, addr.function);
}

static const char *yes_no(bool value)
{
	return value ? "yes" : "no";
}

static void write_driver(struct writer *w, const struct hd_hostdev *hostdev)
{
	if (!hostdev->driver_model && !hostdev->iommufd)
		return;
	start(w, "driver");
	put(w, "model", hostdev->driver_model);
	put(w, "iommufd", hostdev->iommufd ? "yes" : NULL);
	end(w);
}

/* The host's address; some elements say that it is one of PCI. */
static void write_source(struct writer *w, const struct hd_hostdev *hostdev)
{
	bool disk = hostdev->source == HD_SOURCE_DISK;

	start(w, "source");
	put(w, "type", disk ? "pci" : NULL);
	put(w, "managed", disk ? yes_no(hostdev->managed) : NULL);
	put(w, "namespace", disk ? "1" : NULL);
	start(w, "address");
	put(w, "type", hostdev->source == HD_SOURCE_INTERFACE ? "pci" : NULL);
	put_numbers(w, hostdev->addr);
	end(w);
	end(w);
}

/* One element with one attribute; none when there is no value. */
static void write_one(struct writer *w, const char *name, const char *attribute,
		      const char *value)
{
	if (!value)
		return;
	start(w, name);
	put(w, attribute, value);
	end(w);
}

static void write_one_number(struct writer *w, const char *name,
			     const char *attribute, unsigned value)
{
	if (value == 0)
		return;
	start(w, name);
	fprintf(w->file, " %s='%u'", attribute, value);
	end(w);
}

static void write_rom(struct writer *w, const struct hd_hostdev *hostdev)
{
	if (hostdev->rom_off)
		write_one(w, "rom", "bar", "off");
	else
		write_one(w, "rom", "file", hostdev->rom_file);
}

static void write_guest(struct writer *w, const struct hd_hostdev *hostdev)
{
	if (hostdev->place == HD_GUEST_UNSAID)
		return;
	if (hostdev->place == HD_GUEST_NOWHERE) {
		write_one(w, "address", "type", "unassigned");
		return;
	}
	start(w, "address");
	put(w, "type", "pci");
	put_numbers(w, hostdev->guest);
	put(w, "multifunction", hostdev->multifunction ? "on" : NULL);
	end(w);
}

/* What every kind of device may have, in libvirt's order. */
static void write_common(struct writer *w, const struct hd_hostdev *hostdev)
{
	write_one_number(w, "boot", "order", hostdev->boot);
	write_one(w, "alias", "name", hostdev->alias);
	write_rom(w, hostdev);
	write_one_number(w, "acpi", "index", hostdev->acpi_index);
	write_guest(w, hostdev);
}

static void write_hostdev(struct writer *w, const struct hd_hostdev *hostdev)
{
	start(w, "hostdev");
	put(w, "mode", "subsystem");
	put(w, "type", "pci");
	put(w, "managed", yes_no(hostdev->managed));
	write_driver(w, hostdev);
	write_source(w, hostdev);
	write_common(w, hostdev);
	end(w);
}

static void write_interface(struct writer *w, const struct hd_hostdev *hostdev)
{
	start(w, "interface");
	put(w, "type", "hostdev");
	put(w, "managed", yes_no(hostdev->managed));
	write_one(w, "mac", "address", hostdev->mac);
	write_driver(w, hostdev);
	write_source(w, hostdev);
	if (hostdev->vlan) {
		start(w, "vlan");
		write_one_number(w, "tag", "id", hostdev->vlan);
		end(w);
	}
	write_common(w, hostdev);
	end(w);
}

static void write_disk(struct writer *w, const struct hd_hostdev *hostdev)
{
	start(w, "disk");
	put(w, "type", "nvme");
	put(w, "device", "disk");
	start(w, "driver");
	put(w, "name", "qemu");
	put(w, "type", "raw");
	end(w);
	write_source(w, hostdev);
	start(w, "target");
	put(w, "dev", hostdev->target);
	put(w, "bus", "virtio");
	end(w);
	write_common(w, hostdev);
	end(w);
}

static void write_element(struct writer *w, const struct hd_hostdev *hostdev)
{
	switch (hostdev->source) {
	case HD_SOURCE_HOSTDEV:
		write_hostdev(w, hostdev);
		break;
	case HD_SOURCE_INTERFACE:
		write_interface(w, hostdev);
		break;
	case HD_SOURCE_DISK:
		write_disk(w, hostdev);
		break;
	}
}

char *hd_hostdev_format(const struct hd_hostdev *hostdev)
{
	HD_AUTOFREE char *text = NULL;
	size_t size;
	struct writer w = { .file = hd_stream_open(&text, &size) };

	if (!w.file)
		return NULL;
	write_element(&w, hostdev);
	if (fclose(w.file) != 0 || w.failed)
		return NULL;
	return hd_steal(&text);
}

/* What is newer than the element itself; the newest is named first. */
struct feature {
	const char *name;
	unsigned major, minor, micro;
	bool wanted;
};

static int refuse(const struct feature *feature, unsigned long version,
		  struct hd_err *err)
{
	return hd_err_set(
		err, ENOTSUP,
		"%s is there since libvirt %u.%u.%u, and this is for libvirt %lu.%lu.%lu",
		feature->name, feature->major, feature->minor, feature->micro,
		version / 1000000, version / 1000 % 1000, version % 1000);
}

int hd_hostdev_check_version(const struct hd_hostdev *h, unsigned long version,
			     struct hd_err *err)
{
	const struct feature features[] = {
		{ "<driver iommufd='yes'>", 12, 1, 0, h->iommufd },
		{ "<driver model=...>", 10, 0, 0, h->driver_model },
		{ "<acpi index=...> of a host's device", 7, 3, 0,
		  h->acpi_index > 0 },
		{ "<address type='unassigned'/>", 6, 0, 0,
		  h->place == HD_GUEST_NOWHERE },
		{ "<disk type='nvme'>", 6, 0, 0, h->source == HD_SOURCE_DISK },
		{ "a PCI domain above 0xffff", 5, 7, 0,
		  h->addr.domain > 0xffff },
		{ "an alias of one's own", 3, 9, 0, h->alias },
		{ "<vlan> of a virtual function", 0, 10, 0, h->vlan > 0 },
		{ "<interface type='hostdev'>", 0, 9, 11,
		  h->source == HD_SOURCE_INTERFACE },
		{ "<rom file=...>", 0, 9, 10, h->rom_file },
		{ "<rom bar='off'>", 0, 9, 7, h->rom_off },
		{ "<boot order=...> of a host's device", 0, 8, 8, h->boot > 0 },
	};

	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		const struct feature *f = &features[i];

		if (f->wanted && version < f->major * 1000000UL +
						   f->minor * 1000UL + f->micro)
			return refuse(f, version, err);
	}
	return 0;
}
