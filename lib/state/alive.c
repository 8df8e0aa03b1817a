// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/state/alive.h"

#include "lib/host/guest.h"

bool hd_claim_guest_runs(const struct hd_host *host,
			 const struct hd_claim *claim)
{
	return claim->domain && hd_guest_runs(host, claim->domain, claim->uuid);
}

bool hd_claim_is_abandoned(const struct hd_host *host,
			   const struct hd_claim *claim)
{
	if (claim->phase == HD_RUNNING && hd_claim_is_manual(claim))
		return false;
	return !hd_claim_guest_runs(host, claim) &&
	       (claim->phase == HD_RETURNING ||
		!hd_process_lives(host, claim->daemon));
}
