/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_VERB_CAPTURE_TAR_H
#define HD_TOOLS_VERB_CAPTURE_TAR_H

#include "lib/base/err.h"
#include "tools/verb/capture/recording.h"

/*
 * Writes @first and all entries of @record as a tar to @fd, compressed as the
 * ending of @name says: .gz, .tgz, .xz, .zst, otherwise not at all. Returns 0
 * or a negative errno with a sentence in @err.
 */
int hd_tar_write(const struct hd_recording *record,
		 const struct hd_recorded *first, int fd, const char *name,
		 struct hd_err *err);

#endif
