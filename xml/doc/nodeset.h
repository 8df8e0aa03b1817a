/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_XML_DOC_NODESET_H
#define HD_XML_DOC_NODESET_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Lists of NUMA nodes or processors such as "0-3,^2,5", as libvirt's
 * virBitmapParse() reads them. One that libvirt refuses has everything: nothing
 * can be said of it.
 */

/* As many processors as Linux can have on a machine that libvirt runs on. */
#define HD_NODESET_LIMIT 8192

/* Whether a list has @node. */
bool hd_nodeset_has(const char *text, unsigned long node);

/* Sets what a list has of the first @n (at most HD_NODESET_LIMIT) in @set. */
void hd_nodeset_add(const char *text, bool *set, size_t n);

#endif
