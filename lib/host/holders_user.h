/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HOST_HOLDERS_USER_H
#define HD_LIB_HOST_HOLDERS_USER_H

#include "lib/host/holders_search.h"

/* Between lib/host/holders*.c: whose the process is that is being looked at,
 * and what he may open. */

/* Reads a file of its folder, of @most bytes; owned. A negative errno. */
int hd_holder_read(const struct hd_holder_search *search, const char *name,
		   size_t most, char **ret);

/* Who started it; 0 also when that isn't known. */
uid_t hd_holder_user(const struct hd_holder_search *search);

/* Whose share it is that it takes of; NULL for root, who has all. */
struct hd_holder_account *
hd_holder_find_account(struct hd_holder_search *search);

/* Whether it could block somebody who takes a device, or lose data; also when
 * that isn't known. */
bool hd_holder_may_hold(const struct hd_holder_search *search);

#endif
