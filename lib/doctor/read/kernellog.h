/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_DOCTOR_READ_KERNELLOG_H
#define HD_LIB_DOCTOR_READ_KERNELLOG_H

#include "lib/host/host.h"

/*
 * Counts the records of the kernel's log that contain one of @words, a list
 * ended by NULL (Documentation/ABI/testing/dev-kmsg). Only what is in the log
 * now is read, and nothing is taken from it.
 *
 * @ret_first  the message of the first; NULL when there is none; owned by the
 *             caller
 *
 * Returns 0 or a negative errno; a copied tree has no /dev/kmsg, and what is
 * called so there is not opened: -ENOENT.
 */
int hd_kernel_log_count(const struct hd_host *host, const char *const *words,
			unsigned *ret, char **ret_first);

#endif
