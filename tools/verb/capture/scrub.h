/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_VERB_CAPTURE_SCRUB_H
#define HD_TOOLS_VERB_CAPTURE_SCRUB_H

#include "lib/base/err.h"
#include "tools/verb/capture/recording.h"

/*
 * Replaces every serial number and MAC address in a record, in contents, names
 * and links alike, by a pseudonym of its shape: the same one always by the
 * same, so that two alike can still be told apart. The host's name and number
 * go too. Where @record->serials is set they stay; passwords never do.
 *
 * Returns 0 or -ENOMEM.
 */
int hd_scrub_record(struct hd_recording *record, struct hd_err *err);

#endif
