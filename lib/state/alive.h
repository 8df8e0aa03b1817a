/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_STATE_ALIVE_H
#define HD_LIB_STATE_ALIVE_H

#include "lib/host/host.h"
#include "lib/state/claims.h"

/*
 * Whether anybody will see to what a claim holds. libvirt isn't asked: what it
 * does can be seen, from the order in which qemu_process.c starts and ends a
 * guest. Start: our prepare, QEMU is forked and NAME.pid written, NAME.xml, our
 * started. End: QEMU is gone, libvirt gives back what it bound, NAME.pid and
 * NAME.xml are removed, our release. So, while no hook is at work on it, which
 * who has the locks of its groups knows:
 *
 * - What is being given back is left behind, unless its QEMU still runs: a
 *   release that ends leaves no claim.
 * - What no daemon answers for any more is left behind when its QEMU doesn't
 *   run. The daemon is known by its number and its start, hd_process_daemon().
 *   Where the hook found none, none is missed; nor that of a claim that has no
 *   @begun, whose hook took its parent for it, a script perhaps.
 * - Of a guest that did run, and whose QEMU is gone, libvirt has nothing left
 *   to do as soon as there is no NAME.xml: then release has been, and was
 *   killed, or comes and finds its work done. While there is one, it ends.
 * - Of one that has not run yet nothing can be seen between prepare and QEMU. A
 *   start that failed had its release, so it is under way, or its release was
 *   killed. It counts as left behind ten minutes after prepare.
 * - Of a damaged claim the line that tells whether it starts, or since when,
 *   may be lost: then a start may be under way.
 * - What a person binds, or moves to a running guest or from it, is in good
 *   hands while that process lives.
 *
 * A copied tree has no processes, and may lack libvirt's files: of a guest it
 * tells that it runs, where both were recorded, and nothing else.
 *
 * What can't be read is HD_CANT_TELL, and nobody undoes that, nor gives it to
 * another guest. The next hook that needs one of its groups, and hd_recover(),
 * undo what was left behind.
 */
struct hd_life hd_claim_life(const struct hd_host *host,
			     const struct hd_claim *claim);

/*
 * What every verb calls it, "running", "left behind", ..., and what that means,
 * as a part of a sentence.
 */
const char *hd_outlook_name(enum hd_outlook outlook);
const char *hd_outlook_text(enum hd_outlook outlook);

/* The same of a claim that is to be settled: "damaged" or "other version". */
const char *hd_unsettled_name(const struct hd_unsettled *unsettled);
const char *hd_unsettled_text(const struct hd_unsettled *unsettled);

/* Notes that it is taken now. */
void hd_claim_date(struct hd_claim *claim);

#endif
