/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_CLI_NAMED_DEVICES_H
#define HD_TOOLS_CLI_NAMED_DEVICES_H

#include "lib/base/finding.h"
#include "lib/host/addr.h"
#include "lib/state/log.h"
#include "tools/tool.h"

/* The devices that bind and release are to work on. */
struct hd_named_devices {
	struct hd_addr *addrs; /* each once; owned */
	size_t n;
};

#define HD_AUTO_NAMED_DEVICES __attribute__((cleanup(hd_named_devices_clear)))

/*
 * Reads the addresses of the command line; with @group every endpoint of their
 * IOMMU groups is added. Returns an exit code; @err is filled unless it is
 * fine.
 */
int hd_named_devices_read(struct hd_named_devices *choice,
			  const struct hd_tool *tool, bool group, int argc,
			  char **argv, struct hd_err *err);

/* Starts the record of what a person does with them. Returns 0 or -ENOMEM with
 * @err filled. */
int hd_named_devices_log(const struct hd_named_devices *choice,
			 const char *event, struct hd_log_run *run,
			 struct hd_err *err);

bool hd_named_devices_has(const struct hd_named_devices *choice,
			  struct hd_addr addr);

/* The driver of a device, now; NULL for none. Owned by the caller. */
char *hd_named_devices_driver(const struct hd_tool *tool, struct hd_addr addr);

/*
 * Prints where the devices are now, and the findings. @r is what the library
 * returned. Returns the exit code.
 */
int hd_named_devices_report(const struct hd_named_devices *choice,
			    const struct hd_tool *tool, int r,
			    const struct hd_findings *findings);

void hd_named_devices_clear(struct hd_named_devices *choice);

#endif
