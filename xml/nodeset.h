/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_NODESET_H
#define HD_NODESET_H

#include <stdbool.h>

/*
 * Whether a list of NUMA nodes such as "0-3,^2,5" has @node, as libvirt's
 * virBitmapParse() reads it. True for one that libvirt refuses: nothing can be
 * said of it.
 */
bool hd_nodeset_has(const char *text, unsigned long node);

#endif
