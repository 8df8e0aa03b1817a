/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_DISPLAY_WAIT_H
#define HD_LIB_DISPLAY_WAIT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Waiting until sysfs says what is wanted. The kernel tells of devices, drivers
 * and modules that come and go, and of screens, on NETLINK_KOBJECT_UEVENT; it
 * doesn't tell of all that changes, nor everywhere (a confined daemon hears
 * nothing): so who waits looks again from time to time as well.
 *
 *	hd_wait_begin(&wait, seconds);
 *	while (!(it is so))
 *		if (!hd_wait(&wait, HD_WAIT_MS))
 *			that is too long
 *
 * Begin before the first look, so that nothing comes to pass between.
 */
struct hd_wait {
	int fd; /* -1: nothing is heard */
	int64_t end; /* of hd_now_ms() */
};

#define HD_AUTO_WAIT __attribute__((cleanup(hd_wait_end)))

/* After so long who waits looks again. */
#define HD_WAIT_MS 100

void hd_wait_begin(struct hd_wait *wait, unsigned seconds);

/*
 * Waits until the kernel told of something, or @most_ms have passed; false, at
 * once, when the time that all of it may take is over.
 */
bool hd_wait(struct hd_wait *wait, int most_ms);

void hd_wait_end(struct hd_wait *wait);

#endif
