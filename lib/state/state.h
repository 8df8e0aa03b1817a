/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HD_LIB_STATE_STATE_H
#define HD_LIB_STATE_STATE_H

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/host/host.h"

/* For sentences. The path that is opened is this one below the host's root. */
#define HD_STATE_DIR "/run/virt-hostdev"

/*
 * The folder where the hook writes down what it took. It is lost at a reboot,
 * as are the bindings that it speaks of.
 */
struct hd_state {
	int claims_fd; /* one file per domain, see claim.h */
	int locks_fd; /* one file per IOMMU group, see lock.h */
	bool writable; /* not opened with HD_STATE_READ */
	const struct hd_host *host; /* whose it is; not owned */
};

#define HD_STATE_INIT { -1, -1, false, NULL }
#define HD_AUTO_STATE __attribute__((cleanup(hd_state_close)))

enum hd_state_mode {
	HD_STATE_READ, /* to look */
	HD_STATE_WRITE, /* to change what is there */
	HD_STATE_CREATE, /* the same, after making what is missing */
};

/*
 * Opens the state folder itself; see hd_state_open() for what it takes and
 * returns, but for the file descriptor, which the caller closes.
 */
int hd_state_open_folder(const struct hd_host *host, enum hd_state_mode mode,
			 struct hd_err *err);

/*
 * Opens the state folder, with HD_STATE_CREATE after making what is missing
 * with mode 0700. A folder of this machine that is a symbolic link, belongs to
 * neither root nor the caller or can be written by others is refused: somebody
 * else could have put claims there.
 *
 * Returns 0; -ENOENT without a sentence when there is none; another
 * negative errno with a sentence in @err.
 */
int hd_state_open(const struct hd_host *host, enum hd_state_mode mode,
		  struct hd_state *ret, struct hd_err *err);

static inline bool hd_state_is_open(const struct hd_state *state)
{
	return state->claims_fd >= 0;
}

void hd_state_close(struct hd_state *state);

#endif
