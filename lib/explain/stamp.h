/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_STAMP_H
#define HD_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/*
 * Reads the time that a line of a log begins with:
 *	2026-11-21 04:05:06.123+0000: …		QEMU, libvirt
 *	2026-11-21T04:05:06.123456+01:00 …	syslog, journalctl -o short-iso
 *	Nov 21 04:05:06 …			syslog; the last before @now
 *	[Sat Nov 21 04:05:06 2026] …		dmesg -T
 * Without a zone it is local time.
 *
 * Returns seconds after 1970, or -1 when it begins with none of these.
 *
 * @ret_local  whether it is without a zone; may be NULL
 */
int64_t hd_stamp_read(const char *line, size_t n, time_t now, bool *ret_local);

/* "[   12.345678] …", as dmesg has it: seconds after the boot, or -1. */
int64_t hd_stamp_uptime(const char *line, size_t n);

/*
 * Reads what --since takes: "30m", "2h", "3d", "2026-11-21",
 * "2026-11-21 04:05", "2026-11-21 04:05:06". Returns the same, or -1.
 */
int64_t hd_stamp_since(const char *text, time_t now);

#endif
