// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/handover/failure.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/print.h"
#include "lib/explain/explain.h"
#include "lib/state/claims.h"
#include "lib/state/state.h"

/* Whether prepare took devices for it, and libvirt never said that it runs; the
 * sentence in @err says why that can't be known. */
HD_LOOK static struct hd_seen look_for_start(const struct hd_host *host,
					     const char *uuid,
					     int64_t *ret_since,
					     struct hd_err *err)
{
	HD_AUTO_STATE struct hd_state state = HD_STATE_INIT;
	HD_AUTO_CLAIM struct hd_claim claim = { .domain = NULL };
	int r = hd_state_open(host, HD_STATE_READ, &state, err);

	if (r == 0)
		r = hd_claim_load(&state, uuid, &claim, err);
	*ret_since = claim.since;
	return r < 0			  ? hd_seen_of(r) :
	       claim.phase == HD_STARTING ? hd_seen_present() :
					    hd_seen_absent();
}

/*
 * What its log says; the caller frees *@ret, which is NULL when there is
 * nothing. 0, or why it can't be known.
 */
static int read_log(const struct hd_host *host, const char *name, int64_t since,
		    char **ret)
{
	HD_AUTOFREE char *path = hd_text("var/log/libvirt/qemu/%s.log", name);
	HD_AUTOCLOSE int fd = -1;
	struct hd_seen seen;

	if (!path)
		return -ENOMEM;
	if (strchr(name, '/'))
		return 0;
	seen = hd_host_openat(host, path, O_RDONLY | O_NONBLOCK, &fd);
	return seen.is == HD_PRESENT ? hd_explain_first_line(fd, since, ret) :
				       hd_seen_optional(seen);
}

void hd_failure_explain(const struct hd_host *host, const char *uuid,
			const char *name, struct hd_findings *findings)
{
	HD_AUTOFREE char *line = NULL;
	HD_AUTOFREE char *quoted = hd_quote(name);
	HD_AUTO_ERR struct hd_err err = HD_ERR_INIT;
	struct hd_seen seen = hd_seen_absent();
	int64_t since;
	int r;

	if (uuid[0])
		seen = look_for_start(host, uuid, &since, &err);
	if (seen.is == HD_UNKNOWN)
		hd_findings_add(
			findings, "start-failed", HD_WARNING, HD_WHOLE_DOMAIN,
			hd_text("Whether the guest had started can't be told: %s.",
				hd_err_message(&err)),
			NULL, NULL);
	if (seen.is != HD_PRESENT)
		return;
	r = read_log(host, name, since, &line);
	if ((r < 0 || line) && quoted)
		hd_findings_add(
			findings, "start-failed", HD_WARNING, HD_WHOLE_DOMAIN,
			line ? hd_text("The guest did not start: %s", line) :
			       hd_text("Why the guest did not start can't be read: %s",
				       strerror(-r)),
			hd_text("virt-hostdev explain %s", quoted), NULL);
}
