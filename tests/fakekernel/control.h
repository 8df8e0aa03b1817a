/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FK_CONTROL_H
#define FK_CONTROL_H

/*
 * Commands, one per line, with blanks between words:
 *
 *   reset              back to the description; no faults, no log, count 0
 *   recount            no faults, no log, count 0, but the state stays
 *   fault N KIND ...   at the N-th write from now on counted ("N+": and at all
 *                      that follow):
 *                        errno NAME        fails, does nothing
 *                        ignore            reports success, does nothing
 *                        block             waits for unblock; a signal ends it
 *                        hang              the same, but no signal ends it
 *                        kill-before WHO   SIGKILL, nothing done
 *                        kill-after WHO    done, then SIGKILL
 *                        vanish ADDR       the device is pulled out before it
 *                        delay MS          takes its time
 *                      WHO: caller (default), leader (the process of a test
 *                      that the caller descends from), both
 *   refuse DRIVER NAME every probe of the driver fails with that errno; "0"
 *                      ends it
 *   load NAME          the driver, or the module, is loaded
 *   use MODULE N       something uses a module N times
 *   connect ADDR CONNECTOR STATUS   what its driver finds there
 *   unplug ADDR        the hardware is pulled out; plug ADDR puts it back in
 *   open N, close N    a guest opens, closes the IOMMU group
 *   unblock [NAME]     what is blocked or hangs goes on, or fails
 *   leader PID         a test has started this process
 *   state, log, writes, waiting    print
 *
 * They come on stdin, where the answer is "ok SIZE" or "error SIZE" and so many
 * bytes, or through the file control of the mount, which answers EINVAL when
 * one fails. The files state and log there can be read.
 */
#include <stdbool.h>
#include <stdio.h>

struct fk_kernel;

/* Executes one line; on failure -1 and a sentence in @out. */
int fk_control(struct fk_kernel *k, const char *line, FILE *out);

/* Reads commands from @fd and answers on stdout; false at its end. */
bool fk_control_read(struct fk_kernel *k, int fd);

/* Answers once the mount is there. */
void fk_control_ready(void);

/* Makes the files state, log and control. */
void fk_control_files(struct fk_kernel *k);

#endif
