/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_VERB_CAPTURE_COLLECT_H
#define HD_TOOLS_VERB_CAPTURE_COLLECT_H

#include "tools/verb/capture/recording.h"

/*
 * What is recorded of a host. Both add entries whose contents hd_reader_run()
 * reads afterwards; by themselves they read names, links and stat(2), for which
 * nothing has to be waited for. Nothing is recorded that their tables don't
 * name. They return 0 or -ENOMEM.
 */

/* Single files of /sys, /proc, /etc and others, by their paths. */
int hd_collect_files(struct hd_recording *record);

/* The devices: PCI functions and what is below them, disks, interfaces, … */
int hd_collect_devices(struct hd_recording *record);

/* Bytes of an attribute, and of every other file. */
#define HD_ATTRIBUTE_LIMIT (64 << 10)
#define HD_FILE_LIMIT (16 << 20)

#endif
