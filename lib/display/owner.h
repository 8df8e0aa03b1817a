/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_DISPLAY_OWNER_H
#define HD_LIB_DISPLAY_OWNER_H

#include <sys/types.h>

#include "lib/base/err.h"
#include "lib/base/seen.h"
#include "lib/host/host.h"

/* Whose a process is, as systemd and logind see it. */
struct hd_owner {
	char *unit; /* of the system: "gdm.service", "session-3.scope",
		     * "user@1000.service"; NULL for none; owned */
	char *session; /* "3" of such a scope, else NULL; owned */
	uid_t uid;
	/*
	 * Present when the process ends with the display manager: it is of its
	 * unit, or of a session whose leader is the display manager's, or it is
	 * of a user's service manager and all of that user's sessions are such
	 * ones. The last may take ten seconds more (UserStopDelaySec= of
	 * logind.conf(5)). Absent when something else decides; whoever is
	 * started with systemd-run(1) or lingers goes on.
	 */
	struct hd_seen ends;
	char *unknown; /* why that can't be told, half a sentence; owned */
};

#define HD_OWNER_INIT { NULL, NULL, 0, { HD_UNKNOWN, -EAGAIN }, NULL }
#define HD_AUTO_OWNER __attribute__((cleanup(hd_owner_clear)))

/*
 * @manager  id of the display manager's unit, as in struct hd_unit; NULL when
 *           there is none
 *
 * Returns 0, also when it can't be told whether it ends with the display
 * manager, see @unknown; -ENOENT, without a sentence, when the process has
 * ended; another negative errno with half a sentence in @err.
 */
int hd_owner_read(const struct hd_host *host, pid_t pid, const char *manager,
		  struct hd_owner *ret, struct hd_err *err);

/*
 * The unit of the system that a process is in, out of its cgroups as in
 * cgroups(7): *@ret, owned by the caller, is NULL when it is in none.
 *
 * Returns 0; -EBADMSG when they don't say; -EXDEV when it is outside of what we
 * see of them; -ENOMEM.
 */
int hd_owner_unit_in(const char *cgroups, char **ret);

void hd_owner_clear(struct hd_owner *owner);

#endif
