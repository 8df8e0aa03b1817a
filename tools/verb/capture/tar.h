/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_TOOLS_VERB_CAPTURE_TAR_H
#define HD_TOOLS_VERB_CAPTURE_TAR_H

#include "lib/base/err.h"
#include "tools/verb/capture/recording.h"

/*
 * The only place that knows libarchive.
 *
 * Writes @first and all entries of @record as a tar to @fd, compressed as the
 * ending of @name says: .gz, .tgz, .xz, .zst, otherwise not at all. Returns 0
 * or a negative errno with a sentence in @err.
 */
int hd_tar_write(const struct hd_recording *record,
		 const struct hd_recorded *first, int fd, const char *name,
		 struct hd_err *err);

/*
 * Unpacks the tar that @fd reads below the empty folder @dir_fd. Whoever made
 * it isn't trusted: nothing is written outside that folder, no link leads out
 * of it, no other kind of file is made, and neither is there more than some
 * hundred MiB. @name is for sentences.
 *
 * Returns 0 and how many entries it had, or a negative errno with a sentence in
 * @err and an unfinished folder.
 */
int hd_tar_unpack(int fd, int dir_fd, const char *name, size_t *ret,
		  struct hd_err *err);

#endif
