/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HOST_ADDR_H
#define HD_LIB_HOST_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/index.h"

/*
 * The address of a PCI function on the host. The domain has 32 bits: Linux
 * numbers the domains of Intel VMD from 0x10000 up, and libvirt accepts them
 * since 5.7.0.
 */
struct hd_addr {
	uint32_t domain;
	uint8_t bus;
	uint8_t slot; /* 0 to 0x1f */
	uint8_t function; /* 0 to 7 */
};

/* An address as text, returned by value so that printf can take .s of it. */
struct hd_addr_text {
	char s[sizeof("pci_ffffffff_ff_1f_7")];
};

/*
 * Reads an address as lspci, sysfs and libvirt print it: "01:00.0" (domain 0),
 * "0000:01:00.0", "10000:e1:00.0" and "pci_0000_01_00_0". Hexadecimal digits
 * of either case; nothing may stand before or after.
 *
 * Returns 0, or -EINVAL with a sentence in @err; @ret is set only on success.
 */
int hd_addr_parse(const char *text, struct hd_addr *ret, struct hd_err *err);

/* The name that sysfs uses: at least four digits of domain
 * ("%04x:%02x:%02x.%d"). */
struct hd_addr_text hd_addr_text(struct hd_addr addr);

/* The name of libvirt's node device: "pci_0000_01_00_0". */
struct hd_addr_text hd_addr_nodedev(struct hd_addr addr);

/* A number for each address, in the order in which lspci has them: the key of
 * an index, see lib/base/index.h. */
static inline uint64_t hd_addr_key(struct hd_addr addr)
{
	return (uint64_t)addr.domain << 24 | (uint64_t)addr.bus << 16 |
	       (uint64_t)addr.slot << 8 | addr.function;
}

/*
 * Adds to an index where in an array of @n structures of @size bytes, each of
 * which begins with its address, a device's are. Returns 0 or -ENOMEM with a
 * sentence.
 */
int hd_addr_index(struct hd_index *index, const void *array, size_t n,
		  size_t size, struct hd_err *err);

/* Orders addresses as lspci does; for qsort over struct hd_addr. */
int hd_addr_compare(const void *a, const void *b);

bool hd_addr_equal(struct hd_addr a, struct hd_addr b);

/* Some addresses. It owns nothing. */
struct hd_addrs {
	const struct hd_addr *items;
	size_t n;
};

#endif
