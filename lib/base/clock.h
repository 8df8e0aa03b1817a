/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_BASE_CLOCK_H
#define HD_LIB_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Microseconds of a clock: CLOCK_REALTIME's are those after 1970. */
static inline int64_t hd_now_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Milliseconds that nobody sets back or forth, since some moment. */
static inline int64_t hd_now_ms(void)
{
	return hd_now_us(CLOCK_MONOTONIC) / 1000;
}

#endif
