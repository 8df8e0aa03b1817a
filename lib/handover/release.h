/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HANDOVER_RELEASE_H
#define HD_LIB_HANDOVER_RELEASE_H

#include "lib/handover/job.h"
#include "lib/state/claim.h"

/*
 * Gives back what a claim says, newest first, and forgets the claim when all of
 * it is back; otherwise the claim keeps the first error, and HD_REFUSED is
 * returned. The groups are locked. That the claim can't be changed or forgotten
 * keeps no device from the host, and is a warning. A damaged claim is forgotten
 * when nothing is lost of it, and else set aside: HD_REFUSED.
 * For what libvirt has given back itself there is nothing left to do, unless it
 * left a device that had no driver on vfio-pci, or its probe found another
 * driver than the device had.
 */
int hd_release_claim(struct hd_job *job, struct hd_claim *claim);

/*
 * The same, without forgetting the claim; of a damaged one it gives back what
 * is still on a VFIO driver. 0 when all of it is back, HD_REFUSED otherwise.
 */
int hd_release_devices(struct hd_job *job, struct hd_claim *claim);

/*
 * Locks the groups of a claim, see hd_job_lock(), and loads it as it is then.
 * -ENOENT when there is none, or none any more. @ret is empty or a claim.
 */
int hd_claim_lock(struct hd_job *job, const char *uuid, struct hd_claim *ret);

/* The same, but of a damaged one what is left. */
int hd_claim_lock_left(struct hd_job *job, const char *uuid,
		       struct hd_claim *ret);

/*
 * When libvirt says that the guest runs, or that a new daemon has taken charge
 * of it: notes it in the claim, which our caller will call release for from now
 * on. Without a claim there is nothing to do.
 */
int hd_started(struct hd_job *job, const char *uuid, const char *domain);

/*
 * After the guest is gone and libvirt has given back what it took: gives back
 * the rest and forgets the claim. Without a claim there is nothing to do. The
 * domain is found by @uuid, or by @domain when @uuid is "". A device that
 * can't be given back keeps the claim: HD_REFUSED.
 */
int hd_release(struct hd_job *job, const char *uuid, const char *domain);

#endif
