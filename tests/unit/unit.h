/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_UNIT_H
#define HD_UNIT_H

/* cmocka wants these before it, in this order. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/**/
#include <setjmp.h>
/**/
#include <cmocka.h>

#include "lib/host/addr.h"

#define N_ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

/* An address that the test knows to be one. */
static inline struct hd_addr addr(const char *text)
{
	struct hd_addr ret = { 0 };

	assert_int_equal(hd_addr_parse(text, &ret, NULL), 0);
	return ret;
}

#endif
