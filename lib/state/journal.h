/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_STATE_JOURNAL_H
#define HD_LIB_STATE_JOURNAL_H

#include "lib/host/host.h"
#include "lib/state/log_record.h"

/* MESSAGE_ID of every record, systemd.journal-fields(7). */
#define HD_JOURNAL_MESSAGE_ID "5f0d5c2ea6c64c0e8d2f7f7a54cf9b10"

/*
 * Hands a record to the host's own log: to systemd's journal with the fields
 * VIRT_HOSTDEV_DOMAIN, _UUID, _EVENT, _DEVICES, _OUTCOME, _DURATION_USEC and
 * _MESSAGE, or to syslog(3) as one line. A process of its own does it, and is
 * given up after a second: a daemon that doesn't read must not hold a guest.
 */
void hd_journal_send(const struct hd_host *host,
		     const struct hd_log_record *record);

#endif
