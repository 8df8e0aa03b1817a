// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/handover/failure.h"

#include <fcntl.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/print.h"
#include "lib/explain/explain.h"
#include "lib/state/claims.h"
#include "lib/state/state.h"

/* Whether prepare took devices for it, and libvirt never said that it runs. */
static bool never_ran(const struct hd_host *host, const char *uuid,
		      int64_t *ret_since)
{
	HD_AUTO_STATE struct hd_state state = HD_STATE_INIT;
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };

	if (hd_state_open(host, HD_STATE_READ, &state, NULL) < 0 ||
	    hd_claim_load(&state, uuid, &claim, NULL) < 0)
		return false;
	*ret_since = claim.since;
	return claim.phase == HD_STARTING;
}

/* NULL when it can't be had. */
static char *read_log(const struct hd_host *host, const char *name,
		      int64_t since)
{
	HD_AUTOFREE char *path = hd_text("var/log/libvirt/qemu/%s.log", name);
	HD_AUTOCLOSE int fd = -1;
	char *line = NULL;

	if (!path || strchr(name, '/'))
		return NULL;
	fd = HD_UNSORTED_FD(hd_host_openat, host, path, O_RDONLY | O_NONBLOCK);
	if (fd < 0 || hd_explain_first_line(fd, since, &line) < 0)
		return NULL;
	return line;
}

void hd_failure_explain(const struct hd_host *host, const char *uuid,
			const char *name, struct hd_findings *findings)
{
	HD_AUTOFREE char *line = NULL;
	HD_AUTOFREE char *quoted = hd_quote(name);
	int64_t since;

	if (!uuid[0] || !never_ran(host, uuid, &since))
		return;
	line = read_log(host, name, since);
	if (line && quoted)
		hd_findings_add(
			findings, "start-failed", HD_WARNING, HD_WHOLE_DOMAIN,
			hd_text("The guest did not start: %s", line),
			hd_text("virt-hostdev explain %s", quoted), NULL);
}
