/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_HANDOVER_MANUAL_H
#define HD_LIB_HANDOVER_MANUAL_H

#include <stddef.h>

#include "lib/handover/job.h"
#include "lib/host/addr.h"
#include "lib/request/request.h"

/*
 * What hd_prepare() does for a guest, for a person: takes the devices, all or
 * none, and keeps them until they are released. A guest may have them
 * meanwhile, and leaves them as they were. The request names no domain, has a
 * UUID made for the occasion, and nothing in it is managed.
 */
int hd_bind(struct hd_job *job, const struct hd_request *request);

/*
 * Gives back devices that hd_bind() took, all of them or none: one that it did
 * not take, or that a guest has meanwhile, refuses. So does one that can't be
 * given back; it is left to hd_recover().
 */
int hd_release_manual(struct hd_job *job, const struct hd_addr *addrs,
		      size_t n);

#endif
