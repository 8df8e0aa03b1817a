/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_HOOKS_PROGRAM_H
#define HD_HOOKS_PROGRAM_H

/*
 * Between the two programs of the hook. The first, which libvirt runs, executes
 * the second with its own arguments and one more, its version. The guest's XML
 * is on stdin: a memory file with these seals, so that nobody changes it while
 * it is read.
 */
#include <fcntl.h>
#include <limits.h>

#define HD_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/*
 * Where the second one is. The hook that is installed has another path in it
 * than the one that is tested where it was built, and that of a bundle one that
 * begins at the folder where the first one lies; nothing at run time changes
 * it. Returns 0, or a negative errno of hd_beside().
 */
int hd_hook_program(char ret[PATH_MAX]);

/* What repairs a pair that doesn't fit. */
#define HD_REINSTALL                                                           \
	"Install virt-hostdev again: its package, its bundle, or make install in its sources"

#endif
