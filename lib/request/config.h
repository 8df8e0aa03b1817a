/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_REQUEST_CONFIG_H
#define HD_LIB_REQUEST_CONFIG_H

#include "lib/base/err.h"
#include "lib/base/finding.h"
#include "lib/host/host.h"
#include "lib/request/request.h"

/* The host's own file, and the folder of files that are read after it. */
#define HD_CONFIG_FILE "/etc/virt-hostdev.conf"
#define HD_CONFIG_DIR HD_CONFIG_FILE ".d"

/*
 * What the host's administrator has decided for all guests:
 *
 *	[host]
 *	step-timeout = 30	seconds, 1 to 3600
 *	siblings = refuse	or bind
 */
struct hd_config {
	unsigned step_seconds; /* the kernel may take so long for one step, or
				* to tell about one device */
	struct hd_policy policy; /* of a domain that says nothing */
};

#define HD_CONFIG_INIT                                                         \
	{                                                                      \
		.step_seconds = 30,                                            \
		.policy = { HD_SIBLINGS_REFUSE },                              \
	}

/*
 * Reads the host's configuration: HD_CONFIG_FILE, then each *.conf in
 * HD_CONFIG_DIR in the order of their names, where the last one to set
 * something decides. None of them has to be there. What we don't know is an
 * error, never passed over.
 *
 * Returns 0, or a negative errno with a sentence that names file and line, and
 * then *@ret is HD_CONFIG_INIT.
 */
int hd_config_read(const struct hd_host *host, struct hd_config *ret,
		   struct hd_err *err);

/*
 * The same for those who must not fail because of it, who give devices back:
 * what is wrong becomes a warning in @findings.
 */
struct hd_config hd_config_read_or_default(const struct hd_host *host,
					   struct hd_findings *findings);

#endif
