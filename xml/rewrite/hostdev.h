/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_XML_REWRITE_HOSTDEV_H
#define HD_XML_REWRITE_HOSTDEV_H

#include <stdbool.h>

#include "lib/host/addr.h"
#include "lib/request/request.h"

/* Where the guest sees a device. */
enum hd_guest_place {
	HD_GUEST_UNSAID, /* libvirt chooses */
	HD_GUEST_AT, /* at an address of the guest's */
	HD_GUEST_NOWHERE, /* taken from the host, but not for the guest */
};

/* One device of a guest, as it is to stand in the guest's XML. It owns nothing.
 */
struct hd_hostdev {
	enum hd_source source; /* which element */
	struct hd_addr addr; /* on the host */
	bool managed; /* libvirt binds the device and gives it back; without,
		       * the hook does */
	const char *driver_model; /* NULL: libvirt chooses */
	bool iommufd;
	bool rom_off; /* the guest sees no ROM */
	const char *rom_file; /* instead of the device's own; NULL */
	unsigned boot; /* its place in the boot order, from 1; 0: none */
	const char *alias; /* with its "ua-"; NULL */
	unsigned acpi_index; /* 0: none */
	enum hd_guest_place place;
	struct hd_addr guest; /* of HD_GUEST_AT; its domain is 0 */
	bool multifunction; /* function 0 of a device with several */
	const char *mac; /* of an interface; NULL */
	unsigned vlan; /* the tag, of an interface; 0: none */
	const char *target; /* of a disk: "vda" */
};

/*
 * The element for one device, in the form and order that libvirt prints: all
 * numbers of addresses hexadecimal with 0x (domaincommon.rng, define
 * hostdevsubsyspci), two blanks a level, a newline at the end.
 *
 * Returns a string for free(), or NULL when memory runs out.
 */
char *hd_hostdev_format(const struct hd_hostdev *hostdev);

/*
 * Whether libvirt @version, as it counts them (1,000,000 * major + 1,000 *
 * minor + micro), knows everything that the element says. Returns 0, or
 * -ENOTSUP with a sentence that names what is too new and since when it is
 * there (formatdomain.rst and NEWS.rst of libvirt).
 */
int hd_hostdev_check_version(const struct hd_hostdev *hostdev,
			     unsigned long version, struct hd_err *err);

#endif
