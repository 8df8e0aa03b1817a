/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_REBIND_LINK_H
#define HD_LIB_REBIND_LINK_H

/*
 * What of a network interface is changed by rtnetlink alone, through libmnl.
 * Both block as long as the kernel's network lock is held; the caller knows by
 * its index, from sysfs, that it is the interface.
 *
 * Return 0 or a negative errno.
 */
int hd_link_rename(unsigned index, const char *name);

/* Puts the interface into a bridge, a bond, ... */
int hd_link_set_master(unsigned index, unsigned master);

#endif
