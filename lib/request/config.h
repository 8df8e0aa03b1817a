/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_REQUEST_CONFIG_H
#define HD_LIB_REQUEST_CONFIG_H

#include "lib/base/err.h"
#include "lib/base/finding.h"
#include "lib/host/host.h"
#include "lib/request/policy.h"

/* The host's own file, and the folder of files that are read after it. */
#define HD_CONFIG_FILE "/etc/virt-hostdev.conf"
#define HD_CONFIG_DIR HD_CONFIG_FILE ".d"

/*
 * What the host's administrator has decided:
 *
 *	[host]
 *	step-timeout = 30	seconds, 1 to 3600
 *	siblings = refuse	or bind
 *	domains-may = all	or none, or some of: siblings, mount, ...
 *	hand-over = no		or yes: cards that show the host's screen go,
 *too may-stop = docker-*	units, see hd_unit_pattern_fits(), or none
 *
 *	[device NAME]		NAME is what people call it
 *	match = 10de:*		see struct hd_device_pattern; several, too
 *	domains-may = siblings	as above
 *	guests = win*		or UUIDs; or none: it is never given away
 *
 *	[guest NAME]
 *	match = win*		names or UUIDs
 *	domains-may = none	as above
 *
 * Two sections with the same head are one. Of a setting that one section has
 * twice, the later counts, wherever it stands. Of several sections that match,
 * the strictest does, see hd_policy_decide().
 */
struct hd_config {
	unsigned step_seconds; /* the kernel may take so long for one step, or
				* to tell about one device */
	struct hd_policy policy;
};

#define HD_CONFIG_INIT                                                         \
	{                                                                      \
		.step_seconds = 30,                                            \
		.policy = HD_POLICY_INIT,                                      \
	}
#define HD_AUTO_CONFIG __attribute__((cleanup(hd_config_clear)))

/*
 * Reads the host's configuration: HD_CONFIG_FILE, then each *.conf in
 * HD_CONFIG_DIR in the order of their names. None of them has to be there, but
 * what is there and can't be read is an error, as is what we don't know, what
 * is no regular file, or a link, which others may change or break. On a running
 * host so is what others than root can write to.
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

/* Frees what it owns, and makes it HD_CONFIG_INIT. */
void hd_config_clear(struct hd_config *config);

#endif
