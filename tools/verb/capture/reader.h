/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_VERB_CAPTURE_READER_H
#define HD_TOOLS_VERB_CAPTURE_READER_H

#include "tools/verb/capture/recording.h"

/*
 * Reads the contents of all entries that are still unread. The kernel may hold
 * whoever reads an attribute for ever (driver_override while an unbind hangs),
 * and nobody knows all that do; so a process of its own reads, and a file that
 * doesn't answer within some seconds becomes a miss, as does every one that
 * can't be read or is too large. Those entries lose their path.
 *
 * Returns 0 or a negative errno with a sentence in @err.
 */
int hd_reader_run(struct hd_recording *record, struct hd_err *err);

#endif
