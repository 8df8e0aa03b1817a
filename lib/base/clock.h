/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_BASE_CLOCK_H
#define HD_LIB_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Milliseconds that nobody sets back or forth, since some moment. */
static inline int64_t hd_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#endif
