/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HOST_NAMES_H
#define HD_LIB_HOST_NAMES_H

#include <stddef.h>
#include <stdint.h>

/*
 * The names of vendors, devices and classes, from libpci's pci.ids. The file is
 * read at the first question, so whoever asks nothing pays nothing.
 */
struct hd_names;

/* NULL when memory runs out. */
struct hd_names *hd_names_new(void);
void hd_names_free(struct hd_names *names);
void hd_names_cleanup(struct hd_names **names);
#define HD_AUTO_NAMES __attribute__((cleanup(hd_names_cleanup)))

/*
 * "Vendor Device" ("Intel Corporation 82574L Gigabit Network Connection").
 * Writes at most @size bytes into @buf and returns it; without a name in
 * pci.ids, or with @names NULL, the text is "Device 8086:10d3".
 */
const char *hd_names_device(struct hd_names *names, uint16_t vendor,
			    uint16_t device, char *buf, size_t size);

/* The class's name ("VGA compatible controller"); otherwise "Class 0300". */
const char *hd_names_class(struct hd_names *names, uint32_t class_code,
			   char *buf, size_t size);

#endif
