/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_BASE_STDFILES_H
#define HD_LIB_BASE_STDFILES_H

/*
 * Opens /dev/null for each of stdin, stdout and stderr that is closed, so that
 * no file that is opened later takes its place. For the first line of main().
 */
void hd_stdfiles_fill(void);

#endif
