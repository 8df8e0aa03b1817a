/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LINT_H
#define HD_LINT_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/finding.h"
#include "lib/base/seen.h"
#include "lib/host/addr.h"
#include "lib/host/rom.h"

/* What a rule may want to know of a device of the host that is there. */
struct hd_lint_device {
	struct hd_addr addr;
	uint32_t class_code; /* 24 bits */
	uint16_t vendor, device;
	int numa_node; /* HD_NO_NODE when the firmware names none */
};

/* The host, as far as it is known. A rule says nothing about the rest. */
struct hd_lint_facts {
	const struct hd_lint_device *devices;
	size_t n_devices;
	/*
	 * Reads an expansion ROM, as hd_rom_read() does and with its errors;
	 * any other than those that speak of the file means that it can't be
	 * known. NULL: no ROM is known.
	 */
	int (*read_rom)(void *data, const char *path, struct hd_rom *ret,
			struct hd_err *err);
	/*
	 * The processors near a device, as the kernel's local_cpulist has them;
	 * *@ret is owned by the caller. NULL: none are known.
	 */
	struct hd_seen (*read_cpus)(void *data, struct hd_addr addr,
				    char **ret);
	void *data; /* for both */
};

/*
 * Looks for what is wrong, or better done otherwise, in the XML of a domain
 * that asks for PCI devices. An error is what libvirt or QEMU will refuse, a
 * warning is what will hurt, an info is advice; each finding has its line, and
 * the index of its assignment as hd_domain_parse_readable() counts them. The
 * rules:
 *
 *   number-not-libvirt   an error: a number of an address that libvirt can't
 *                        read, such as 1f, 08 or 0x20 for a slot
 *   number-octal         a warning: 010, which libvirt reads as 8
 *   address-missing, managed-invalid, uuid-invalid, metadata-invalid
 *                        errors: what neither libvirt nor we can read
 *   duplicate-device     an error: one device twice, or one NVMe namespace
 *   hostdev-mode, driver-name, startup-policy
 *                        errors: what libvirt refuses in a PCI <hostdev>
 *   teaming              an error, or a warning when the virtio interface that
 *                        it names isn't there
 *   boot-order-invalid, boot-order-duplicate, boot-order-and-os-boot
 *                        errors
 *   balloon              a warning: QEMU doesn't let VFIO's memory go
 *   memory-limit         <hard_limit>: an error when it is below the guest's
 *                        memory, a warning when it leaves less beside it than
 *                        libvirt would
 *   virtio-mem-blocks    a warning: more blocks than VFIO has mappings
 *   gpu-machine, gpu-bus infos: a GPU without PCI Express in the guest
 *   x-vga                a warning: it is for guests with a BIOS only
 *   hidden-assignment    a warning: a device that only QEMU's command line
 *                        knows of
 *   rom-path, rom-missing, rom-bad, rom-mismatch, rom-firmware, rom-bar
 *                        <rom file=''>: an error when QEMU won't start, and
 *                        warnings when the guest's firmware won't run it
 *   guest-address        an error: no such place, or not on this bus
 *   guest-address-taken  an error: another device of the guest is there
 *   multifunction        an error, or a warning when the guest won't see it
 *   numa-node            an info: the guest's memory is not near the device
 *   cpu-pinning          an info: nor is any of its processors
 *   viommu-caching-mode  an error: QEMU ends
 *
 * Returns 0, whatever was found; -EINVAL when @text is no domain; -ENOMEM.
 */
int hd_lint(const char *text, size_t length, const struct hd_lint_facts *facts,
	    struct hd_findings *findings, struct hd_err *err);

#endif
