/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_BASE_NEWFILE_H
#define HD_LIB_BASE_NEWFILE_H

#include <sys/types.h>

#include "lib/base/err.h"

/*
 * Makes a file that a person named: whole, or not at all. @write fills another
 * one beside it, which then gets the name; SIGINT, SIGTERM and SIGHUP wait
 * meanwhile. What has the name already, a link that leads nowhere too, stays as
 * it is: that is refused with -EEXIST.
 *
 * @mode   of the file, whatever the umask
 * @what   that is written, for that refusal: "a capture"
 * @write  returns 0 or a negative errno with a sentence in @err
 *
 * Returns 0 or a negative errno with a sentence in @err.
 */
int hd_newfile_write(const char *name, mode_t mode, const char *what,
		     int (*write)(void *data, int fd, struct hd_err *err),
		     void *data, struct hd_err *err);

/* The refusal alone, for before the work: 0, -EEXIST, or why it isn't known. */
int hd_newfile_check(const char *name, const char *what, struct hd_err *err);

#endif
