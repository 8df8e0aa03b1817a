/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HANDOVER_RECOVER_H
#define HD_LIB_HANDOVER_RECOVER_H

#include "lib/handover/job.h"
#include "lib/state/claim.h"

/*
 * Undoes a claim that nobody will see to the end: gives it back, but what is
 * with a running guest already stays with it (hd_hotplug_end_abandoned()). The
 * groups are locked.
 */
int hd_undo(struct hd_job *job, struct hd_claim *claim);

/*
 * Undoes every claim that was left behind, see hd_claim_life(). What is kept
 * though no guest is seen running is a finding; what can't be told, or can't be
 * undone, is HD_REFUSED. @ret_undone counts those that were undone.
 */
int hd_recover(struct hd_job *job, unsigned *ret_undone);

/*
 * Settles a claim that is damaged, or that another version of virt-hostdev has
 * written: gives back what is left of it and no other claim holds, and forgets
 * it. Refused while its guest is known to run; HD_REFUSED too when something
 * can't be given back, and then it stays.
 */
int hd_accept(struct hd_job *job, const char *uuid);

#endif
