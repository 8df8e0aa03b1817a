// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/check/ask.h"

#include <errno.h>

#include "lib/check/rules.h"

void hd_ask_end(struct hd_ask *ask)
{
	hd_state_close(&ask->state);
	hd_config_clear(&ask->config);
}

int hd_ask_find_holders(const struct hd_ask *ask,
			const struct hd_device *devices, size_t n,
			const struct hd_nodes *nodes, struct hd_holders *ret)
{
	int r;

	hd_holders_clear(ret);
	r = hd_holders_find(ask->host, devices, n, nodes,
			    ask->config.step_seconds, ret, ask->err);
	/* Who changes something from within a container knows where he is. */
	if (r == -EPERM || (r == 0 && ret->contained && !ask->state.writable))
		return hd_findings_add(
			ask->findings, hd_rules[HD_RULE_HOLDERS_UNKNOWN].id,
			HD_INFO, HD_WHOLE_DOMAIN,
			hd_text("Whether a process of the host uses these devices is not known: only root%s can see what others have open.",
				r == 0 ? " on the host" : ""),
			hd_text("Run it as root%s",
				r == 0 ? ", on the host" : ""),
			ask->err);
	return r == -ENOTSUP ? 0 : r;
}

int hd_ask_say_unknown(const struct hd_ask *ask,
		       const struct hd_holders *holders)
{
	return !holders->unknown ?
		       0 :
		       hd_findings_add(
			       ask->findings,
			       hd_rules[HD_RULE_HOLDERS_UNKNOWN].id, HD_WARNING,
			       HD_WHOLE_DOMAIN,
			       hd_text("Whether a process of the host uses these devices could not be found out: %s.",
				       holders->unknown),
			       hd_text("%s", holders->remedy), ask->err);
}
